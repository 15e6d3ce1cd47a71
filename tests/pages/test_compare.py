"""The compare page through AppTest: what it says of two runs, and of runs it cannot compare."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.store.comparison import Comparison
from attribution_engine.store.reader import StoreReader
from pages.parts import wording
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
