"""The figure of the page Exploration: behaviours with their controls, math beside code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from attribution_engine.findings.behaviour_figures import OTHER as NO_NAME
from attribution_engine.findings.behaviour_figures import BehaviourRow, explores
from pages.parts import wording
from pages.parts.exploration_words import behaviour, behaviours_of, interval
from pages.parts.figures import KINDS, OTHER, inert, ink

ROW_HEIGHT, AXES_HEIGHT = 46, 135  # pixels
LEGEND_BELOW = 66  # pixels
INTERVAL = 2.5
ROOM = 0.06  # of an axis, beyond its outermost interval
APART = 0.2  # of a row
SPANS, CONTROLS, SUMS = "spans of the behaviour", "control of equal length", "sum of their tokens"
DOMAINS: Final = ("math", "code")


def drawn_rows(
    rows: Sequence[BehaviourRow], detector: str, ends: str, measured: str
) -> list[BehaviourRow]:
    """The rows of the figure: the domains' own, those of math and code if there are any."""
    found = [
        row
        for row in rows
        if row.suite is None
        and row.detector == detector
        and row.side == ends
        and row.level in (("tokens",) if measured == "tokens" else ("cut", "tokens of cut"))
    ]
    wanted = [row for row in found if row.domain in DOMAINS]
    return wanted or [row for row in found if row.domain == "other"]


def behaviour_figure(
    rows: Sequence[BehaviourRow], detector: str, unit: str, measured: str
) -> go.Figure:
    """Behaviours one below the other, a panel a domain.

    Args:
        rows: of `drawn_rows`; unit: of the influence.
    """
    domains = [name for name in (*DOMAINS, "other") if any(row.domain == name for row in rows)]
    names = [*behaviours_of(rows, detector), *([NO_NAME] if _has_others(rows) else [])]
    figure = make_subplots(
        cols=max(1, len(domains)),
        shared_yaxes=True,
        horizontal_spacing=0.05,
        subplot_titles=[f"{name.capitalize()} suites" for name in domains],
    )
    level = "tokens" if measured == "tokens" else "cut"
    for column, domain in enumerate(domains, start=1):
        here = [row for row in rows if row.domain == domain]
        main = [row for row in here if row.level == level]
        figure.add_vline(x=0, line={"width": 1, "color": OTHER[0]}, row=1, col=column)
        _dots(figure, names, [row for row in main if explores(row.behaviour)], 0, ink(), "diamond",
              "spans that explore", column)  # fmt: skip
        _dots(figure, names, [row for row in main if not explores(row.behaviour)], 0, OTHER[0],
              "circle", "spans that do something else", column)  # fmt: skip
        controls = [row for row in main if row.control_mean is not None and row.n_control]
        colour, _, _, _ = KINDS["control"]
        _dots(figure, names, controls, APART, colour, "square-open", CONTROLS, column, True)
        sums = [row for row in here if row.level == "tokens of cut"]
        colour, _, _, _ = KINDS["factual"]
        _dots(figure, names, sums, -APART, colour, "triangle-up-open", SUMS, column)
        figure.update_xaxes(range=_ends(here), row=1, col=column)
    height = ROW_HEIGHT * max(2, len(names))
    figure.update_layout(
        height=AXES_HEIGHT + height,
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        # Below the title of the axis, however many rows there are.
        legend={
            "orientation": "h",
            "yanchor": "top",
            "y": -LEGEND_BELOW / height,
            "itemsizing": "trace",
        },
        hovermode="closest",
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[inert(behaviour(name)) for name in names],
        range=[len(names) - 0.5, -0.5],
        zeroline=False,
    )
    what = "cut influence" if measured == "cut" else "influence"
    figure.update_xaxes(
        title=f"mean {what} of a span<br>({inert(unit)})" if len(domains) > 1
        else f"mean {what} of a span ({inert(unit)})",
        zeroline=False,
    )  # fmt: skip
    return figure


def _ends(rows: Sequence[BehaviourRow]) -> list[float] | None:
    """The ends of an axis that holds every interval, with some room; zero lies inside."""
    given = [
        value
        for row in rows
        for value in (row.mean, row.low, row.high, row.control_mean, row.control_low,
                      row.control_high)
        if value is not None
    ]  # fmt: skip
    if not given:
        return None
    low, high = min(0.0, *given), max(0.0, *given)
    room = ROOM * (high - low) or 1.0
    return [low - room, high + room]


def _has_others(rows: Sequence[BehaviourRow]) -> bool:
    return any(row.behaviour == NO_NAME for row in rows)


def _dots(
    figure: go.Figure,
    names: Sequence[str],
    rows: Sequence[BehaviourRow],
    shift: float,
    colour: str,
    symbol: str,
    name: str,
    column: int,
    of_control: bool = False,
) -> None:
    """A mark for each row, with the line of its interval."""
    along: list[float | None] = []
    across: list[float | None] = []
    means, heights, said = [], [], []
    for row in rows:
        mean = row.control_mean if of_control else row.mean
        low = row.control_low if of_control else row.low
        high = row.control_high if of_control else row.high
        height = names.index(row.behaviour) + shift
        if low is not None and high is not None:
            along += [low, high, None]
            across += [height, height, None]
        means.append(mean)
        heights.append(height)
        spans = wording.whole(row.n_control if of_control else row.n)
        said.append(
            f"{inert(behaviour(row.behaviour))}, {name}: {wording.signed(mean)} "
            f"({interval(low, high)}); {spans} spans"
        )
    if along:
        figure.add_scatter(
            x=along, y=across, mode="lines", line={"color": colour, "width": INTERVAL},
            hoverinfo="skip", showlegend=False, legendgroup=name, row=1, col=column,
        )  # fmt: skip
    if means:
        shown = any(trace.name == name for trace in figure.data)
        figure.add_scatter(
            x=means, y=heights, mode="markers", name=name, legendgroup=name, showlegend=not shown,
            marker={"color": colour, "symbol": symbol, "size": 11,
                    "line": {"width": 2, "color": colour}},
            customdata=said, hovertemplate="%{customdata}<extra></extra>", row=1, col=column,
        )  # fmt: skip
