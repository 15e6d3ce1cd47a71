"""For all tests: no network, and one thread a process, since tiny matrices gain nothing by two."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
# Nobody's own notebook is read or written: there is no such file until a test asks for one.
os.environ["INFLUENCE_NOTES"] = f"{tempfile.gettempdir()}/influence-notes-{os.getpid()}.sqlite"

import torch  # noqa: E402  (the environment comes first)

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _main_module() -> Iterator[None]:
    """Streamlit's AppTest leaves app.py behind as the main module; spawned processes run that."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
