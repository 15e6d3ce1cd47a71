"""The figures of the page Trust: one plot a test. Names of suites and conditions are escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from attribution_engine.findings.behaviour_cut import Effect
from attribution_engine.findings.faithfulness import ACCURACY, UNCUT, FaithfulnessRow
from pages.parts import wording
from pages.parts.figures import OTHER, inert, ink
from pages.parts.wording import decimal

# The run's own method has the colour of the text; the others none of the colours of the sign.
METHODS = {
    "gradient-dot": ("#009E73", "dash", "square"),
    "gradient-cosine": ("#CC79A7", "dot", "diamond"),
    "bm25": ("#B8860B", "dashdot", "triangle-up"),
    "random": ("#888888", "longdash", "x"),
}
ARMS = {UNCUT: ("#888888", "circle"), "equal length cut elsewhere": ("#B8860B", "square")}
ROW_HEIGHT, AXES_HEIGHT = 54, 110  # pixels
INTERVAL = 2.5  # width of an interval's line, pixels
LEGEND = {"orientation": "h", "y": -0.2, "itemsizing": "trace"}


def method_name(method: str) -> str:
    """A method as legends and tables write it."""
    return "Random" if method == "random" else wording.method(method).name


def removal(
    rows: Sequence[FaithfulnessRow],
    shares: Sequence[str],
    own: str,
    lines: bool,
    one_percent: int | None = None,
) -> go.Figure:
    """Drop in log-probability by share removed, methods side by side at each share.

    Args:
        rows: what to draw; several of a method and share are several dots.
        lines: whether a method's dots are joined over the shares.
        one_percent: documents of the lab that 1% are, for the title of the axis.
    """
    figure = go.Figure()
    methods = list(dict.fromkeys(row.method for row in rows))
    for method, shift in zip(methods, _shifts(len(methods), 0.5), strict=True):
        colour, dash, symbol = _style(method, own)
        here = [row for row in rows if row.method == method and row.condition in shares]
        at = [shares.index(row.condition or "") + shift for row in here]
        name = inert(method_name(method))
        _intervals(figure, here, at, "vertical", colour, name)
        figure.add_scatter(
            x=at,
            y=[row.figure for row in here],
            mode="lines+markers" if lines else "markers",
            line={"color": colour, "dash": dash, "width": 2.5 if method == own else 1.5},
            marker={"symbol": symbol, "size": 10 if lines else 8, "color": colour,
                    "opacity": 1 if lines else 0.8},
            name=name,
            legendgroup=name,
            customdata=[_said(row) for row in here],
            hovertemplate=f"{name}, %{{customdata}}<extra></extra>",
        )  # fmt: skip
    figure.add_hline(y=0, line={"width": 1, "color": OTHER[0]})
    figure.update_layout(
        height=400, margin={"l": 10, "r": 10, "t": 10, "b": 10}, legend=LEGEND, hovermode="closest"
    )
    figure.update_xaxes(
        title="share of the lab's documents removed, the most helpful first"
        + ("" if one_percent is None else f" (1% = {wording.whole(one_percent)} documents)"),
        tickvals=list(range(len(shares))),
        ticktext=[inert(share) for share in shares],
        range=[-0.5, len(shares) - 0.5],
        zeroline=False,
    )
    figure.update_yaxes(title="drop in log-probability (nats)", zeroline=False)
    return figure


def methods_beside(
    panels: Sequence[tuple[str, Sequence[FaithfulnessRow], Sequence[FaithfulnessRow]]],
    own: str,
    chosen: int | None = None,
    ceilings: Sequence[FaithfulnessRow] = (),
    span: tuple[float, float] | None = None,
) -> go.Figure:
    """Methods one below the other, a panel a quantity: mean and interval over single queries.

    Args:
        panels: title of the axis, means, and the rows of single queries behind them.
        chosen: query whose dots get a ring.
        ceilings: what a perfect predictor would reach, lines across the first panel; that with a
            condition belongs to the open marks.
        span: ends of the axis in every panel; None = as the dots need.
    """
    methods = list(dict.fromkeys(row.method for _, means, _ in panels for row in means))
    figure = make_subplots(cols=len(panels), shared_yaxes=True, horizontal_spacing=0.06)
    for column, (title, means, singles) in enumerate(panels, start=1):
        for level, method in enumerate(methods):
            colour, _, symbol = _style(method, own)
            dots = [row for row in singles if row.method == method]
            _cloud(figure, dots, level, colour, chosen, column)
            here = [row for row in means if row.method == method]
            here.sort(key=lambda row: row.condition or "")  # the main figure on top
            heights = [level + shift for shift in _shifts(len(here), 0.3)]
            _intervals(figure, here, heights, "horizontal", colour, "", column)
            _marks(figure, here, heights, colour, symbol, column, noted="-open")
        figure.update_xaxes(title=title, zeroline=True, range=span, col=column)
    for ceiling in ceilings:
        _ceiling(figure, ceiling)
    return _listed(figure, [method_name(method) for method in methods])


def conditions(
    medians: Sequence[FaithfulnessRow], singles: Sequence[FaithfulnessRow], chosen: int | None
) -> go.Figure:
    """Spearman of the scores under each pair of choices: quartiles, median, single queries."""
    figure = make_subplots()
    for level, row in enumerate(medians):
        dots = [one for one in singles if one.condition == row.condition]
        _cloud(figure, dots, level, OTHER[0], chosen, 1)
        _intervals(figure, [row], [level], "horizontal", ink(), "", 1)
        _marks(figure, [row], [level], ink(), "circle", 1)
    figure.update_xaxes(title="Spearman's correlation of the two scorings, over documents")
    return _listed(figure, [row.condition or "" for row in medians])


def behaviour(
    rows: Mapping[str, Sequence[FaithfulnessRow]],
    effects: Sequence[Effect],
    titles: Mapping[str, str],
) -> go.Figure:
    """Suites one below the other: a panel a quantity by arm, then what the influence said.

    Args:
        rows: by quantity; titles: of its axis, and under "change" that of the last panel.
    """
    suites = list(dict.fromkeys(row.suite or "" for here in rows.values() for row in here))
    arms = list(dict.fromkeys(row.condition or "" for here in rows.values() for row in here))
    arms.sort(key=lambda arm: arm != UNCUT)
    figure = make_subplots(cols=len(rows) + 1, shared_yaxes=True, horizontal_spacing=0.04)
    shifts = dict(zip(arms, _shifts(len(arms), 0.5), strict=True))
    for column, (quantity, here) in enumerate(rows.items(), start=1):
        for arm in arms:
            colour, symbol = _arm(arm)
            of_arm = [row for row in here if row.condition == arm]
            heights = [suites.index(row.suite or "") + shifts[arm] for row in of_arm]
            _intervals(figure, of_arm, heights, "horizontal", colour, inert(arm), column)
            _marks(figure, of_arm, heights, colour, symbol, column, inert(arm), column == 1)
        span = (-0.04, 1.04) if quantity == ACCURACY else None
        figure.update_xaxes(title=titles[quantity], zeroline=False, range=span, col=column)
    last = len(rows) + 1
    for effect in effects:
        if effect.suite not in suites or effect.condition not in shifts:
            continue
        colour, symbol = _arm(effect.condition)
        height = suites.index(effect.suite) + shifts[effect.condition]
        for kind, value in (("happened", effect.real), ("predicted", effect.predicted)):
            if value is None:
                continue
            figure.add_scatter(
                x=[value], y=[height], mode="markers", showlegend=False,
                marker={"symbol": symbol + ("-open" if kind == "predicted" else ""), "size": 10,
                        "color": colour, "line": {"width": 2, "color": colour}},
                hovertemplate=f"{inert(effect.condition)}, {kind}: {wording.signed(value)} nats"
                "<extra></extra>",
                row=1, col=last,
            )  # fmt: skip
    figure.update_xaxes(title=titles["change"], zeroline=True, zerolinewidth=1.5, col=last)
    _listed(figure, suites, 66)
    below = {"yref": "container", "y": 0, "yanchor": "bottom"}
    figure.update_layout(showlegend=True, legend={**LEGEND, **below}, margin_b=70)
    return figure.update_layout(height=figure.layout.height + 60)


def _listed(figure: go.Figure, names: Sequence[str], row_height: int = ROW_HEIGHT) -> go.Figure:
    """Names down the left side, the first one on top."""
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        range=[len(names) - 0.5, -0.5],
        zeroline=False,
        showgrid=False,
    )
    figure.update_yaxes(ticktext=[inert(name) for name in names], automargin=True, col=1)
    return figure.update_layout(
        height=AXES_HEIGHT + row_height * max(2, len(names)),
        margin={"l": 10, "r": 10, "t": 30, "b": 10},
        showlegend=False,
        hovermode="closest",
    )


def _intervals(
    figure: go.Figure,
    rows: Sequence[FaithfulnessRow],
    at: Sequence[float],
    way: str,
    colour: str,
    group: str,
    column: int | None = None,
) -> None:
    """A line from low to high for each row that has both."""
    along: list[float | None] = []
    across: list[float | None] = []
    for row, place in zip(rows, at, strict=True):
        if row.low is not None and row.high is not None:
            along += [row.low, row.high, None]
            across += [place, place, None]
    if along:
        x, y = (along, across) if way == "horizontal" else (across, along)
        figure.add_scatter(
            x=x, y=y, mode="lines", line={"color": colour, "width": INTERVAL}, hoverinfo="skip",
            showlegend=False, legendgroup=group, **_cell(column),
        )  # fmt: skip


def _marks(
    figure: go.Figure,
    rows: Sequence[FaithfulnessRow],
    heights: Sequence[float],
    colour: str,
    symbol: str,
    column: int,
    name: str = "",
    in_legend: bool = False,
    noted: str = "",
) -> None:
    """The figures themselves; `noted` ends the symbol of those with a condition."""
    figure.add_scatter(
        x=[row.figure for row in rows],
        y=heights,
        mode="markers",
        marker={
            "symbol": [symbol + (noted if row.condition else "") for row in rows],
            "size": 11,
            "color": colour,
            "line": {"width": 2, "color": colour},
        },
        name=name,
        legendgroup=name,
        showlegend=in_legend,
        customdata=[_said(row) for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
        **_cell(column),
    )


def _cloud(
    figure: go.Figure,
    rows: Sequence[FaithfulnessRow],
    level: int,
    colour: str,
    chosen: int | None,
    column: int,
) -> None:
    """Single queries as small dots above and below the line of their mean."""
    # Multiples of the golden ratio fill the strip evenly, the same way at every rerun.
    heights = [level + 0.55 * ((index * 0.618) % 1 - 0.5) for index in range(len(rows))]
    ring = [row.query_id == chosen for row in rows]
    figure.add_scatter(
        x=[row.figure for row in rows],
        y=heights,
        mode="markers",
        marker={
            "size": [12 if is_chosen else 6 for is_chosen in ring],
            "color": colour,
            "opacity": [0.9 if is_chosen else 0.5 for is_chosen in ring],
            "line": {"width": [2 if is_chosen else 0 for is_chosen in ring], "color": ink()},
        },
        showlegend=False,
        customdata=[_said(row) for row in rows],
        hovertemplate="%{customdata}<extra></extra>",
        **_cell(column),
    )


def _ceiling(figure: go.Figure, ceiling: FaithfulnessRow) -> None:
    of = ceiling.condition or "one seed"
    if ceiling.low is not None and ceiling.high is not None:
        figure.add_vrect(
            x0=ceiling.low, x1=ceiling.high, fillcolor=OTHER[0], opacity=0.16, line_width=0
        )
    figure.add_vline(
        x=ceiling.figure,
        line={"dash": "dot" if ceiling.condition else "dash", "width": 1.5, "color": ink()},
        annotation={
            "text": f"ceiling, {inert(of)}: {decimal(ceiling.figure)}",
            "font": {"color": ink()},
        },
        # The two lines lie close together; their names are written to either side.
        annotation_position="top right" if ceiling.condition else "top left",
    )


def _shifts(count: int, width: float) -> list[float]:
    """Places of things that stand side by side at one position, over a width in all."""
    if count < 2:
        return [0.0] * count
    return [width * (index / (count - 1) - 0.5) for index in range(count)]


def _style(method: str, own: str) -> tuple[str, str, str]:
    if method == own:
        return ink(), "solid", "circle"
    return METHODS.get(method, ("#8B7FC0", "solid", "pentagon"))


def _arm(condition: str) -> tuple[str, str]:
    return ARMS.get(condition, (ink(), "diamond"))


def _cell(column: int | None) -> dict[str, int]:
    return {} if column is None else {"row": 1, "col": column}


def _said(row: FaithfulnessRow) -> str:
    """What a dot is, for whoever points at it."""
    parts = [
        inert(row.condition or ""),
        inert(row.suite or ""),
        "" if row.query_id is None else f"query {row.query_id}",
        "" if row.seed is None else f"seed {row.seed}",
    ]
    interval = "" if row.low is None else f" ({decimal(row.low)} to {decimal(row.high)})"
    said = f"{decimal(row.figure, 3)} {inert(row.unit)}{interval}"
    return ", ".join([*filter(None, parts), said])
