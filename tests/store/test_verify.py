"""A small store built by hand keeps its promises; broken in each way, verify says where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.findings.rank_curves import SIDES, rank_curve, rank_fit
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN, create_statements
from attribution_engine.store.verify import broken_promises, verify

DOCUMENTS, QUERIES, TAIL = 12, 3, 2
TEXT = "So 3 é 😀 fin"  # 12 characters (code points), more bytes
ENDS = [2, 4, 6, 8, 12]


def build(path: Path) -> None:
    """A store of 12 documents and 3 queries that keeps every promise."""
    with duckdb.connect(str(path)) as connection:
        fill(connection)


def fill(connection: duckdb.DuckDBPyConnection) -> None:
    """Every table of the small store."""
    random = np.random.default_rng(7)
    scores = random.standard_t(3, (QUERIES, DOCUMENTS, len(ENDS))).astype(np.float32)
    influence = scores.sum(axis=2)
    norms = random.uniform(0.5, 2.0, DOCUMENTS).astype(np.float32)
    norms[4] = 0.0
    influence[:, 4], scores[:, 4] = 0.0, 0.0
    for statement in create_statements():
        connection.execute(statement)
    connection.execute(
        """INSERT INTO run (name, schema_version, sign, token_alignment, n_documents, n_queries,
        n_tokens, tail) VALUES ('tiny', ?, ?, 'predicted,update', ?, ?, ?, ?)""",
        [SCHEMA_VERSION, SIGN, DOCUMENTS, QUERIES, DOCUMENTS * len(ENDS), TAIL],
    )
    for doc_id in range(DOCUMENTS):
        connection.execute(
            "INSERT INTO documents VALUES (?, ?, 3, 's', NULL, NULL, NULL, ?, ?, ?, '{}')",
            [doc_id, TEXT, len(ENDS), float(norms[doc_id]), ENDS],
        )
    for query_id in range(QUERIES):
        connection.execute(
            """INSERT INTO queries VALUES (?, 's', 's', 'reasoning', '1+1=', ' 2', '2', true,
            1.75, 2, [2, 4, 5, 6], [0, 0, 1.5, 0.25], NULL)""",
            [query_id],
        )
        fill_query(connection, query_id, influence[query_id], norms, scores[query_id])


def fill_query(
    connection: duckdb.DuckDBPyConnection,
    query_id: int,
    influence: np.ndarray,
    norms: np.ndarray,
    scores: np.ndarray,
) -> None:
    """Rows of one query in influence, token_influence, rank_curve and rank_fit."""
    order = np.argsort(-influence, kind="stable")
    normed = np.divide(influence, norms, out=np.zeros_like(influence), where=norms > 0)
    normed_rank = np.empty(DOCUMENTS, dtype=int)
    normed_rank[np.argsort(-normed, kind="stable")] = np.arange(1, DOCUMENTS + 1)
    for rank, doc_id in enumerate(order, start=1):
        connection.execute(
            "INSERT INTO influence VALUES (?, ?, ?, ?, ?)",
            [query_id, int(doc_id), float(influence[doc_id]), rank, int(normed_rank[doc_id])],
        )
    for doc_id in (*order[:TAIL], *order[-TAIL:]):
        for alignment in ("predicted", "update"):
            connection.execute(
                "INSERT INTO token_influence VALUES (?, ?, ?, ?)",
                [query_id, int(doc_id), alignment, scores[doc_id].tolist()],
            )
    for side in SIDES:
        for bin_ in rank_curve(influence, side):
            row = [query_id, side, *asdict(bin_).values()]
            connection.execute("INSERT INTO rank_curve VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        row = [query_id, side, *asdict(rank_fit(influence, side)).values()]
        connection.execute("INSERT INTO rank_fit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stores") / "good.duckdb"
    build(path)
    return path


@pytest.fixture
def copy(good: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(good, tmp_path / "copy.duckdb"))


def change(path: Path, statement: str) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
        connection.execute("CHECKPOINT")


def test_a_good_store_has_no_lines(good: Path) -> None:
    assert verify(good) == []


def test_more_columns_and_tables_are_welcome(copy: Path) -> None:
    change(copy, "ALTER TABLE documents ADD COLUMN colour VARCHAR")
    change(copy, "CREATE TABLE extra (a INTEGER)")
    assert verify(copy) == []


def test_ties_may_be_ranked_either_way(copy: Path) -> None:
    change(copy, "DELETE FROM rank_curve; DELETE FROM rank_fit; DELETE FROM token_influence")
    change(copy, "UPDATE influence SET influence = 0, rank_normed = rank")
    lines = verify(copy)
    assert not [line for line in lines if ": influence:" in line]


TOP = "query_id = 1 AND rank = 1"
BREAKS = [
    ("UPDATE run SET sign = 'positive = harmful'", "run: sign is"),
    ("UPDATE run SET token_alignment = 'previous'", "run: token_alignment is"),
    ("UPDATE run SET tail = NULL", "run: tail is None"),
    ("UPDATE run SET n_documents = 13", "run: n_documents is 13, the table documents has 12"),
    ("UPDATE run SET n_queries = 2", "run: n_queries is 2"),
    ("UPDATE run SET n_tokens = 1", "run: n_tokens is 1, the documents have 60"),
    ("INSERT INTO run SELECT * FROM run", "run: has 2 rows"),
    ("DELETE FROM run", "run: has 0 rows"),
    ("DROP TABLE answers", "there is no table answers"),
    ("ALTER TABLE trajectory DROP COLUMN nll", "trajectory: there is no column nll"),
    ("ALTER TABLE spans ALTER span_id TYPE VARCHAR", "column span_id is VARCHAR, not INTEGER"),
    ("INSERT INTO documents SELECT * FROM documents WHERE doc_id = 3", "doc_id 3 stands 2 times"),
    ("UPDATE documents SET text = '' WHERE doc_id = 3", "doc_id 3 has no text"),
    ("UPDATE documents SET n_tokens = 4 WHERE doc_id = 3", "3 has 4 tokens but 5 token_ends"),
    ("UPDATE documents SET token_ends = [2, 4, 3, 8, 12] WHERE doc_id = 3", "go backwards"),
    ("UPDATE documents SET token_ends = [2, 4, 6, 8, 13] WHERE doc_id = 3", "outside its 12 char"),
    ("UPDATE documents SET prompt_chars = 13 WHERE doc_id = 3", "doc_id 3 has prompt_chars 13"),
    ("UPDATE documents SET gradient_norm = -1 WHERE doc_id = 3", "doc_id 3 has gradient_norm -1"),
    ("UPDATE documents SET gradient_norm = NULL WHERE doc_id = 3", "has gradient_norm None"),
    ("UPDATE documents SET gradient_norm = 'nan' WHERE doc_id = 3", "gradient_norm is NaN"),
    ("UPDATE queries SET completion = NULL WHERE query_id = 1", "query_id 1 has no prompt or no"),
    ("UPDATE queries SET kind = 'fact' WHERE query_id = 1", 'unknown kind "fact"'),
    ("UPDATE queries SET token_nats = [1.75] WHERE query_id = 1", "4 token_ends, 1 token_nats"),
    ("UPDATE queries SET n_tokens = 5 WHERE query_id = 1", "5 completion tokens"),
    ("UPDATE queries SET token_ends = [4, 2, 5, 6] WHERE query_id = 1", "go backwards"),
    ("UPDATE queries SET token_ends = [2, 4, 5, 7] WHERE query_id = 1", "outside its 6 characters"),
    ("UPDATE queries SET nats = 2 WHERE query_id = 1", "1 has 2 nats, its tokens sum to 1.75"),
    ("DELETE FROM influence WHERE query_id = 1 AND rank = 5", "query 1 has 11 rows for 11"),
    ("DELETE FROM influence WHERE query_id = 1", "query 1 has 0 rows"),
    ("INSERT INTO influence VALUES (9, 0, 0, 1, 1)", "query 9 or document 0 is not in its table"),
    (f"UPDATE influence SET influence = NULL WHERE {TOP}", "query 1 has no influence on document"),
    (f"UPDATE influence SET influence = 'inf' WHERE {TOP}", "influence is NaN or infinite in 1"),
    (f"UPDATE influence SET rank = 2 WHERE {TOP}", "query 1 has ranks from 2 to 12, 11 different"),
    (f"UPDATE influence SET influence = -99 WHERE {TOP}", "at rank 2 and less at the rank before"),
    ("UPDATE influence SET rank_normed = 13 - rank_normed WHERE query_id = 1", "÷ gradient_norm"),
    ("UPDATE influence SET rank_normed = 1 WHERE query_id = 1", "normed ranks from 1 to 1"),
    (
        "CREATE TABLE t AS FROM influence; DELETE FROM influence; "
        "INSERT INTO influence SELECT * FROM t ORDER BY query_id, doc_id",
        "lies out of the order query_id, rank",
    ),
    ("DELETE FROM token_influence WHERE alignment = 'update'", "has no update token scores"),
    ("UPDATE run SET tail = 3", "at rank 3 has no"),
    ("UPDATE run SET token_alignment = 'predicted'", "which run does not name"),
    ("UPDATE token_influence SET scores = scores[1:4] WHERE query_id = 1", "has 4 scores for 5"),
    (
        "UPDATE token_influence SET scores = [x * 1.1 FOR x IN scores] WHERE query_id = 1",
        "the influence is",
    ),
    (
        "UPDATE token_influence SET scores = [1, 'nan'::FLOAT, 0, 0, 0] WHERE query_id = 1",
        "scores is NaN or infinite in 8 rows",
    ),
    ("INSERT INTO token_influence SELECT * FROM token_influence", "stands 2 times (and 23 more)"),
    ("DELETE FROM rank_curve WHERE side = 'harmful'", "rank_curve: query 0 has 0 harmful rows"),
    ("DELETE FROM rank_curve WHERE rank_low = 12", "ends at rank 11 of 12"),
    ("DELETE FROM rank_curve WHERE rank_low = 2", "the bin 3 to 3 does not fit"),
    ("UPDATE rank_curve SET influence = -influence", "rank_curve: query 0, helpful: ranks 1 to 1"),
    ("DELETE FROM rank_fit WHERE query_id = 2", "rank_fit: query 2 has 0"),
    ("UPDATE rank_fit SET slope = slope - 0.1", "helpful: slope is"),
    ("UPDATE rank_fit SET k = 0", "rank_fit: query 0, helpful: k is 0"),
    ("INSERT INTO spans VALUES (0, 0, 5, 99, 'step', NULL, 'd')", "span 0 of document 0 does not"),
    ("INSERT INTO span_influence VALUES (0, 0, 7, 0, 0)", "names span 7, which spans does not"),
    ("INSERT INTO trajectory VALUES (0, 0, 'nan')", "trajectory: nll is NaN"),
]


@pytest.fixture(scope="module")
def store() -> Iterator[duckdb.DuckDBPyConnection]:
    """The good store in memory; tests roll their changes back."""
    with duckdb.connect() as connection:
        fill(connection)
        yield connection


@pytest.mark.parametrize(("statement", "line"), BREAKS, ids=[line for _, line in BREAKS])
def test_a_broken_promise_is_named(
    store: duckdb.DuckDBPyConnection, statement: str, line: str
) -> None:
    store.execute("BEGIN")
    try:
        store.execute(statement)
        lines = broken_promises(store)
    finally:
        store.execute("ROLLBACK")
    assert any(line in each for each in lines), lines
    assert all("\n" not in each for each in lines)


def test_a_line_begins_with_the_file(copy: Path) -> None:
    change(copy, "UPDATE documents SET gradient_norm = -1 WHERE doc_id IN (3, 5)")
    lines = verify(copy)
    assert lines[0] == f"{copy}: documents: doc_id 3 has gradient_norm -1 (and 1 more)"


@pytest.mark.parametrize(
    ("statement", "line"),
    [
        ("UPDATE run SET schema_version = 99", "schema version 99"),
        ("DELETE FROM run", "`run` is empty"),
        ("DROP TABLE run", "is no store"),
    ],
)
def test_another_schema(copy: Path, statement: str, line: str) -> None:
    change(copy, statement)
    (found,) = verify(copy)
    assert line in found


def test_files_that_cannot_be_opened(copy: Path, tmp_path: Path) -> None:
    (line,) = verify(tmp_path / "no.duckdb")
    assert "no such file" in line
    text = tmp_path / "text.duckdb"
    text.write_text("not a database")
    (line,) = verify(text)
    assert "not a readable DuckDB file" in line
    (tmp_path / "copy.duckdb.wal").write_bytes(b"x")
    (line,) = verify(copy)
    assert "still being written" in line


def test_a_file_cut_short(good: Path, tmp_path: Path) -> None:
    whole = good.read_bytes()
    cut = tmp_path / "cut.duckdb"
    for share in (0.1, 0.5, 0.9):
        cut.write_bytes(whole[: int(len(whole) * share)])
        assert verify(cut)


def test_damaged_blocks_are_a_line(good: Path, tmp_path: Path) -> None:
    whole = bytearray(good.read_bytes())
    middle = len(whole) // 2
    whole[middle : middle + 4096] = bytes(4096)
    damaged = tmp_path / "damaged.duckdb"
    damaged.write_bytes(whole)
    lines = verify(damaged)
    assert all("\n" not in line for line in lines)
