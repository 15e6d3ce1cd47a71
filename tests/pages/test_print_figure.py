"""Figures on paper: every figure of the explorer, its values, its caption, and no surprise."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest
from matplotlib import rc_context

from attribution_engine.findings.faithfulness import EXPERIMENTS
from attribution_engine.store.comparison import Comparison
from attribution_engine.store.query_views import SourceShare
from attribution_engine.store.reader import StoreReader
from pages.parts import figures, plane, query_figures, trust_plots, wording
from pages.parts.print_figure import SETTINGS, CannotPrint, _page, print_figure
from pages.parts.print_text import label_text, printable
from tests.store.tested_store import add_tests, rows
from tests.synthetic_store import write_synthetic_store

CAPTION = "Run <b>demo</b> · query 3 · k = 5 · scale: $5 and $10 \u202e \x00"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, go.Figure]:
    """Every figure that the pages draw."""
    folder = tmp_path_factory.mktemp("runs")
    reader = StoreReader(write_synthetic_store(folder / "one.duckdb"))
    other = StoreReader(write_synthetic_store(folder / "two.duckdb", score_seed=3))
    add_tests(write_synthetic_store(folder / "tested.duckdb"), rows([0, 1], ["s $5 <i>"]))
    report = StoreReader(folder / "tested.duckdb").trust()
    compared = Comparison(reader, other)
    axis = figures.rank_axes(wording.method("ek-fac"))["per_nat"]
    shares = [SourceShare(name, n, 0.1 * n, 0.25, 0.4 * n, 0.2 * n, 0.7 * n + 0.1)
              for name, n in (("a <b>", 3), ("b", 0), ("c", 7))]  # fmt: skip
    found = {
        "distribution": figures.distribution(reader.distribution(0), "Influence"),
        "curves": figures.rank_curves(
            reader.kind_curves("per_nat"), reader.rank_curves("per_nat")[:2], axis,
            ["reasoning", "factual", "control"],
        ),
        "sources": query_figures.sources_figure(
            {"helpful": shares, "harmful": shares}, {"helpful": "▲ H", "harmful": "▼ H"}, 10
        ),
        **{
            f"plane {kind}": plane.plane_figure(
                compared.plane(0, "helpful", kind, 10, 4), "demo <i>", "b", ("x $", "y"), 10
            )
            for kind in ("rank_log", "rank", "score")
        },
        **{
            experiment: trust_plots.trust_plot(report, experiment, 1).figure
            for experiment in EXPERIMENTS
        },
    }  # fmt: skip
    density = go.Figure(found["plane rank"])
    density.add_heatmap(x=[0, 1, 3], y=[0, 2, 4], z=[[1, None], [0, 2]],
                        colorscale=[[0, "#E4DFF0"], [1, "#3F2F73"]],
                        colorbar={"orientation": "h", "title": {"text": "documents"}})  # fmt: skip
    return {**{name: one for name, one in found.items() if one is not None}, "density": density}


def test_every_figure_is_printed_with_its_caption(drawn: dict[str, go.Figure]) -> None:
    assert len(drawn) == 12
    for name, figure in drawn.items():
        svg = print_figure(figure, "svg", name, CAPTION)
        words = " ".join(" ".join(ET.fromstring(svg).itertext()).split())
        assert "Run <b>demo</b> · query 3 · k = 5 · scale: $5 and $10" in words, name
        assert "[U+202E] [U+0000]" in words
        for axis in (figure.layout.xaxis, figure.layout.yaxis):
            assert " ".join(label_text(axis.title.text).split()) in words
        for trace in figure.data:
            if trace.name and trace.showlegend is not False and trace.type != "heatmap":
                assert label_text(trace.name) in words, (name, trace.name)


def test_a_pdf_embeds_whole_fonts_and_says_what_it_is(drawn: dict[str, go.Figure]) -> None:
    pdf = print_figure(drawn["distribution"], "pdf", "Scores", "Run demo · query 3")
    assert pdf.startswith(b"%PDF") and b"/CIDFontType2" in pdf and b"/FontFile2" in pdf
    assert b"/Type3" not in pdf and b"/Title (Scores)" in pdf and b"/Subject" in pdf
    assert pdf == print_figure(drawn["distribution"], "pdf", "Scores", "Run demo · query 3")
    assert not re.search(rb"/URI|/JavaScript|/Launch|/AA\b|/OpenAction", pdf)


def test_the_values_on_paper_are_those_of_the_figure(drawn: dict[str, go.Figure]) -> None:
    with rc_context(SETTINGS):
        page = _page(drawn["distribution"], "")
        bars = [patch for axes in page.axes for patch in axes.patches]
        lines = [line for axes in _page(drawn["curves"], "").axes for line in axes.lines]
    heights = sorted(bar.get_height() for bar in bars)
    wanted = sorted(float(y) for trace in drawn["distribution"].data for y in trace.y)
    assert heights == wanted
    xy = {tuple(np.round(line.get_ydata(), 12)) for line in lines}
    for trace in drawn["curves"].data:
        if trace.mode and trace.fill is None:
            assert tuple(np.round(np.array(trace.y, float), 12)) in xy


def test_stacked_grouped_and_flat_bars_categories_and_errors() -> None:
    figure = go.Figure()
    figure.add_bar(x=["a", "b"], y=[1, 2], name="one", error_y={"array": [0.5, 0.1]})
    figure.add_bar(x=["a", "b"], y=[3, -4], name="two", text=["p", "q"])
    for mode, bottoms in (("stack", [0, 0, 1, 0]), ("group", [0, 0, 0, 0])):
        figure.update_layout(barmode=mode)
        with rc_context(SETTINGS):
            page = _page(figure, "")
        drawn = [patch for axes in page.axes for patch in axes.patches]
        assert [bar.get_y() for bar in drawn] == bottoms
        assert print_figure(figure, "png").startswith(b"\x89PNG")
    flat = go.Figure(go.Bar(y=["u", "v"], x=[1, 5], orientation="h", marker={"color": [1, 5],
                     "colorscale": [[0, "red"], [1, "rgb(0, 0, 255)"]]}))  # fmt: skip
    with rc_context(SETTINGS):
        found = [patch for axes in _page(flat, "").axes for patch in axes.patches]
    assert [bar.get_width() for bar in found] == [1, 5]


@pytest.mark.parametrize(
    "figure",
    [
        go.Figure(go.Pie(values=[1])),
        go.Figure(go.Scatter3d(x=[1], y=[1], z=[1])),
        go.Figure(go.Scatter(x=[1], y=[1], mode="markers", marker={"symbol": "asterisk"})),
        go.Figure(go.Scatter(x=[1, 2], y=[1, 2], fill="tonext")),
        go.Figure(go.Heatmap(z=[[1]], colorscale=None)),
        go.Figure(layout={"shapes": [{"type": "path", "path": "M0,0"}]}),
    ],
)
def test_what_is_not_known_is_refused_and_not_left_out(figure: go.Figure) -> None:
    with pytest.raises(CannotPrint):
        print_figure(figure, "pdf")


def test_labels_are_read_as_plotly_draws_them() -> None:
    assert label_text("a<br>b &lt;i&gt; <b>c</b>") == "a\nb <i> c"
    assert label_text("<a href='x'>y</a>") == "<a href='x'>y</a>"
    assert printable("x\u202ey\x07\U000e0041") == "x[U+202E]y[U+0007][U+E0041]"


def test_several_people_may_ask_at_once(drawn: dict[str, go.Figure]) -> None:
    alone = print_figure(drawn["removal"], "svg", "n", "c")
    with ThreadPoolExecutor(4) as pool:
        together = list(
            pool.map(lambda _: print_figure(drawn["removal"], "svg", "n", "c"), range(4))
        )
    assert together == [alone] * 4


def test_a_dark_page_recolours_the_lines_and_not_the_texts() -> None:
    figure = go.Figure(go.Scatter(x=[1], y=[2], name=figures.INK, line={"color": figures.INK}))
    figure.add_hline(y=1, line={"color": figures.INK})
    dark = figures.recoloured(figure)
    assert dark.data[0].line.color == dark.layout.shapes[0].line.color == "#E4E8EE"
    assert dark.data[0].name == figures.INK and figure.data[0].line.color == figures.INK


def test_no_page_loads_the_printer_before_a_file_is_asked_for() -> None:
    for path in Path("pages").rglob("*.py"):
        if path.name.startswith(("print_", "heat_print")) or path.name == "folder.py":
            continue
        lines = path.read_text(encoding="utf-8").splitlines()
        assert not [
            line for line in lines if re.match(r"(from|import) .*(print_|matplotlib)", line)
        ]
