"""The compare page through AppTest: what it says of two runs, and of runs it cannot compare."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.store.comparison import Comparison
from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from tests.pages.drawn import components, table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "first.duckdb")
    write_synthetic_store(folder / "second.duckdb", method="bm25", score_seed=1)
    changed(folder, "older", "UPDATE run SET schema_version = 0")
    changed(folder, "elsewhere", "UPDATE documents SET text = text || ' elsewhere'")
    changed(folder, "asked_else", "UPDATE queries SET prompt = prompt || '?'")
    changed(
        folder,
        "partly",
        "UPDATE documents SET text = text || '!' WHERE doc_id < 100",
        "UPDATE queries SET prompt = 'another' WHERE query_id = 3",
        "UPDATE queries SET completion = 'another' WHERE query_id = 5",
        "UPDATE run SET model = 'another model'",
    )
    (folder / "broken.duckdb").write_bytes(b"not a database")
    return folder


def changed(folder: Path, name: str, *statements: str) -> None:
    shutil.copy(folder / "second.duckdb", folder / f"{name}.duckdb")
    with duckdb.connect(str(folder / f"{name}.duckdb")) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def said(app: AppTest) -> str:
    warnings = "\n".join(str(one.value) for one in app.warning)
    return (words(app) + "\n" + warnings).replace("\\", "")


def test_two_runs_side_by_side(folder: Path) -> None:
    app = draw("compare", run="first", other="second", query="4", side="harmful")
    comparison = Comparison(
        *(StoreReader(folder / f"{name}.duckdb") for name in ("first", "second"))
    )
    median = wording.decimal(comparison.summary().median_spearman, 3)
    assert "12 queries are in both runs" in said(app)
    assert f"best agreement first: median Spearman {median}" in said(app)
    for part in (
        "first · EK-FAC · ▼ Harmful",
        "second · BM25 · lowest scores",
        "nearer to a rising line",
        "In both runs; in brackets what chance would give",
    ):
        assert part in said(app).replace("**", ""), part  # fmt: skip
    assert "corpora differ" not in said(app) and "models differ" not in said(app)


def test_plot_top_and_other_run_are_chosen_and_kept_in_the_address() -> None:
    app = draw("compare", run="first", other="second", query="4", plot="score", top="50")
    assert app.segmented_control(key="pick_plot").value == "score"
    assert app.segmented_control(key="pick_top").value == "50"
    app.segmented_control(key="pick_plot").set_value("rank").run()
    app.segmented_control(key="pick_top").set_value("100").run()
    app.selectbox(key="pick_other").select("partly").run()
    assert not app.exception
    address = {name: app.query_params[name] for name in ("other", "plot", "top", "run", "query")}
    assert address == {
        "other": "partly", "plot": "rank", "top": "100", "run": "first", "query": "4",
    }  # fmt: skip


def test_a_clicked_point_shows_its_document_and_leads_into_both_runs() -> None:
    app = draw("compare", run="first", other="second", query="4")
    assert "Click a point of the plot" in said(app)
    app = draw("compare", run="first", other="second", query="4", doc="17")
    links = [one.proto.label for one in app.get("page_link")]
    assert {"Read it in first", "Read it in second"} <= set(links)
    assert "is not in the open run" in said(
        draw("compare", run="first", other="second", query="4", doc="9999")
    )


def test_swapping_keeps_the_query() -> None:
    app = draw("compare", run="first", other="second", query="7")
    next(one for one in app.button if one.label == "Swap the runs").click().run()
    assert not app.exception
    assert app.selectbox(key="pick_run").value == "second"
    assert app.selectbox(key="pick_other").value == "first"
    assert app.query_params["query"] == "7"


def test_differing_corpora_models_completions_and_queries_are_named() -> None:
    app = draw("compare", run="first", other="partly", query="5")
    assert "200 documents have the same text in both: 200 of 300 of “first”" in said(app)
    assert "The models differ" in said(app) and "completions of this query differ" in said(app)
    app = draw("compare", run="first", other="partly", query="3")
    assert "Query 3 is not in the other run" in said(app)
    assert "11 queries are in both runs" in said(app)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("older", "has schema version 0"),
        ("broken", "not a readable DuckDB file"),
        ("nowhere", "compares with the run “nowhere”, which is not"),
        ("<b>", "compares with the run “<b>”"),
        ("elsewhere", "have no document in common"),
        ("asked_else", "have no query with the same suite and prompt"),
    ],
)
def test_runs_that_cannot_be_compared_say_why_and_another_can_be_chosen(
    other: str, reason: str
) -> None:
    app = draw("compare", run="first", other=other, query="4")
    assert reason in said(app)
    app.selectbox(key="pick_other").select("second").run()
    assert not app.error and "12 queries are in both runs" in said(app)


def test_without_a_choice_the_first_readable_run_is_taken() -> None:
    app = draw("compare", run="first", query="4")
    assert app.selectbox(key="pick_other").value == "asked_else"
    app = draw("compare", run="first", other="first", query="4")
    assert app.selectbox(key="pick_other").value == "asked_else"


def test_a_folder_of_one_run_says_how_to_make_another(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(folder / "first.duckdb", tmp_path)
    monkeypatch.setenv("INFLUENCE_RUNS", str(tmp_path))
    app = draw("compare", run="first")
    assert 'method = "gradient-dot"' in said(app)
    assert "python -m attribution_engine run" in app.code[0].value


def n_heatmaps(app: AppTest) -> int:
    names = [one.proto.component_name for one in app.get("bidi_component")]
    return names.count("influence_heatmap")


def labels(app: AppTest) -> set[str]:
    return {one.proto.label for one in app.get("page_link")}


def test_modes_are_chosen_and_kept_in_the_address() -> None:
    app = draw("compare", run="first", query="4", other="second")
    headings = {
        "document": "Compare one document under two queries",
        "documents": "Compare two documents under one query",
        "queries": "Compare two queries over all documents",
        "runs": "Compare two runs",
    }
    for mode, heading in headings.items():
        app.segmented_control(key="pick_mode").set_value(mode).run()
        assert not app.exception and app.query_params["mode"] == mode
        assert app.header[0].value == heading
        assert "How the scores are computed" in labels(app)


def test_one_document_under_two_queries(folder: Path) -> None:
    app = draw("compare", run="first", mode="document", query="4", query2="7", doc="17")
    reader = StoreReader(folder / "first.duckdb")
    for query in (4, 7):
        one = reader.ranked_documents(query, [17])[0]
        (row,) = table_of(app, f"Scores of document 17 on query {query}")["rows"]
        assert row["cells"] == [
            *(wording.signed(value) for value in (one.influence, one.per_nat, one.normed)),
            str(one.rank), str(one.rank_normed),
        ]  # fmt: skip
    assert {"About query 4", "About query 7", "Read document 17"} <= labels(app)
    assert n_heatmaps(app) == 2
    next(one for one in app.button if one.label == "Swap the queries").click().run()
    assert (app.query_params["query"], app.query_params["query2"]) == ("7", "4")
    app.selectbox(key="pick_query2").select(9).run()
    app.text_input(key="pick_doc").set_value(" #23 ").run()
    assert not app.exception
    assert (app.query_params["query2"], app.query_params["doc"]) == ("9", "23")
    app.button(key="doc_harmful").click().run()
    last = reader.rankings(7, "harmful", "influence", 0, 1).documents[0]
    assert app.query_params["doc"] == str(last.doc_id)


def test_two_documents_under_one_query(folder: Path) -> None:
    app = draw("compare", run="first", mode="documents", query="4")
    reader = StoreReader(folder / "first.duckdb")
    best, worst = (
        reader.rankings(4, side, "influence", 0, 1).documents[0].doc_id  # type: ignore[arg-type]
        for side in ("helpful", "harmful")
    )
    assert (app.query_params["doc"], app.query_params["doc2"]) == (str(best), str(worst))
    assert n_heatmaps(app) == 2
    next(one for one in app.button if one.label == "Swap the documents").click().run()
    assert (app.query_params["doc"], app.query_params["doc2"]) == (str(worst), str(best))
    app.text_input(key="pick_doc2").set_value("9999").run()
    assert "names the document “9999”" in said(app) and n_heatmaps(app) == 1


@pytest.mark.parametrize("side", ["helpful", "harmful"])
@pytest.mark.parametrize("score", ["influence", "normed"])
def test_two_queries_over_all_documents(folder: Path, side: str, score: str) -> None:
    app = draw("compare", run="first", mode="queries", query="4", query2="7", side=side,
               score=score, top="50", doc="17")  # fmt: skip
    reader = StoreReader(folder / "first.duckdb")
    found = reader.two_tops(4, 7, side, score, 50)  # type: ignore[arg-type]
    assert f"Of the top 50 of either query, {found.n_both} are in both" in said(app)
    for query, listed in ((4, found.first), (7, found.second)):
        data = table_of(app, f"Top documents of query {query}")
        assert [row["id"] for row in data["rows"]] == [str(one.document.doc_id) for one in listed]
        marked = [row["cells"][2].startswith("●") for row in data["rows"]]
        assert sum(marked) == found.n_both
        assert f"query={query}&" in data["rows"][0]["href"]
    pair = next(one for one in reader.query_neighbours(4) if one.query.query_id == 7)
    agreement = next(
        data for data in components(app) if isinstance(data, list) and data[0][0] == "Pearson"
    )
    assert [one[1] for one in agreement] == [
        wording.decimal(pair.pearson, 3), wording.decimal(pair.spearman, 3),
    ]  # fmt: skip
    assert len(app.get("plotly_chart")) == 1
    assert ("not of the norm-corrected score" in said(app)) == (score == "normed")
    assert {"Read it under query 4", "Read it under query 7"} <= labels(app)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ({"mode": "document", "query2": "99"}, "compares with the query “99”, which is not"),
        ({"mode": "queries", "query2": "<b>"}, "compares with the query “<b>”, which is not"),
        ({"mode": "document", "query2": "7", "doc": "9999"}, "document “9999”, which is not"),
        ({"mode": "documents", "doc": "x"}, "document “x”, which is not"),
        ({"mode": "queries", "query2": "4"}, "Both queries are the same one"),
        ({"mode": "queries", "query2": "7", "doc": "9999"}, "Document 9999 of this link is not"),
    ],
)
def test_links_to_nothing_say_so(address: dict[str, str], reason: str) -> None:
    assert reason in said(draw("compare", run="first", query="4", **address))


def test_a_run_with_one_query_says_what_would_supply_another(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(folder / "first.duckdb", tmp_path / "single.duckdb")
    with duckdb.connect(str(tmp_path / "single.duckdb")) as connection:
        connection.execute("DELETE FROM queries WHERE query_id <> 4")
    monkeypatch.setenv("INFLUENCE_RUNS", str(tmp_path))
    for mode in ("document", "queries"):
        assert "one query only" in said(draw("compare", run="single", query="4", mode=mode))


@pytest.mark.parametrize("page", ["overview", "rankings", "document", "rank_curves"])
def test_pages_of_a_method_without_nats_do_not_speak_of_them(page: str) -> None:
    app = draw(page, run="second", query="4", doc="17")
    for wrong in (
        "per unit of extra weight",
        "in nats",
        "Raw nats",
        "raise this completion",
        "completion's log-probability",
    ):
        assert wrong not in said(app), wrong  # fmt: skip
    labels = [option for one in app.segmented_control for option in one.options]
    assert "Raw nats" not in labels and "Influence" not in labels
    if page == "rankings":
        assert "Documents of the highest scores" in said(app)
    nats = draw(page, run="first", query="4", doc="17")
    assert said(nats) != said(app)


def test_every_method_says_what_its_number_is() -> None:
    for name, method in wording.METHODS.items():
        assert wording.unit_of(name) == method.unit and method.meaning.endswith(".")
    assert {name for name in wording.METHODS if "nats" not in wording.unit_of(name)} == {
        "gradient-cosine", "bm25",
    }  # fmt: skip
    assert {name for name, method in wording.METHODS.items() if not method.signed} == {
        "bm25", "self-influence",
    }  # fmt: skip
    assert "nats" not in wording.unit_of("some other method")
    assert wording.written(2.5, wording.METHODS["bm25"]) == "2.50"
    assert wording.written(2.5, wording.METHODS["k-fac"]) == "+2.50"


def test_many_queries_are_compared_on_demand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.parts.compare_runs.AT_ONCE", 1)
    for name in ("large_a", "large_b"):  # of which nothing is remembered yet
        shutil.copy(folder / ("first.duckdb" if name == "large_a" else "second.duckdb"),
                    folder / f"{name}.duckdb")  # fmt: skip
    try:
        app = draw("compare", run="large_a", other="large_b", query="4")
        assert app.get("plotly_chart") and "12 queries are in both runs" in said(app)
        assert "median Spearman" not in said(app)
        button = app.button(key="compare_all")
        # How long it takes is measured on this machine, which may have other work.
        assert re.fullmatch(r"Compare all 12 shared queries \(about .+\)", button.label)
        button.click().run()
        assert "median Spearman" in said(app) and not app.exception
        app.run()  # known by now, so nothing is to be asked for
        assert "median Spearman" in said(app)
    finally:
        for name in ("large_a", "large_b"):
            (folder / f"{name}.duckdb").unlink()
