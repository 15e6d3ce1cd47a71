"""Draws Plotly's traces with matplotlib: those kinds that the figures use."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from pages.parts.print_text import label_text

PIXEL = 0.0075  # inches on paper
POINT = PIXEL * 72  # points that a pixel becomes
COLOURS = ("#0B6E99", "#B35A00", "#5B8C2A", "#8B7FC0", "#8C6D1F", "#4D4D4D")
MARKERS = {
    "circle": "o", "square": "s", "diamond": "D", "x": "X", "cross": "P", "pentagon": "p",
    "triangle-up": "^", "triangle-down": "v", "triangle-left": "<", "triangle-right": ">",
    "hexagon": "h", "star": "*", "line-ns": "|", "line-ew": "_",
}  # fmt: skip
DASHES: dict[str, Any] = {
    "solid": "-", "dash": (0, (5, 2.5)), "dot": (0, (1, 1.6)), "dashdot": (0, (5, 2, 1, 2)),
    "longdash": (0, (9, 3)), "longdashdot": (0, (9, 3, 1, 3)),
}  # fmt: skip
KNOWN = ("scatter", "scattergl", "bar", "heatmap")
CSS_COLOUR = re.compile(r"rgba?\(([^)]*)\)")


class CannotPrint(ValueError):
    """A figure holds something that has no drawing on paper yet."""


@dataclass
class Pane:
    """A subplot: its axes and how its values become numbers.

    Attributes:
        x_names, y_names: of the categories, in their order; None = numbers.
        stacked: how high the bars at a place are already, by sign.
        previous: the last line, for what is filled down to it.
    """

    axes: Axes
    x_names: list[Any] | None = None
    y_names: list[Any] | None = None
    x_log: bool = False
    y_log: bool = False
    stacked: dict[tuple[float, bool], float] = field(default_factory=dict)
    previous: tuple[Any, Any] | None = None

    def x(self, values: Any) -> np.ndarray:
        """Places along the horizontal axis."""
        return _numbers(values, self.x_names)

    def y(self, values: Any) -> np.ndarray:
        """Places along the upright axis."""
        return _numbers(values, self.y_names)


def _numbers(values: Any, names: list[Any] | None) -> np.ndarray:
    listed = [] if values is None else list(values)
    if names is not None:
        return np.array([np.nan if one is None else names.index(one) for one in listed], float)
    try:
        return np.array([np.nan if one is None else float(one) for one in listed], float)
    except (TypeError, ValueError):
        raise CannotPrint("values that are neither numbers nor categories") from None


def colour(value: Any, opacity: Any = None) -> Any:
    """A colour of Plotly as matplotlib takes it."""
    if isinstance(value, str) and (found := CSS_COLOUR.fullmatch(value.strip())):
        parts = [float(part) for part in found.group(1).replace("/", ",").split(",")]
        rgba = (*(part / 255 for part in parts[:3]), parts[3] if len(parts) > 3 else 1.0)
    else:
        rgba = to_rgba(value)
    return (*rgba[:3], rgba[3] * (1.0 if opacity is None else float(opacity)))


def colour_map(scale: Any) -> LinearSegmentedColormap:
    """A scale of colours."""
    if not scale:
        raise CannotPrint("a scale of colours that has only a name")
    stops = [(float(at), colour(value)) for at, value in scale]
    return LinearSegmentedColormap.from_list("scale", stops)


def draw(trace: Any, pane: Pane, place: int, bars: tuple[str, int, int]) -> list[Any]:
    """Draws a trace of a known type; its handles for the legend, and for a colour bar the mesh.

    Args:
        place: number of the trace, for its colour where it names none.
        bars: the mode of bars, this one's number among those of its pane, and how many there are.
    """
    default = COLOURS[place % len(COLOURS)]
    if trace.type in ("scatter", "scattergl"):
        return _scatter(trace, pane, default)
    if trace.type == "bar":
        return _bar(trace, pane, default, bars)
    return [_heatmap(trace, pane)]


def _scatter(trace: Any, pane: Pane, default: str) -> list[Any]:
    x, y = pane.x(trace.x), pane.y(trace.y)
    mode = trace.mode or ("lines+markers" if len(x) < 20 else "lines")
    line_colour = colour(trace.line.color or _first(trace.marker.color) or default, trace.opacity)
    width = (2 if trace.line.width is None else trace.line.width) * POINT
    handle: dict[str, Any] = {"linestyle": "none"}
    _fill(trace, pane, x, y, line_colour)
    if "lines" in mode and width:
        steps = {"hv": "steps-post", "vh": "steps-pre", "hvh": "steps-mid"}
        look = {
            "color": line_colour,
            "linewidth": width,
            "linestyle": DASHES[trace.line.dash or "solid"],
        }
        pane.axes.plot(x, y, drawstyle=steps.get(trace.line.shape, "default"), zorder=3, **look)
        handle |= look
    if "markers" in mode:
        handle |= _markers(trace, pane, x, y, default)
    if "text" in mode:
        for at_x, at_y, words in zip(x, y, _each(trace.text, len(x)), strict=True):
            pane.axes.annotate(label_text(words), (at_x, at_y), fontsize=6.5, ha="center",
                               xytext=(0, 3), textcoords="offset points")  # fmt: skip
    _errors(trace, pane, x, y, line_colour)
    pane.previous = (x, y)
    return [Line2D([], [], **handle)]


def _fill(trace: Any, pane: Pane, x: np.ndarray, y: np.ndarray, line_colour: Any) -> None:
    if trace.fill in (None, "none"):
        return
    tint = colour(trace.fillcolor) if trace.fillcolor else (*line_colour[:3], 0.3)
    look: dict[str, Any] = {"color": tint, "linewidth": 0, "zorder": 1.5}
    if trace.fill == "toself":
        holes = np.flatnonzero(np.isnan(x) | np.isnan(y))
        for part in np.split(np.arange(len(x)), holes):
            inside = part[~(np.isnan(x[part]) | np.isnan(y[part]))]
            if len(inside) > 2:
                pane.axes.fill(x[inside], y[inside], **look)
    elif trace.fill == "tozeroy":
        pane.axes.fill_between(x, y, 0, **look)
    elif trace.fill == "tonexty" and pane.previous is not None:
        before = np.interp(x, *pane.previous)
        pane.axes.fill_between(x, y, before, **look)
    else:
        raise CannotPrint(f"a fill {trace.fill}")


def _markers(trace: Any, pane: Pane, x: np.ndarray, y: np.ndarray, default: str) -> dict[str, Any]:
    """Draws the markers; what the legend's marker looks like."""
    marker = trace.marker
    n = len(x)
    symbols = [str(one or "circle") for one in _each(marker.symbol, n)]
    sizes = np.array([6 if one is None else one for one in _each(marker.size, n)], float) * POINT
    alphas = [
        (1 if own is None else own) * (1 if trace.opacity is None else trace.opacity)
        for own in _each(marker.opacity, n)
    ]
    fills = _colours(marker, n, trace.line.color or default)
    edges = [one or None for one in _each(marker.line.color, n)]
    widths = np.array([one or 0 for one in _each(marker.line.width, n)], float) * POINT
    for symbol in dict.fromkeys(symbols):
        here = [index for index, one in enumerate(symbols) if one == symbol]
        open_, shape = symbol.endswith("-open"), _shape(symbol)
        own = [colour(fills[index], alphas[index]) for index in here]
        rims = [
            own[at] if open_ or edges[index] is None else colour(edges[index], alphas[index])
            for at, index in enumerate(here)
        ]
        pane.axes.scatter(
            x[here],
            y[here],
            s=sizes[here] ** 2,
            marker=shape,
            facecolors="none" if open_ else own,
            edgecolors=rims,
            linewidths=[max(float(w), 0.6) if open_ else float(w) for w in widths[here]],
            zorder=4,
        )
    symbol = symbols[0] if symbols else str(_first(marker.symbol) or "circle")
    ink = colour(fills[0] if fills else _first(marker.color) or default)
    size = min(float(sizes[0]) if n else 6 * POINT, 7.0)
    return {
        "marker": _shape(symbol),
        "markersize": max(size, 2.5),
        "markerfacecolor": "none" if symbol.endswith("-open") else ink,
        "markeredgecolor": ink,
        "markeredgewidth": 0.8 if symbol.endswith("-open") else 0,
    }


def _shape(symbol: str) -> str:
    name = symbol.removesuffix("-open").removesuffix("-dot")
    if name not in MARKERS:
        raise CannotPrint(f"the symbol {symbol}")
    return MARKERS[name]


def _colours(marker: Any, n: int, default: str) -> list[Any]:
    values = _each(marker.color, n)
    if any(isinstance(one, int | float | np.number) for one in values):
        numbers = np.array([np.nan if one is None else one for one in values], float)
        low = np.nanmin(numbers) if marker.cmin is None else marker.cmin
        high = np.nanmax(numbers) if marker.cmax is None else marker.cmax
        return list(colour_map(marker.colorscale)(Normalize(low, high)(numbers)))
    return [one or default for one in values]


def _errors(trace: Any, pane: Pane, x: np.ndarray, y: np.ndarray, line_colour: Any) -> None:
    for way, error in (("xerr", trace.error_x), ("yerr", trace.error_y)):
        if error.array is not None and error.visible is not False:
            up = np.array([one or 0 for one in error.array], float)
            down = up
            if error.arrayminus is not None:
                down = np.array([one or 0 for one in error.arrayminus], float)
            own = error.color
            own_size: dict[str, Any] = {way: np.abs([down, up])}
            pane.axes.errorbar(
                x, y, **own_size, fmt="none", capsize=2,
                ecolor=colour(own) if own else line_colour,
                elinewidth=(error.thickness or 2) * POINT, zorder=3.5,
            )  # fmt: skip


def _bar(trace: Any, pane: Pane, default: str, bars: tuple[str, int, int]) -> list[Any]:
    mode, number, count = bars
    flat = trace.orientation == "h"
    at = pane.y(trace.y) if flat else pane.x(trace.x)
    size = pane.x(trace.x) if flat else pane.y(trace.y)
    n = len(at)
    step = float(np.min(np.diff(np.unique(at)))) if len(np.unique(at)) > 1 else 1.0
    widths = np.array([0.8 * step if w is None else w for w in _each(trace.width, n)], float)
    base = np.array([0 if one is None else one for one in _each(trace.base, n)], float)
    if mode in ("stack", "relative"):
        for index, (place, value) in enumerate(zip(at, size, strict=True)):
            key = (float(place), bool(value < 0))
            base[index] += pane.stacked.get(key, 0.0)
            pane.stacked[key] = pane.stacked.get(key, 0.0) + (0 if np.isnan(value) else value)
    elif mode == "group" and count > 1 and trace.width is None:
        widths = widths / count
        at = at + widths * (number - (count - 1) / 2)
    fills = [
        colour(one, opacity)
        for one, opacity in zip(
            _colours(trace.marker, n, default), _each(trace.marker.opacity, n), strict=True
        )
    ]
    if trace.opacity is not None:
        fills = [(*one[:3], one[3] * trace.opacity) for one in fills]
    look: dict[str, Any] = {"color": fills, "linewidth": 0, "zorder": 2}
    if flat:
        pane.axes.barh(at, size, height=widths, left=base, **look)
        _errors(trace, pane, base + size, at, colour(default))
    else:
        pane.axes.bar(at, size, width=widths, bottom=base, **look)
        _errors(trace, pane, at, base + size, colour(default))
    if trace.text is not None:
        for place, end, words in zip(at, base + size, _each(trace.text, n), strict=True):
            spot, shift = ((end, place), (3, 0)) if flat else ((place, end), (0, 3))
            pane.axes.annotate(
                label_text(words), spot, xytext=shift, textcoords="offset points", fontsize=6.5,
                ha="left" if flat else "center", va="center" if flat else "bottom",
            )  # fmt: skip
    return [Patch(facecolor=fills[0] if fills else colour(_first(trace.marker.color) or default))]


def _heatmap(trace: Any, pane: Pane) -> Any:
    z = np.array([[np.nan if one is None else one for one in row] for row in trace.z], float)
    scale = colour_map(trace.colorscale)
    if trace.reversescale:
        scale = scale.reversed()
    return pane.axes.pcolormesh(
        _edges(pane.x(trace.x) if trace.x is not None else np.arange(z.shape[1]), z.shape[1]),
        _edges(pane.y(trace.y) if trace.y is not None else np.arange(z.shape[0]), z.shape[0]),
        np.ma.masked_invalid(z),
        cmap=scale,
        vmin=trace.zmin,
        vmax=trace.zmax,
        zorder=2,
        rasterized=z.size > 20_000,
    )


def _edges(places: np.ndarray, n: int) -> np.ndarray:
    """Edges of cells, of which there are n; from their middles where those are given."""
    if len(places) == n + 1:
        return places
    if n < 2:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    between = (places[:-1] + places[1:]) / 2
    return np.concatenate(
        [[places[0] - (between[0] - places[0])], between, [places[-1] * 2 - between[-1]]]
    )


def _each(value: Any, n: int) -> list[Any]:
    """A value for each of n things."""
    if isinstance(value, Sequence | np.ndarray) and not isinstance(value, str):
        return list(value)
    return [value] * n


def _first(value: Any) -> Any:
    found = _each(value, 1)
    return found[0] if found and isinstance(found[0], str) else None
