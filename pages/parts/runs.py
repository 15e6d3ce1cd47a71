"""The runs of the folder and the readers that are open on them, shared by all sessions."""

from __future__ import annotations

import atexit
import os
import threading
from pathlib import Path

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.opening import list_stores
from attribution_engine.store.reader import StoreReader

FOLDER = Path(__file__).resolve().parents[2] / "data" / "runs"
OPENS_ON = "demo"  # the base run that ships, where it is in the folder


@st.cache_resource
def _open_readers() -> tuple[threading.Lock, dict[Path, tuple[tuple[int, int], StoreReader]]]:
    readers: dict[Path, tuple[tuple[int, int], StoreReader]] = {}
    # Connections that are open when Python ends make DuckDB report leaks on the terminal.
    atexit.register(readers.clear)
    return threading.Lock(), readers


def stores() -> dict[str, Path]:
    """The stores of the runs folder by name; the one that the explorer opens on first.

    Raises:
        InputError: there is no folder or no store in it.
    """
    folder = Path(os.environ.get("INFLUENCE_RUNS") or FOLDER)
    found = {path.stem: path for path in list_stores(folder)}
    return dict(sorted(found.items(), key=lambda store: store[0] != OPENS_ON))


def reader_of(path: Path) -> StoreReader:
    """The reader of a store; opened anew when the file has been replaced.

    Raises:
        InputError: the store cannot be read.
    """
    lock, readers = _open_readers()
    with lock:
        if not path.is_file():
            raise InputError(f"{path}: no such file; pick another run")
        stat = path.stat()
        stamp = (stat.st_mtime_ns, stat.st_size)
        if path in readers and readers[path][0] == stamp:
            return readers[path][1]
        if path in readers:
            # DuckDB gives the old file for as long as a connection to it lives.
            readers.pop(path)[1].close()
        readers[path] = (stamp, StoreReader(path))
        return readers[path][1]


def current() -> StoreReader:
    """The reader of the chosen run; call only where app.py has found it readable."""
    return reader_of(stores()[st.session_state["view"]["run"]])
