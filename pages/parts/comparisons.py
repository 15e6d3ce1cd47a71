"""Comparisons of the open run with another: what they work out is shared by all sessions."""

from __future__ import annotations

from attribution_engine.records import InputError
from attribution_engine.store.comparison import Comparison
from attribution_engine.store.reader import StoreReader
from pages.parts import runs


def comparison_of(here: StoreReader, there: StoreReader) -> Comparison:
    """The comparison of two open runs.

    Raises:
        InputError: one of them cannot be read.
    """
    return Comparison(here, there)


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
