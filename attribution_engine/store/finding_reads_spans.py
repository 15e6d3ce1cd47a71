"""What the finding on exploration reads of the store that it is written into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import duckdb
import numpy as np

from attribution_engine.records import Span
from attribution_engine.text.spans import steps

BATCH: Final = 200  # texts that are held at a time


@dataclass(frozen=True, slots=True)
class SpannedDocument:
    """A document with its steps.

    Attributes:
        token_ends: [tokens] character where each token ends.
        has_loss: [tokens] whether the model was trained to say the token.
        spans: the store's, numbered as there; else by the rules of form.
    """

    doc_id: int
    text: str
    prompt_chars: int
    token_ends: np.ndarray
    has_loss: np.ndarray
    spans: list[Span]


@dataclass(frozen=True, slots=True)
class Cuts:
    """Cut influence (nats) of spans, [n] each."""

    query: np.ndarray
    document: np.ndarray
    span: np.ndarray
    influence: np.ndarray


def scored_documents(connection: duckdb.DuckDBPyConnection, alignment: str) -> np.ndarray:
    """Numbers of the documents that have token scores, ascending."""
    found = connection.execute(
        "SELECT DISTINCT doc_id FROM token_influence WHERE alignment = ? ORDER BY 1", [alignment]
    ).fetchnumpy()
    return np.asarray(found["doc_id"], np.int64)


def spanned_documents(
    connection: duckdb.DuckDBPyConnection, doc_ids: Iterable[int]
) -> Iterator[SpannedDocument]:
    """Documents with their steps, in ascending order, a batch of them in memory at a time."""
    wanted = sorted(set(map(int, doc_ids)))
    for start in range(0, len(wanted), BATCH):
        ids = wanted[start : start + BATCH]
        spans: dict[int, list[Span]] = {}
        for doc_id, *span in connection.execute(
            """SELECT doc_id, "start", "end", kind, behaviour, detector FROM spans
            WHERE doc_id IN (SELECT unnest(?::INTEGER[])) ORDER BY doc_id, span_id""",
            [ids],
        ).fetchall():
            spans.setdefault(doc_id, []).append(Span(*span))
        for doc_id, text, prompt_chars, ends, ranges in connection.execute(
            """SELECT doc_id, coalesce(text, ''), coalesce(prompt_chars, 0),
                coalesce(token_ends, []), coalesce(loss_ranges, [])
            FROM documents WHERE doc_id IN (SELECT unnest(?::INTEGER[])) ORDER BY doc_id""",
            [ids],
        ).fetchall():
            token_ends = np.asarray(ends, np.int64)
            yield SpannedDocument(
                doc_id=doc_id,
                text=text,
                prompt_chars=prompt_chars,
                token_ends=token_ends,
                has_loss=_with_loss(token_ends, prompt_chars, ranges),
                spans=spans.get(doc_id) or steps(text),
            )


def _with_loss(ends: np.ndarray, prompt_chars: int, ranges: list[int]) -> np.ndarray:
    """[tokens] whether the last character of a token has loss."""
    last = ends - 1
    if not ranges:
        return last >= prompt_chars
    # Starts and ends in turn: what lies behind an odd number of them is inside.
    return np.searchsorted(np.asarray(ranges, np.int64), last, "right") % 2 == 1


def cuts(connection: duckdb.DuckDBPyConnection) -> Cuts:
    """All cut influences of the store, by query, document and span."""
    found = connection.execute(
        """SELECT query_id, doc_id, span_id, any_value(cut_influence) AS cut FROM span_influence
        WHERE cut_influence IS NOT NULL AND isfinite(cut_influence)
        GROUP BY ALL ORDER BY ALL"""
    ).fetchnumpy()
    return Cuts(
        query=np.asarray(found["query_id"], np.int64),
        document=np.asarray(found["doc_id"], np.int64),
        span=np.asarray(found["span_id"], np.int64),
        influence=np.asarray(found["cut"], np.float64),
    )


def tail_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Documents at either end of each ranking that have token scores."""
    rows = connection.execute("SELECT coalesce(max(tail), 0) FROM run").fetchall()
    return int(rows[0][0])
