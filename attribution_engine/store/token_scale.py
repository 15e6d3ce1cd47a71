"""From token scores to what a heatmap draws: cells, the scale and its eight steps a side."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution_engine.store.document_views import Cells, Floats, Ints

SHADES = 8  # steps of colour a side
PERCENTILE = 0.99
_BLANK = np.array([chr(code).isspace() for code in range(0x3002)])  # nothing blank beyond


def cells_of(text: str, token_ends: ArrayLike, classes: NDArray[np.uint8]) -> Cells:
    """Joins tokens that share a character (pieces of one emoji) into one cell.

    A token of no characters goes with the character before it if that takes several bytes, else
    with the one to come; the last ones with what stands before them.

    Args:
        text: the document; what stands behind its last token is left out.
        token_ends: [tokens] character where each ends.
        classes: [tokens] place in `token_classes.CLASSES`; a cell has that of its characters.
    """
    ends = np.maximum.accumulate(np.clip(np.asarray(token_ends, np.int64), 0, len(text)))
    seen = text[: int(ends[-1]) if len(ends) else 0]
    codes = np.frombuffer(seen.encode("utf-32-le", "surrogatepass"), "<u4")
    full = np.flatnonzero(np.diff(ends, prepend=0))
    if not len(full):
        some = min(1, len(ends))
        none = np.zeros(some, np.int64)
        counts = none + len(ends)
        return Cells("", none, none, counts, classes[:some], none, np.ones(some, bool))
    firsts = np.zeros(len(full), np.int64)
    goes_back = codes[ends[full[:-1]] - 1] > 127
    firsts[1:] = np.where(goes_back, full[1:], full[:-1] + 1)
    cell_ends = ends[full]
    astral = np.concatenate(([0], np.cumsum(codes > 0xFFFF)))
    visible = np.concatenate(([0], np.cumsum(~_BLANK[np.minimum(codes, len(_BLANK) - 1)])))
    return Cells(
        text=seen,
        ends=cell_ends,
        firsts=firsts,
        counts=np.diff(firsts, append=len(ends)),
        classes=classes[full],
        utf16=np.diff(cell_ends + astral[cell_ends], prepend=0),
        blank=np.diff(visible[cell_ends], prepend=0) == 0,
    )


def cell_values(cells: Cells, scores: ArrayLike) -> Floats:
    """[cells] sums of the scores of their tokens."""
    values = np.asarray(scores, np.float64)
    return np.add.reduceat(values, cells.firsts) if len(cells) else values


def unit_sums(values: Floats, starts: Ints) -> Floats:
    """[units] sums of the values of their cells."""
    return np.add.reduceat(values, starts) if len(starts) else values[:0]


def clip_of(sums: Floats) -> tuple[float, int]:
    """The 99th percentile of the sizes that are not 0, and how many there are; 0 of none."""
    sizes = np.sort(np.abs(sums[sums != 0]))
    if not len(sizes):
        return 0.0, 0
    return float(sizes[math.ceil(PERCENTILE * len(sizes)) - 1]), len(sizes)


def shades_of(sums: Floats, clip: float) -> NDArray[np.int8]:
    """−8…8 on a square-root scale; 0 only for a score of exactly zero or no scale."""
    if not clip:
        return np.zeros(len(sums), np.int8)
    depths = np.clip(np.ceil(SHADES * np.sqrt(np.abs(sums) / clip)), 1, SHADES)
    return (np.sign(sums) * depths).astype(np.int8)


def strongest(sums: Floats, k: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The k largest above 0, largest first, and the k smallest below 0, smallest first."""
    order = np.argsort(-sums, kind="stable")
    helpful = [int(at) for at in order[:k] if sums[at] > 0]
    harmful = [int(at) for at in order[::-1][:k] if sums[at] < 0]
    return tuple(helpful), tuple(harmful)


def runs(marked: NDArray[np.bool_]) -> int:
    """How many stretches of neighbours are marked."""
    return int(np.count_nonzero(np.diff(marked.astype(np.int8), prepend=0) == 1))


def overlapping(cells: Cells, ranges: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """[cells] whether each shares a character with one of the ranges (start, end)."""
    marked = np.zeros(len(cells) + 1, np.int64)
    if len(cells) and ranges:
        places = np.asarray(ranges, np.int64)
        np.add.at(marked, np.searchsorted(cells.ends, places[:, 0], "right"), 1)
        np.add.at(marked, np.searchsorted(cells.starts, places[:, 1], "left"), -1)
    return np.cumsum(marked)[:-1] > 0
