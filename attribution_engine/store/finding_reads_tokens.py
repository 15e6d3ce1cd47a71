"""What the finding tokens reads of the store, document by document and query by query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import numpy as np

from attribution_engine.store.splits import loss_ranges

BATCH_CHARACTERS: Final = 20_000_000  # of texts that are held at a time
BATCH_SCORES: Final = 100  # documents' token scores that are held at a time, beside one query's
BEHIND: Final = 2_000  # characters behind what the model saw that tell what its end is


@dataclass(frozen=True, slots=True)
class ReadText:
    """A document with token scores.

    Attributes:
        text: what the model saw and a little behind it.
        token_ends: [tokens] character where each ends; learnt: characters with loss.
    """

    doc_id: int
    text: str
    token_ends: np.ndarray
    learnt: tuple[tuple[int, int], ...]


def texts_with_scores(connection: duckdb.DuckDBPyConnection) -> Iterator[ReadText]:
    """The documents that have token scores, by number."""
    sizes = connection.execute(
        """SELECT doc_id, length(text) FROM documents
        WHERE doc_id IN (SELECT DISTINCT doc_id FROM token_influence) ORDER BY doc_id"""
    ).fetchall()
    for wanted in _batches(sizes):
        rows = connection.execute(
            """SELECT doc_id, text, coalesce(token_ends, []), coalesce(prompt_chars, 0),
                loss_ranges
            FROM documents WHERE doc_id IN (SELECT unnest(?::INTEGER[])) ORDER BY doc_id""",
            [wanted],
        ).fetchall()
        for doc_id, text, ends, prompt_chars, flat in rows:
            found = np.asarray(ends, np.int64)
            seen = text[: min(len(text), int(found.max(initial=0))) + BEHIND]
            learnt = loss_ranges(len(text), prompt_chars, flat)
            yield ReadText(doc_id, seen, found, learnt)


def _batches(sizes: Iterable[tuple[int, int]]) -> Iterator[list[int]]:
    batch: list[int] = []
    held = 0
    for doc_id, size in sizes:
        if batch and held + (size or 0) > BATCH_CHARACTERS:
            yield batch
            batch, held = [], 0
        batch.append(doc_id)
        held += size or 0
    if batch:
        yield batch


def scores_of_query(
    connection: duckdb.DuckDBPyConnection, alignment: str, query_id: int
) -> Iterator[tuple[int, np.ndarray]]:
    """(doc_id, scores [tokens]) of the documents that a query has token scores of."""
    cursor = connection.cursor()
    try:
        found = cursor.execute(
            """SELECT doc_id, scores FROM token_influence
            WHERE query_id = ? AND alignment = ? ORDER BY doc_id""",
            [query_id, alignment],
        )
        while rows := found.fetchmany(BATCH_SCORES):
            for doc_id, scores in rows:
                yield doc_id, np.asarray(scores, np.float32)
    finally:
        cursor.close()


def corpus_classes(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str]
) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """query_id -> (sizes, tokens) of each class over the whole corpus; empty where not computed.

    A size is that of the net sum of a class in a domain of documents, added over domains.
    """
    rows = connection.execute(
        """SELECT query_id, token_class, sum(abs(n * mean)), sum(n) FROM token_class_influence
        WHERE token IS NULL GROUP BY 1, 2"""
    ).fetchall()
    found: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for query_id, token_class, size, n in rows:
        if token_class in names:
            sizes, tokens = found.setdefault(query_id, (np.zeros(len(names)), np.zeros(len(names))))
            sizes[names.index(token_class)] += size or 0.0
            tokens[names.index(token_class)] += n or 0
    return found


def word_rows(connection: duckdb.DuckDBPyConnection) -> list[tuple[Any, ...]]:
    """The word lists that the store keeps, in their order."""
    return connection.execute("SELECT kind, name, words FROM word_list ORDER BY rowid").fetchall()
