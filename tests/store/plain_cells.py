"""Cells, shades and parts of a document by plain loops: the slow twins of `token_scale`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from attribution_engine.store.token_scale import PERCENTILE, SHADES


@dataclass(frozen=True)
class PlainCell:
    """One token, or the tokens that share a character."""

    text: str
    position: int
    n_tokens: int
    value: float
    token_class: int


def plain_cells(
    text: str, token_ends: Sequence[int], classes: Sequence[int], values: Sequence[float]
) -> list[PlainCell]:
    """Token by token: pieces of a character go with the one before it if that is not ASCII."""
    cells: list[PlainCell] = []
    start, first = 0, 0
    for position, end in enumerate(token_ends):
        piece, of = text[start:end], classes[position]
        if not piece:
            inside = bool(cells) and first == position and not cells[-1].text[-1:].isascii()
            if not inside and position + 1 < len(token_ends):
                continue
            if cells:
                before = cells.pop()
                piece, first, of = before.text, before.position, before.token_class
        start = end
        members = range(first, position + 1)
        cells.append(
            PlainCell(piece, first, len(members), math.fsum(values[one] for one in members), of)
        )
        first = position + 1
    return cells


def plain_shade(value: float, clip: float) -> int:
    """−8…8 on a square-root scale."""
    if not clip or not value:
        return 0
    depth = min(SHADES, max(1, math.ceil(SHADES * math.sqrt(abs(value) / clip))))
    return depth if value > 0 else -depth


def plain_clip(values: Sequence[float]) -> float:
    """The 99th percentile of the sizes that are not 0: that of a sorted list, none between."""
    sizes = sorted(abs(value) for value in values if value)
    return sizes[min(len(sizes) - 1, math.ceil(PERCENTILE * len(sizes)) - 1)] if sizes else 0.0


def plain_overlapping(pieces: Sequence[str], ranges: Sequence[tuple[int, int]]) -> list[bool]:
    """Whether each piece of a text shares a character with one of the ranges."""
    found, start = [], 0
    for piece in pieces:
        end = start + len(piece)
        found.append(any(first < end and last > start for first, last in ranges))
        start = end
    return found


def plain_parts(
    pieces: Sequence[str], loss_ranges: Sequence[tuple[int, int]]
) -> list[tuple[int, bool]]:
    """Where the text turns from what is read to what is learnt, and back."""
    found: list[tuple[int, bool]] = []
    for index, learnt in enumerate(plain_overlapping(pieces, loss_ranges)):
        if not found or (found[-1][1] != learnt and (learnt or pieces[index].strip())):
            found.append((index, learnt))
    return [] if [learnt for _, learnt in found] == [True] else found
