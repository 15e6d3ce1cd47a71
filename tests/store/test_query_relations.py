"""Sources, neighbours, planes, texts and effects of queries, each against its slow twin."""

from __future__ import annotations

import math
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.findings.wilson import wilson
from attribution_engine.store import plane as planes
from attribution_engine.store import query_relations, word_index
from attribution_engine.store.distributions import histogram
from attribution_engine.store.document_effects import _ends
from attribution_engine.store.effects import both_ends
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES
from tests.synthetic_store import write_synthetic_store

N = 120


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_synthetic_store(tmp_path_factory.mktemp("relations") / "run.duckdb", N)
    with duckdb.connect(str(path)) as connection:
        connection.execute("DELETE FROM query_correlation")
        connection.execute("DELETE FROM document_influence")
        connection.execute("CHECKPOINT")
    return path


@pytest.fixture(scope="module")
def reader(path: Path) -> StoreReader:
    return StoreReader(path)


@pytest.fixture(scope="module")
def wide(reader: StoreReader) -> pd.DataFrame:
    """Influence, a column a query, a row a document."""
    rows = reader._rows("SELECT query_id, doc_id, influence FROM influence")
    frame = pd.DataFrame(rows, columns=["query_id", "doc_id", "influence"])
    return frame.pivot(index="doc_id", columns="query_id", values="influence").astype(float)


def changed(path: Path, target: Path, *statements: str) -> StoreReader:
    target.write_bytes(path.read_bytes())
    with duckdb.connect(str(target)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("CHECKPOINT")
    return StoreReader(target)


@pytest.mark.parametrize("side", SIDES)
def test_sources_are_counted(reader: StoreReader, side) -> None:
    top = [one.source for one in reader.rankings(4, side, limit=25).documents]
    everything = [one.source for one in reader.rankings(4, side, limit=N).documents]
    found = reader.query_sources(4, side, 25)
    assert {one.source for one in found} == set(everything)
    assert [one.share_corpus for one in found] == sorted(
        (one.share_corpus for one in found), reverse=True
    )
    for one in found:
        assert one.n_top == top.count(one.source)
        assert one.share_corpus == pytest.approx(everything.count(one.source) / N)
        assert one.multiplier == pytest.approx(one.n_top / 25 / one.share_corpus)
        assert one.low <= one.multiplier <= one.high
    assert sum(one.n_top for one in found) == 25


def test_more_than_all_documents_are_all(reader: StoreReader) -> None:
    assert {round(one.multiplier, 9) for one in reader.query_sources(4, "harmful", 10_000)} == {1.0}


def test_documents_without_a_source(path: Path, tmp_path: Path) -> None:
    without = changed(path, tmp_path / "none.duckdb", "UPDATE documents SET source = NULL")
    assert without.query_sources(0, "helpful", 10) == []
    some = changed(
        path, tmp_path / "some.duckdb", "UPDATE documents SET source = NULL WHERE doc_id % 2 = 0"
    )
    found = {one.source: one for one in some.query_sources(0, "helpful", N)}
    assert found[""].share_corpus == pytest.approx(0.5) and found[""].n_top == N / 2


def test_wilson_is_the_root_of_its_equation() -> None:
    for hits, n in ((0, 10), (3, 10), (10, 10), (1, 1000)):
        low, high = wilson(hits / n, n)
        assert 0 <= low <= hits / n <= high <= 1
        for end in (low, high):
            if 0 < end < 1:
                distance = abs(hits / n - end) / math.sqrt(end * (1 - end) / n)
                assert distance == pytest.approx(1.959964, rel=1e-6)
    assert wilson(0.0, 0) == (0.0, 1.0)


def test_neighbours_are_those_of_pandas(reader: StoreReader, wide: pd.DataFrame) -> None:
    pearson, spearman = wide.corr(), wide.corr("spearman")
    found = reader.query_neighbours(3)
    assert {one.query.query_id for one in found} == set(wide.columns) - {3}
    for one in found:
        assert one.pearson == pytest.approx(pearson.loc[3, one.query.query_id], abs=1e-9)
        assert one.spearman == pytest.approx(spearman.loc[3, one.query.query_id], abs=1e-9)
        assert one.n == N
    sizes = [one.pearson or 0.0 for one in found]
    assert sizes == sorted(sizes, reverse=True)


def test_neighbours_come_from_the_table(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = changed(
        path,
        tmp_path / "stored.duckdb",
        "INSERT INTO query_correlation VALUES (0, 1, 0.5, 0.4, 7), (1, 2, 0.9, 0.8, 7), "
        "(0, 2, 'nan', NULL, 7), (1, 1, 1, 1, 7)",
    )
    found = [(one.query.query_id, one.pearson, one.n) for one in stored.query_neighbours(1)]
    assert found == [(2, 0.9, 7), (0, 0.5, 7)]
    assert stored.query_neighbours(2)[-1].pearson is None
    assert stored.query_neighbours(9) == [], "a table without a query says nothing of it"
    monkeypatch.setattr(query_relations, "SMALL", N)
    assert StoreReader(path).query_neighbours(3) == [], "too large to work out while one waits"


@pytest.mark.parametrize("score", ["influence", "per_nat", "normed"])
@pytest.mark.parametrize("plot", ["score", "rank", "rank_log"])
def test_a_plane_of_two_queries(
    reader: StoreReader, monkeypatch: pytest.MonkeyPatch, score, plot
) -> None:
    whole = reader.query_plane(1, 2, score, 10, "harmful", plot)
    rows = {
        query: {one.doc_id: one for one in reader.rankings(query, "harmful", score, 0, N).documents}
        for query in (1, 2)
    }
    place = {query: {doc: at for at, doc in enumerate(found, 1)} for query, found in rows.items()}
    assert whole.n == len(whole.points) == N and not whole.counts
    for one in whole.points:
        assert one.here == one.there
        for query, value in ((1, one.x), (2, one.y)):
            expected = (
                getattr(rows[query][one.here], score) if plot == "score" else place[query][one.here]
            )
            assert value == pytest.approx(expected, rel=1e-6)
        tops = (place[1][one.here] <= 10, place[2][one.here] <= 10)
        assert one.at == {(True, True): "both", (True, False): "here", (False, True): "there",
                          (False, False): "neither"}[tops]  # fmt: skip
    monkeypatch.setattr(planes, "ALL_POINTS", 50)
    binned = StoreReader(reader.path).query_plane(1, 2, score, 10, "harmful", plot)
    assert set(binned.points) == {one for one in whole.points if one.at != "neither"}
    counts = np.histogram2d(
        [one.y for one in whole.points], [one.x for one in whole.points],
        bins=[binned.y_edges, binned.x_edges],
    )[0]  # fmt: skip
    np.testing.assert_array_equal(counts, binned.counts)


def test_a_plane_without_a_side_names_both_ends(reader: StoreReader) -> None:
    named = {one.here for one in reader.query_plane(1, 2, k=5).points if one.at in ("here", "both")}
    ends = [
        *reader.rankings(1, limit=5).documents,
        *reader.rankings(1, "harmful", limit=5).documents,
    ]
    assert named == {one.doc_id for one in ends}


@settings(max_examples=60, deadline=None)
@given(values=st.lists(st.sampled_from((-3.0, -1.0, -0.1, 0.0, 0.2, 1.0, 7.0)), min_size=1),
       bins=st.integers(1, 20), tail=st.integers(0, 9))  # fmt: skip
def test_a_histogram_counts_everything_once(values: list[float], bins: int, tail: int) -> None:
    ordered = np.sort(np.array(values, np.float32))[::-1]
    shape = histogram(ordered, bins, tail)
    assert sum(shape.counts) == len(values) and min(shape.counts) >= 0
    for low, high, count in zip(shape.edges, shape.edges[1:], shape.counts, strict=False):
        assert count == sum(low <= value < high for value in ordered.astype(float))
    for edge, rank in zip(shape.edges, shape.ranks, strict=True):
        assert rank == sum(ordered.astype(float) >= edge)
    assert (shape.n_positive, shape.n_negative) == ((ordered > 0).sum(), (ordered < 0).sum())
    assert shape.tail == min(tail, len(values) // 2)
    assert not any(low < 0 < high for low, high in zip(shape.edges, shape.edges[1:], strict=False))


def test_a_bar_leads_to_its_place_in_the_ranking(reader: StoreReader) -> None:
    shape = reader.distribution(6)
    at = next(number for number, count in enumerate(shape.counts) if count)
    first = reader.rankings(6, offset=shape.ranks[at + 1], limit=1).documents[0]
    assert shape.edges[at] <= first.influence < shape.edges[at + 1]


def test_effects_by_document_are_those_of_the_scan(
    reader: StoreReader, path: Path, tmp_path: Path
) -> None:
    by_document = (
        "INSERT INTO document_influence SELECT doc_id, list(influence ORDER BY query_id) "
        "FROM influence GROUP BY doc_id ORDER BY doc_id"
    )
    fast = changed(path, tmp_path / "fast.duckdb", by_document)
    other = changed(
        path,
        tmp_path / "other.duckdb",
        by_document,
        "UPDATE document_influence SET influence = [x * 2 FOR x IN influence] WHERE doc_id = 3",
        "UPDATE document_influence SET influence = influence[:4] WHERE doc_id = 4",
    )
    for doc_id in (0, 3, 4, N - 1):
        expected = reader.query_effects(doc_id)
        assert len(expected) == 12
        assert fast._influences(doc_id) is not None
        assert fast.query_effects(doc_id) == expected
        assert other.query_effects(doc_id) == expected, "a table that is wrong is not believed"
        for n in (1, 3, 12):
            ends = _ends(expected, without=2, n=n)
            assert 0 < len(ends.helped) <= n and ends.n == 11
            assert fast.strongest_effects(doc_id, 2, n) == ends
            assert other.strongest_effects(doc_id, 2, n) == ends
            assert reader.strongest_effects(doc_id, 2, n) == ends
    assert other._ranks(other._influences(3) or [], 3) is None and other._influences(4) is None
    assert fast.query_effects(5_000) == [] == reader.query_effects(5_000)


def test_queries_without_nats_come_last_at_both_ends(path: Path, tmp_path: Path) -> None:
    changed_path = tmp_path / "none.duckdb"
    reader = changed(path, changed_path, "UPDATE queries SET nats = NULL WHERE query_id % 3 = 0")
    by_document = """INSERT INTO document_influence SELECT doc_id,
        list(influence ORDER BY query_id) FROM influence GROUP BY doc_id"""
    fast = changed(changed_path, tmp_path / "fast.duckdb", by_document)
    n_unknown = 0
    for doc_id in range(12):
        ends = both_ends([one for one in reader.query_effects(doc_id) if one.query.query_id != 2])
        for store in (reader, fast):
            found = store.strongest_effects(doc_id, 2, 12)
            assert found.helped == ends.helped and found.harmed == ends.harmed
            for listed in (found.helped, found.harmed):
                unknown = [one.per_nat is None for one in listed]
                assert unknown == sorted(unknown)
                n_unknown += sum(unknown)
    assert n_unknown


def test_ties_have_their_own_ranks(path: Path, tmp_path: Path) -> None:
    ties = changed(
        path,
        tmp_path / "ties.duckdb",
        "UPDATE influence SET influence = 0",
        "INSERT INTO document_influence SELECT doc_id, list(influence ORDER BY query_id) "
        "FROM influence GROUP BY doc_id ORDER BY doc_id",
    )
    ranks = {one.query.query_id: one.rank for one in ties.query_effects(17)}
    rows = ties._rows("SELECT query_id, rank FROM influence WHERE doc_id = 17")
    assert ranks == dict(rows) and len(set(ranks.values())) > 1


def test_the_text_of_a_query_by_token(reader: StoreReader) -> None:
    for query in reader.queries():
        text = reader.query_text(query.query_id)
        assert text is not None
        assert "".join(cell.text for cell in text.cells) == query.prompt + query.completion
        assert text.nats == query.nats
        assert sum(cell.nats or 0 for cell in text.cells) == pytest.approx(query.nats, rel=1e-5)
        before = "".join(cell.text for cell in text.cells[: text.completion_from])
        assert before == query.prompt
        for cell in text.cells[: text.completion_from]:
            assert cell.nats is None and cell.shade == 0 and cell.probability is None
        for cell in text.cells[text.completion_from :]:
            assert cell.nats is not None and cell.probability == pytest.approx(math.exp(-cell.nats))
            assert 0 <= cell.shade <= 8 and (cell.shade == 8) >= (cell.nats > text.clip)
        sizes = [text.cells[at].nats or 0.0 for at in text.most_surprising]
        assert sizes == sorted(sizes, reverse=True)
    assert reader.query_text(99) is None


def test_a_query_without_nats_of_tokens(path: Path, tmp_path: Path) -> None:
    bare = changed(
        path,
        tmp_path / "bare.duckdb",
        "UPDATE queries SET token_ends = NULL, token_nats = NULL WHERE query_id = 0",
        "UPDATE queries SET span = [2, 9] WHERE query_id = 1",
    )
    text = bare.query_text(0)
    assert text is not None and text.nats is None and not text.most_surprising
    part = bare.query_text(1)
    assert part is not None and sum(cell.nats is not None for cell in part.cells) > 0


def test_a_search_over_the_corpus_goes_page_by_page(reader: StoreReader) -> None:
    with reader._cursor() as cursor:
        expected = word_index.scan(cursor, "slope").tolist()
    pages = [reader.search_documents("slope", offset, 7) for offset in range(0, len(expected), 7)]
    assert [one.doc_id for page in pages for one in page.documents] == expected
    assert {page.total for page in pages} == {len(expected)}
    assert all("slope" in one.snippet.lower() for page in pages for one in page.documents)
    assert reader.search_documents("", 5, 3).total == N
    assert [one.doc_id for one in reader.search_documents(" ", 5, 3).documents] == [5, 6, 7]
    assert reader.search_documents("zzzz", 0, 3).documents == ()


def test_queries_by_outcome(reader: StoreReader) -> None:
    everything = reader.queries()
    right, wrong = reader.queries(outcome="correct"), reader.queries(outcome="wrong")
    assert [one for one in everything if one.correct is True] == right and right
    assert [one for one in everything if one.correct is False] == wrong and wrong
    assert reader.queries("facts", outcome="wrong") == [
        one for one in wrong if one.suite == "facts"
    ]
    answer = reader.queries()
    answer.clear()
    assert reader.queries() == everything, "what a page does to its list is its own business"
