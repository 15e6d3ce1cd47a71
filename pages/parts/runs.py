"""The runs of the folder and the readers that are open on them, shared by all sessions."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from pathlib import Path

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.allocator import give_back_freed_memory
from attribution_engine.store.opening import list_stores
from attribution_engine.store.pool import File, file_at
from attribution_engine.store.reader import StoreReader

FOLDER = Path(__file__).resolve().parents[2] / "data" / "runs"
OPENS_ON = "demo"  # the base run that ships, where it is in the folder
KEPT = 16  # readers; those of runs that were looked at longest ago go first


@st.cache_resource
def _open_readers() -> tuple[threading.Lock, OrderedDict[Path, tuple[File, StoreReader]]]:
    give_back_freed_memory()
    return threading.Lock(), OrderedDict()


def stores() -> dict[str, Path]:
    """The stores of the runs folder by name; the one that the explorer opens on first.

    Raises:
        InputError: there is no folder or no store in it.
    """
    folder = Path(os.environ.get("INFLUENCE_RUNS") or FOLDER)
    found = {path.stem: path for path in list_stores(folder)}
    return dict(sorted(found.items(), key=lambda store: store[0] != OPENS_ON))


def reader_of(path: Path) -> StoreReader:
    """The reader of a store of the runs folder; a new one when the file has been replaced.

    Which of the stores are open is the business of `store.pool`: a reader costs next to nothing.

    Raises:
        InputError: the store cannot be read, or is none of the folder.
    """
    offered = set(stores().values())
    if path not in offered:
        raise InputError(f"{path}: no such file in the runs folder; pick another run")
    lock, readers = _open_readers()
    file = file_at(path)
    with lock:
        # What is dropped lets go of its file and its answers as soon as nobody reads it.
        for gone in [one for one in readers if one not in offered]:
            del readers[gone]
        kept = readers.get(path)
        if kept is not None and kept[0] == file:
            readers.move_to_end(path)
            return kept[1]
    reader = StoreReader(path)
    with lock:
        kept = readers.get(path)
        if kept is None or kept[0] != file:
            kept = readers[path] = (file, reader)
        readers.move_to_end(path)
        while len(readers) > KEPT:
            readers.popitem(last=False)
        return kept[1]


def current() -> StoreReader:
    """The reader of the chosen run; call only where app.py has found it readable."""
    return reader_of(stores()[st.session_state["view"]["run"]])
