"""The page Sources: plot, table, links, empty states, figures against plain counting."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from urllib.parse import parse_qs

import duckdb
import pytest

from attribution_engine.finding_stages import sources
from attribution_engine.store.reader import StoreReader
from pages.parts.print_figure import print_figure
from pages.parts.source_figures import sources_figure
from pages.parts.wording import method
from tests.finding_stages.filled import fill_into
from tests.pages.drawn import table_of
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store


def unopened(folder: Path) -> Path:
    """The same scores in a file that no page holds open."""
    return folder.with_suffix(".duckdb")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "plain.duckdb")
    shutil.copy(folder / "plain.duckdb", unopened(folder))
    changes = {
        "synthetic": "SELECT 1",
        "none": "UPDATE documents SET source = NULL",
        "level": "UPDATE influence SET influence = 0",
    }
    for name, change in changes.items():
        path = Path(shutil.copy(folder / "plain.duckdb", folder / f"{name}.duckdb"))
        with duckdb.connect(str(path)) as connection:
            connection.execute(change)
        fill_into(path, sources.fill)
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def counted(folder: Path, where: str, end: str, k: int, source: str) -> float:
    """Multiplier by plain counting."""
    with duckdb.connect(str(unopened(folder)), read_only=True) as connection:
        (found,) = connection.execute(
            f"""SELECT count(*) FILTER (source = $2) / count(*)
                / (SELECT count(*) FILTER (source = $2) / count(*) FROM documents)
            FROM influence JOIN documents USING (doc_id) JOIN queries USING (query_id)
            WHERE {where} AND {"rank <= $1" if end == "helpful" else "rank > 300 - $1"}""",
            [k, source],
        ).fetchall()[0]
    return float(found)


def test_figures_are_those_of_plain_counting(folder: Path) -> None:
    app = draw("sources", run="synthetic", whose="suite:gsm8k", k="50")
    rows = table_of(app, "Sources at k = 50")["rows"]
    assert len(rows) == 5
    for row in rows:
        cells = row["cells"]
        for end, at in (("helpful", 3), ("harmful", 7)):
            exact = counted(folder, "suite = 'gsm8k'", end, 50, row["id"])
            assert float(cells[at]) == pytest.approx(exact, abs=0.006)
            for ends in (cells[at + 1], cells[at + 2]):
                low, high = map(float, ends.split(" to "))
                assert low - 0.006 <= exact <= high + 0.006
    said = words(app)
    assert "3 queries, 300 documents, 5 sources" in said.replace("\\", "")
    assert "Top and bottom documents by source" in said


def test_the_plot_has_both_ends_and_a_line_at_one(folder: Path) -> None:
    app = draw("sources", run="synthetic")
    (chart,) = app.get("plotly_chart")
    drawn = json.loads(chart.proto.spec)
    line = next(one for one in drawn["data"] if one.get("mode") == "lines+markers")
    assert {one.get("xaxis") for one in drawn["data"]} == {"x", "x2"}
    at = line["x"].index(100)
    exact = counted(folder, "kind = 'reasoning'", "helpful", 100, "encyclopedia")
    names = {one["name"]: one for one in drawn["data"] if one.get("mode") == "lines+markers"
             and one["xaxis"] == "x"}  # fmt: skip
    assert names["encyclopedia"]["y"][at] == pytest.approx(exact)
    assert any(shape["y0"] == shape["y1"] == 1 for shape in drawn["layout"]["shapes"])
    assert drawn["layout"]["yaxis"]["type"] == drawn["layout"]["xaxis"]["type"] == "log"


def test_a_row_leads_to_the_ranking_of_that_source() -> None:
    app = draw("sources", run="synthetic", query="0", whose="suite:facts", source="forum")
    row = next(one for one in table_of(app, "Sources at k = 10")["rows"] if one["id"] == "code")
    page, _, address = row["href"].partition("?")
    fields = parse_qs(address)
    assert page == "rankings" and fields["source"] == ["code"] and fields["query"] == ["6"]


def test_choosing_queries_and_k() -> None:
    app = draw("sources", run="synthetic")
    assert app.selectbox(key="pick_whose").value == "kind:reasoning"
    app.selectbox(key="pick_whose").set_value("suite:controls").run()
    app.selectbox(key="pick_k").set_value("100").run()
    assert not app.exception
    assert "Sources at k = 100" in words(app)
    assert "suite “controls”" in words(app).replace("\\", "")


def test_links_to_what_the_run_lacks_say_so() -> None:
    app = draw("sources", run="synthetic", whose="kind:magic", k="77")
    said = " ".join(one.value for one in app.warning).replace("\\", "")
    assert "kind:magic" in said and "k = 77" in said


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("none", "No document of this run states a source"),
        ("level", "No query of this run has scores that differ"),
        ("plain", "holds no findings"),
    ],
)
def test_empty_states(run: str, said: str) -> None:
    app = draw("sources", run=run)
    assert said in words(app) and not app.get("plotly_chart")


def test_the_figure_prints(folder: Path) -> None:
    reader = StoreReader(folder / "synthetic.duckdb")
    for asked in (reader.source_queries()[0], reader.source_queries()[-1]):
        figure = sources_figure(reader.source_ends(asked.key), method("ek-fac"), 50)
        assert print_figure(figure, "pdf").startswith(b"%PDF")
        assert "<i>" not in str([trace.name for trace in figure.data])
