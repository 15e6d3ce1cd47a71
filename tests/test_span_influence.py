"""Spans in the store: all of the tails' documents, and each query's outermost of all documents."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from attribution_engine.__main__ import main
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.verify import verify
from tests.tiny_run import write_config

TAIL, N_QUERIES = 4, 4


def run_in(folder, influence):
    folder.mkdir(exist_ok=True)
    config = write_config(folder, influence="shard_tokens = 150\n" + influence)
    assert main(["run", str(config), "--device", "cpu"]) == 0
    assert verify(folder / "tiny.duckdb") == []
    return folder


def rows_of(folder, query):
    with duckdb.connect(str(folder / "tiny.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def change(folder, statement):
    with duckdb.connect(str(folder / "tiny.duckdb")) as connection:
        connection.execute(statement)


def sums_of_the_pass(folder):
    """{query: [(influence, document, span)]} of all spans with tokens, by a plain loop."""
    spans = {}
    for row, _, start, end in rows_of(
        folder, 'SELECT doc_id, span_id, "start", "end" FROM spans ORDER BY ALL'
    ):
        spans.setdefault(row, []).append((start, end))
    token_ends = dict(rows_of(folder, "SELECT doc_id, token_ends FROM documents"))
    found = {query: [] for query in range(N_QUERIES)}
    shards = sorted((folder / "work").rglob("spans.parquet"))
    assert len(shards) > 1
    for shard in shards:
        for each in pq.read_table(shard).to_pylist():
            row = each["doc_id"]
            sums = np.array(each["sums"], np.float32).reshape(len(spans[row]), N_QUERIES)
            for number, (start, end) in enumerate(spans[row]):
                if any(start < token <= end for token in token_ends[row]):
                    for query in found:
                        found[query].append((float(sums[number, query]), row, number))
    return found


def outermost(sums):
    """{(query, document, span): influence} of the tails, ties to the earlier span."""
    found = {}
    for query, each in sums.items():
        for sign in (-1, 1):
            for influence, row, span in sorted(each, key=lambda x: (sign * x[0], *x[1:]))[:TAIL]:
                found[query, row, span] = influence
    return found


def kept(folder, alignment):
    query = "SELECT query_id, doc_id, span_id, influence FROM span_influence WHERE alignment = "
    rows = rows_of(folder, f"{query}'{alignment}'")
    found = {tuple(row[:3]): row[3] for row in rows}
    assert len(found) == len(rows)
    return found


def shown(folder):
    """{(query, document): DocumentSpans} of all pairs of which the reader shows the spans."""
    copy = folder / "copy.duckdb"  # the reader keeps its file open, and otherwise than tests do
    copy.write_bytes((folder / "tiny.duckdb").read_bytes())
    reader = StoreReader(copy)
    pairs = [(query, row) for query in range(N_QUERIES) for row in range(30)]
    found = {pair: reader.document_spans(*pair) for pair in pairs}
    return {pair: each for pair, each in found.items() if each is not None}


def tails(folder):
    """(query, document)"""
    query = "SELECT query_id, doc_id FROM influence WHERE rank <= 4 OR rank > 26"
    return set(rows_of(folder, query))


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return run_in(tmp_path_factory.mktemp("spans") / "usual", "cut_documents = 1")


def test_the_outermost_spans_of_all_documents_stand_beside_those_of_the_tails(usual):
    expected = outermost(sums_of_the_pass(usual))
    assert kept(usual, "update") == expected
    assert {(query, row) for query, row, _ in kept(usual, "predicted")} == tails(usual)
    # Some of them are in no document of a tail: they would not be seen otherwise.
    assert {(query, row) for query, row, _ in expected} - tails(usual)


def test_the_reader_shows_whole_documents_in_the_first_alignment_only(usual):
    n_spans = dict.fromkeys(tails(usual), 0)
    for query, row, _ in kept(usual, "predicted"):
        n_spans[query, row] += 1
    found = shown(usual)
    assert {pair: len(each.spans) for pair, each in found.items()} == n_spans
    assert {each.alignment for each in found.values()} == {"predicted"}


def test_where_update_is_the_first_alignment_a_span_stands_once(tmp_path):
    folder = run_in(tmp_path, 'alignments = ["update", "predicted"]')
    found = kept(folder, "update")
    assert kept(folder, "predicted") == {}
    expected = outermost(sums_of_the_pass(folder))
    assert set(expected) <= set(found)
    for key, influence in expected.items():
        assert found[key] == pytest.approx(influence, rel=1e-5, abs=1e-7)
    alone = {key for key in found if key[:2] not in tails(folder)}
    assert alone and alone <= set(expected)
    assert set(shown(folder)) == tails(folder)


def test_without_token_scores_the_sums_of_the_pass_and_the_cuts_are_there(tmp_path):
    folder = run_in(tmp_path, 'levels = ["document", "span"]\ncut_documents = 2')
    sums = {
        (query, row, span): influence
        for query, each in sums_of_the_pass(folder).items()
        for influence, row, span in each
    }
    found, ends = kept(folder, "update"), tails(folder)
    whole = {key for key in sums if key[:2] in ends}
    assert set(found) == whole | set(outermost(sums_of_the_pass(folder)))
    assert found == {key: sums[key] for key in found}
    query = "SELECT query_id, doc_id FROM span_influence WHERE cut_influence IS NOT NULL"
    cuts = set(rows_of(folder, query))
    query = "SELECT query_id, doc_id FROM influence WHERE rank <= 2 OR rank > 28"
    assert cuts and cuts <= set(rows_of(folder, query))
    assert set(shown(folder)) == cuts


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        (
            "INSERT INTO span_influence SELECT * FROM span_influence WHERE alignment = 'update'",
            "stands 2 times",
        ),
        (
            "UPDATE span_influence SET influence = influence + 1 WHERE alignment = 'predicted'",
            "the spans of query",
        ),
        (
            "DELETE FROM span_influence WHERE alignment = 'predicted' AND span_id = 0",
            "the spans of query",
        ),
        ("UPDATE span_influence SET influence = influence + 1 WHERE alignment = 'update'", None),
    ],
)
def test_whole_documents_promise_their_sum_and_single_spans_do_not(
    usual, tmp_path, statement, broken
):
    (tmp_path / "tiny.duckdb").write_bytes((usual / "tiny.duckdb").read_bytes())
    change(tmp_path, statement)
    lines = verify(tmp_path / "tiny.duckdb")
    assert any(broken in line for line in lines) if broken else lines == []


@pytest.mark.parametrize("levels", ['["document"]', '["document", "token"]'])
def test_cuts_that_no_table_would_keep_are_refused(tmp_path, capsys, levels):
    config = write_config(tmp_path, influence=f"cut_documents = 1\nlevels = {levels}")
    assert main(["run", str(config), "--device", "cpu"]) == 2
    line = capsys.readouterr().err
    assert 'cut_documents needs "span" among influence.levels' in line and "Traceback" not in line


@pytest.mark.parametrize("method", ["self-influence", "bm25"])
def test_methods_without_cuts_run_through_with_them_in_the_configuration(tmp_path, method):
    folder = run_in(tmp_path, f'method = "{method}"\ncut_documents = 1')
    assert rows_of(folder, "SELECT count(*) FROM span_influence") == [(0,)]
