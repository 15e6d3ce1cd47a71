"""The comparisons that are open, shared by all sessions: making one pairs all documents."""

from __future__ import annotations

import atexit
import threading
from collections import OrderedDict
from pathlib import Path

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.comparison import Comparison
from attribution_engine.store.reader import StoreReader
from pages.parts import runs

KEPT = 4


@st.cache_resource
def _open() -> tuple[threading.Lock, OrderedDict[tuple[Path, Path], Comparison]]:
    kept: OrderedDict[tuple[Path, Path], Comparison] = OrderedDict()
    atexit.register(kept.clear)
    return threading.Lock(), kept


def comparison_of(here: StoreReader, there: StoreReader) -> Comparison:
    """The comparison of two open runs; made anew when either file has been replaced.

    Raises:
        InputError: one of them cannot be read.
    """
    lock, kept = _open()
    key = (here.path, there.path)
    with lock:
        if key in kept and (kept[key].here is not here or kept[key].there is not there):
            kept.pop(key)
        if key not in kept:
            kept[key] = Comparison(here, there)
        kept.move_to_end(key)
        while len(kept) > KEPT:
            kept.popitem(last=False)
        return kept[key]


def first_readable(names: list[str]) -> str:
    """The first of these runs that can be opened; the first of all if none can."""
    stores = runs.stores()
    for name in names:
        try:
            runs.reader_of(stores[name])
        except InputError:
            continue
        return name
    return names[0]
