"""A small store built by hand keeps its promises; broken in each way, verify says where."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from attribution_engine.store.verify import broken_promises, verify
from tests.store.small_store import build, fill


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
FIGURE = """INSERT INTO faithfulness (experiment, method, quantity, unit, figure, low, high, n,
    how, query_id) SELECT"""
BREAKS = [
    ("UPDATE run SET sign = 'positive = harmful'", "run: sign is"),
    ("UPDATE run SET token_alignment = 'previous'", "run: token_alignment is"),
    ("UPDATE run SET token_alignment = ''", 'run: token_alignment is ""'),
    ("UPDATE run SET tail = NULL", "run: tail is None"),
    ("UPDATE run SET tail = 0", "run: tail is 0, not a number of documents"),
    ("UPDATE run SET method = 'magic'", 'run: method is "magic", not one of'),
    ("UPDATE run SET seed = NULL", "run: has no seed"),
    (
        """UPDATE run SET config = '{"influence": {"levels": ["document", "span"]}}'""",
        'run: token_alignment is "predicted,update", and the run has no token scores',
    ),
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
    ("UPDATE query_items SET query_id = 7", "item 1 names query 7, which queries does not have"),
    ("UPDATE query_items SET item = 2", "query 2 has items from 2 to 2, 1 different ones in 4"),
    ("UPDATE query_items SET correct = NULL", "item 1 of query 2 is in the set, but has correct"),
    ("UPDATE query_items SET in_set = true", "item 2 of query 2 is in the set, but has correct F"),
    ("UPDATE query_items SET in_set = NULL", "item 1 of query 2 is in the set"),
    ("UPDATE query_items SET token_nats = NULL WHERE item = 1", "has 2 token_ends, None token_na"),
    ("UPDATE query_items SET n_tokens = 3 WHERE item = 1", "2 token_nats and 3 tokens"),
    ("UPDATE query_items SET n_tokens = 1 WHERE item = 3", "item 3 of query 2 has None token_ends"),
    ("UPDATE query_items SET nats = 9.5 WHERE item = 2", "has 9.5 nats, its tokens sum to 9"),
    (
        "UPDATE query_items SET nats = 2.5, token_nats = [0, 2.5] WHERE item = 1",
        "set of query 2 have 2.25 nats in the mean, the query 1.75",
    ),
    ("UPDATE query_items SET in_set = false", "set of query 2 have None nats in the mean"),
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
    (
        "INSERT INTO span_influence VALUES (0, 0, 7, 0, 0, 'update')",
        "names span 7, which spans does not",
    ),
    ("INSERT INTO span_influence SELECT * FROM span_influence", "stands 2 times (and 23 more)"),
    ("UPDATE span_influence SET alignment = 'next'", "has the alignment next, which run does not"),
    ("UPDATE span_influence SET alignment = NULL", "has the alignment None, which run does not"),
    ("UPDATE span_influence SET influence = influence + 1 WHERE span_id = 1", "the spans of query"),
    ("DELETE FROM span_influence WHERE span_id = 0", "the spans of query 0, document"),
    ("UPDATE span_influence SET influence = NULL WHERE span_id = 0", "the spans of query 0"),
    ("UPDATE span_influence SET cut_influence = 'inf' WHERE span_id = 0", "cut_influence is NaN"),
    (
        "UPDATE token_class_influence SET n = n + 1",
        "query 0 names 62 tokens, the documents have 60",
    ),
    ("UPDATE token_class_influence SET mean = mean + 0.1", "the classes of query 0 sum to"),
    ("UPDATE token_class_influence SET mean = NULL", "the classes of query 0 sum to None"),
    ("UPDATE token_class_influence SET share = share / 2", "query 0's shares sum to 0.5"),
    ("INSERT INTO trajectory VALUES (0, 0, 'nan')", "trajectory: nll is NaN"),
    (
        """UPDATE run SET accuracy = '{"s": {"n": 2, "right": 3, "accuracy": 1.5}}'""",
        'run: accuracy of "s" is 3 of 2, and 1.5',
    ),
    (
        """UPDATE run SET accuracy = '{"s": {"n": 4, "right": 3, "accuracy": 0.7}}'""",
        'run: accuracy of "s" is 3 of 4, and 0.7',
    ),
    ("""UPDATE run SET accuracy = '{"s": {"n": 4}}'""", 'run: accuracy of "s" is None of 4'),
    (f"{FIGURE} 'guess', 'bm25', 'q', 'u', 1, NULL, NULL, 3, 'h', NULL", '"guess" is no test'),
    (f"{FIGURE} 'lds', 'bm25', 'q', 'u', NULL, NULL, NULL, 3, 'h', NULL", "figure of lds has no"),
    (f"{FIGURE} 'lds', 'bm25', 'q', 'u', 1, NULL, NULL, 0, 'h', NULL", "figure of lds has no"),
    (f"{FIGURE} 'lds', 'bm25', 'q', 'u', 1, 2, 0, 3, 'h', NULL", "the q of lds by bm25 has the i"),
    (f"{FIGURE} 'lds', 'bm25', 'q', 'u', 1, 0, NULL, 3, 'h', NULL", "has the interval 0 to None"),
    (f"{FIGURE} 'lds', 'bm25', 'q', 'u', 1, 0, 2, 3, 'h', 7", "of lds names query 7, which"),
    (f"{FIGURE} 'lds', 'bm25', 'q', 'u', 'inf', 0, 2, 3, 'h', 1", "figure is NaN or infinite"),
    (
        f"{FIGURE} 'lds', 'bm25', 'q', 'u', 1, 0, 2, 3, 'h', 1 FROM range(2)",
        "the q of lds by bm25 stands 2 times",
    ),
    (f"{FIGURE} 'lds', 'bm25', 'q', 'u', 1, 0, 2, 3, 'h', 1", "1 figures, and faithfulness_lab d"),
    (
        "INSERT INTO faithfulness_lab VALUES ('seed', '1'), ('seed', '2')",
        "the setting seed stands 2 times",
    ),
]


@pytest.fixture(scope="module")
def stores() -> Iterator[dict[str, duckdb.DuckDBPyConnection]]:
    """Good stores in memory, by method; tests roll their changes back."""
    methods = ("ek-fac", "bm25", "self-influence")
    found = {method: duckdb.connect(config={"threads": 1}) for method in methods}
    for method, connection in found.items():
        fill(connection, method)
    yield found
    for connection in found.values():
        connection.close()


def lines_after(connection: duckdb.DuckDBPyConnection, statement: str) -> list[str]:
    """What verify says of a store that is changed so, and changed back."""
    connection.execute("BEGIN")
    try:
        connection.execute(statement)
        return broken_promises(connection)
    finally:
        connection.execute("ROLLBACK")


@pytest.mark.parametrize(("statement", "line"), BREAKS, ids=[line for _, line in BREAKS])
def test_a_broken_promise_is_named(
    stores: dict[str, duckdb.DuckDBPyConnection], statement: str, line: str
) -> None:
    lines = lines_after(stores["ek-fac"], statement)
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


@pytest.mark.parametrize("method", ["bm25", "self-influence"])
def test_a_store_without_token_scores_keeps_its_promises(tmp_path: Path, method: str) -> None:
    build(tmp_path / "good.duckdb", method)
    assert verify(tmp_path / "good.duckdb") == []


def test_a_run_whose_levels_leave_out_tokens_keeps_its_promises(copy: Path) -> None:
    change(copy, """UPDATE run SET config = '{"influence": {"levels": ["document"]}}'""")
    change(copy, "UPDATE run SET token_alignment = '', tail = 0")
    change(copy, "DELETE FROM token_influence; DELETE FROM span_influence")
    assert verify(copy) == []


def test_spans_that_leave_out_a_part_of_the_text_need_not_sum_to_the_influence(copy: Path) -> None:
    change(
        copy, "DELETE FROM spans WHERE span_id = 0; DELETE FROM span_influence WHERE span_id = 0"
    )
    assert verify(copy) == []


TOKEN_ROW = "INSERT INTO token_influence VALUES (0, 0, 'update', [0, 0, 0, 0, 0])"
BREAKS_WITHOUT_TOKENS = [
    ("bm25", "UPDATE run SET token_alignment = 'update'", 'token_alignment is "update", and the'),
    ("bm25", "UPDATE run SET token_alignment = NULL", 'token_alignment is "None", and the run'),
    ("bm25", "UPDATE run SET tail = 2", "run: tail is 2, and the run has no token scores"),
    ("bm25", TOKEN_ROW, "document 0 has the alignment update, which run does not name"),
    ("bm25", "UPDATE documents SET gradient_norm = 1", "doc_id 0 has gradient_norm 1 (and 11"),
    ("bm25", "UPDATE influence SET rank_normed = 13 - rank_normed", "÷ gradient_norm"),
    ("bm25", "UPDATE queries SET n_tokens = 0", "and 0 completion tokens"),
    ("self-influence", "UPDATE run SET tail = 2", "run: tail is 2, and the run has no"),
    ("self-influence", TOKEN_ROW, "document 0 has the alignment update, which run does not name"),
    ("self-influence", "UPDATE documents SET gradient_norm = NULL", "doc_id 0 has gradient_norm N"),
    ("self-influence", "UPDATE influence SET influence = -1 WHERE rank = 12", "which is never neg"),
    ("self-influence", "UPDATE queries SET n_tokens = 1", "and 1 completion tokens"),
    ("self-influence", "UPDATE queries SET token_ends = [1], token_nats = [0]", "1 token_nats and"),
    ("self-influence", "UPDATE queries SET nats = 1", "has 1 nats, its tokens sum to 0"),
    ("self-influence", "INSERT INTO queries SELECT * FROM queries", "self-influence run has 2 que"),
]


@pytest.mark.parametrize(
    ("method", "statement", "line"),
    BREAKS_WITHOUT_TOKENS,
    ids=[f"{method}: {line}" for method, _, line in BREAKS_WITHOUT_TOKENS],
)
def test_a_broken_promise_of_a_store_without_token_scores_is_named(
    stores: dict[str, duckdb.DuckDBPyConnection], method: str, statement: str, line: str
) -> None:
    lines = lines_after(stores[method], statement)
    assert any(line in each for each in lines), lines
