"""The plane of two runs: every shared document by its rank or score in both."""

from __future__ import annotations

import math

import plotly.graph_objects as go

from attribution_engine.store.comparison_views import At, Plane, PlanePoint
from pages.parts.figures import DENSITY, inert, ink
from pages.parts.wording import signed, whole

MARKS: tuple[tuple[At, str, float], ...] = (
    ("neither", "circle", 3),
    ("here", "triangle-up-open", 9),
    ("there", "square-open", 8),
    ("both", "circle", 9),
)


def plane_figure(plane: Plane, here: str, there: str, axes: tuple[str, str], k: int) -> go.Figure:
    """The plane; a click on a point gives its two document numbers.

    Args:
        here, there: names of the runs, as they are.
        axes: titles of both axes, as they are.
    """
    here, there = inert(here, 24), inert(there, 24)
    ranks = plane.plot != "score"
    figure = go.Figure()
    if plane.counts:
        figure.add_trace(_density(plane))
    names = {
        "neither": "every other document",
        "here": f"top {k} of {here} only",
        "there": f"top {k} of {there} only",
        "both": f"top {k} of both",
    }
    for at, symbol, size in MARKS:
        points = [one for one in plane.points if one.at == at]
        if points or (at == "both" and plane.points):
            figure.add_trace(_points(points, names[at], symbol, size, ranks))
    if plane.chosen:
        ring = _points([plane.chosen], f"document {plane.chosen.here}", "circle-open", 20, ranks)
        figure.add_trace(ring.update(marker={"line": {"width": 3}}))
    figure.update_layout(
        height=560,
        margin={"l": 10, "r": 10, "t": 50 if plane.counts else 10, "b": 10},
        legend={"orientation": "h", "y": -0.16, "itemsizing": "trace"},
        hovermode="closest",
        dragmode="zoom",
    )
    for axis, title, values in (
        (figure.update_xaxes, inert(axes[0], 100), [one.x for one in plane.points]),
        (figure.update_yaxes, inert(axes[1], 100), [one.y for one in plane.points]),
    ):
        axis(title=title, zeroline=not ranks)
        if plane.plot == "rank_log":
            top = max([*values, *(plane.x_edges if axis == figure.update_xaxes else plane.y_edges)],
                      default=1)  # fmt: skip
            axis(type="log", dtick=1, range=[math.log10(0.7), math.log10(top * 1.15)])
    return figure


def _density(plane: Plane) -> go.Heatmap:
    """Documents of each cell, darker by the logarithm of their number; empty cells are bare."""
    most = max(max(row) for row in plane.counts)
    ticks = [10**power for power in range(int(math.log10(max(1, most))) + 1)]
    write = whole_range if plane.plot != "score" else score_range
    columns = [write(*pair) for pair in zip(plane.x_edges[:-1], plane.x_edges[1:], strict=True)]
    rows = [write(*pair) for pair in zip(plane.y_edges[:-1], plane.y_edges[1:], strict=True)]
    return go.Heatmap(
        x=plane.x_edges,
        y=plane.y_edges,
        z=[[math.log10(count) if count else None for count in row] for row in plane.counts],
        text=[
            [f"{whole(count)} documents<br>here {x}<br>there {y}" if count else "" for x, count in
             zip(columns, row, strict=True)]
            for y, row in zip(rows, plane.counts, strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
        hoverongaps=False,
        colorscale=[[0, DENSITY[0]], [1, DENSITY[1]]],
        zmin=0,
        zmax=max(1.0, math.log10(max(1, most))),
        colorbar={
            "title": {"text": "documents in a cell", "side": "top"},
            "orientation": "h",
            "x": 1,
            "xanchor": "right",
            "y": 1.01,
            "yanchor": "bottom",
            "tickvals": [math.log10(tick) for tick in ticks],
            "ticktext": [whole(tick) for tick in ticks],
            "thickness": 10,
            "len": 0.45,
        },
    )  # fmt: skip


def _points(
    points: list[PlanePoint], name: str, symbol: str, size: float, ranks: bool
) -> go.Scatter:
    quiet = size < 5
    return go.Scatter(
        x=[one.x for one in points],
        y=[one.y for one in points],
        mode="markers",
        name=name,
        marker={
            "symbol": symbol,
            "size": size,
            "color": ("#8B7FC0" if quiet else ink()),
            "opacity": 0.5 if quiet else 0.95,
            "line": {"width": 1.6 if "open" in symbol else 0},
        },
        selected={"marker": {"opacity": 1}},
        unselected={"marker": {"opacity": 0.5 if quiet else 0.95}},
        customdata=[
            (one.here, one.there,
             whole(int(one.x)) if ranks else signed(one.x),
             whole(int(one.y)) if ranks else signed(one.y))
            for one in points
        ],
        hovertemplate="document %{customdata[0]}<br>here %{customdata[2]}"
        "<br>there %{customdata[3]}<extra></extra>",
    )  # fmt: skip


def whole_range(low: float, high: float) -> str:
    """The ranks of a cell."""
    first, last = math.ceil(low), math.ceil(high) - 1
    return f"rank {whole(first)}" if first >= last else f"ranks {whole(first)} to {whole(last)}"


def score_range(low: float, high: float) -> str:
    """The scores of a cell."""
    return f"{signed(low)} to {signed(high)}"
