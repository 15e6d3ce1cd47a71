"""The page Exploration: what it draws, lists and says, and what it says where a run lacks it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs

import duckdb
import pytest

from attribution_engine.findings.behaviour_figures import AFTER
from attribution_engine.notes import Note
from attribution_engine.store.reader import StoreReader
from pages.parts.exploration_plots import behaviour_figure, drawn_rows
from pages.parts.exploration_sections import table_rows
from pages.parts.print_figure import print_figure
from pages.parts.wording import signed
from pages.report.address import view_of
from pages.report.finding_exploration import exploration
from pages.report.section import Section
from tests.finding_stages.test_exploration import EXPLORES, build, computed
from tests.pages.drawn import components, table_of
from tests.pages.test_pages import draw, words
from tests.store import small_store

HOSTILE = "<b>explores</b> $5 and $10 [a](https://example.org)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    build(folder / "traces.duckdb")
    computed(folder / "traces.duckdb")
    build(folder / "uncut.duckdb", without="cuts")
    with duckdb.connect(str(folder / "uncut.duckdb")) as connection:
        connection.execute("UPDATE spans SET behaviour = ? WHERE span_id = 2", [HOSTILE])
    computed(folder / "uncut.duckdb")
    small_store.build(folder / "bm25.duckdb", "bm25")
    computed(folder / "bm25.duckdb")
    small_store.build(folder / "empty.duckdb")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def test_the_page_has_the_claims_the_plot_and_what_is_behind_it(folder: Path) -> None:
    app = draw("exploration", run="traces")
    said = words(app).replace("\\", "")
    for part in (
        "Replicates:",
        "Exploring another way after an answer was reached helps math",
        "Behind it: math:",
        "only the distance between a behaviour and its control speaks of the behaviour",
        "Read the spans",
        "What the paper reports",
        "explores after an answer",
    ):
        assert part in said, part
    assert "NaN" not in said and "None" not in said
    assert len(app.get("plotly_chart")) == 1


def test_the_table_has_the_store_s_figures(folder: Path) -> None:
    rows = table_rows(StoreReader(folder / "traces.duckdb").behaviour_rows(), "corpus", "both",
                      "tokens")  # fmt: skip
    drawn = table_of(draw("exploration", run="traces"), "Influence by behaviour")["rows"]
    assert [row["cells"][2] for row in drawn] == [signed(row.mean) for row in rows]
    first = parse_qs(drawn[0]["href"].partition("?")[2], keep_blank_values=True)
    assert (first["topic"], first["suite"], first["does"]) == (["math"], [""], [AFTER])
    of_suite = next(row for row in drawn if row["cells"][0] == "mbpp" and row["href"])
    assert parse_qs(of_suite["href"].partition("?")[2])["suite"] == ["mbpp"]


def test_a_row_leads_to_the_span_in_its_document(folder: Path) -> None:
    app = draw("exploration", run="traces", topic="code")
    rows = table_of(app, "Spans")["rows"]
    assert {row["cells"][2] for row in rows} == {"mbpp"}
    assert {row["cells"][-1] for row in rows} == {EXPLORES.strip()}
    address = parse_qs(rows[0]["href"].partition("?")[2])
    assert address["level"] == ["behaviour"] and "exploration" in address["marks"]
    found = StoreReader(folder / "traces.duckdb").behaviour_spans(
        "corpus", AFTER, "helpful", 0, 1, ("mbpp",)
    )
    one = found.spans[0]
    assert address["span"] == [f"{one.start}-{one.end - 1}"]  # without the blank behind it
    assert (address["query"], address["doc"]) == ([str(one.query_id)], [str(one.doc_id)])
    page = draw("document", run="traces", **{name: address[name] for name in address
                                             if name not in ("run",)})  # fmt: skip
    assert f"Document {one.doc_id}" in words(page)


def test_choices_change_the_list(folder: Path) -> None:
    app = draw("exploration", run="traces")
    app.segmented_control(key="pick_measured").set_value("cut").run()
    assert not app.exception
    cuts = [row["cells"][4] for row in table_of(app, "Spans")["rows"]]
    assert cuts and "–" not in cuts
    app.segmented_control(key="pick_reader").set_value("rules").run()
    app.segmented_control(key="pick_ends").set_value("harmful").run()
    app.segmented_control(key="pick_span_side").set_value("harmful").run()
    assert not app.exception
    app = draw("exploration", run="traces", place="2")
    assert "Spans 21 to" in words(app)
    app.selectbox(key="pick_scope").set_value(("", "gsm8k")).run()
    assert not app.exception and "Spans 1 to" in words(app)
    app = draw("exploration", run="traces", place="99")
    assert "Spans 1 to 20" in words(app)


def test_what_a_run_lacks_is_said() -> None:
    said = words(draw("exploration", run="uncut", measured="cut")).replace("\\", "")
    assert "Set `cut_documents` in `[influence]`" in said
    said = words(draw("exploration", run="bm25")).replace("\\", "")
    assert "The method bm25 has no token scores" in said and "nothing to draw" in said
    app = draw("exploration", run="empty")
    assert "holds no findings" in words(app) and not app.get("plotly_chart")
    app = draw("exploration", run="traces", reader="nobody", does="sings")
    said = " ".join(one.value for one in app.warning)
    assert "reader “nobody”" in said and "behaviour “sings”" in said


def test_names_of_a_corpus_stay_text() -> None:
    app = draw("exploration", run="uncut", does=HOSTILE)
    rows = table_of(app, "Spans")["rows"]
    assert rows and HOSTILE.replace("_", " ") in app.selectbox(key="pick_does").options
    (chart,) = app.get("plotly_chart")
    assert "<b>explores" not in chart.proto.spec and "&lt;b&gt;" in chart.proto.spec
    assert components(app, "columns")


def test_the_figure_prints_and_the_report_has_it(folder: Path) -> None:
    reader = StoreReader(folder / "traces.duckdb")
    rows = reader.behaviour_rows()
    for measured in ("tokens", "cut"):
        drawn = drawn_rows(rows, "corpus", "both", measured)
        assert print_figure(behaviour_figure(drawn, "corpus", "nats", measured), "pdf", "a", "b")
    note = Note(1, 1.0, "exploration", {}, "traces", "c", "t", "", (), "", "", 1)
    view = view_of("exploration", {"run": ["traces"]})
    section = exploration(reader, view, Section(note, "caption"))
    titles = [getattr(one, "title", getattr(one, "name", "")) for one in section.content]
    assert "behaviours" in titles and "Influence by behaviour" in titles
    assert any(title.startswith("Spans, explores after") for title in titles)
