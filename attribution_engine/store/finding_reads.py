"""What findings read of the store that they are written into, in bounded memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import numpy as np

from attribution_engine.findings.run_scores import GROUPINGS, NONE, Grouping, QueryFacts, RunScores

WITHOUT_SIGN: Final = ("bm25", "self-influence")
NOT_NATS: Final = ("bm25", "gradient-dot", "gradient-cosine", "tracin")
BATCH: Final = 500  # texts or rows of token scores that are held at a time


@dataclass(frozen=True, slots=True)
class DocumentText:
    """A document as findings read it.

    Attributes:
        token_ends: [tokens] character where each token ends; the text may go on behind the last.
    """

    doc_id: int
    text: str
    prompt_chars: int
    token_ends: np.ndarray
    source: str | None
    domain: str | None


@dataclass(frozen=True, slots=True)
class TokenScoresOf:
    """Token scores (nats) [tokens] of a document on a query; they sum to its influence."""

    query_id: int
    doc_id: int
    scores: np.ndarray


def read_run_scores(connection: duckdb.DuckDBPyConnection, influence: np.ndarray) -> RunScores:
    """Scores with the facts about queries and documents that group them."""
    (method,) = connection.execute("SELECT method FROM run").fetchall()[0] or ("",)
    (n_tokens,) = (
        connection.execute("SELECT n_tokens FROM documents ORDER BY doc_id").fetchnumpy().values()
    )
    return RunScores(
        influence=influence,
        queries=tuple(_queries(connection)),
        groupings={
            name: found for name in GROUPINGS if (found := _grouping(connection, name)).names
        },
        n_tokens=np.asarray(n_tokens),
        method=method,
        signed=method not in WITHOUT_SIGN,
        of_nats=method not in NOT_NATS,
    )


def _queries(connection: duckdb.DuckDBPyConnection) -> Iterator[QueryFacts]:
    rows = connection.execute(
        """SELECT query_id, suite, coalesce(task, suite), kind, correct, nats, prompt,
            coalesce(completion, ''), reference, keywords::VARCHAR,
            query_id IN (SELECT query_id FROM query_items)
        FROM queries ORDER BY query_id"""
    ).fetchall()
    for row in rows:
        values = list(row)
        values[9] = tuple(map(str, json.loads(row[9] or "[]")))
        yield QueryFacts(*values)


def _grouping(connection: duckdb.DuckDBPyConnection, name: str) -> Grouping:
    counted = connection.execute(
        f"""SELECT {name} FROM documents WHERE {name} IS NOT NULL AND {name} <> ''
        GROUP BY 1 ORDER BY count(*) DESC, 1"""
    ).fetchall()
    names = tuple(value for (value,) in counted)
    if not names:
        return Grouping((), np.zeros(0, np.int32))
    (codes,) = connection.execute(
        f"""SELECT coalesce(list_position($1::VARCHAR[], {name}), 0)::INTEGER - 1 AS code
        FROM documents ORDER BY doc_id""" if len(names) <= 64 else
        f"""SELECT coalesce(place, {NONE}) AS code FROM documents d
        LEFT JOIN (SELECT unnest($1::VARCHAR[]) AS value,
            generate_subscripts($1::VARCHAR[], 1) - 1 AS place) p ON d.{name} = p.value
        ORDER BY doc_id""",
        [list(names)],
    ).fetchnumpy().values()  # fmt: skip
    return Grouping(names, np.asarray(codes, np.int32))


def tail_tokens(connection: duckdb.DuckDBPyConnection, alignment: str) -> Iterator[TokenScoresOf]:
    """Token scores of the documents at either end of every query, by query, then document."""
    cursor = connection.cursor()
    try:
        found = cursor.execute(
            """SELECT query_id, doc_id, scores FROM token_influence WHERE alignment = ?
            ORDER BY query_id, doc_id""",
            [alignment],
        )
        while rows := found.fetchmany(BATCH):
            for query_id, doc_id, scores in rows:
                yield TokenScoresOf(query_id, doc_id, np.asarray(scores, np.float32))
    finally:
        cursor.close()


def documents_of(
    connection: duckdb.DuckDBPyConnection, doc_ids: Iterable[int]
) -> Iterator[DocumentText]:
    """Documents by number, in ascending order."""
    wanted = sorted(set(map(int, doc_ids)))
    for start in range(0, len(wanted), BATCH):
        rows = connection.execute(
            """SELECT doc_id, text, coalesce(prompt_chars, 0), coalesce(token_ends, []), source,
                domain
            FROM documents WHERE doc_id IN (SELECT unnest(?::INTEGER[])) ORDER BY doc_id""",
            [wanted[start : start + BATCH]],
        ).fetchall()
        for doc_id, text, prompt_chars, ends, source, domain in rows:
            yield DocumentText(
                doc_id, text, prompt_chars, np.asarray(ends, np.int64), source, domain
            )


def top_documents(
    connection: duckdb.DuckDBPyConnection, query_id: int, k: int, side: str = "helpful"
) -> list[tuple[int, int]]:
    """(doc_id, rank) of the k documents at one end; rank 1 = most helpful, on either side."""
    end = "rank <= $2" if side == "helpful" else ("rank > (SELECT count(*) FROM documents) - $2")
    order = "rank" if side == "helpful" else "rank DESC"
    return connection.execute(
        f"SELECT doc_id, rank FROM influence WHERE query_id = $1 AND {end} ORDER BY {order}",
        [query_id, k],
    ).fetchall()


def alignments_of(connection: duckdb.DuckDBPyConnection) -> Sequence[str]:
    """The alignments that the store has token scores of, the predicted one first."""
    rows = connection.execute(
        "SELECT DISTINCT alignment FROM token_influence ORDER BY alignment"
    ).fetchall()
    return [alignment for (alignment,) in rows]
