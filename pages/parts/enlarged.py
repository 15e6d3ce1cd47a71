"""Charts in the type of the page: Plotly counts in pixels and does not grow with it."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from pages.parts.appearance import type_scale

PLAIN_TYPE, PLAIN_HEIGHT = 12.0, 450.0  # what Plotly takes where a figure says nothing


def enlarged(figure: go.Figure) -> go.Figure:
    """The figure with its type, height and margins as large as the page's type."""
    scale = type_scale()
    return figure if scale == 1 else grown(figure, scale)


def grown(figure: go.Figure, scale: float) -> go.Figure:
    """A copy of the figure in larger type; its numbers and colours stay."""
    parts = figure.to_dict()
    layout = parts.setdefault("layout", {})
    layout.setdefault("font", {}).setdefault("size", PLAIN_TYPE)
    layout["height"] = layout.get("height", PLAIN_HEIGHT) * scale
    layout["margin"] = {
        side: size * scale if isinstance(size, int | float) else size
        for side, size in layout.get("margin", {}).items()
    }
    return go.Figure(_grow(parts, scale), skip_invalid=True)


def _grow(part: Any, scale: float, is_font: bool = False) -> Any:
    if isinstance(part, dict):
        return {
            name: value * scale
            if is_font and name == "size" and isinstance(value, int | float)
            else _grow(value, scale, name.endswith("font"))
            for name, value in part.items()
        }
    if isinstance(part, list | tuple):
        return [_grow(one, scale) for one in part]
    return part
