"""The search page through AppTest: documents found, one chosen, every query it helps and harms."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.store.effects import both_ends, by_suite
from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from tests.pages.drawn import components, table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store

HELPS = "Queries that document 17 helps"
HARMS = "Queries that document 17 harms"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "one.duckdb")
    write_synthetic_store(folder / "words.duckdb", method="bm25")
    return folder


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "one.duckdb")


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def names(app: AppTest) -> list[str]:
    return [data["name"] for data in components(app, "columns")]


def said(app: AppTest) -> str:
    return words(app).replace("\\", "")


def test_without_a_search_it_says_how_to_search() -> None:
    app = draw("search", run="one")
    assert "Nothing is searched for yet" in said(app) and not names(app)
    for part in ('"a phrase"', "deriv*", "-proof", "#345"):
        assert part in said(app)


def test_results_are_the_stores_a_page_at_a_time(reader: StoreReader) -> None:
    app = draw("search", run="one", look="slope", place="2")
    found = reader.search_documents("slope", 20, 20)
    assert found.total > 40
    data = table_of(app, "Documents found")
    assert [row["id"] for row in data["rows"]] == [str(one.doc_id) for one in found.documents]
    assert [row["cells"][-1] for row in data["rows"]] == [one.snippet for one in found.documents]
    assert f"Documents 21 to 40 of {found.total} found (of 300)" in said(app)
    assert f"doc={found.documents[0].doc_id}" in data["rows"][0]["href"]
    # A place beyond the last page is the last page.
    app = draw("search", run="one", look="slope", place="999")
    assert f"to {found.total} of {found.total} found" in said(app)
    app.text_input(key="pick_look").set_value("no such words").run()
    assert "No document of this run has “no such words”" in said(app)
    view = app.session_state["view"]
    assert (view["look"], view["place"]) == ("no such words", "1")


@pytest.mark.parametrize("typed", ["17", "#17"])
def test_a_number_offers_its_document_first(typed: str, reader: StoreReader) -> None:
    app = draw("search", run="one", look=typed)
    assert names(app)[0] == "The document of this number"
    (row,) = table_of(app, "The document of this number")["rows"]
    assert row["id"] == "17" and "doc=17" in row["href"]
    assert ("Documents found" in names(app)) == (typed == "17")
    app = draw("search", run="one", look="#9999")
    assert "No document of this run has the number 9999: they go from 0 to 299" in said(app)


def test_the_chosen_document_has_all_its_queries_at_both_ends(reader: StoreReader) -> None:
    app = draw("search", run="one", query="4", doc="17")
    effects = reader.query_effects(17)
    ends = both_ends(effects)
    for name, listed in ((HELPS, ends.helped), (HARMS, ends.harmed)):
        data = table_of(app, name)
        assert [row["id"] for row in data["rows"]] == [str(one.query.query_id) for one in listed]
        first = listed[0]
        assert data["rows"][0]["cells"] == [
            str(first.query.query_id),
            [wording.signed(first.per_nat), first.bar],
            wording.signed(first.influence),
            str(first.rank),
            first.query.suite,
            wording.one_line(first.query.prompt, 240),
        ]
        assert data["rows"][0]["sign"][0] == wording.verdict(first.query.correct)[0]
        for part in ("document?", f"query={first.query.query_id}&", "doc=17"):
            assert part in data["rows"][0]["href"]
    assert f"▲ Helps {len(ends.helped)} queries" in said(app).replace("**", "")
    suites = table_of(app, "Effect by suite")
    for row, one in zip(suites["rows"], by_suite(effects), strict=True):
        assert row["cells"][0] == one.suite
        assert row["cells"][1][0] == wording.signed(one.mean_per_nat)
        assert row["cells"][3:6] == [str(one.n_helped), str(one.n_harmed), str(one.n_queries)]


def test_one_suite_is_kept_in_the_address(reader: StoreReader) -> None:
    app = draw("search", run="one", doc="17")
    app.selectbox(key="pick_effect_suite").select("gsm8k").run()
    assert not app.exception and app.query_params["suite"] == "gsm8k"
    ends = both_ends(reader.query_effects(17), "gsm8k")
    n = sum(len(table_of(app, name)["rows"]) for name in (HELPS, HARMS) if name in names(app))
    assert n == len(ends.helped) + len(ends.harmed) == 3
    assert len(table_of(app, "Effect by suite")["rows"]) == 4
    assert app.selectbox(key="pick_suite").value == "gsm8k"


def test_links_to_nothing_say_so() -> None:
    for doc in ("9999", "<b>"):
        app = draw("search", run="one", doc=doc)
        assert f"names the document “{doc}”" in said(app) and not names(app)
    app = draw("search", run="one", doc="17")
    next(one for one in app.button if one.label == "Choose no document").click().run()
    assert app.query_params["doc"] == "" and not names(app)


def test_a_method_without_a_sign_has_one_list() -> None:
    app = draw("search", run="words", doc="17")
    assert "Helps" not in said(app) and "Harms" not in said(app)
    assert "Above 0" in said(app) and "extra weight" not in said(app)
