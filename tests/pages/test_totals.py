"""Totals and coverage through AppTest: what it draws, chooses, compares, and says is missing."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.store.reader import StoreReader
from pages.parts import wording
from pages.parts.print_figure import print_figure
from pages.parts.totals_shown import (
    compared,
    curves_plot,
    multiplier_plot,
    multiplier_rows,
    shown,
    slopes_plot,
)
from pages.parts.view_fields import DEFAULTS
from pages.report.section import Plot, Table
from pages.report.sections import sections_of
from tests.pages.drawn import table_of
from tests.pages.test_pages import draw, words
from tests.pages.test_report import note
from tests.store.totals_store import add_totals
from tests.synthetic_store import write_synthetic_store

UNSIGNED = ("UPDATE influence SET influence = abs(influence)", "DELETE FROM token_influence")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    add_totals(write_synthetic_store(folder / "here.duckdb"))
    add_totals(
        write_synthetic_store(folder / "there.duckdb", score_seed=1),
        "UPDATE queries SET completion = 'else' WHERE query_id = 7",
    )
    shutil.copy(folder / "here.duckdb", folder / "no_nats.duckdb")
    add_totals(folder / "no_nats.duckdb", "UPDATE queries SET nats = NULL")
    shutil.copy(folder / "here.duckdb", folder / "words.duckdb")
    add_totals(folder / "words.duckdb", "UPDATE run SET method = 'bm25'", *UNSIGNED)
    shutil.copy(folder / "here.duckdb", folder / "bare.duckdb")
    add_totals(
        folder / "bare.duckdb",
        "UPDATE influence SET influence = 0",
        "UPDATE rank_fit SET slope = NULL",
        "UPDATE queries SET prompt = 'another ' || query_id",
    )
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def said(app: AppTest) -> str:
    warnings = "\n".join(str(one.value) for one in app.warning)
    found = (words(app) + "\n" + warnings).replace("\\", "")
    assert not {"nan", "None", "NaN"} & set(found.replace(",", " ").split())
    return found


def traces(app: AppTest, number: int = 0) -> list[Any]:
    """The lines and dots of one of the page's figures."""
    return json.loads(app.get("plotly_chart")[number].proto.spec)["data"]  # type: ignore[no-any-return]


def names(found: list[Any]) -> list[str]:
    return [one["name"] for one in found if one.get("showlegend")]


def test_the_page_says_draws_and_counts(folder: Path) -> None:
    app = draw("totals", run="here", query="4")
    for part in (
        "Summed positive influence per nat is larger for factual",
        "Behind it: 12 queries and 300 documents",
        "Slopes of the tails",
        "Each dot is the slope of log |influence|",
        "Another run on the same prompts",
        "What the paper reports",
        "s = −1/α",
    ):
        assert part in said(app), part
    assert len(app.get("plotly_chart")) == 3
    assert names(traces(app)) == [
        "reasoning, mean of 6", "factual, mean of 3", "control, mean of 3", "query 4",
    ]  # fmt: skip
    reader = StoreReader(folder / "here.duckdb")
    rows = table_of(app, "Means by group")["rows"]
    first = reader.totals_figures("kind", False)
    all_of = next(one for one in first if one.quantity == "per_nat" and one.percentile == 100)
    assert rows[3]["cells"][3] == wording.plain(all_of.mean)
    assert len(table_of(app, "Totals of single queries")["rows"]) == 12
    assert len(table_of(app, "t-tests of slopes")["rows"]) == 6
    assert len(table_of(app, "Published figures")["rows"]) > 10


def test_what_is_drawn_is_chosen_and_kept_in_the_address() -> None:
    app = draw("totals", run="here", query="4")
    for key, value in (("pick_amount", "share"), ("pick_depth", "k"), ("pick_grouped", "suite")):
        app.segmented_control(key=key).set_value(value).run()
    app.toggle(key="pick_apart").set_value(True).run()
    app.button_group(key="pick_kinds").set_value(["factual", "control"]).run()
    assert not app.exception
    asked = {name: app.query_params[name]
             for name in ("amount", "depth", "grouped", "apart", "kind")}  # fmt: skip
    assert asked == {
        "amount": "share", "depth": "k", "grouped": "suite", "apart": "1",
        "kind": ["factual", "control"],
    }  # fmt: skip
    assert names(traces(app))[:3] == [
        "facts (factual), ✓ correct, one query", "facts (factual), ✗ wrong, one query",
        "facts (factual), ? unknown, one query",
    ]  # fmt: skip
    assert "bands would hide each other" in said(app)
    assert table_of(app, "Means by group")["columns"][1]["label"] == "Outcome"


def test_the_other_run_is_found_chosen_and_has_its_numbers(folder: Path) -> None:
    app = draw("totals", run="here", query="4")
    assert app.query_params["other"] == "no_nats"  # the first by name that shares prompts
    assert "so sums are raw" in said(app)
    app = draw("totals", run="here", query="4", other="there", strongest="0.1")
    assert "Of 1 the completions differ" in said(app)
    here, there = (StoreReader(folder / f"{name}.duckdb") for name in ("here", "there"))
    view = shown(here, {**DEFAULTS, "query": "4"})
    assert view is not None
    expected = multiplier_rows(view, compared(view, there, "0.1"))
    assert [row["cells"] for row in table_of(app, "Multipliers by kind")["rows"]] == expected
    app.segmented_control(key="pick_strongest").set_value("1").run()
    assert app.query_params["strongest"] == "1" and "all documents of a side" in said(app)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ("words", "One cannot be divided by the other"),
        ("bare", "have no query with the same suite and prompt"),
        ("nowhere", "compares with the run “nowhere”, which is not in the runs folder"),
    ],
)
def test_a_run_that_cannot_be_set_beside_says_why(other: str, reason: str) -> None:
    assert reason in said(draw("totals", run="here", query="4", other=other))


def test_without_nats_sums_are_raw_and_the_page_says_so() -> None:
    app = draw("totals", run="no_nats", query="4")
    assert "Nothing is per nat here, as no query of this run has nats" in said(app)
    assert "No query has nats" in said(app)
    assert not [one for one in app.segmented_control if one.key == "pick_unit"]
    assert "nats per unit of extra weight" in str(app.get("plotly_chart")[0].proto.spec)


def test_scores_without_a_sign_have_one_side() -> None:
    app = draw("totals", run="words", query="4")
    assert "BM25 has no sign: there is no harmful side" in said(app)
    assert "Cannot tell here" in said(app)
    assert {row["cells"][1] for row in table_of(app, "Means by group")["rows"]} == {"▲ Highest"}


def test_a_run_without_any_influence_says_so_and_draws_no_axes() -> None:
    app = draw("totals", run="bare", query="4")
    assert "This run has no totals: none of its documents has any influence" in said(app)
    assert not app.get("plotly_chart")


@pytest.mark.parametrize(
    ("key", "page", "shows"),
    [
        ("slopes here per_nat percentile kind False 4 reasoning factual control", "rank_curves",
         "Slope over the top 50"),
        ("multipliers ('here', 'there') 0.01 4", "compare", "Compare two runs"),
    ],
)  # fmt: skip
def test_a_click_on_a_dot_leads_to_its_query(key: str, page: str, shows: str) -> None:
    app = draw("totals", run="here", query="4", other="there")
    assert key in app.session_state
    app.session_state["query clicked on Totals"] = (key, "9")
    app.run()
    assert not app.exception and shows in said(app), page
    assert app.query_params["query"] == "9"


def test_every_figure_is_printed(folder: Path) -> None:
    here, there = (StoreReader(folder / f"{name}.duckdb") for name in ("here", "there"))
    for changes in ({}, {"apart": "1", "grouped": "suite", "amount": "share", "depth": "k"}):
        view = shown(here, {**DEFAULTS, "query": "4", **changes})
        assert view is not None
        found = compared(view, there, "0.01")
        plots = (curves_plot(view), slopes_plot(view),
                 multiplier_plot(view, found, ("here", "there")))  # fmt: skip
        for plot in plots:
            assert plot is not None and print_figure(plot, "pdf", "a", "b").startswith(b"%PDF")


def test_names_of_suites_are_inert(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "hostile.duckdb"
    shutil.copy(folder / "here.duckdb", path)
    add_totals(path, "UPDATE queries SET suite = '<a href=x>b</a>' WHERE suite = 'facts'")
    view = shown(StoreReader(path), {**DEFAULTS, "query": "4", "grouped": "suite"})
    assert view is not None
    for plot in (curves_plot(view), slopes_plot(view)):
        assert plot is not None and "<a" not in plot.to_json() and "\\u003ca" not in plot.to_json()


def test_a_note_of_the_page_holds_its_figures_and_tables(folder: Path) -> None:
    (found,) = sections_of([note("totals", run="here", query="4", other="there", amount="share")])
    plots = [one for one in found.content if isinstance(one, Plot)]
    assert [one.name for one in plots] == ["totals", "slopes", "multipliers"] and not found.missing
    tables = {one.title for one in found.content if isinstance(one, Table)}
    assert {"What this run says", "Means by group", "Slopes and exponents", "t-tests of slopes",
            "Multipliers", "What the paper reports"} <= tables  # fmt: skip
    (lost,) = sections_of([note("totals", run="here", query="4", other="gone")])
    assert "“gone” is not in the runs folder" in lost.missing
