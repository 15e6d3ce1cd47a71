"""The figures of the page Tokens: what classes carry against what they are, and multipliers."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from attribution_engine.store.findings.tokens_views import ClassRow, TokenScope
from pages.parts.figures import DENSITY, OTHER, inert, ink
from pages.parts.reading_words import CLASSES
from pages.parts.tokens_shown import SOURCES, TokensShown, behind, multiplier_words, scope_words
from pages.parts.wording import percent

FLOOR, CEILING = 0.02, 200.0  # multipliers beyond are drawn at the edge, and said in full
TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
CARRIES = DENSITY[1]
NAMES = {name: words[0].upper() + words[1:] for name, words in CLASSES.items()}


def class_bars(shown: TokensShown) -> go.Figure:
    """Share of influence and share of tokens of every class, a pane a domain."""
    figure = _panes(shown.domains)
    for column, scope in enumerate(shown.domains, start=1):
        rows = _rows(shown.of(scope, "tails", _alignment(scope, shown.alignment)))
        for name, colour, values, words in (
            ("share of influence", CARRIES, [row.share for row in rows],
             [f"{percent(row.share, 1)}  {_times(row)}" for row in rows]),
            ("share of tokens", OTHER[0], [row.token_share for row in rows],
             [percent(row.token_share, 1) for row in rows]),
        ):  # fmt: skip
            figure.add_bar(
                x=values,
                y=[NAMES[row.token_class] for row in rows],
                orientation="h",
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                marker={"color": colour, "line": {"width": 0}},
                text=words,
                textposition="outside",
                textfont={"size": 11, "color": ink()},
                cliponaxis=False,
                hovertemplate=f"%{{y}}: {name} %{{x:.2%}}<extra></extra>",
                row=1,
                col=column,
            )
        most = max([*(row.share for row in rows), *(row.token_share for row in rows), 0.01])
        figure.update_xaxes(
            range=[0, most * 1.45], tickformat=".0%", title="share", nticks=5, row=1, col=column
        )
    figure.update_layout(barmode="group", bargap=0.25, height=430)
    return _dressed(figure)


def multipliers(shown: TokensShown) -> go.Figure:
    """Share of influence ÷ share of tokens with intervals, by what it was read from."""
    figure = _panes(shown.domains)
    series = [
        ("tails", "predicted", CARRIES, "circle"),
        ("tails", "update", OTHER[0], "square"),
        ("corpus", "update", ink(), "diamond-open"),
    ]
    there = {(one.source, one.alignment) for one in shown.classes}
    drawn = [one for one in series if one[:2] in there]
    with_tokens = {row.token_class for row in shown.classes if row.multiplier}
    names = [name for name in NAMES if name in with_tokens]  # no row without a mark
    for column, scope in enumerate(shown.domains, start=1):
        for place, (source, alignment, colour, symbol) in enumerate(drawn):
            rows = [
                row
                for row in _rows(shown.of(scope, source, alignment))
                if row.multiplier and row.token_class in names
            ]
            name = f"{SOURCES[source]}, {alignment}"
            at = [_inside(row.multiplier or 0.0) for row in rows]
            figure.add_scatter(
                x=at,
                y=[
                    names.index(row.token_class) + (place - (len(drawn) - 1) / 2) * 0.24
                    for row in rows
                ],
                mode="markers",
                name=name,
                legendgroup=name,
                showlegend=column == 1,
                marker={"color": colour, "symbol": symbol, "size": 9, "line": {"color": colour}},
                error_x={
                    "type": "data",
                    "array": [
                        max(0.0, _inside(row.high) - x) if row.high is not None else 0.0
                        for row, x in zip(rows, at, strict=True)
                    ],
                    "arrayminus": [
                        max(0.0, x - _inside(row.low)) if row.low is not None else 0.0
                        for row, x in zip(rows, at, strict=True)
                    ],
                    "color": colour,
                    "thickness": 1.5,
                    "width": 3,
                },
                customdata=[
                    (NAMES[row.token_class], multiplier_words(row), inert(name)) for row in rows
                ],
                hovertemplate="%{customdata[0]}: %{customdata[1]}<br>%{customdata[2]}"
                "<extra></extra>",
                row=1,
                col=column,
            )
        figure.add_vline(x=1, line={"dash": "dot", "width": 1.5, "color": ink()}, row=1, col=column)
    known = [
        _inside(value)
        for scope in shown.domains
        for row in shown.of(scope)
        for value in (row.multiplier, row.low, row.high)
        if value is not None and row.token_class in CLASSES
    ]
    low, high = min([0.5, *known]) / 1.25, max([2.0, *known]) * 1.25
    figure.update_xaxes(
        type="log",
        tickvals=list(TICKS),
        ticktext=[f"{one:g}×" for one in TICKS],
        range=[log10(low), log10(high)],
        title="share of influence ÷ share of tokens",
    )
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[NAMES[name] for name in names],
        range=[len(names) - 0.5, -0.5],
    )
    figure.update_layout(height=120 + 50 * max(2, len(names)))
    return _dressed(figure)


def _panes(domains: Sequence[TokenScope]) -> go.Figure:
    return make_subplots(
        rows=1,
        cols=len(domains),
        shared_yaxes=True,
        horizontal_spacing=0.06,
        subplot_titles=[inert(f"{scope_words(one)}: {behind(one)}") for one in domains],
    )


def _dressed(figure: go.Figure) -> go.Figure:
    figure.update_layout(
        margin={"l": 10, "r": 20, "t": 34, "b": 10},
        legend={"orientation": "h", "y": -0.18, "traceorder": "normal"},
    )
    figure.update_yaxes(automargin=True, showgrid=False, zeroline=False)
    if figure.data and figure.data[0].type == "bar":
        figure.update_yaxes(autorange="reversed")
    return figure


def _rows(rows: Sequence[ClassRow]) -> list[ClassRow]:
    """The single classes in their order."""
    single = {row.token_class: row for row in rows if row.token_class in CLASSES}
    return [single[name] for name in CLASSES if name in single]


def _alignment(scope: TokenScope, wanted: str) -> str:
    return wanted if wanted in scope.alignments else scope.alignments[0]


def _times(row: ClassRow) -> str:
    return "" if row.multiplier is None else multiplier_words(row).split(" (")[0].split(",")[0]


def _inside(value: float) -> float:
    return min(max(value, FLOOR), CEILING)
