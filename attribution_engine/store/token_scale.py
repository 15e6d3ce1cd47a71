"""From token scores to what a heatmap draws: cells, shades, the scale and the strongest tokens."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from attribution_engine.store.views import TokenCell, TokenScores

SHADES = 8  # steps of colour a side
LISTED = 10  # tokens in the lists of most helpful and most harmful
PERCENTILE = 0.99


def token_cells(
    text: str, token_ends: Sequence[int], classes: Sequence[str], values: Sequence[float]
) -> list[TokenCell]:
    """Joins tokens that share a character (pieces of one emoji) into one cell, values summed.

    The texts of the cells, joined, are `text` up to the end of the last token.
    """
    cells: list[TokenCell] = []
    start, first = 0, 0
    for position, end in enumerate(token_ends):
        piece = text[start:end]
        if not piece:
            # A piece of a character: of the one before if that takes several bytes, else of the
            # one to come. The last token has none to come.
            inside = bool(cells) and first == position and not cells[-1].text[-1:].isascii()
            if not inside and position + 1 < len(token_ends):
                continue
            if cells:
                before = cells.pop()
                piece, first = before.text, before.position
        start = end
        members = range(first, position + 1)
        total = math.fsum(values[member] for member in members)
        cells.append(TokenCell(piece, first, len(members), total, 0, classes[position]))
        first = position + 1
    return cells


def score_tokens(
    alignment: str,
    text: str,
    token_ends: Sequence[int],
    classes: Sequence[str],
    values: Sequence[float],
    influence: float,
) -> TokenScores:
    """Token scores with shades: square root of |score| ÷ the 99th percentile, eight a side."""
    cells = token_cells(text, token_ends, classes, values)
    sizes = sorted(abs(cell.value) for cell in cells if cell.value)
    clip = sizes[min(len(sizes) - 1, math.ceil(PERCENTILE * len(sizes)) - 1)] if sizes else 0.0
    shaded = [
        TokenCell(
            cell.text,
            cell.position,
            cell.n_tokens,
            cell.value,
            shade(cell.value, clip),
            cell.token_class,
        )
        for cell in cells
    ]
    order = sorted(range(len(shaded)), key=lambda index: -shaded[index].value)
    total = math.fsum(values)
    return TokenScores(
        alignment=alignment,
        cells=tuple(shaded),
        clip=clip,
        n_clipped=sum(size > clip for size in sizes),
        total=total,
        gap=total - influence,
        class_counts=class_counts(shaded),
        most_helpful=tuple(index for index in order[:LISTED] if shaded[index].value > 0),
        most_harmful=tuple(index for index in order[::-1][:LISTED] if shaded[index].value < 0),
    )


def shade(value: float, clip: float) -> int:
    """−8…8 on a square-root scale; 0 only for a score of exactly zero or no scale."""
    if not clip or not value:
        return 0
    depth = min(SHADES, max(1, math.ceil(SHADES * math.sqrt(abs(value) / clip))))
    return depth if value > 0 else -depth


def class_counts(cells: Sequence[TokenCell]) -> dict[str, int]:
    """How many cells each token class has, the most frequent first."""
    return dict(Counter(cell.token_class for cell in cells).most_common())
