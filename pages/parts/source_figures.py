"""How sources stand among the top and bottom k; the figure holds no text of documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from attribution_engine.store.findings.sources_views import SourceAtEnd
from attribution_engine.store.views import SIDES
from pages.parts.figures import INK, inert
from pages.parts.wording import Method, decimal, percent, whole

# Sources differ in colour, dash and marker; none of them uses the colours of the sign.
COLOURS = ("#009E73", "#CC79A7", "#B8860B", "#56B4E9", "#7F6BB5", "#8C564B", "#888888", "#7CAE3A")
CHANNELS = tuple(", ".join(str(int(one[at : at + 2], 16)) for at in (1, 3, 5)) for one in COLOURS)
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
MARKERS = ("circle", "square", "diamond", "x", "triangle-up", "cross", "star")
MOST_LINES = 12  # sources that are drawn; all are in the table
FLOOR = 1e-3  # below it a multiplier is drawn as if it were that
TICKS = tuple(base * 10.0**power for power in range(-3, 5) for base in (1, 2, 5))


def drawn_sources(ends: Sequence[SourceAtEnd]) -> list[str]:
    """The sources that have a line: those with most documents."""
    return list(dict.fromkeys(one.source for one in ends))[:MOST_LINES]


def sources_figure(ends: Sequence[SourceAtEnd], method: Method, k: int) -> go.Figure:
    """Multiplier against k, both ends side by side, with a line at 1.

    A source that is not among the k at all has no place on a logarithmic axis: it stands at the
    lower edge, open.

    Args:
        k: of the table, marked by a dotted line.
    """
    names = drawn_sources(ends)
    shown = [one for one in ends if one.source in names]
    sizes = [one.multiplier for one in shown if one.multiplier > 0]
    tops = [one.high for one in shown]
    floor = max(FLOOR, min([*sizes, 0.5]) / 1.5)
    top = max([*tops, 2.0]) * 1.3
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        subplot_titles=[f"{method.side_names[side]} {_end(side)}" for side in SIDES],
    )
    for column, side in enumerate(SIDES, start=1):
        for place, name in enumerate(names):
            line = [one for one in shown if one.source == name and one.side == side]
            for trace in _traces(line, name, place, floor, with_legend=column == 1):
                figure.add_trace(trace, row=1, col=column)
        figure.add_hline(y=1, line={"color": INK, "width": 1.2}, row=1, col=column)
        figure.add_vline(x=k, line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=column)
    figure.update_layout(
        height=480,
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        legend={"orientation": "h", "y": -0.2},
        hovermode="closest",
    )
    ks = sorted({one.k for one in shown})
    figure.update_xaxes(
        type="log",
        dtick=1,
        title="k documents from this end (log scale)",
        range=[math.log10(ks[0] / 1.3), math.log10(ks[-1] * 1.3)] if ks else None,
    )
    ticks = [tick for tick in TICKS if floor <= tick <= top]
    if len(ticks) > 12:
        ticks = [tick for tick in ticks if f"{tick:e}".startswith("1")]
    figure.update_yaxes(
        type="log",
        range=[math.log10(floor), math.log10(top)],
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
    )
    figure.update_yaxes(title="share among the k ÷ share of corpus (log scale)", row=1, col=1)
    return figure


def _end(side: str) -> str:
    return "end: the top k" if side == "helpful" else "end: the bottom k"


def _traces(
    line: Sequence[SourceAtEnd], name: str, place: int, floor: float, with_legend: bool
) -> list[go.Scatter]:
    """The band, the line and the places without any document of a source."""
    if not line:
        return []
    colour, channels = COLOURS[place % len(COLOURS)], CHANNELS[place % len(COLOURS)]
    symbol = MARKERS[place % len(MARKERS)]
    label = inert(name, 30)
    same: dict[str, Any] = {"legendgroup": str(place), "name": label}
    ks = [one.k for one in line]
    band = go.Scatter(
        x=[*ks, *ks[::-1]],
        y=[*(max(one.high, floor) for one in line), *(max(one.low, floor) for one in line[::-1])],
        mode="lines",
        fill="toself",
        fillcolor=f"rgba({channels}, 0.15)",
        line={"width": 0},
        hoverinfo="skip",
        showlegend=False,
        **same,
    )
    there = [max(one.multiplier, floor) if one.n_top else None for one in line]
    main = go.Scatter(
        x=ks,
        y=there,
        mode="lines+markers",
        line={"color": colour, "dash": DASHES[place % len(DASHES)], "width": 2},
        marker={"symbol": symbol, "size": 7, "color": colour},
        showlegend=with_legend,
        customdata=[_hover(one) for one in line],
        hovertemplate=HOVER,
        **same,
    )
    none = [one for one in line if not one.n_top]
    found = [band, main]
    if none:
        found.append(
            go.Scatter(
                x=[one.k for one in none],
                y=[floor * 1.04] * len(none),
                mode="markers",
                marker={"symbol": f"{symbol}-open", "size": 8, "color": colour},
                showlegend=False,
                customdata=[_hover(one) for one in none],
                hovertemplate=HOVER,
                **same,
            )
        )
    return found


def multiple(value: float) -> str:
    """A multiplier: two decimals, or two digits where it is small."""
    return decimal(value) if value >= 0.095 or value <= 0 else f"{value:.2g}"


HOVER = (
    "%{customdata[0]}, k = %{customdata[1]}<br>× %{customdata[2]}<br>95%, binomial: "
    "%{customdata[3]}<br>95%, queries resampled: %{customdata[4]}<br>%{customdata[5]} of the k, "
    "%{customdata[6]} of the corpus<extra></extra>"
)


def _hover(one: SourceAtEnd) -> tuple[str, ...]:
    resampled = "one query only"
    if one.queries_low is not None and one.queries_high is not None:
        resampled = f"{multiple(one.queries_low)} to {multiple(one.queries_high)}"
    return (
        inert(one.source, 40),
        whole(one.k),
        multiple(one.multiplier),
        f"{multiple(one.low)} to {multiple(one.high)}",
        resampled,
        percent(one.share, 1),
        percent(one.share_corpus, 1),
    )
