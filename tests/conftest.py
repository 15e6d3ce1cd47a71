"""For all tests: no network, one thread a process, and nothing that a machine's speed decides."""

from __future__ import annotations

import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from tests import made_once

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny matrices gain nothing by two
# Servers of this machine are asked directly, whatever proxy it has for others.
for _name in ("no_proxy", "NO_PROXY"):
    os.environ[_name] = ",".join(filter(None, [os.environ.get(_name), "127.0.0.1", "localhost"]))
# Nobody's own notebook is read or written: there is no such file until a test asks for one.
_NOTES = tempfile.mkdtemp(prefix="influence-notes-")
os.environ["INFLUENCE_NOTES"] = f"{_NOTES}/notes.sqlite"
_FOLDERS = [_NOTES]  # removed at the end
if made_once.FOLDER not in os.environ:  # else this is one of several processes of a test run
    os.environ[made_once.FOLDER] = tempfile.mkdtemp(prefix="influence-made-")
    _FOLDERS.append(os.environ[made_once.FOLDER])

import torch  # noqa: E402  (the environment comes first)

torch.set_num_threads(1)

# The same examples every time, and no limit on the time that one takes.
settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """What is drawn without a seed of its own is the same whichever tests ran before."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def pytest_unconfigure() -> None:
    for folder in _FOLDERS:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=True)
def _main_module() -> Iterator[None]:
    """Streamlit's AppTest leaves app.py behind as the main module; spawned processes run that."""
    before = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = before
