"""Documents in full, for files, against a plain reading of each."""

from __future__ import annotations

import pytest

from attribution_engine.store.reader import StoreReader
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> StoreReader:
    return StoreReader(write_synthetic_store(tmp_path_factory.mktemp("store") / "one.duckdb"))


def test_files_hold_what_the_document_has(reader: StoreReader) -> None:
    documents = reader.rankings(5, limit=40).documents
    found = reader.with_texts(documents)
    assert [row["doc_id"] for row in found] == [one.doc_id for one in documents]
    for row, one in zip(found, documents, strict=True):
        plain = reader.document(5, one.doc_id)
        assert plain is not None and row["snippet"] == one.snippet and not row["text_left_out"]
        for name in ("text", "metadata", "behaviours", "gradient_norm"):
            assert row[name] == getattr(plain, name)
    assert any(row["behaviours"] for row in found) and any(row["metadata"] for row in found)
    ranked = reader.ranking_rows(5, limit=40)
    for name in ("text", "metadata", "behaviours", "gradient_norm", "n_characters"):
        assert [getattr(row, name) for row in ranked] == [row[name] for row in found]


def test_texts_of_one_file_are_bounded_and_it_is_said(reader: StoreReader) -> None:
    documents = reader.rankings(5, limit=5).documents
    lengths = [row["n_characters"] for row in reader.with_texts(documents)]
    bound = sum(lengths[:2]) + lengths[2] - 1
    for texts in (
        [(row["text"], row["text_left_out"]) for row in reader.with_texts(documents, bound)],
        [(row.text, row.text_left_out)
         for row in reader.ranking_rows(5, limit=5, most_text=bound)],
    ):  # fmt: skip
        assert [text is None for text, _ in texts] == [False, False, True, True, True]
        assert [f"{bound:,} characters" in said for _, said in texts] == [False] * 2 + [True] * 3


def test_the_bound_holds_over_the_parts_of_a_ranking(
    reader: StoreReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attribution_engine.store.ranking_rows.PART", 2)
    rows = reader.ranking_rows(5, limit=6)
    bound = sum(row.n_characters for row in rows[:3])
    kept = reader.ranking_rows(5, limit=6, most_text=bound)
    assert [row.text is None for row in kept] == [False] * 3 + [True] * 3


def test_spans_come_with_their_text(reader: StoreReader) -> None:
    query, doc = reader._rows("SELECT query_id, doc_id FROM span_influence LIMIT 1")[0]
    spans, document = reader.document_spans(query, doc), reader.document(query, doc)
    rows = reader.span_rows(query, doc)
    assert spans is not None and document is not None and rows
    for row, one in zip(rows, spans.spans, strict=True):
        assert row.text == document.text[one.start : one.end]
        assert (row.influence, row.cut_influence) == (one.influence, one.cut_influence)
    assert reader.span_rows(query, 99_999) == []
