"""What verify says of near-duplicates, words, documents' rows and correlations that are wrong."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from tests.store.small_store import TEXT, fill
from tests.store.test_verify import lines_after

ROWS = """INSERT INTO document_influence SELECT doc_id, list(influence ORDER BY query_id)
    FROM influence GROUP BY doc_id ORDER BY doc_id;"""
BREAKS = [
    ("UPDATE documents SET near_group = 3 WHERE doc_id = 2", "doc_id 2 has near_group 3"),
    ("UPDATE documents SET near_group = 2 WHERE doc_id = 5", "doc_id 5 has near_group 2"),
    ("UPDATE documents SET near_group = 99 WHERE doc_id = 5", "doc_id 5 has near_group 99"),
    ("UPDATE documents SET near_group = NULL WHERE doc_id = 0", "doc_id 1 has near_group 0"),
    ("UPDATE documents SET near_group = 4 WHERE doc_id = 4", "near_group 4 has no other document"),
    ("DELETE FROM words WHERE word = 'fin'", "words: fin is in the text of document 0 and not in"),
    ("UPDATE words SET docs = docs[2:]", "3 is in the text of document 0 and not in the index"),
    (f"UPDATE documents SET text = '{TEXT[:-3]}end' WHERE doc_id = 7",
     "words: end is in the text of document 7"),
    ("UPDATE words SET docs = [] WHERE word = 'so'", "the documents of so, part 0 are not in"),
    ("UPDATE words SET word = 'zo' WHERE word = 'so'", "the index has zo for document 0"),
    ("CREATE TABLE t AS FROM words; DELETE FROM words; INSERT INTO words FROM t ORDER BY word DESC",
     "lies out of the order word, part"),
    ("INSERT INTO words SELECT * FROM words WHERE word = 'so'", "the row of so, part 0 lies out"),
    (f"{ROWS} DELETE FROM document_influence WHERE doc_id = 3", "has 11 rows for 12 documents"),
    (f"{ROWS} UPDATE document_influence SET doc_id = 2 WHERE doc_id = 3", "has 12 rows for 12 doc"),
    (f"{ROWS} UPDATE document_influence SET influence = influence[:2] WHERE doc_id = 3",
     "document 3 has 2 scores for 3 queries"),
    (f"{ROWS} UPDATE document_influence SET influence = list_reverse(influence) WHERE doc_id = 3",
     "query 0, document 3 has"),
    (f"{ROWS} CREATE TABLE t AS FROM document_influence; DELETE FROM document_influence; "
     "INSERT INTO document_influence FROM t ORDER BY doc_id DESC", "out of the order of doc_id"),
    ("UPDATE run SET n_queries = 500000", "has 0 rows for 12 documents and 500000 queries"),
    ("INSERT INTO query_correlation SELECT * FROM query_correlation", "0 and 1 stand 2 times"),
    ("UPDATE query_correlation SET query_a = query_b, query_b = query_a", "are no pair of queries"),
    ("UPDATE query_correlation SET query_b = 9 WHERE query_b = 2", "queries 0 and 9 stand 1 times"),
    ("DELETE FROM query_correlation WHERE query_b = 1", "has 2 pairs of 3 queries"),
    ("UPDATE query_correlation SET n = 11", "over 11"),
    ("UPDATE query_correlation SET pearson = 1.01", "have 1.01 (Pearson)"),
    ("UPDATE query_correlation SET pearson = pearson + 0.001", "0 and 1: pearson is"),
    ("UPDATE query_correlation SET spearman = -spearman", "0 and 1: spearman is"),
    ("UPDATE query_correlation SET spearman = NULL", "0 and 1: spearman is None"),
    ("UPDATE query_correlation SET pearson = 'nan'", "pearson is NaN"),
]  # fmt: skip
GOOD = [
    "DELETE FROM words",
    "DELETE FROM query_correlation",
    ROWS,
    "UPDATE documents SET near_group = NULL",
]


@pytest.fixture(scope="module")
def store() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(config={"threads": 1}) as connection:
        fill(connection)
        yield connection


@pytest.mark.parametrize(("statement", "line"), BREAKS, ids=[line for _, line in BREAKS])
def test_a_broken_promise_is_named(
    store: duckdb.DuckDBPyConnection, statement: str, line: str
) -> None:
    lines = lines_after(store, statement)
    assert any(line in each for each in lines), lines
    assert all("\n" not in each for each in lines)


@pytest.mark.parametrize("statement", GOOD)
def test_what_may_be_missing(store: duckdb.DuckDBPyConnection, statement: str) -> None:
    assert lines_after(store, statement) == []
