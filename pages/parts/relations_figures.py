"""The figure of relations: how the top documents of a suite relate to its queries."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from attribution_engine.store.findings.relations_views import RelationShare
from attribution_engine.text.relations import RELATIONS
from pages.parts.figures import OTHER, RAISES, ink
from pages.parts.wording import Method, percent, whole


def relations_figure(shares: Sequence[RelationShare], method: Method) -> go.Figure:
    """A row a relation: the top k with its interval, and documents at random.

    Args:
        shares: of one suite.
    """
    by_name = {one.relation: one for one in shares}
    rows = [by_name[name] for name in RELATIONS if name in by_name]
    k, n_read = (rows[0].k, rows[0].n_read) if rows else (0, 0)
    # Blue says that documents help: no colour of methods whose scores have no sign.
    colour = RAISES if method.signed else OTHER[0]
    places = list(range(len(rows)))
    top = [100 * one.share for one in rows]
    at_random = [100 * one.share_random for one in rows]
    highs = [value if one.high is None else 100 * one.high
             for value, one in zip(top, rows, strict=True)]  # fmt: skip
    lows = [value if one.low is None else 100 * one.low
            for value, one in zip(top, rows, strict=True)]  # fmt: skip
    figure = go.Figure()
    figure.add_scatter(
        x=top,
        y=places,
        mode="markers",
        name=f"in the {whole(k)} {method.first('helpful')} documents",
        marker={"color": colour, "symbol": "circle", "size": 10},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for high, value in zip(highs, top, strict=True)],
            "arrayminus": [value - low for low, value in zip(lows, top, strict=True)],
            "color": colour,
            "thickness": 2,
            "width": 4,
        },
        customdata=[
            f"{one.relation}<br>{RELATIONS[one.relation]}<br>{percent(one.share, 1)} of the top "
            f"{whole(k)}"
            + ("" if one.low is None else f" ({percent(one.low, 1)} to {percent(one.high, 1)})")
            for one in rows
        ],
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )
    figure.add_scatter(
        x=at_random,
        y=places,
        mode="markers",
        name=f"in {whole(n_read)} documents drawn at random",
        marker={"color": ink(), "symbol": "diamond-open", "size": 12, "line": {"width": 1.8}},
        customdata=[
            f"{one.relation}<br>{percent(one.share_random, 1)} of {whole(n_read)} documents at "
            "random"
            for one in rows
        ],
        hovertemplate="%{customdata}<extra></extra>",
        cliponaxis=False,
    )
    figure.update_layout(
        height=110 + 30 * len(rows),
        margin={"l": 10, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": -0.16},
    )
    most = max([*highs, *at_random, 1.0])
    figure.update_xaxes(
        title="share of documents, mean over queries (%)",
        range=[-0.02 * most, 1.04 * most],
        zeroline=True,
    )
    figure.update_yaxes(
        title="relation to the query",
        tickvals=places,
        ticktext=[one.relation for one in rows],
        range=[len(rows) - 0.4, -0.6],
        zeroline=False,
        automargin=True,
    )
    return figure
