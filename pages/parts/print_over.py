"""Draws what stands over the traces of a Plotly figure: shapes and annotations."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
from matplotlib import transforms
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from pages.parts.print_text import label_text
from pages.parts.print_traces import DASHES, POINT, CannotPrint, Pane, colour


def draw_over(figure: go.Figure, panes: dict[tuple[str, str], Pane], paper: Axes) -> None:
    """Draws the shapes and annotations of a figure.

    Args:
        paper: axes over the whole plot, whose corners are 0 and 1.
    """
    for shape in figure.layout.shapes:
        at, way = _where(shape, panes, paper)
        look = {
            "linewidth": (2 if shape.line.width is None else shape.line.width) * POINT,
            "transform": way,
            "zorder": 1 if shape.layer == "below" else 2.5,
            "clip_on": True,
        }
        if shape.type == "line":
            at.add_line(
                Line2D([shape.x0, shape.x1], [shape.y0, shape.y1],
                       color=colour(shape.line.color or "#444444", shape.opacity),
                       linestyle=DASHES[shape.line.dash or "solid"], **look)
            )  # fmt: skip
        elif shape.type == "rect":
            at.add_patch(
                Rectangle((shape.x0, shape.y0), shape.x1 - shape.x0, shape.y1 - shape.y0,
                          facecolor=colour(shape.fillcolor, shape.opacity) if shape.fillcolor
                          else "none",
                          edgecolor=colour(shape.line.color or "#444444", shape.opacity), **look)
            )  # fmt: skip
        else:
            raise CannotPrint(f"a shape {shape.type}")
    for note in figure.layout.annotations:
        at, way = _where(note, panes, paper)
        pane = next((one for one in panes.values() if one.axes is at), None)
        x = 10**note.x if pane and pane.x_log and _is_data(note.xref) else note.x
        y = 10**note.y if pane and pane.y_log and _is_data(note.yref) else note.y
        shift = ((note.xshift or 0) * POINT, (note.yshift or 0) * POINT)
        if note.showarrow is not False:
            shift = (shift[0] + (note.ax or -10) * POINT, shift[1] - (note.ay or -30) * POINT)
        at.annotate(
            label_text(note.text),
            (x, y),
            xycoords=way,
            xytext=shift,
            textcoords="offset points",
            ha={"left": "left", "right": "right"}.get(note.xanchor or "", "center"),
            va={"top": "top", "bottom": "bottom"}.get(note.yanchor or "", "center"),
            fontsize=min(8.5, (note.font.size or 12) * 0.58),
            color=colour(note.font.color) if note.font.color else None,
            rotation=-(note.textangle or 0),
            arrowprops=None if note.showarrow is False else {"arrowstyle": "-", "linewidth": 0.6},
            annotation_clip=False,
            zorder=6,
        )


def reach(figure: go.Figure, panes: dict[tuple[str, str], Pane]) -> None:
    """Makes the axes long enough for the shapes, as Plotly does."""
    for shape in figure.layout.shapes:
        for pane in (pane for key, pane in panes.items() if shape.xref == key[0]):
            pane.axes.update_datalim([(shape.x0, 0), (shape.x1, 0)], updatey=False)
        for pane in (pane for key, pane in panes.items() if shape.yref == key[1]):
            pane.axes.update_datalim([(0, shape.y0), (0, shape.y1)], updatex=False)
    for pane in panes.values():
        pane.axes.autoscale_view()


def _is_data(ref: str | None) -> bool:
    return ref not in (None, "paper") and not str(ref).endswith("domain")


def _where(thing: Any, panes: dict[tuple[str, str], Pane], paper: Axes) -> tuple[Axes, Any]:
    """The axes of a shape or note, and what its coordinates count in."""
    x_name = (thing.xref or "paper").removesuffix(" domain")
    y_name = (thing.yref or "paper").removesuffix(" domain")
    fitting = [
        pane for (x, y), pane in panes.items() if x_name in (x, "paper") and y_name in (y, "paper")
    ]
    if not fitting:
        raise CannotPrint(f"something at {x_name}, {y_name}, where nothing else is")
    axes = paper if x_name == y_name == "paper" else fitting[0].axes
    ways = [
        axes.transData if _is_data(ref) else paper.transAxes if name == "paper" else axes.transAxes
        for ref, name in ((thing.xref, x_name), (thing.yref, y_name))
    ]
    return axes, transforms.blended_transform_factory(*ways)
