"""Notes on the findings: each figure says where it is from, files hold numbers and whole texts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from attribution_engine.findings.claims import FINDINGS
from attribution_engine.store.reader import StoreReader
from pages.parts import links, view_values
from pages.report.section import Plot, Section, Table
from pages.report.sections import sections_of
from tests.finding_stages.planted_answers import planted_answers
from tests.pages.test_report import note
from tests.synthetic_store import write_synthetic_store
from tests.with_findings import add_findings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    add_findings(write_synthetic_store(folder / "demo.duckdb"))
    planted_answers(folder / "planted.duckdb")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def section(page: str, **address: Any) -> Section:
    bookmark = note(page, **{"run": "demo", "query": "4", **address})
    (found,) = sections_of([replace(bookmark, citation="synthe·q4")])
    return found


def tables(found: Section) -> dict[str, Table]:
    return {one.title: one for one in found.content if isinstance(one, Table)}


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_figure_of_a_note_says_its_run_scale_and_citation(finding: str) -> None:
    found = section(finding)
    plots = [one for one in found.content if isinstance(one, Plot)]
    assert plots and not found.missing
    for plot in plots:
        assert plot.caption.startswith("Run demo · ")
        assert " · scale: " in plot.caption and "citation synthe·q4" in plot.caption


def test_figures_of_one_note_have_the_scale_of_their_own() -> None:
    groups = [one.caption for one in section("groups", measure="top").content
              if isinstance(one, Plot)]  # fmt: skip
    assert "standard deviation" in groups[0] and "k = " not in groups[0]
    assert "k = " in groups[1] and "× in top" in groups[1]
    totals = {one.name: one.caption for one in section("totals").content if isinstance(one, Plot)}
    assert "slope of log" in totals["slopes"] and "k = " in totals["slopes"]


def test_places_of_answers_are_filed_with_whole_texts(folder: Path) -> None:
    reader = StoreReader(folder / "planted.duckdb")
    found = section("answers", run="planted", query="12", kind=["poetry"])
    places = tables(found)["Places of query 12"]
    assert places.whole is not None
    rows = list(places.whole())
    assert len(rows) == len(places.rows)
    for row in rows:
        document = reader.document(12, row["doc_id"])
        assert document is not None and row["text"] == document.text


def test_a_flip_is_filed_in_numbers() -> None:
    found = tables(section("groups"))
    for title in ("What a flip would swap", "Expected change to first order"):
        if title in found:
            (first, *_) = found[title].records
            assert any(isinstance(value, float) for value in first.values())
            assert len(found[title].records) == len(found[title].rows)


@pytest.mark.parametrize(
    ("finding", "address", "said"),
    [
        ("answers", {"within": "77"}, "asks for the top 77"),
        ("answers", {"kind": ["poetry"]}, "Of the kind “poetry”"),
        ("sources", {"k": "77"}, "asks for k = 77"),
        ("tokens", {"among": "suite:none"}, "asks for “suite:none”"),
        ("groups", {"asked": "suite:none"}, "has no queries “none”"),
        ("exploration", {"reader": "nobody"}, "asks for the reader “nobody”"),
        ("totals", {"other": "gone"}, "The run “gone” is not in the runs folder"),
    ],
)
def test_a_note_says_what_its_run_lacks(finding: str, address: dict[str, Any], said: str) -> None:
    found = section(finding, **address)
    assert said in found.missing and any(isinstance(one, Plot) for one in found.content)


def test_what_was_chosen_in_one_run_is_open_in_another() -> None:
    before = {**links.DEFAULTS, "run": "demo", "whose": "suite:one", "k": "50", "does": "verifies"}
    same, _ = view_values.taken("document", {"run": ["demo"], "doc": ["3"]}, before)
    assert same["whose"] == "suite:one" and same["k"] == "50"
    other, _ = view_values.taken("document", {"run": ["other"], "doc": ["3"]}, before)
    assert other["whose"] == other["k"] == other["does"] == ""
    linked, _ = view_values.taken("sources", {"run": ["other"], "k": ["10"]}, before)
    assert linked["k"] == "10" and linked["whose"] == ""
