"""The figures of the pages about queries; they hold no text of documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from attribution_engine.store.comparison_views import Plane
from attribution_engine.store.query_views import SourceShare
from attribution_engine.store.views import SIDES, Side
from pages.parts.figures import LOWERS, RAISES, inert, ink
from pages.parts.plane import plane_figure
from pages.parts.wording import decimal, percent, whole

MARKERS: dict[Side, tuple[str, str]] = {
    "helpful": (RAISES, "triangle-up"),
    "harmful": (LOWERS, "triangle-down"),
}
APART = 0.16  # of a row, between the two ends


def sources_figure(
    shares: Mapping[Side, Sequence[SourceShare]], names: Mapping[Side, str], k: int
) -> go.Figure:
    """How often each source is in the top k, over its share of the corpus, with intervals.

    A source that is not in the top at all has no place on a logarithmic axis: it stands at its left
    edge, open.
    """
    rows = [one.source for one in next(iter(shares.values()))]
    sizes = [
        value
        for found in shares.values()
        for one in found
        for value in (one.multiplier, one.low, one.high)
        if value > 0
    ]
    left = min([*sizes, 0.5]) / 1.6
    right = max([*sizes, 2.0]) * 1.6
    figure = go.Figure()
    for side in SIDES:
        if side not in shares:
            continue
        colour, symbol = MARKERS[side]
        found = shares[side]
        x = [max(one.multiplier, left) for one in found]
        offset = (APART if side == "helpful" else -APART) if len(shares) > 1 else 0.0
        figure.add_scatter(
            x=x,
            y=[-rows.index(one.source) + offset for one in found],
            mode="markers",
            name=names[side].lstrip("▲▼ "),
            cliponaxis=False,
            marker={
                "symbol": [symbol if one.n_top else f"{symbol}-open" for one in found],
                "color": colour,
                "size": 10,
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [max(0.0, one.high - at) for one, at in zip(found, x, strict=True)],
                "arrayminus": [
                    max(0.0, at - max(one.low, left)) for one, at in zip(found, x, strict=True)
                ],
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            customdata=[
                (inert(one.source or "(none)"), decimal(one.multiplier), decimal(one.low),
                 decimal(one.high),                 whole(one.n_top), percent(one.share_corpus, 1))
                for one in found
            ],
            hovertemplate="%{customdata[0]}<br>× %{customdata[1]} (95% interval %{customdata[2]} "
            f"to %{{customdata[3]}})<br>%{{customdata[4]}} of the top {k}; %{{customdata[5]}} of "
            "the corpus<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=1, line={"color": ink(), "width": 1.5, "dash": "dot"})
    figure.update_layout(
        height=120 + 34 * len(rows),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        hovermode="closest",
    )
    figure.update_xaxes(
        type="log",
        range=[math.log10(left), math.log10(right)],
        title=f"share of the top {k} ÷ share of the corpus (log scale; 1 = as in the corpus)",
        tickvals=[tick for tick in TICKS if left <= tick <= right],
        ticktext=[f"{tick:g}" for tick in TICKS if left <= tick <= right],
        zeroline=False,
    )
    figure.update_yaxes(
        tickvals=[-at for at in range(len(rows))],
        ticktext=[inert(row or "(none)", 30) for row in rows],
        range=[-len(rows) + 0.4, 0.6],
        zeroline=False,
        automargin=True,
    )
    return figure


def queries_figure(plane: Plane, names: tuple[str, str], what: str, k: int) -> go.Figure:
    """Every document by its score on two queries; a click on a point gives its number.

    Args:
        what: the score and its unit, behind the query's name on both axes.
    """
    figure = plane_figure(
        plane, names[0], names[1], (f"{names[0]} · {what}", f"{names[1]} · {what}"), k
    )
    # The plane of two runs says here and there.
    for old, new in zip(("<br>here ", "<br>there "), names, strict=True):
        for trace in figure.data:
            if trace.hovertemplate:
                trace.hovertemplate = trace.hovertemplate.replace(old, f"<br>{new}: ")
            if trace.type == "heatmap":
                trace.text = [
                    [cell.replace(old, f"<br>{new}: ") for cell in row] for row in trace.text
                ]
    return figure


TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
