"""Items of sets, spans of documents and token classes, as the reader gives them to the pages."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from attribution_engine.store.reader import StoreReader
from tests.store import small_store

QUERY, SET = 1, 2


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "small.duckdb"
    small_store.build(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE queries SET span = [1, 2] WHERE query_id = 1")
        connection.execute("UPDATE documents SET loss_ranges = [2, 4, 8, 12] WHERE doc_id = 5")
        connection.execute(
            """UPDATE run SET modules = 'mlp', n_linear_maps = 42, covariance_documents = 6,
            correction_documents = 5, skipped_documents = 3"""
        )
        connection.execute(
            """UPDATE token_class_influence SET domain = 'math', mean = 0.25, n = 4, share = 0.5
            WHERE query_id = 0 AND token_class = 'other'"""
        )
        connection.execute(
            """INSERT INTO token_class_influence VALUES (0, 'code', 'other', NULL, 12, -0.25, -0.75)
            """
        )
    return path


@pytest.fixture(scope="module")
def reader(path: Path) -> StoreReader:
    return StoreReader(path)


def pairs(reader: StoreReader) -> list[tuple[int, int, str]]:
    return reader._rows("SELECT DISTINCT query_id, doc_id, alignment FROM span_influence")


def test_the_items_of_a_set_come_with_those_in_it_first(reader: StoreReader) -> None:
    items = reader.query_items(SET)
    assert [(one.item, one.in_set) for one in items] == [
        (1, True), (4, True), (2, False), (3, False),
    ]  # fmt: skip
    assert items[1].nats == 2 and items[1].n_tokens == 2 and items[1].correct is True
    empty = items[3]
    assert (empty.completion, empty.nats, empty.n_tokens) == ("", None, 0)
    assert reader.query_items(QUERY) == []


def test_a_query_tells_its_span_and_a_set_no_nats_a_token(reader: StoreReader) -> None:
    found = {one.query_id: one for one in reader.queries()}
    assert [found[n].span for n in (0, QUERY, SET)] == [None, (1, 2), None]
    assert found[QUERY].nats_per_token == pytest.approx(1.75 / 2)
    assert found[SET].nats_per_token is None
    of_document = {one.query.query_id: one.query for one in reader.query_effects(0)}
    assert of_document == found


def test_spans_of_a_document_are_the_sums_of_its_tokens(reader: StoreReader) -> None:
    assert pairs(reader)
    for query_id, doc_id, alignment in pairs(reader):
        found = reader.document_spans(query_id, doc_id)
        assert found is not None and found.alignment == alignment == "predicted"
        scores = reader.token_scores(query_id, doc_id, alignment)
        assert scores is not None
        whole = sum(one.influence for one in found.spans)
        assert whole == pytest.approx(scores.total, rel=1e-5, abs=1e-6)
        assert [(one.start, one.end) for one in found.spans] == small_store.SPANS
        assert [one.cut_influence for one in found.spans] == [0.5, None]
        sizes = [abs(one.influence) for one in found.spans]
        if max(sizes):
            assert max(abs(one.bar) for one in found.spans) == pytest.approx(1)
            assert all(one.bar * one.influence >= 0 for one in found.spans)


def test_a_pair_without_span_scores_has_none(reader: StoreReader) -> None:
    with_spans = {(query_id, doc_id) for query_id, doc_id, _ in pairs(reader)}
    without = next(n for n in range(small_store.DOCUMENTS) if (0, n) not in with_spans)
    assert reader.document_spans(0, without) is None
    assert reader.document_spans(0, 999) is None


def test_token_classes_add_up_over_domains(reader: StoreReader) -> None:
    by_domain = reader.token_classes(0, by_domain=True)
    assert {(one.domain, one.token_class) for one in by_domain} == {
        ("math", "other"), ("code", "other"), ("", "number"),
    }  # fmt: skip
    other = next(one for one in reader.token_classes(0) if one.token_class == "other")
    assert other.domain is None and other.n_tokens == 16
    assert other.mean == pytest.approx((0.25 * 4 - 0.25 * 12) / 16)
    assert other.share == pytest.approx(0.5 - 0.75)
    shares = [one.share for one in reader.token_classes(0)]
    assert shares == sorted(shares, reverse=True)
    assert reader.token_classes(999) == []


def test_what_is_trained_on_is_the_ranges_or_all_behind_the_prompt(reader: StoreReader) -> None:
    chat, plain = reader.document(0, 5), reader.document(0, 6)
    assert chat is not None and chat.loss_ranges == ((2, 4), (8, 12))
    assert plain is not None and plain.loss_ranges == ((3, 12),)


def test_a_run_tells_what_was_tracked_and_fitted(reader: StoreReader) -> None:
    run = reader.run()
    assert (run.modules, run.n_linear_maps, run.seed) == ("mlp", 42, 0)
    assert (run.covariance_documents, run.correction_documents) == (6, 5)
    assert run.skipped_documents == 3


def test_a_query_without_nats_divides_nothing(tmp_path: Path) -> None:
    small_store.build(tmp_path / "self.duckdb", "self-influence")
    reader = StoreReader(tmp_path / "self.duckdb")
    (query,) = reader.queries()
    assert (query.nats, query.n_tokens, query.nats_per_token) == (0, 0, None)
    document = reader.document(0, 0)
    assert document is not None and document.per_nat is None and not document.alignments
    assert reader.document_spans(0, 0) is None and reader.token_classes(0) == []


def test_where_the_corpus_marks_nothing_behaviours_are_those_that_were_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "read.duckdb"
    small_store.build(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """INSERT INTO behaviour_span VALUES (3, 1, 6, 12, 'computes', 'rules'),
            (3, 0, 0, 6, 'restates', 'a judge'), (4, 1, 6, 12, 'computes', 'rules')"""
        )
    reader = StoreReader(path)
    assert reader.document_units(3, "behaviour").names == ("restates", "")
    assert reader.document_units(4, "behaviour").names == ("", "computes")
    assert reader.document_units(5, "behaviour").names == ("",)
    assert reader.document_units(4, "step").names == ("line", "line")
    found = reader.document(0, 4)
    assert found is not None and found.behaviours == ("computes",)
    marked = tmp_path / "marked.duckdb"
    marked.write_bytes(path.read_bytes())
    with duckdb.connect(str(marked)) as connection:
        connection.execute("UPDATE spans SET behaviour = 'verifies' WHERE doc_id = 4")
    assert StoreReader(marked).document_units(4, "behaviour").names == ("verifies",)
