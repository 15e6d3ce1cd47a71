"""The levels at which a document is read: its cells as tokens, words, sentences, steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from attribution_engine.store.document_views import Cells, Ints, LevelName, Passage, Units
from attribution_engine.text.spans import steps
from attribution_engine.text.words import sentence_cuts, word_starts


class StoredSpan(NamedTuple):
    """A row of the table `spans`."""

    start: int
    end: int
    kind: str
    behaviour: str


def units_of(cells: Cells, level: LevelName, text: str, spans: Sequence[StoredSpan]) -> Units:
    """The units of a document at a level.

    Args:
        text: what the cells were cut from, and as much behind it as helps to read its end.
        spans: those that the store has of the document; a step is one of these where there are
            any, and else what the rules of `text.spans` find. Neighbours of one behaviour are one
            unit, and so is what lies between units of a behaviour.
    """
    if level == "token":
        return Units(level, np.arange(len(cells)))
    if level == "word":
        return Units(level, _words(cells))
    if level == "sentence":
        starts, _ = _tiled(cells, np.asarray(sentence_cuts(text), np.int64))
        return Units(level, starts)
    found = spans or [StoredSpan(s.start, s.end, s.kind, "") for s in steps(text)]
    by_behaviour = level == "behaviour"
    borders, names = _borders(found, by_behaviour)
    starts, kept = _tiled(cells, borders)
    named = [names[at] for at in kept]
    if by_behaviour:
        turns = [at for at, name in enumerate(named) if at == 0 or named[at - 1] != name]
        starts, named = starts[turns], [named[at] for at in turns]
    return Units(level, starts, tuple(named), "store" if spans else "rules")


def _words(cells: Cells) -> Ints:
    """First cells of words: each that a word begins in, with the blank cells before it.

    Line ends are words of their own; blank cells at the very end go with what stands before.
    """
    if not len(cells):
        return np.zeros(0, np.int64)
    borders = np.asarray(word_starts(cells.text), np.int64)
    begun = np.diff(np.searchsorted(borders, cells.ends, "left"), prepend=0) > 0
    space = cells.blank & ~begun
    after_space = np.concatenate(([False], space[:-1]))
    marks = (begun & (~after_space | cells.blank)) | (space & ~after_space)
    if space[-1]:
        marks[np.flatnonzero(space & ~after_space)[-1]] = False
    marks[0] = True
    return np.flatnonzero(marks)


def _borders(spans: Sequence[StoredSpan], by_behaviour: bool) -> tuple[Ints, list[str]]:
    """Where pieces begin, and the name of each; what no span covers has an empty name."""
    edges = np.unique(
        np.asarray([0, *(edge for one in spans for edge in (one.start, one.end))], np.int64)
    )
    names = [""] * len(edges)
    for one in spans:
        first, last = np.searchsorted(edges, (one.start, one.end))
        for at in range(first, last):
            names[at] = one.behaviour if by_behaviour else one.behaviour or one.kind
    return edges, names


def _tiled(cells: Cells, borders: Ints) -> tuple[Ints, list[int]]:
    """First cells of the pieces that have any, and which pieces these are.

    A cell belongs to the piece that its last character lies in, as in the engine.
    """
    if not len(cells):
        return np.zeros(0, np.int64), []
    piece = np.maximum(0, np.searchsorted(borders, cells.ends - 1, "right") - 1)
    starts = np.flatnonzero(np.diff(piece, prepend=-1))
    return starts, piece[starts].tolist()


def passage_of(cells: Cells, values: np.ndarray | None, start: int, end: int) -> Passage | None:
    """The whole tokens that characters `start` to `end` touch; None if there are none."""
    first = int(np.searchsorted(cells.ends, start, "right"))
    last = int(np.searchsorted(cells.starts, end, "left")) - 1
    if first > last or first >= len(cells):
        return None
    return Passage(
        start=int(cells.starts[first]),
        end=int(cells.ends[last]),
        first=first,
        last=last,
        n_tokens=int(cells.counts[first : last + 1].sum()),
        value=None if values is None else float(np.sum(values[first : last + 1])),
    )
