"""For the bench's tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def quick_garbage_collection() -> Iterator[None]:
    """Measuring collects garbage around every stage, which takes long over all that is imported."""
    gc.freeze()
    yield
    gc.unfreeze()
