"""The figures of Totals and coverage; names of kinds and suites are escaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from attribution_engine.store.findings.totals_views import (
    Multipliers,
    TailGroup,
    TailSlope,
    TotalsCurve,
)
from attribution_engine.store.views import Side
from pages.parts.figures import KINDS, OTHER, inert, ink
from pages.parts.wording import decimal, percent, plain, whole

MOST_BANDS = 4  # curves of a panel that have room for their spread
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
LEGEND = {"orientation": "h", "y": -0.22}
SAID = {"correct": "✓ correct", "wrong": "✗ wrong", "unknown": "? unknown"}
MARKED = {"wrong": "x", "unknown": "triangle-up"}  # thin lines with marks; correct: thick ones
GOLDEN = 0.618  # whose multiples fill a strip evenly, the same way at every rerun


def group_name(group: str, outcome: str = "all", kind: str = "") -> str:
    """A group as legends and axes write it."""
    words = f"{inert(group)} ({inert(kind)})" if kind and kind != group else inert(group)
    return words if outcome == "all" else f"{words}, {SAID[outcome]}"


def totals_figure(
    curves: Sequence[TotalsCurve],
    chosen: Sequence[TotalsCurve],
    sides: dict[Side, str],
    axes: tuple[str, str],
    shares: bool,
) -> go.Figure:
    """Amount by depth of the ranking, a panel a side: mean and spread of each group.

    Args:
        chosen: the curves of one query, thin and on top.
        sides: what each panel is called.
        axes: titles of the horizontal and the upright axis.
        shares: whether amounts are shares, drawn in percent.
    """
    figure = make_subplots(
        cols=len(sides), shared_yaxes=True, horizontal_spacing=0.04,
        subplot_titles=list(sides.values()),
    )  # fmt: skip
    scale = 100.0 if shares else 1.0
    styles = _styles(curves)
    names = list(sides)
    for one in curves:
        column = names.index(one.side) + 1
        colour, channels, dash, symbol, width = styles[one.group, one.outcome]
        name = group_name(one.group, one.outcome, one.kind)
        alone = sum(other.side == one.side for other in curves) <= MOST_BANDS
        if one.low and alone:
            figure.add_scatter(
                x=[*one.depths, *one.depths[::-1]],
                y=[scale * value for value in (*one.high, *one.low[::-1])],
                mode="lines",
                fill="toself",
                fillcolor=f"rgba({channels.replace(' ', ', ')}, 0.14)",
                line={"width": 0},
                hoverinfo="skip",
                showlegend=False,
                legendgroup=name,
                row=1,
                col=column,
            )
        n = len(one.query_ids)
        figure.add_scatter(
            x=one.depths,
            y=[scale * value for value in one.means],
            mode="lines+markers" if one.outcome in MARKED else "lines",
            line={"color": colour, "dash": dash, "width": width},
            marker={"symbol": symbol, "size": 5, "color": colour},
            name=f"{name}, {'one query' if n == 1 else f'mean of {whole(n)}'}",
            legendgroup=name,
            showlegend=one.side == names[0],
            customdata=[
                f"{name}: {_said(mean, shares)}" + _between(low, high, shares)
                for mean, low, high in zip(
                    one.means, one.low or one.means, one.high or one.means, strict=True
                )
            ],
            hovertemplate="%{customdata}<extra></extra>",
            row=1,
            col=column,
        )
    for one in chosen:
        figure.add_scatter(
            x=one.depths,
            y=[scale * value for value in one.means],
            mode="lines",
            line={"color": ink(), "width": 1.5},
            name=f"query {one.query_ids[0]}",
            legendgroup="chosen",
            showlegend=one.side == names[0],
            customdata=[_said(value, shares) for value in one.means],
            hovertemplate=f"query {one.query_ids[0]}: %{{customdata}}<extra></extra>",
            row=1,
            col=names.index(one.side) + 1,
        )
    figure.update_layout(
        height=460,
        hovermode="x unified",
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        legend=LEGEND,
    )
    ends = [depth for one in (*curves, *chosen) for depth in (one.depths[0], one.depths[-1])]
    low, high = math.floor(math.log10(min(ends))), math.ceil(math.log10(max(ends)))
    figure.update_xaxes(
        type="log",
        title=axes[0],
        hoverformat=".3~s",
        tickvals=[10.0**power for power in range(low, high + 1)],
        ticktext=[_decade(power) for power in range(low, high + 1)],
    )
    figure.update_yaxes(rangemode="tozero", exponentformat="SI")
    figure.update_yaxes(title=axes[1], row=1, col=1)
    return figure


def slopes_figure(
    slopes: Sequence[TailSlope],
    groups: Sequence[TailGroup],
    members: dict[tuple[str, str], frozenset[int]],
    sides: dict[Side, str],
    chosen: int | None,
) -> go.Figure:
    """Slopes of the single queries, a row a group, and their means ± one standard deviation.

    Args:
        members: the queries of each group and outcome.
        chosen: query that is a star.
    """
    rows = list(dict.fromkeys((one.group, one.outcome, one.kind) for one in groups))
    figure = make_subplots(
        cols=len(sides), shared_yaxes=True, horizontal_spacing=0.04,
        subplot_titles=list(sides.values()),
    )  # fmt: skip
    for column, side in enumerate(sides, start=1):
        for level, (group, outcome, kind) in enumerate(rows):
            colour, _, _, symbol = KINDS.get(kind, OTHER)
            dots = [
                one
                for one in slopes
                if one.side == side and one.query_id in members[group, outcome]
            ]
            _cloud(
                figure,
                [one.slope for one in dots],
                level,
                colour,
                [one.query_id for one in dots],
                [f"query {one.query_id}, {inert(one.suite)}: slope {decimal(one.slope)}"
                 for one in dots],
                chosen,
                column,
            )  # fmt: skip
            for one in groups:
                if (one.side, one.group, one.outcome) != (side, group, outcome):
                    continue
                _mean(
                    figure, one.slope, one.slope_deviation or 0.0, level, colour, symbol,
                    f"{group_name(group, outcome, kind)}: {decimal(one.slope)}"
                    + ("" if one.slope_deviation is None else f" ± {decimal(one.slope_deviation)}")
                    + f", {whole(one.n_queries)} queries",
                    column,
                )  # fmt: skip
    ends = [one.slope for one in slopes]
    ends += [one.slope + sign * (one.slope_deviation or 0.0) for one in groups for sign in (-1, 1)]
    room = 0.05 * (max(ends) - min(ends)) or 0.1
    figure.update_xaxes(
        title="slope of log |influence| on log rank",
        zeroline=False,
        range=[min(ends) - room, max(ends) + room],
    )
    return _listed(figure, [group_name(*one) for one in rows])


def multiplier_figure(
    found: Multipliers, sides: dict[Side, str], title: str, chosen: int | None
) -> go.Figure:
    """The multiplier of every shared query, a row a kind, and means ± one standard error.

    Multipliers lie on a logarithmic axis, on which 2 and ½ are as far from 1.
    """
    rows = list(dict.fromkeys(one.kind for one in found.groups))
    figure = make_subplots(
        cols=len(sides), shared_yaxes=True, horizontal_spacing=0.04,
        subplot_titles=list(sides.values()),
    )  # fmt: skip
    for column, side in enumerate(sides, start=1):
        for level, kind in enumerate(rows):
            colour, _, _, symbol = KINDS.get(kind, OTHER)
            dots = [one for one in found.queries if one.side == side and one.kind == kind]
            _cloud(
                figure,
                [one.ratio for one in dots],
                level,
                colour,
                [one.query_id for one in dots],
                [f"query {one.query_id}, {inert(one.suite)}: × {plain(one.ratio)}" for one in dots],
                chosen,
                column,
            )
            for one in found.groups:
                if (one.side, one.kind) != (side, kind):
                    continue
                error = one.standard_error or 0.0
                _mean(
                    figure, one.mean, min(error, 0.999 * one.mean), level, colour, symbol,
                    f"{inert(kind)}: × {plain(one.mean)}"
                    + ("" if one.standard_error is None else f" ± {plain(error)}")
                    + f", above 1 for {percent(one.n_above / one.n_queries)} of "
                    f"{whole(one.n_queries)}",
                    column,
                )  # fmt: skip
        figure.add_vline(x=1, line={"color": ink(), "width": 1.5, "dash": "dot"}, col=column, row=1)
    ends = [one.ratio for one in found.queries]
    ticks = [
        step * 10.0**power
        for power in range(math.floor(math.log10(min(ends))), math.ceil(math.log10(max(ends))) + 1)
        for step in ((1, 2, 5) if max(ends) / min(ends) < 1000 else (1,))
    ]
    figure.update_xaxes(
        type="log",
        title=title,
        zeroline=False,
        range=[math.log10(min(*ends, 1.0) / 1.2), math.log10(max(*ends, 1.0) * 1.2)],
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
    )
    return _listed(figure, [inert(one) for one in rows])


def _styles(
    curves: Sequence[TotalsCurve],
) -> dict[tuple[str, str], tuple[str, str, str, str, float]]:
    """Colour, its channels, dash, marker and width: colour says the kind, dash the group."""
    found: dict[tuple[str, str], tuple[str, str, str, str, float]] = {}
    of_kind: dict[str, list[str]] = {}
    for one in curves:
        colour, channels, dash, symbol = KINDS.get(one.kind, OTHER)
        if one.group != one.kind:
            listed = of_kind.setdefault(one.kind, [])
            if one.group not in listed:
                listed.append(one.group)
            dash = DASHES[listed.index(one.group) % len(DASHES)]
        mark = MARKED.get(one.outcome)
        found[one.group, one.outcome] = (
            colour, channels, dash, mark or symbol, 1.25 if mark else 2.5,
        )  # fmt: skip
    return found


def _decade(power: int) -> str:
    return whole(10**power) if power >= 0 else f"{10.0**power:.{-power}f}"


def _said(value: float, shares: bool) -> str:
    return percent(value, 1) if shares else plain(value)


def _between(low: float, high: float, shares: bool) -> str:
    return f" ({_said(low, shares)} to {_said(high, shares)})" if low != high else ""


def _cloud(
    figure: go.Figure,
    values: Sequence[float],
    level: int,
    colour: str,
    ids: Sequence[int],
    said: Sequence[str],
    chosen: int | None,
    column: int,
) -> None:
    """Single queries as small dots about the line of their group, in an even strip."""
    heights = [level + 0.5 * ((place * GOLDEN) % 1 - 0.5) for place in range(len(values))]
    starred = [one == chosen for one in ids]
    figure.add_scatter(
        x=list(values),
        y=heights,
        mode="markers",
        marker={
            "symbol": ["star" if one else "circle" for one in starred],
            "size": [13 if one else 7 for one in starred],
            "color": [ink() if one else colour for one in starred],
            "opacity": [1.0 if one else 0.55 for one in starred],
        },
        showlegend=False,
        customdata=[[number, words] for number, words in zip(ids, said, strict=True)],
        hovertemplate="%{customdata[1]}<extra></extra>",
        row=1,
        col=column,
    )


def _mean(
    figure: go.Figure,
    value: float,
    spread: float,
    level: int,
    colour: str,
    symbol: str,
    said: str,
    column: int,
) -> None:
    error: dict[str, Any] = {"type": "data", "array": [spread], "thickness": 2, "width": 6}
    figure.add_scatter(
        x=[value],
        y=[level],
        mode="markers",
        marker={
            "symbol": symbol, "size": 13, "color": colour, "line": {"width": 1.5, "color": ink()}
        },
        error_x={**error, "color": ink()},
        showlegend=False,
        hovertemplate=f"{said}<extra></extra>",
        row=1,
        col=column,
    )  # fmt: skip


def _listed(figure: go.Figure, names: Sequence[str]) -> go.Figure:
    """Names down the left side, the first one on top."""
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        range=[len(names) - 0.5, -0.5],
        zeroline=False,
        showgrid=False,
    )
    figure.update_yaxes(ticktext=list(names), automargin=True, col=1)
    return figure.update_layout(
        height=110 + 54 * max(2, len(names)),
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        showlegend=False,
        hovermode="closest",
    )
