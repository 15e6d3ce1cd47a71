"""The page Answers: its figures, its choices, its places, and what it says where there are none."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from streamlit.testing.v1 import AppTest

from attribution_engine.findings.published.answers import PUBLISHED
from attribution_engine.notes import Note
from attribution_engine.store.reader import StoreReader
from pages.parts import links
from pages.parts.answers_figures import curves_figure, shares_figure
from pages.parts.print_figure import print_figure
from pages.report.address import view_of
from pages.report.finding_answers import answers as report_of
from pages.report.section import Plot, Section, Table
from tests.finding_stages.planted_answers import planted_answers
from tests.pages.drawn import table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store

PLOTS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    planted_answers(folder / "planted.duckdb")
    write_synthetic_store(folder / "before.duckdb")
    bare = folder / "bare.duckdb"
    bare.write_bytes((folder / "planted.duckdb").read_bytes())
    with duckdb.connect(str(bare)) as connection:
        for table in ("answers", "answer_search", "relation", "relation_count", "relation_share"):
            connection.execute(f"DELETE FROM {table}")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


@pytest.fixture(scope="module")
def reader(folder: Path) -> StoreReader:
    return StoreReader(folder / "planted.duckdb")


def cells(app: AppTest, name: str) -> list[list[str]]:
    return [row["cells"] for row in table_of(app, name)["rows"]]


def test_the_page_says_what_the_store_says(reader: StoreReader) -> None:
    app = draw("answers", run="planted", query="12")
    said = words(app)
    for part in (
        *("Replicates", "How it grows with k", "Places of query 12", "What the paper reports"),
        "Behind it: 20 queries; the top 12 of 1 200 documents (1.00 %",
    ):
        assert part in said.replace("\\", ""), part
    assert "nan" not in said.lower().replace("\\", "").split()
    assert len(app.get("plotly_chart")) == PLOTS
    kinds = cells(app, "By kind of query")
    assert [
        "factual",
        "answer",
        "10",
        "100 % (72 % to 100 %)",
        "1.0 %",
        "100 % (72 % to 100 %)",
    ] in kinds
    assert [row[:4] for row in kinds if row[:2] == ["reasoning", "all steps"]] == [
        ["reasoning", "all steps", "10", "0 % (0 % to 28 %)"]
    ]
    listed = cells(app, "Queries and where they are found")
    assert len(listed) == 20 and listed[0][5] == "● found" and listed[12][5] == "○ elsewhere"
    sought = cells(app, "What was looked for")
    assert [row[0] for row in sought] == ["answer", "step 1", "step 2"]
    assert len(cells(app, "Published figures")) == len(PUBLISHED)


def test_every_place_leads_to_its_document_with_the_text_marked(reader: StoreReader) -> None:
    app = draw("answers", run="planted", query="12")
    rows = table_of(app, "Places of query 12")["rows"]
    hits = reader.answer_hits(12)
    assert len(rows) == len(hits) >= 2
    for row, hit in zip(rows, hits, strict=True):
        assert f"doc={hit.doc_id}&" in row["href"] and f"span={hit.start}-{hit.end}" in row["href"]
        assert "marks=answer" in row["href"] and row["href"].startswith("document?")
        start, end = row["marked"]
        assert row["cells"][-1][start:end] == " ".join(hit.matched.split())
    address = dict(part.split("=", 1) for part in rows[0]["href"].partition("?")[2].split("&"))
    app = draw("document", **address)
    assert f"Document {hits[0].doc_id}" in words(app)


def test_choices_change_what_is_shown() -> None:
    app = draw("answers", run="planted", query="12")
    app.segmented_control(key="pick_within").set_value("500").run()
    assert "500" in app.query_params["within"]
    assert "the top 500 of 1 200" in words(app).replace("\\", "")
    app.pills(key="pick_kinds").set_value(["factual"]).run()
    assert len(cells(app, "Queries and where they are found")) == 10
    app.segmented_control(key="pick_hits").set_value("top").run()
    assert "No document says any of it there" in words(app)
    app.segmented_control(key="pick_completions").set_value("wrong").run()
    assert not app.exception and "No query is left whose completion is like that" in words(app)
    app = draw("answers", run="planted", query="12", within="7", completions="nonsense")
    assert app.segmented_control(key="pick_within").value == "12"
    assert app.segmented_control(key="pick_completions").value == "right"
    app = draw("answers", run="planted", query="0", kind="odd")
    assert any("odd" in one.value for one in app.warning)


def test_a_click_on_a_query_shows_its_places() -> None:
    app = draw("answers", run="planted", query="3")
    data = table_of(app, "Queries and where they are found")
    assert data["current"] == "3"
    assert data["rows"][7]["href"].startswith("answers?") and "query=7" in data["rows"][7]["href"]


def test_what_is_missing_is_said() -> None:
    app = draw("answers", run="before")
    assert "This run's store holds no findings" in words(app)
    assert not app.get("plotly_chart")
    app = draw("answers", run="bare")
    assert "Nothing was looked for: of no query" in words(app)
    assert not app.get("plotly_chart")


def test_figures_are_printed(reader: StoreReader) -> None:
    for figure in (
        shares_figure(reader.answer_shares(12), 12),
        curves_figure(reader.answer_curves(), 12),
    ):
        assert print_figure(figure, "pdf", "answers", "caption").startswith(b"%PDF")
    bars = shares_figure(reader.answer_shares(12), 12).data
    assert [one.name for one in bars][0] == "in the 12 most helpful documents"
    top, corpus, by_chance = (dict(zip(one.x, one.y, strict=True)) for one in bars)
    assert (
        top["factual<br>answer<br>10 queries"] == 100
        and top["reasoning<br>all steps<br>10 queries"] == 0
    )
    assert corpus["reasoning<br>all steps<br>10 queries"] == 100
    assert by_chance["factual<br>answer<br>10 queries"] == pytest.approx(1.0, rel=1e-3)


def test_a_report_holds_the_same(reader: StoreReader) -> None:
    address = {"run": ["planted"], "query": ["12"]}
    note = Note(1, 0.0, "answers", address, "planted", "c", "", "", (), "", "", 1)
    view = view_of("answers", address)
    section = report_of(reader, view, Section(note, ""))
    plots = [one for one in section.content if isinstance(one, Plot)]
    tables = {one.title for one in section.content if isinstance(one, Table)}
    assert len(plots) == PLOTS and {
        "What this run says", "Shares of queries found, by kind and by suite",
        "Queries and where they are found", "What was looked for of query 12",
        "Places of query 12", "What the paper reports",
    } <= tables  # fmt: skip


def test_published_figures_say_how_they_are_known() -> None:
    known = {(one.figure, one.tag) for one in PUBLISHED}
    assert {("55 %", "reported"), ("30 %", "reported"), ("13 of 20", "reported")} <= known
    assert all(one.tag == "second-hand" for one in PUBLISHED if "languages" in one.quantity)
    assert links.DEFAULTS["completions"] == "right"
