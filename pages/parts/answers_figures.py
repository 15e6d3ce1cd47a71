"""The figures of Answers: shares of queries that are found, and how they grow with k."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from attribution_engine.store.findings.answers_views import AnswerCurve, AnswerShare
from pages.parts.figures import KINDS, OTHER, inert, ink
from pages.parts.wording import percent, whole

# Neither a sign's colour nor a kind's, and of different lightness.
TOP, CORPUS, CHANCE = "#5E4FA2", "#A79BD0", "#9AA0A6"
LOOK = {
    **KINDS,
    "factual control": KINDS["control"],
    "reasoning control": ("#6B6B6B", "107 107 107", "dashdot", "triangle-up"),
}


def measure_words(share: AnswerShare) -> str:
    """What a bar is of and of how many queries, on three lines."""
    queries = "1 query" if share.n == 1 else f"{whole(share.n)} queries"
    return f"{inert(share.group)}<br>{share.measure}<br>{queries}"


def shares_figure(shares: Sequence[AnswerShare], k: int, first: str = "most helpful") -> go.Figure:
    """Bars with intervals: within the top k, in the whole corpus, and by chance.

    Args:
        shares: of the measures "answer" and "all steps", both parts.
        first: what the documents at the top are.
    """
    top = [one for one in shares if one.part == "top" and one.measure != "as counted"]
    corpus = {(one.group, one.role, one.measure): one for one in shares if one.part == "corpus"}
    beside = [corpus[one.group, one.role, one.measure] for one in top]
    names = [measure_words(one) for one in top]
    figure = go.Figure()
    for name, colour, rows in (
        (f"in the {whole(k)} {first} documents", TOP, top),
        ("anywhere in the corpus", CORPUS, beside),
    ):
        figure.add_bar(
            x=names,
            y=[100 * one.share for one in rows],
            name=name,
            marker={"color": colour, "line": {"width": 0}},
            error_y={
                "type": "data",
                "symmetric": False,
                "array": [100 * (one.high - one.share) for one in rows],
                "arrayminus": [100 * (one.share - one.low) for one in rows],
                "color": ink(),
                "thickness": 1.5,
                "width": 4,
            },
            customdata=[
                f"{one.n_found} of {one.n} queries: {percent(one.share, 1)} "
                f"({percent(one.low, 1)} to {percent(one.high, 1)})"
                for one in rows
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
    figure.add_bar(
        x=names,
        y=[100 * (one.chance or 0.0) for one in top],
        name=f"in {whole(k)} random documents (expected)",
        marker={"color": CHANCE, "line": {"width": 0}},
        customdata=[percent(one.chance, 1) for one in top],
        hovertemplate="by chance %{customdata}<extra></extra>",
    )
    figure.update_layout(
        barmode="group",
        bargap=0.25,
        height=400,
        margin={"l": 10, "r": 10, "t": 20, "b": 10},
        legend={"orientation": "h", "y": -0.28},
    )
    figure.update_yaxes(title="queries found (%)", range=[0, 104])
    return figure


def curves_figure(curves: Sequence[AnswerCurve], k: int, first: str = "most helpful") -> go.Figure:
    """Share found within the top k against k, a line a kind; thin lines are random documents."""
    figure = go.Figure()
    for curve in curves:
        colour, _, dash, symbol = LOOK.get(curve.role, OTHER)
        name = inert(curve.role)
        figure.add_scatter(
            x=curve.ks,
            y=[100 * one for one in curve.shares],
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2.5},
            marker={"symbol": symbol, "size": 7},
            name=f"{name}, {curve.n} queries" if curve.n != 1 else f"{name}, 1 query",
            legendgroup=name,
            customdata=[
                f"{name}, top {whole(at)}: {percent(share, 1)}, by chance {percent(by, 1)}"
                for at, share, by in zip(curve.ks, curve.shares, curve.chances, strict=True)
            ],
            hovertemplate="%{customdata}<extra></extra>",
        )
        figure.add_scatter(
            x=curve.ks,
            y=[100 * one for one in curve.chances],
            mode="lines",
            line={"color": colour, "dash": dash, "width": 1},
            opacity=0.6,
            name=f"{name}, random documents",
            legendgroup=name,
            hoverinfo="skip",
        )
    figure.add_vline(x=k, line={"dash": "dot", "width": 1.5, "color": ink()})
    figure.update_layout(
        height=420,
        margin={"l": 10, "r": 10, "t": 20, "b": 10},
        legend={"orientation": "h", "y": -0.25},
    )
    figure.update_xaxes(
        type="log", title=f"k, {first} documents of each query (log scale)", dtick=1
    )
    figure.update_yaxes(title="queries found (%)", range=[-3, 104])
    return figure
