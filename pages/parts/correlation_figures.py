"""The heatmap of correlations between all queries of a run; it holds no text of documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import plotly.graph_objects as go

from attribution_engine.store.findings.correlations_views import CorrelationMatrix, TaskBlock
from pages.parts.figures import COOL, EMPTY, INK, LOWERS, MIDDLE, RAISES, WARM, inert

WIDTH, HEIGHT = 848, 760  # pixels: square cells and room for labels, whatever the window
LABEL_SHARE = 0.022  # of an axis that a label needs
MOST_MARKS = 800  # cells without a correlation that are marked one by one
KIND_LINE, TASK_LINE = 1.8, 0.6  # pixels
# Half of either colour is spent up to ±0.25, since most correlations are small.
SCALE = [[0, LOWERS], [0.375, WARM], [0.5, MIDDLE], [0.625, COOL], [1, RAISES]]
NAMES = {"pearson": "Pearson", "spearman": "Spearman"}


@dataclass(frozen=True, slots=True)
class Bracket:
    """A label of an axis over some rows, from `start` up to `stop`."""

    words: str
    start: int
    stop: int


def brackets(blocks: Sequence[TaskBlock], n_rows: int) -> list[Bracket]:
    """What stands at an axis: tasks; those too narrow for a label of their own as one by suite."""
    least = max(1.0, LABEL_SHARE * n_rows)
    found = []
    for (_, suite, _), members in groupby(
        blocks, lambda one: (one.kind, one.suite, one.stop - one.start >= least)
    ):
        together = list(members)
        if together[0].stop - together[0].start >= least:
            found += [Bracket(one.task, one.start, one.stop) for one in together]
            continue
        start, stop = together[0].start, together[-1].stop
        if stop - start >= least:
            words = together[0].task if len(together) == 1 else f"{suite}, {len(together)} tasks"
            found.append(Bracket(words, start, stop))
    return found


def correlation_heatmap(matrix: CorrelationMatrix, measure: str) -> go.Figure:
    """All correlations, orange below 0 and blue above; a click on a cell gives its two rows."""
    names = [f"query {one.query_id}, {inert(one.task or one.suite, 40)}" for one in matrix.queries]
    n = len(names)
    figure = go.Figure(
        go.Heatmap(
            x=names,
            y=names,
            z=[[None if one is None else round(one, 3) for one in row] for row in matrix.values],
            zmin=-1,
            zmax=1,
            colorscale=SCALE,
            hoverongaps=False,
            hovertemplate=f"%{{y}}<br>%{{x}}<br>{NAMES[measure]} %{{z:+.3f}}<extra></extra>",
            colorbar={
                "title": {"text": NAMES[measure], "side": "right"},
                "tickvals": [-1, -0.5, 0, 0.5, 1],
                "ticktext": ["−1", "−0.5", "0", "+0.5", "+1"],
                "thickness": 12,
            },
        )
    )
    _mark_empty(figure, matrix, names)
    _draw_lines(figure, matrix.blocks, n)
    labels = brackets(matrix.blocks, n)
    middles = [(one.start + one.stop - 1) / 2 for one in labels]
    look = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": names,
        "tickmode": "array",
        "tickvals": middles,
        "ticktext": [inert(one.words, 26) for one in labels],
        "showgrid": False,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 3,
    }
    figure.update_xaxes(
        **look, title="queries, by task", range=[-0.5, n - 0.5], tickangle=-45, constrain="domain"
    )
    figure.update_yaxes(
        title="queries, by task",
        **look,
        range=[n - 0.5, -0.5],
        scaleanchor="x",
        constrain="domain",
        automargin=True,
    )
    figure.update_layout(
        width=WIDTH,
        height=HEIGHT,
        margin={"l": 10, "r": 10, "t": 34, "b": 10},
        showlegend=bool(matrix.constant),
        legend={"orientation": "h", "y": 1.05, "x": 1, "xanchor": "right"},
        hovermode="closest",
    )
    return figure


def _mark_empty(figure: go.Figure, matrix: CorrelationMatrix, names: list[str]) -> None:
    """A cross in each cell that has no correlation, or in the diagonal where there are many."""
    constant = set(matrix.constant)
    rows = [at for at, one in enumerate(matrix.queries) if one.query_id in constant]
    if not rows:
        return
    left_out = set(rows)
    none = [[1.0 if a in left_out or b in left_out else None for b in range(len(names))]
            for a in range(len(names))]  # fmt: skip
    figure.add_heatmap(
        x=names, y=names, z=none, zmin=0, zmax=1, colorscale=[[0, EMPTY], [1, EMPTY]],
        showscale=False, hoverinfo="skip", hoverongaps=False,
    )  # fmt: skip
    cells = [(a, b) for a in rows for b in range(len(names))]
    cells += [(b, a) for a in rows for b in range(len(names)) if b not in left_out]
    if len(cells) > MOST_MARKS:
        cells = [(at, at) for at in rows]
    figure.add_scatter(
        x=[names[b] for _, b in cells],
        y=[names[a] for a, _ in cells],
        mode="markers",
        name="no correlation: constant scores",
        marker={"symbol": "x", "size": 4, "color": INK},
        hoverinfo="skip",
    )


def _draw_lines(figure: go.Figure, blocks: Sequence[TaskBlock], n: int) -> None:
    """Lines between tasks, stronger ones between kinds, and the names of kinds over them."""
    shapes = []
    for one, following in zip(blocks[:-1], blocks[1:], strict=True):
        width = TASK_LINE if one.kind == following.kind else KIND_LINE
        line = {"color": INK, "width": width}
        at = one.stop - 0.5
        shapes.append({"type": "line", "x0": at, "x1": at, "y0": -0.5, "y1": n - 0.5, "line": line})
        shapes.append({"type": "line", "x0": -0.5, "x1": n - 0.5, "y0": at, "y1": at, "line": line})
    notes = []
    for kind, members in groupby(blocks, lambda one: one.kind):
        together = list(members)
        start, stop = together[0].start, together[-1].stop
        if stop - start >= 3 * LABEL_SHARE * n:
            notes.append({
                "text": inert(kind, 20), "x": (start + stop - 1) / 2, "y": -0.5, "xref": "x",
                "yref": "y", "yanchor": "bottom", "yshift": 2, "showarrow": False,
                "font": {"color": INK},
            })  # fmt: skip
    figure.update_layout(
        shapes=[{"xref": "x", "yref": "y", **shape} for shape in shapes], annotations=notes
    )
