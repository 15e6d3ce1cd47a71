"""Spans of synthetic documents: the pieces that they are made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from attribution_engine.synthetic.corpus import (
    CHUNK,
    HEADER_TOKENS,
    Layout,
    header_characters,
    layout,
)
from attribution_engine.synthetic.pieces import Pieces


@dataclass(frozen=True, slots=True)
class PlacedSpans:
    """The spans of one document, which tile its text.

    Attributes:
        ends: characters where they end; token_ends: the same in tokens of the whole text.
    """

    doc_id: int
    ends: np.ndarray
    token_ends: np.ndarray
    kinds: list[str]
    behaviours: list[str | None]

    def rows(self) -> Iterator[dict[str, object]]:
        """Rows of `spans`."""
        start = 0
        for number, end in enumerate(self.ends.tolist()):
            behaviour = self.behaviours[number]
            yield {
                "doc_id": self.doc_id,
                "span_id": number,
                "start": start,
                "end": end,
                "kind": self.kinds[number],
                "behaviour": behaviour,
                "detector": "corpus" if behaviour else "rules",
            }
            start = end


def placed_spans(
    pool: Pieces, doc_ids: Sequence[int], n_documents: int, seed: int
) -> Iterator[PlacedSpans]:
    """The spans of some documents, given in ascending order."""
    made: Layout | None = None
    for doc_id in doc_ids:
        first = doc_id // CHUNK * CHUNK
        if made is None or made.first != first:
            made = layout(pool, first, min(CHUNK, n_documents - first), seed)
            stops = np.cumsum(made.n_pieces)
        stop = int(stops[doc_id - first])
        pieces = made.pieces[stop - int(made.n_pieces[doc_id - first]) : stop]
        header = int(header_characters(np.array([doc_id]))[0])
        yield PlacedSpans(
            doc_id,
            np.cumsum([header, *pool.n_characters[pieces]]),
            np.cumsum([HEADER_TOKENS, *pool.n_tokens[pieces]]),
            ["heading", *(pool.kinds[piece] for piece in pieces)],
            [None, *(pool.behaviours[piece] for piece in pieces)],
        )
