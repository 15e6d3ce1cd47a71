"""Files that take long to make: the processes of one test run make each once and copy it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

FOLDER = "INFLUENCE_TESTS_MADE"  # environment variable: where they are kept while the tests run


def made_once(path: Path, key: object, make: Callable[[Path], object]) -> Path:
    """Has `make` write the file, or copies what it wrote for the same key; returns the path."""
    if FOLDER not in os.environ:
        make(path)
        return path
    kept = Path(os.environ[FOLDER]) / hashlib.sha256(repr(key).encode()).hexdigest()
    with kept.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who comes second waits and makes nothing
        if not kept.exists():
            part = kept.with_suffix(".duckdb")
            make(part)
            part.rename(kept)
    shutil.copyfile(kept, path)
    return path
