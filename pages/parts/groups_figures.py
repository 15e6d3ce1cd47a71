"""The figures of the page Groups: suites × groups, one suite, and what the claims rest on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from attribution_engine.store.findings.groups_views import (
    Figure,
    GroupContrast,
    GroupEffect,
    QuerySet,
)
from pages.parts.figures import COOL, LOWERS, MIDDLE, OTHER, RAISES, WARM, inert, ink
from pages.parts.wording import Method, decimal, percent, plain, signed, whole

MOST = 30  # groups that a figure has room for
APART = 0.17  # rows of both ends of a group, of the distance between groups
TICKS = (
    *(0.0001, 0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000),
)


def off_zero(figure: Figure) -> bool:
    """Whether an interval does not hold zero."""
    return figure.low is not None and figure.high is not None and figure.low * figure.high > 0


def interval_words(figure: Figure) -> str:
    """A figure with its interval."""
    if figure.low is None or figure.high is None:
        return f"{signed(figure.value)}, no interval"
    return f"{signed(figure.value)} ({signed(figure.low)} to {signed(figure.high)})"


def heat(
    sets: Sequence[QuerySet], effects: dict[str, list[GroupEffect]], rows: Sequence[int]
) -> go.Figure:
    """Standardised means, queries across, groups down; a star where the interval is off zero.

    Args:
        effects: by name of a set, the groups in one order; rows: places of those that are shown.
    """
    columns = [one for one in sets if effects.get(one.name)]
    cells = [[effects[one.name][row] for one in columns] for row in rows]
    values = [[group.standard.value for group in line] for line in cells]
    known = [abs(value) for line in values for value in line if value is not None]
    bound = max(float(np.quantile(known, 0.95)) if known else 0.0, 1e-3)
    names = [inert(one.words, 26) for one in columns]
    groups = [inert(effects[columns[0].name][row].value, 46) for row in rows]
    figure = go.Figure()
    figure.add_heatmap(
        z=values,
        zmin=-bound,
        zmax=bound,
        colorscale=[[0.0, WARM], [0.5, MIDDLE], [1.0, COOL]],
        xgap=2,
        ygap=2,
        colorbar={
            "title": {"text": "standard deviations", "side": "right"},
            "thickness": 12,
            "tickformat": "+.2g",
        },
        customdata=[
            [
                (
                    groups[at], names[place], interval_words(group.standard),
                    interval_words(group.mean), interval_words(group.per_nat),
                    whole(group.n), whole(group.n_queries),
                )
                for place, group in enumerate(line)
            ]
            for at, line in enumerate(cells)
        ],
        hovertemplate="%{customdata[0]} on %{customdata[1]}<br>standardised %{customdata[2]}<br>"
        "raw %{customdata[3]}<br>per nat %{customdata[4]}<br>%{customdata[5]} documents, "
        "queries: %{customdata[6]}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[place for _ in rows for place in range(len(columns))],
        y=[at for at in range(len(rows)) for _ in columns],
        mode="text",
        text=[_cell(group.standard) for line in cells for group in line],
        textfont={"size": 11, "color": ink()},
        hoverinfo="skip",
        showlegend=False,
    )
    figure.update_layout(
        height=130 + 26 * len(rows) + (60 if len(columns) > 6 else 0),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
    )
    figure.update_xaxes(
        title="suite or kind of query",
        tickvals=list(range(len(columns))),
        ticktext=names,
        tickangle=-35 if len(columns) > 5 else 0,
        showgrid=False,
        zeroline=False,
        range=[-0.5, len(columns) - 0.5],
        automargin=True,
    )
    figure.update_yaxes(
        title="group of documents",
        tickvals=list(range(len(rows))),
        ticktext=groups,
        showgrid=False,
        zeroline=False,
        range=[len(rows) - 0.5, -0.5],
        automargin=True,
    )
    return figure


def _cell(figure: Figure) -> str:
    if figure.value is None:
        return "–"
    digits = 2 if abs(figure.value) >= 0.095 else 3
    return f"{figure.value:+.{digits}f}".replace("-", "−") + ("*" if off_zero(figure) else "")


def means(groups: Sequence[GroupEffect], measure: str, title: str) -> go.Figure:
    """One mean a group, with its interval; filled where the interval is off zero."""
    figures = [getattr(group, measure) for group in groups]
    figure = _dots(figures, [group.value for group in groups], title)
    figure.data[0].customdata = [
        (inert(group.value), interval_words(one), whole(group.n), percent(group.share_corpus, 1))
        for group, one in zip(groups, figures, strict=True)
    ]
    figure.data[0].hovertemplate = (
        "%{customdata[0]}<br>%{customdata[1]}<br>%{customdata[2]} documents, %{customdata[3]} of "
        "the corpus<extra></extra>"
    )
    return figure


def contrasts(found: Sequence[GroupContrast]) -> go.Figure:
    """Differences between two groups, each with its interval."""
    figures = [one.mean_a if one.contrast == "cross-domain" else one.difference for one in found]
    names = [
        f"{one.about} suites: {_short(one.group_a)}"
        + ("" if one.contrast == "cross-domain" else f" − {_short(one.group_b)}")
        for one in found
    ]
    figure = _dots(figures, names, "mean or difference of means, standard deviations", 110)
    figure.data[0].customdata = [
        (interval_words(one), whole(each.n_a), whole(each.n_b), whole(each.n_queries))
        for one, each in zip(figures, found, strict=True)
    ]
    figure.data[0].hovertemplate = (
        "%{customdata[0]}<br>%{customdata[1]} and %{customdata[2]} documents, queries: "
        "%{customdata[3]}<extra></extra>"
    )
    return figure


def _short(group: str) -> str:
    return group.replace(" documents of difficulty", "").replace(
        "all other documents", "all others"
    )


def _dots(
    figures: Sequence[Figure], names: Sequence[str], title: str, length: int = 60
) -> go.Figure:
    values = [one.value for one in figures]
    colours = [
        OTHER[0] if not off_zero(one) else RAISES if (one.value or 0) > 0 else LOWERS
        for one in figures
    ]
    symbols = [
        "circle-open" if not off_zero(one) else "circle" if (one.value or 0) > 0 else "square"
        for one in figures
    ]
    figure = go.Figure()
    figure.add_scatter(
        x=values,
        y=list(range(len(values))),
        mode="markers",
        marker={"color": colours, "symbol": symbols, "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [_reach(one.high, one.value) for one in figures],
            "arrayminus": [_reach(one.value, one.low) for one in figures],
            "color": OTHER[0],
            "thickness": 1.5,
            "width": 4,
        },
        cliponaxis=False,
        showlegend=False,
    )
    figure.add_vline(x=0, line={"color": ink(), "width": 1.5, "dash": "dot"})
    figure.update_layout(height=90 + 26 * len(values), margin={"l": 10, "r": 10, "t": 10, "b": 10})
    figure.update_xaxes(title=title, zeroline=False)
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[inert(name, length) for name in names],
        range=[len(names) - 0.4, -0.6],
        automargin=True,
        zeroline=False,
    )
    return figure


def _reach(high: float | None, low: float | None) -> float:
    return 0.0 if high is None or low is None else max(0.0, high - low)


def tops(groups: Sequence[GroupEffect], method: Method, k: int) -> go.Figure:
    """How often each group is among the top k of both ends, over its share of the corpus.

    A group that is not there at all stands open at the left edge of the logarithmic axis.
    """
    sizes = [
        value
        for group in groups
        for end in (group.helpful, group.harmful)
        if end is not None
        for value in (end.multiplier.value, end.multiplier.low, end.multiplier.high)
        if value
    ]
    left, right = min([*sizes, 0.5]) / 1.6, max([*sizes, 2.0]) * 1.6
    left = max(left, right / 1e5)
    figure = go.Figure()
    names = method.side_names
    for side, colour, symbol, offset in (
        ("helpful", RAISES, "circle", -APART),
        ("harmful", LOWERS, "square", APART),
    ):
        ends = [(at, group, getattr(group, side)) for at, group in enumerate(groups)]
        shown = [(at, group, end) for at, group, end in ends if end is not None]
        if not shown:
            continue
        x = [max(end.multiplier.value or 0.0, left) for _, _, end in shown]
        figure.add_scatter(
            x=x,
            y=[at + offset for at, *_ in shown],
            mode="markers",
            name=names["helpful" if side == "helpful" else "harmful"].lstrip("▲▼ "),
            cliponaxis=False,
            marker={
                "symbol": [symbol if end.n_top else f"{symbol}-open" for _, _, end in shown],
                "color": colour,
                "size": 9,
            },
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [
                    max(0.0, (end.multiplier.high or 0.0) - place)
                    for place, (_, _, end) in zip(x, shown, strict=True)
                ],
                "arrayminus": [
                    max(0.0, place - max(end.multiplier.low or 0.0, left))
                    for place, (_, _, end) in zip(x, shown, strict=True)
                ],
                "color": colour,
                "thickness": 1.5,
                "width": 4,
            },
            customdata=[
                (
                    inert(group.value), decimal(end.multiplier.value), decimal(end.multiplier.low),
                    decimal(end.multiplier.high), whole(end.n_top), whole(end.n_different),
                    percent(group.share_corpus, 1),
                )
                for _, group, end in shown
            ],
            hovertemplate="%{customdata[0]}<br>× %{customdata[1]} (95% interval %{customdata[2]} "
            "to %{customdata[3]})<br>%{customdata[4]} places; %{customdata[5]} different documents "
            "at this end; %{customdata[6]} of the corpus<extra></extra>",
        )  # fmt: skip
    figure.add_vline(x=1, line={"color": ink(), "width": 1.5, "dash": "dot"})
    figure.update_layout(
        height=120 + 30 * len(groups),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
    )
    ticks = [tick for tick in TICKS if left <= tick <= right]
    figure.update_xaxes(
        type="log",
        title=f"× share of the corpus, in the top {plain(k)} of either end (log scale)",
        range=[float(np.log10(left)), float(np.log10(right))],
        tickvals=ticks,
        ticktext=[f"{tick:g}" for tick in ticks],
    )
    figure.update_yaxes(
        tickvals=list(range(len(groups))),
        ticktext=[inert(group.value, 46) for group in groups],
        range=[len(groups) - 0.4, -0.6],
        automargin=True,
        zeroline=False,
    )
    return figure
