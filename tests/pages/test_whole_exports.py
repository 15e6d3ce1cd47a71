"""What the downloads of the pages hold: the whole texts, not what the tables show of them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from attribution_engine.store.reader import StoreReader
from pages.parts.export import csv_bytes
from tests.pages.test_rankings import draw
from tests.synthetic_store import write_synthetic_store

Files = dict[str, Callable[[], Sequence[Any]]]
DRAWERS = ("found_documents", "query_tops", "compare_panels", "compare_queries", "compared_query",
           "other_queries", "document_text")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "one.duckdb")
    write_synthetic_store(folder / "two.duckdb", score_seed=5)
    return folder


@pytest.fixture
def files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """The downloads that a page draws, by name: each gives its rows when it is called."""
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))
    found: Files = {}

    def downloads(name: str, records: Callable[[], Sequence[Any]], *_: Any, **same: Any) -> None:
        found[f"{name} {same.get('run', '')}"] = records

    for module in DRAWERS:
        monkeypatch.setattr(
            importlib.import_module(f"pages.parts.{module}"), "downloads", downloads
        )
    return found


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "one.duckdb")


def holds_texts(rows: Sequence[Any], reader: StoreReader) -> None:
    assert rows
    for row in rows:
        document = reader.document(0, row["doc_id"])
        assert document is not None and row["text"] == document.text
        assert row["metadata"] == document.metadata
    assert csv_bytes(rows)


@pytest.mark.parametrize(
    ("page", "address", "names"),
    [
        ("search", {"look": "slope"}, ["search one"]),
        ("query", {}, ["query4-helpful one", "query4-harmful one"]),
        ("compare", {"mode": "queries", "query2": "7", "top": "50"},
         ["top50-query4-beside-query7-helpful one", "top50-query7-beside-query4-helpful one"]),
        ("compare", {"mode": "runs", "other": "two"},
         ["top10-query4-helpful one", "top10-query4-helpful two"]),
        ("compare", {"mode": "document", "query2": "7", "doc": "17"},
         ["scores-query4-document17 one", "scores-query7-document17 one"]),
    ],
)  # fmt: skip
def test_files_of_documents_hold_the_whole_texts(
    page: str, address: dict[str, str], names: list[str], files: Files, reader: StoreReader
) -> None:
    assert not draw(page, run="one", query="4", **address).exception
    for name in names:
        holds_texts(files[name](), reader)


def test_a_document_has_files_of_its_other_queries_and_its_spans(
    files: Files, reader: StoreReader
) -> None:
    query, doc = reader._rows("SELECT query_id, doc_id FROM span_influence LIMIT 1")[0]
    assert not draw("document", run="one", query=str(query), doc=str(doc)).exception
    others = files[f"other-queries-document{doc} one"]()
    wanted = {one.query.query_id: one for one in reader.query_effects(doc)}
    assert {row["query_id"] for row in others} == set(wanted) - {query}
    for row in others:
        one = wanted[row["query_id"]]
        assert (row["influence"], row["completion"]) == (one.influence, one.query.completion)
    spans = files[f"spans-query{query}-document{doc} one"]()
    assert spans == reader.span_rows(query, doc) and spans
