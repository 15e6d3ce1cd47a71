"""A Plotly figure on paper: PDF, SVG or PNG by matplotlib, with its caption under it.

Import it where a file is asked for, and not before: matplotlib costs seconds and memory.
"""

from __future__ import annotations

import io
import math
import textwrap
import threading
from typing import Any, Literal

import plotly.graph_objects as go
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from pages.parts.print_over import draw_over, reach
from pages.parts.print_text import families, label_text, printable
from pages.parts.print_traces import KNOWN, PIXEL, CannotPrint, Pane, draw

__all__ = ["CannotPrint", "print_figure"]

Form = Literal["pdf", "svg", "png"]
WIDTH, HEIGHT = 960, 450  # pixels on a page, where a figure does not say
INK, GRID = "#1C2430", "#E3E6EB"
CAPTION_SIZE, LINE = 7, 0.14  # points; inches from line to line
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SETTINGS: dict[Any, Any] = {
    "pdf.fonttype": 42,  # whole TrueType outlines: printers and journals ask for them
    "svg.fonttype": "none",
    "svg.hashsalt": "influence",
    "text.parse_math": False,  # a $ is a $
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.unicode_minus": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.edgecolor": "#9AA3AF",
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}
one_at_a_time = threading.Lock()  # matplotlib's settings and fonts are the process's


def print_figure(figure: go.Figure, form: Form, name: str = "", caption: str = "") -> bytes:
    """The figure as a file, in light colours, fonts embedded.

    Args:
        name: its title in the file's metadata.
        caption: where its numbers are from; printed under it and put into the metadata.

    Raises:
        CannotPrint: the figure holds a kind of trace, shape or axis that is not known here.
    """
    with one_at_a_time, rc_context({**SETTINGS, "font.family": families()}):
        page = _page(figure, caption)
        out = io.BytesIO()
        page.savefig(out, format=form, dpi=220, metadata=_metadata(form, name, caption))
    return out.getvalue()


def _metadata(form: Form, name: str, caption: str) -> dict[str, Any]:
    name, caption = printable(name), printable(caption)
    if form == "pdf":
        return {"Title": name, "Subject": caption, "Creator": "Influence Explorer",
                "CreationDate": None}  # fmt: skip
    if form == "svg":
        return {"Title": name, "Description": caption, "Creator": "Influence Explorer",
                "Date": None}  # fmt: skip
    return {"Title": name, "Description": caption, "Software": "Influence Explorer"}


def _page(figure: go.Figure, caption: str) -> Figure:
    layout = figure.layout
    width = (layout.width or WIDTH) * PIXEL
    lines = _wrapped(printable(caption), int(width * 17.5)) if caption else []
    below = 0.1 + LINE * len(lines)
    height = (layout.height or HEIGHT) * PIXEL + below
    page = Figure(figsize=(width, height), facecolor="white")
    canvas = FigureCanvasAgg(page)  # it measures texts; the file is made by the form's own
    paper = page.add_axes((0, 0, 1, 1), frameon=False, xticks=[], yticks=[], zorder=-1)
    panes = _panes(page, figure)
    handles, bars = _draw_traces(figure, panes)
    reach(figure, panes)
    for names, pane in panes.items():
        _axis(pane, pane.axes.xaxis, _of(figure, names[0]), pane.x_names, pane.x_log)
        _axis(pane, pane.axes.yaxis, _of(figure, names[1]), pane.y_names, pane.y_log)
    draw_over(figure, panes, paper)
    if lines:
        page.text(0.08 / width, 0.06 / height, "\n".join(lines), fontsize=CAPTION_SIZE,
                  va="bottom", linespacing=1.3)  # fmt: skip
    title = label_text(layout.title.text)
    if title:
        page.text(0.5, 1 - 0.08 / height, title, ha="center", va="top", fontsize=9)
    legend = _legend(page, canvas, handles, below, height)
    colours = _colour_bars(page, bars)
    room = [0.08, below + (legend + 0.06 if legend else 0), 0.08, 0.28 if title else 0.08]
    _arrange(canvas, paper, panes, figure, room, colours)
    return page


def _wrapped(text: str, length: int) -> list[str]:
    return [line for part in text.split("\n") for line in textwrap.wrap(part, max(20, length))]


def _of(figure: go.Figure, name: str) -> Any:
    """The layout of an axis, by the name that traces give it."""
    return figure.layout[f"{name[0]}axis{name[1:]}"]


def _panes(page: Figure, figure: go.Figure) -> dict[tuple[str, str], Pane]:
    for trace in figure.data:
        if trace.type not in KNOWN:
            raise CannotPrint(f"a trace of the type {trace.type}")
    names = [(trace.xaxis or "x", trace.yaxis or "y") for trace in figure.data]
    # Empty subplots are there too: they have titles.
    for axis in figure.select_xaxes():
        own = axis.plotly_name.replace("axis", "")
        if axis.anchor and axis.anchor != "free":
            names.append((own, axis.anchor))
    panes: dict[tuple[str, str], Pane] = {}
    for x, y in dict.fromkeys(names or [("x", "y")]):
        x_axis, y_axis = _of(figure, x), _of(figure, y)
        if x_axis.overlaying or y_axis.overlaying:
            raise CannotPrint("two axes over one another")
        same_x = next((pane for (name, _), pane in panes.items() if name in (x, x_axis.matches)),
                      None)  # fmt: skip
        same_y = next((pane for (_, name), pane in panes.items() if name in (y, y_axis.matches)),
                      None)  # fmt: skip
        axes = page.add_axes(
            (0.1, 0.1, 0.8, 0.8),
            label=f"{x}{y}",
            sharex=same_x.axes if same_x else None,
            sharey=same_y.axes if same_y else None,
        )
        pane = Pane(
            axes,
            _categories(figure, x_axis, x, "x"),
            _categories(figure, y_axis, y, "y"),
            x_axis.type == "log",
            y_axis.type == "log",
        )
        axes.set_xscale("log" if pane.x_log else "linear")
        axes.set_yscale("log" if pane.y_log else "linear")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
        axes.margins(0.03)
        axes.use_sticky_edges = not any(trace.type == "heatmap" for trace in figure.data)
        panes[(x, y)] = pane
    return panes


def _categories(figure: go.Figure, axis: Any, name: str, way: str) -> list[Any] | None:
    """The names along an axis; None where it has numbers."""
    known = [name, axis.matches] if axis.matches else [name]
    values = [
        value
        for trace in figure.data
        if (getattr(trace, f"{way}axis") or way) in known
        for value in (trace[way] if trace[way] is not None else [])
    ]
    if axis.type != "category" and not any(isinstance(value, str) for value in values):
        return None
    if axis.type in ("log", "date", "linear"):
        raise CannotPrint(f"texts on an axis of the type {axis.type}")
    if axis.categoryorder not in (None, "trace", "array"):
        raise CannotPrint(f"categories in the order {axis.categoryorder}")
    first = list(axis.categoryarray) if axis.categoryarray is not None else []
    return list(dict.fromkeys([*first, *(value for value in values if value is not None)]))


def _draw_traces(
    figure: go.Figure, panes: dict[tuple[str, str], Pane]
) -> tuple[list[tuple[str, Any]], list[tuple[Any, Any]]]:
    """Draws all traces; the legend's entries, and the meshes that need a bar of colours."""
    shown = [trace for trace in figure.data if trace.visible in (None, True)]
    handles: list[tuple[str, Any]] = []
    bars: list[tuple[Any, Any]] = []
    drawn: dict[tuple[str, str], int] = {}
    has_legend = figure.layout.showlegend
    if has_legend is None:
        explicit = any(trace.showlegend for trace in shown)
        has_legend = explicit or len([t for t in shown if t.type != "heatmap"]) > 1
    for place, trace in enumerate(shown):
        key = (trace.xaxis or "x", trace.yaxis or "y")
        count = sum(
            one.type == "bar" and (one.xaxis or "x", one.yaxis or "y") == key for one in shown
        )
        mode = figure.layout.barmode or "group"
        found = draw(trace, panes[key], place, (mode, drawn.get(key, 0), count))
        if trace.type == "bar":
            drawn[key] = drawn.get(key, 0) + 1
        if trace.type == "heatmap":
            if trace.showscale is not False:
                bars.append((trace, found[0]))
        elif has_legend and trace.showlegend is not False and trace.name:
            handles.append((label_text(trace.name), found[0]))
    return handles, bars


def _axis(pane: Pane, axis: Any, of: Any, names: list[Any] | None, is_log: bool) -> None:
    """Ticks, title, range and grid of an axis."""
    upright = axis is pane.axes.yaxis
    axis.set_label_text(label_text(of.title.text))
    if of.showgrid is not False:
        axis.grid(True, color=GRID, linewidth=0.6)
    limit = pane.axes.set_ylim if upright else pane.axes.set_xlim
    if of.range is not None:
        ends = [10**end for end in of.range] if is_log else list(of.range)
        limit(*ends)
    elif of.autorange == "reversed":
        low, high = pane.axes.get_ylim() if upright else pane.axes.get_xlim()
        limit(max(low, high), min(low, high))
    elif names is not None:
        limit(-0.5, len(names) - 0.5)
    if of.matches and of.showticklabels is False:
        pass  # the ticks are those of the axis that it follows
    elif of.tickvals is not None:
        labels = of.ticktext if of.ticktext is not None else [f"{one:g}" for one in of.tickvals]
        axis.set_major_locator(FixedLocator([float(one) for one in of.tickvals]))
        axis.set_ticklabels([label_text(str(one)) for one in labels])
    elif names is not None:
        axis.set_major_locator(FixedLocator(list(range(len(names)))))
        axis.set_ticklabels([label_text(str(one)) for one in names])
    elif is_log:
        axis.set_major_locator(LogLocator(numticks=12))
        write = _power if of.exponentformat == "power" else _short
        axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    if is_log:
        axis.set_minor_locator(NullLocator())
    if of.tickformat and of.tickformat.endswith("%") and of.tickvals is None:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    if of.showticklabels is False:
        pane.axes.tick_params(axis="y" if upright else "x", labelleft=False, labelbottom=False)
    if of.zeroline is not False and not is_log and names is None:
        line = pane.axes.axhline if upright else pane.axes.axvline
        low, high = pane.axes.get_ylim() if upright else pane.axes.get_xlim()
        if min(low, high) < 0 < max(low, high):
            line(0, color="#9AA3AF", linewidth=0.8, zorder=1)


def _power(value: float) -> str:
    return f"10{str(round(math.log10(value))).translate(SUPERSCRIPT)}" if value > 0 else ""


def _short(value: float) -> str:
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}" if value >= 1e-3 else _power(value)


def _legend(
    page: Figure,
    canvas: FigureCanvasAgg,
    handles: list[tuple[str, Any]],
    below: float,
    height: float,
) -> float:
    """Puts the legend over the caption, in as many columns as fit; its height in inches."""
    handles = list({name: (name, handle) for name, handle in reversed(handles)}.values())[::-1]
    if not handles:
        return 0.0
    names, marks = zip(*handles, strict=True)
    for columns in range(min(len(names), 6), 0, -1):
        legend = page.legend(
            list(marks), list(names), loc="lower center", ncols=columns, frameon=False,
            bbox_to_anchor=(0.5, below / height), borderaxespad=0, handlelength=2.6,
        )  # fmt: skip
        box = legend.get_window_extent(canvas.get_renderer())
        if box.width <= page.bbox.width * 0.98 or columns == 1:
            return float(box.height / page.dpi)
        legend.remove()
    return 0.0


def _colour_bars(page: Figure, bars: list[tuple[Any, Any]]) -> list[tuple[Axes, bool]]:
    """Bars that say what colours count; their axes and whether they lie."""
    found = []
    for trace, mesh in bars:
        of = trace.colorbar
        lies = of.orientation == "h"
        axes = page.add_axes((0.6, 0.9, 0.3, 0.02))
        bar = page.colorbar(mesh, cax=axes, orientation="horizontal" if lies else "vertical")
        if of.tickvals is not None:
            labels = of.ticktext if of.ticktext is not None else [f"{v:g}" for v in of.tickvals]
            bar.set_ticks([float(v) for v in of.tickvals], labels=[label_text(v) for v in labels])
        bar.ax.minorticks_off()
        bar.outline.set_linewidth(0.5)
        if of.title.text and lies:
            axes.set_title(label_text(of.title.text), fontsize=7, pad=3)
        elif of.title.text:
            axes.set_ylabel(label_text(of.title.text), fontsize=7)
        found.append((axes, lies))
    return found


def _arrange(
    canvas: FigureCanvasAgg,
    paper: Axes,
    panes: dict[tuple[str, str], Pane],
    figure: go.Figure,
    room: list[float],
    colours: list[tuple[Axes, bool]],
) -> None:
    """Gives the plots the room that their ticks and titles leave.

    Args:
        room: inches that are kept free: left, below, right, above.
    """
    page = canvas.figure
    width, height = page.get_size_inches()
    left, below, right, above = room
    above += 0.42 if any(lies for _, lies in colours) else 0
    right += 0.75 * sum(not lies for _, lies in colours)
    margins = [left + 0.4, below + 0.35, right, above]
    for _ in range(2):
        inner = (width - margins[0] - margins[2], height - margins[1] - margins[3])
        _place(paper, (0, 1), (0, 1), margins, inner, (width, height))
        for (x, y), pane in panes.items():
            across = _of(figure, x).domain or (0, 1)
            upwards = _of(figure, y).domain or (0, 1)
            _place(pane.axes, across, upwards, margins, inner, (width, height))
        all_axes = [paper, *(pane.axes for pane in panes.values())]
        measured = (axes.get_tightbbox(canvas.get_renderer()) for axes in all_axes)
        boxes = [box for box in measured if box is not None]
        if not boxes:
            break
        dpi = page.dpi
        margins[0] += left - min(box.x0 for box in boxes) / dpi
        margins[1] += below - min(box.y0 for box in boxes) / dpi
        margins[2] += right - (width - max(box.x1 for box in boxes) / dpi)
        margins[3] += above - (height - max(box.y1 for box in boxes) / dpi)
    inner = (width - margins[0] - margins[2], height - margins[1] - margins[3])
    _place(paper, (0, 1), (0, 1), margins, inner, (width, height))
    for (x, y), pane in panes.items():
        across, upwards = _of(figure, x).domain or (0, 1), _of(figure, y).domain or (0, 1)
        _place(pane.axes, across, upwards, margins, inner, (width, height))
    for number, (axes, lies) in enumerate(colours):
        if lies:
            axes.set_position((0.62, 1 - 0.3 / height, 0.34, 0.08 / height))
        else:
            start = width - right + 0.2 + 0.75 * number
            axes.set_position((start / width, margins[1] / height, 0.1 / width, inner[1] / height))


def _place(
    axes: Axes,
    across: tuple[float, float],
    upwards: tuple[float, float],
    margins: list[float],
    inner: tuple[float, float],
    size: tuple[float, float],
) -> None:
    axes.set_position(
        (
            (margins[0] + across[0] * inner[0]) / size[0],
            (margins[1] + upwards[0] * inner[1]) / size[1],
            max(0.02, (across[1] - across[0]) * inner[0] / size[0]),
            max(0.02, (upwards[1] - upwards[0]) * inner[1] / size[1]),
        )
    )
