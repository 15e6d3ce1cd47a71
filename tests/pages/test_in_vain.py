"""What a run does not have: a link that asks for it is told so, a browser that sends it ignored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from attribution_engine.store.reader import StoreReader
from pages.parts import compare_panels, document_effects, links, pickers
from tests.pages.drawn import components
from tests.pages.test_pages import draw
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "one.duckdb")
    write_synthetic_store(folder / "words.duckdb", method="bm25")
    write_synthetic_store(folder / "itself.duckdb", method="self-influence")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


@pytest.fixture
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "one.duckdb")


@pytest.fixture
def view(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The view of a session of its own."""
    fields = dict(links.DEFAULTS)
    monkeypatch.setattr(st, "session_state", {links.VIEW: fields})
    yield fields


def warnings(page: str, **address: str | list[str]) -> list[str]:
    return [str(one.value).replace("\\", "") for one in draw(page, **address).warning]


def test_a_task_that_no_suite_has_is_named(reader: StoreReader) -> None:
    suite = reader.suites()[0]
    (said,) = warnings("overview", run="one", suite=suite.suite, task="no such task")
    assert "task “no such task”" in said and f"not in suite “{suite.suite}”" in said
    (said,) = warnings("overview", run="one", task="alone")
    assert "of a suite that it does not name" in said
    (said,) = warnings("overview", run="one", suite="none", task="alone")
    assert "suite “none”" in said
    assert not warnings("overview", run="one", suite=suite.suite, task=suite.tasks[0])


def test_a_kind_that_no_query_is_of_is_named() -> None:
    (said,) = warnings("rank_curves", run="one", kind=["poetry", "reasoning"])
    assert "no queries of the kind “poetry”" in said


def test_a_score_that_the_method_lacks_is_named() -> None:
    (said,) = warnings("rankings", run="words", score="normed", tails="both")
    assert said == "This view asks for the norm-corrected score, which BM25 does not have."
    assert not warnings("rankings", run="one", score="normed", tails="both")
    (said,) = warnings("rank_curves", run="itself", unit="per_nat")
    assert "per-nat score, which Self-influence does not have" in said
    # What a view starts with is nobody's wish.
    assert not warnings("rankings", run="itself", tails="both")
    assert not warnings("rank_curves", run="itself")


def test_a_suite_of_another_run_is_not_taken_over(
    reader: StoreReader, view: dict[str, Any]
) -> None:
    st.session_state["pick_suite"] = "of the run before"
    pickers._first_of_suite(reader, "overview")
    assert links.view()["suite"] == ""
    st.session_state["pick_effect_suite"] = "of the run before"
    document_effects._take_suite([one.suite for one in reader.suites()])
    assert links.view()["suite"] == ""
    known = reader.suites()[-1].suite
    st.session_state["pick_suite"] = known
    pickers._first_of_suite(reader, "overview")
    assert links.view()["suite"] == known


def test_a_widget_takes_over_only_what_it_offers(view: dict[str, Any]) -> None:
    view.update(task="kept", source=["kept"], query2="3", place="7")
    for value, task, place in (("gone", "kept", "7"), ("b", "b", "1"), (None, "", "1")):
        st.session_state["pick_task"] = value
        links.change("task", "pick_task", ("place",), ("", "b"))
        assert (links.view()["task"], links.view()["place"]) == (task, place)
    st.session_state["pick_source"] = ["web", "gone"]
    links.change("source", "pick_source", (), ("web", "books"))
    assert links.view()["source"] == ["web"]
    for sent, query2 in (("✓ 4 of the run before", "3"), (4, "4")):
        st.session_state["pick_query2"] = sent
        compare_panels._take_query([3, 4])
        assert links.view()["query2"] == query2


@pytest.mark.parametrize(("run", "kind"), [("one", "bar"), ("words", "number")])
def test_other_queries_have_bars_only_where_a_score_has_a_sign(run: str, kind: str) -> None:
    app = draw("document", run=run, query="4", doc="3")
    name = "The 8 highest" if run == "words" else "Helps most"
    (table,) = [one for one in components(app, "columns") if one["name"].startswith(name)]
    at = [column["label"] for column in table["columns"]].index("Per-nat")
    assert table["columns"][at]["kind"] == kind
    cells = [row["cells"][at] for row in table["rows"]]
    assert cells and all(isinstance(cell, str) == (run == "words") for cell in cells)
    assert run == "one" or not any("+" in cell for cell in cells)
