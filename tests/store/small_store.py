"""A store built by hand, without the engine, that keeps every promise."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np

from attribution_engine.findings.correlations import query_correlations
from attribution_engine.findings.rank_curves import SIDES, rank_curve, rank_fit
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN, create_statements
from attribution_engine.store.writer import StoreWriter
from attribution_engine.text.near_duplicates import near_groups

DOCUMENTS, QUERIES, TAIL = 12, 3, 2
TEXT = "So 3 é 😀 fin"  # 12 characters (code points), more bytes
ENDS = [2, 4, 6, 8, 12]
SPANS, FIRST_TOKENS = [(0, 6), (6, 12)], 3  # the first span has three tokens


def build(path: Path, method: str = "ek-fac") -> None:
    """A store of 12 documents and 3 queries that keeps every promise."""
    with duckdb.connect(str(path)) as connection:
        fill(connection, method)


def fill(connection: duckdb.DuckDBPyConnection, method: str = "ek-fac") -> None:
    """Every table of the small store; "bm25" and "self-influence" have no token scores."""
    random = np.random.default_rng(7)
    n_queries = 1 if method == "self-influence" else QUERIES
    scores = random.standard_t(3, (n_queries, DOCUMENTS, len(ENDS))).astype(np.float32)
    scores = abs(scores) if method == "self-influence" else scores
    influence = scores.sum(axis=2)
    norms = random.uniform(0.5, 2.0, DOCUMENTS).astype(np.float32)
    norms[4] = 0.0
    influence[:, 4], scores[:, 4] = 0.0, 0.0
    with_tokens = method not in ("bm25", "self-influence")
    for statement in create_statements():
        connection.execute(statement)
    connection.execute(
        """INSERT INTO run (name, schema_version, sign, token_alignment, n_documents, n_queries,
        n_tokens, tail, method, seed) VALUES ('tiny', ?, ?, ?, ?, ?, ?, ?, ?, 0)""",
        [
            SCHEMA_VERSION,
            SIGN,
            "predicted,update" if with_tokens else "",
            DOCUMENTS,
            n_queries,
            DOCUMENTS * len(ENDS),
            TAIL if with_tokens else 0,
            method,
        ],
    )
    for doc_id in range(DOCUMENTS):
        norm = None if method == "bm25" else float(norms[doc_id])
        connection.execute(
            """INSERT INTO documents
            VALUES (?, ?, 3, 's', NULL, NULL, NULL, ?, ?, ?, '{}', NULL, NULL)""",
            [doc_id, TEXT, len(ENDS), norm, ENDS],
        )
        for span_id, (start, end) in enumerate(SPANS):
            connection.execute(
                "INSERT INTO spans VALUES (?, ?, ?, ?, 'line', NULL, 'd')",
                [doc_id, span_id, start, end],
            )
    for query_id in range(n_queries):
        tokens = "1.75, 2, [2, 4, 5, 6], [0, 0, 1.5, 0.25]"
        connection.execute(
            f"""INSERT INTO queries VALUES (?, 's', 's', 'reasoning', '1+1=', ' 2', '2', true,
            {"0, 0, [], []" if method == "self-influence" else tokens}, NULL, NULL)""",
            [query_id],
        )
        normed = norms if method != "bm25" else np.ones(DOCUMENTS)
        fill_query(connection, query_id, influence[query_id], normed)
        if with_tokens:
            fill_tokens(connection, query_id, influence[query_id], scores[query_id])
    if with_tokens:
        connection.execute(
            """INSERT INTO query_items VALUES
            (2, 1, '1+1=', ' 2', '2', true, 1.5, 1, [4, 6], [0, 1.5], true),
            (2, 2, '1+2=', ' 4', '3', false, 9, 1, [4, 6], [0, 9], false),
            (2, 3, '1+2=', '', '3', false, NULL, 0, NULL, NULL, false),
            (2, 4, '2+2=', ' 4', '4', true, 2, 2, [4, 5, 6], [0, 1.25, 0.75], true)"""
        )
    add_derived(connection)


def add_derived(connection: duckdb.DuckDBPyConnection) -> None:
    """What is computed from a store's own texts and scores: as the engine writes it."""
    store = StoreWriter(connection, create=False)
    store.mark_near_groups(near_groups(store.texts()))
    store.index_words()
    found = connection.execute(
        "SELECT list(influence ORDER BY doc_id) FROM influence GROUP BY query_id ORDER BY query_id"
    ).fetchall()
    scores = np.array([row for (row,) in found], np.float32)
    store.insert("query_correlation", map(asdict, query_correlations(scores)))


def fill_query(
    connection: duckdb.DuckDBPyConnection, query_id: int, influence: np.ndarray, norms: np.ndarray
) -> None:
    """Rows of one query in influence, rank_curve and rank_fit."""
    order = np.argsort(-influence, kind="stable")
    normed = np.divide(influence, norms, out=np.zeros_like(influence), where=norms > 0)
    normed_rank = np.empty(DOCUMENTS, dtype=int)
    normed_rank[np.argsort(-normed, kind="stable")] = np.arange(1, DOCUMENTS + 1)
    for rank, doc_id in enumerate(order, start=1):
        connection.execute(
            "INSERT INTO influence VALUES (?, ?, ?, ?, ?)",
            [query_id, int(doc_id), float(influence[doc_id]), rank, int(normed_rank[doc_id])],
        )
    for side in SIDES:
        for bin_ in rank_curve(influence, side):
            row = [query_id, side, *asdict(bin_).values()]
            connection.execute("INSERT INTO rank_curve VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        row = [query_id, side, *asdict(rank_fit(influence, side)).values()]
        connection.execute("INSERT INTO rank_fit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


def fill_tokens(
    connection: duckdb.DuckDBPyConnection, query_id: int, influence: np.ndarray, scores: np.ndarray
) -> None:
    """Rows of one query in token_influence, span_influence and token_class_influence."""
    order = np.argsort(-influence, kind="stable")
    for doc_id in (*order[:TAIL], *order[-TAIL:]):
        for alignment in ("predicted", "update"):
            connection.execute(
                "INSERT INTO token_influence VALUES (?, ?, ?, ?)",
                [query_id, int(doc_id), alignment, scores[doc_id].tolist()],
            )
        sums = np.add.reduceat(scores[doc_id].astype(float), [0, FIRST_TOKENS])
        for span_id, total in enumerate(sums):
            connection.execute(
                "INSERT INTO span_influence VALUES (?, ?, ?, ?, ?, 'predicted')",
                [query_id, int(doc_id), span_id, total, None if span_id else 0.5],
            )
    classes = {"other": scores[:, :FIRST_TOKENS], "number": scores[:, FIRST_TOKENS:]}
    sizes = sum(abs(each.astype(float).sum()) for each in classes.values())
    for name, each in classes.items():
        total = each.astype(float).sum()
        connection.execute(
            "INSERT INTO token_class_influence VALUES (?, NULL, ?, NULL, ?, ?, ?)",
            [query_id, name, each.size, total / each.size, total / sizes],
        )
