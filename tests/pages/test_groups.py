"""The page Groups: what it shows of a run, its choices in the address, and what is missing."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from attribution_engine.store.findings.groups_views import Figure
from attribution_engine.store.reader import StoreReader
from pages.parts import groups_figures, wording
from pages.parts.groups_shown import cells, dots, groups_shown, measures
from pages.parts.print_figure import print_figure
from pages.parts.view_fields import DEFAULTS
from pages.report.section import Plot, Table
from pages.report.sections import sections_of
from tests.finding_stages.test_groups import fill
from tests.pages.drawn import table_of
from tests.pages.test_pages import draw, words
from tests.pages.test_report import note
from tests.store import small_store
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write_synthetic_store(folder / "synthetic.duckdb")
    fill(folder / "synthetic.duckdb")
    for name, method in (("bare", "ek-fac"), ("words", "bm25")):
        small_store.build(folder / f"{name}.duckdb", method)
        if method == "bm25":
            with duckdb.connect(str(folder / "words.duckdb")) as connection:
                connection.execute("UPDATE documents SET domain = '<b>$x$</b>', difficulty = '1'")
        fill(folder / f"{name}.duckdb")
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def said(app) -> str:
    return words(app).replace("\\", "").replace("\u2060", "")


def test_everything_is_drawn() -> None:
    app = draw("groups", run="synthetic")
    text = said(app)
    for part in (
        "In-domain documents lead on math suites (Infra, analysis 1)",
        "Every suite", "One suite, or one kind of query", "What the claims rest on", "Flip",
        "Behind it: 12 queries", "slopes: 3 queries", "What the paper reports",
    ):  # fmt: skip
        assert part in text, part
    assert "NaN" not in text and "None" not in text and not app.error
    assert [one.value for one in app.code] == [
        "python -m attribution_engine flip synthetic.duckdb --output train.jsonl"
    ]
    rows = table_of(app, "Groups on slopes")["rows"]
    assert len(rows) == 3 and all("None" not in str(row["cells"]) for row in rows)


def test_a_row_leads_to_the_ranking_of_its_documents() -> None:
    app = draw("groups", run="synthetic", labels="joint", asked="suite:gsm8k", query="0")
    rows = table_of(app, "Groups on gsm8k")["rows"]
    stated = [row for row in rows if "(not stated)" not in row["cells"][0]]
    # Those that lack a label that others with the same labels have cannot be filtered for.
    assert 0 < len(stated) < len(rows) and all(row["href"] for row in stated)
    assert not all(row["href"] for row in rows)
    first = stated[0]
    domain, category, difficulty = first["cells"][0].split(" · ")
    for part in (f"domain={domain}", f"category={category}", f"difficulty={difficulty}", "query=3"):
        assert part in first["href"]


@pytest.mark.parametrize("measure", ["standard", "per_nat", "mean", "top"])
@pytest.mark.parametrize("labels", ["domain", "joint"])
def test_every_choice_is_drawn_and_printed(measure: str, labels: str, folder: Path) -> None:
    app = draw("groups", run="synthetic", labels=labels, measure=measure, asked="kind:reasoning")
    assert not app.error and not app.warning
    reader = StoreReader(folder / "synthetic.duckdb")
    fields = {**DEFAULTS, "labels": labels, "measure": measure, "asked": "kind:reasoning"}
    shown = groups_shown(reader, fields)
    assert shown is not None and shown.measure == measure and measure in measures(shown)
    for figure in (
        dots(shown),
        groups_figures.heat(shown.sets, shown.effects, shown.rows),
        groups_figures.contrasts(reader.group_contrasts()),
    ):
        assert print_figure(figure, "pdf", "groups", "caption").startswith(b"%PDF")
    reader.close()


def test_figures_hold_the_numbers_of_the_store(folder: Path) -> None:
    reader = StoreReader(folder / "synthetic.duckdb")
    shown = groups_shown(reader, {**DEFAULTS, "asked": "suite:facts"})
    assert shown is not None
    trace = dots(shown).data[0]
    assert list(trace.x) == [group.standard.value for group in shown.drawn]
    heat = groups_figures.heat(shown.sets, shown.effects, shown.rows).data[0]
    at = [one.name for one in shown.sets].index("suite:facts")
    assert [row[at] for row in heat.z] == list(trace.x)
    group = shown.groups[0]
    assert cells(group)[1].startswith(wording.whole(group.n))
    reader.close()


def test_asked_in_vain() -> None:
    app = draw("groups", run="synthetic", asked="suite:<b>no</b>")
    warnings = " ".join(one.value for one in app.warning).replace("\\", "")
    assert "no queries “<b>no</b>”" in warnings and "slopes: 3 queries" in said(app)
    app = draw("groups", run="words", labels="category")
    assert "not grouped by category" in app.warning[0].value


def test_what_is_missing_is_said() -> None:
    app = draw("groups", run="bare")
    assert "No document of this run states a domain" in " ".join(one.value for one in app.info)
    assert "cannot tell" in said(app).lower() and not app.error
    app = draw("groups", run="words", measure="per_nat")
    infos = " ".join(one.value for one in app.info)
    assert "Scores of this method have no sign" in infos and "No two groups" in infos
    assert "NaN" not in said(app) and "None" not in said(app) and not app.error


def test_a_star_stands_where_the_interval_is_off_zero() -> None:
    assert groups_figures.off_zero(Figure(0.2, 0.1, 0.3))
    assert not groups_figures.off_zero(Figure(0.2, -0.1, 0.3))
    assert not groups_figures.off_zero(Figure(0.2, None, None))


def test_a_report_shows_what_the_page_shows() -> None:
    (found,) = sections_of(
        [note("groups", run="synthetic", query="0", labels="joint", asked="kind:factual",
              measure="top")]
    )  # fmt: skip
    assert not found.missing
    plots = [one.name for one in found.content if isinstance(one, Plot)]
    assert plots == ["groups", "groups-of-a-suite", "group-contrasts"]
    tables = {one.title: one for one in found.content if isinstance(one, Table)}
    app = draw("groups", run="synthetic", labels="joint", asked="kind:factual", measure="top")
    for title in ("Groups on all factual queries", "What would be swapped"):
        rows = [row["cells"] for row in table_of(app, title)["rows"]]
        mine = tables[title.replace("What would be swapped", "What a flip would swap")].rows
        assert rows == [list(row) for row in mine]
    (bare,) = sections_of([note("groups", run="bare", query="0")])
    assert any("No document of this run states" in one.title for one in bare.content)
