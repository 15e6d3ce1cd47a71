"""The figures: they draw what the store answers and hold no text of documents."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from attribution_engine.store.views import SIDES, CurveSeries, Distribution, Unit
from pages.parts.wording import SIDE_NAMES, Method, one_line, plain, signed

RAISES, LOWERS = "#0072B2", "#D55E00"
# Kinds differ in colour, dash and marker; none of them uses the colours of the sign.
KINDS = {
    "reasoning": ("#009E73", "0 158 115", "solid", "circle"),
    "factual": ("#CC79A7", "204 121 167", "dash", "square"),
    "control": ("#B8860B", "184 134 11", "dot", "diamond"),
}
OTHER = ("#888888", "136 136 136", "dashdot", "x")
INK = "#1C2430"  # the colour of the chosen query: that of the text
DENSITY = ("#E4DFF0", "#3F2F73")  # few and many; neither a sign's colour nor a kind's
# Cells of a heatmap with numbers in them: both signs softened, and what lies between.
WARM, MIDDLE, COOL = "#E8A877", "#F4F5F7", "#6FAFD6"
EMPTY = "#B9BFC9"  # cells that have no number: not on the scale
# Figures are drawn for light pages and for paper; on a dark page these colours take other places.
DARK = {
    INK: "#E4E8EE",
    DENSITY[0]: "#352F4A",
    DENSITY[1]: "#C9BDF2",
    WARM: "#8F4310",
    MIDDLE: "#1E242D",
    COOL: "#0B5482",
    EMPTY: "#6B7482",
}
TEXTS = frozenset({"customdata", "text", "hovertext", "hovertemplate", "x", "y", "z", "name"})
CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "svg"},
}


def ink() -> str:
    """The colour of the chosen query: that of the text, on light pages."""
    return INK


def recoloured(figure: go.Figure) -> go.Figure:
    """The figure for a dark page."""
    return go.Figure(_for_dark(figure.to_dict()), skip_invalid=True)


def _for_dark(part: Any) -> Any:
    if isinstance(part, dict):
        return {
            name: value if name in TEXTS and not isinstance(value, dict) else _for_dark(value)
            for name, value in part.items()
        }
    if isinstance(part, list | tuple):
        return [_for_dark(one) for one in part]
    return DARK.get(part, part) if isinstance(part, str) else part


def inert(text: str, length: int = 60) -> str:
    """Untrusted text on one line in which Plotly finds no tags; it makes links of some."""
    return escape(one_line(text, length), quote=False)


def distribution(shape: Distribution, score: str, has_sign: bool = True) -> go.Figure:
    """Counts of documents by score on a logarithmic axis, and where both tails begin.

    Args:
        score: name of the score.
        has_sign: whether positive and negative scores raise and lower, and are coloured so.
    """
    edges = shape.edges
    middles = [(low + high) / 2 for low, high in zip(edges[:-1], edges[1:], strict=True)]
    spans = [
        f"{signed(low)} to {signed(high)}" for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    figure = go.Figure()
    for name, colour, chosen in (
        ("harmful (lowers)", LOWERS, [middle < 0 for middle in middles]),
        ("helpful (raises)" if has_sign else "documents", RAISES if has_sign else OTHER[0],
         [middle > 0 for middle in middles]),
    ):  # fmt: skip
        figure.add_bar(
            x=[m for m, is_in in zip(middles, chosen, strict=True) if is_in],
            y=[c for c, is_in in zip(shape.counts, chosen, strict=True) if is_in],
            width=edges[1] - edges[0],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[s for s, is_in in zip(spans, chosen, strict=True) if is_in],
            hovertemplate="%{customdata}<br>%{y} documents<extra></extra>",
        )
    for value, anchor, words in (
        (shape.harmful_from, "right", f"{shape.tail} most harmful"),
        (shape.helpful_from, "left", f"{shape.tail} most helpful"),
    ):
        if value is not None:
            figure.add_vline(
                x=value,
                line={"dash": "dot", "width": 1.5, "color": ink()},
                annotation={"text": words, "xanchor": anchor, "font": {"color": ink()}},
                annotation_position="top",
            )
    figure.update_layout(
        barmode="overlay",
        bargap=0.02,
        height=300,
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        legend={"orientation": "h", "y": -0.3},
    )
    figure.update_xaxes(title=score if score == "Score" else f"{score} score", zeroline=True)
    # From below 1, so that a bin with one document has a bar.
    top = math.log10(max(shape.counts, default=1)) + 0.15
    figure.update_yaxes(title="documents (log scale)", type="log", dtick=1, range=[-0.4, top])
    return figure


def _mean_of(n_queries: int) -> str:
    return "one query" if n_queries == 1 else f"mean of {n_queries}"


def rank_axes(method: Method) -> dict[Unit, str]:
    """Titles of the upright axis of the rank curves, by unit."""
    noun = method.noun.lower()
    return {
        "per_nat": f"|{noun}| per nat of completion",
        "influence": f"|{noun}| ({method.unit})",
    }


def curve_points(series: Sequence[CurveSeries]) -> list[dict[str, Any]]:
    """The points of curves as rows of a table."""
    return [
        {
            "kind": one.kind,
            "query": one.query_id,
            "queries": one.n_queries,
            "side": one.side,
            "rank": rank,
            "value": value,
            "low": one.low[place] if one.low else None,
            "high": one.high[place] if one.high else None,
        }
        for one in series
        for place, (rank, value) in enumerate(zip(one.ranks, one.values, strict=True))
    ]


def rank_curves(
    kinds: Sequence[CurveSeries],
    chosen: Sequence[CurveSeries],
    unit: str,
    shown: Sequence[str],
    sides: Mapping[str, str] = SIDE_NAMES,
) -> go.Figure:
    """Log-log curves of both sides: mean and spread of each kind, the chosen query on top.

    Args:
        unit: what the sizes count, the title of their axis.
        sides: what the two ends are called.
    """
    figure = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        horizontal_spacing=0.04,
        subplot_titles=[f"{sides[side]} side" for side in SIDES],
    )
    for series in kinds:
        if series.kind not in shown or not series.ranks:
            continue
        colour, channels, dash, _ = KINDS.get(series.kind, OTHER)
        column = SIDES.index(series.side) + 1  # type: ignore[arg-type]
        figure.add_scatter(
            x=[*series.ranks, *series.ranks[::-1]],
            y=[*series.high, *series.low[::-1]],
            mode="lines",
            fill="toself",
            fillcolor=f"rgba({channels.replace(' ', ', ')}, 0.16)",
            line={"width": 0},
            hoverinfo="skip",
            showlegend=False,
            legendgroup=inert(series.kind),
            row=1,
            col=column,
        )
        figure.add_scatter(
            x=series.ranks,
            y=series.values,
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5},
            name=f"{inert(series.kind)}, {_mean_of(series.n_queries)}",
            legendgroup=inert(series.kind),
            showlegend=column == 1,
            customdata=[
                (inert(series.kind), plain(value), plain(low), plain(high))
                for value, low, high in zip(series.values, series.low, series.high, strict=True)
            ],
            hovertemplate="%{customdata[0]}: %{customdata[1]} "
            "(%{customdata[2]} to %{customdata[3]})<extra></extra>",
            row=1,
            col=column,
        )
    for series in chosen:
        column = SIDES.index(series.side) + 1  # type: ignore[arg-type]
        figure.add_scatter(
            x=series.ranks,
            y=series.values,
            mode="lines+markers",
            line={"color": ink(), "width": 1.5},
            marker={"size": 4, "symbol": KINDS.get(series.kind, OTHER)[3]},
            name=f"query {series.query_id} ({inert(series.kind)})",
            legendgroup="chosen",
            showlegend=column == 1,
            customdata=[plain(value) for value in series.values],
            hovertemplate=f"query {series.query_id}: %{{customdata}}<extra></extra>",
            row=1,
            col=column,
        )
    figure.update_layout(
        height=460,
        hovermode="x unified",
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        legend={"orientation": "h", "y": -0.2},
    )
    figure.update_xaxes(type="log", title="rank from this end (1 = strongest)", dtick=1)
    figure.update_xaxes(hoverformat=".3~s")
    figure.update_yaxes(type="log", exponentformat="power", dtick=1)
    figure.update_yaxes(title=unit, row=1, col=1)
    return figure
