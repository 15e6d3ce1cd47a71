"""A text under its shades on paper: PDF pages in a fixed-width font, drawn by matplotlib."""

from __future__ import annotations

import io
import textwrap
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from attribution_engine.store.token_scale import SHADES
from pages.parts.print_figure import SETTINGS, one_at_a_time
from pages.parts.print_text import families, printable
from pages.report.section import Heat

WIDTH, HEIGHT = 8.27, 11.69  # inches: A4
LEFT, TOP = 0.7, 0.7
COLUMNS, LINES = 92, 62  # of a page
SIZE = 8.0  # points
ADVANCE = 0.602 * SIZE / 72  # inches from character to character in DejaVu Sans Mono
STEP = (HEIGHT - 2 * TOP - 0.5) / LINES
DEEPEST = 0.60
HUES = {1: (0, 114 / 255, 178 / 255), -1: (213 / 255, 94 / 255, 0)}
NATS = (204 / 255, 121 / 255, 167 / 255)
MAX_PAGES = 400  # a text of 10 MB would be a book of thousands; the HTML file has all of it
# On paper the classes have lines of their own below the letters, as on the page.
DASHES = {
    "m-connective": "-", "m-code": (0, (1, 1.5)), "m-markdown": "-", "m-number": (0, (4, 2)),
    "m-fence": (0, (8, 1, 2, 1)), "m-operator": (0, (3, 1, 1, 1)), "m-answer": "-",
    "m-exploration": (0, (6, 2, 1, 2)),
}  # fmt: skip


@dataclass
class Line:
    """A line of a page: texts at their columns, shades and underlines below them.

    Attributes:
        texts: column and text.
        shades: first column, number of columns, shade.
        underlines: first column, number of columns, name of what it is.
    """

    texts: list[tuple[int, str]] = field(default_factory=list)
    shades: list[tuple[int, int, int]] = field(default_factory=list)
    underlines: list[tuple[int, int, str]] = field(default_factory=list)
    is_label: bool = False

    def write(self, column: int, text: str) -> None:
        """Adds text; what is of the font's own width goes on the text before it."""
        if self.texts and text.isascii():
            at, before = self.texts[-1]
            if before.isascii() and at + len(before) == column:
                self.texts[-1] = (at, before + text)
                return
        self.texts.append((column, text))


def print_heat(heat: Heat, caption: str) -> bytes:
    """The whole text as PDF, its shades behind the letters, the caption on every page."""
    out = io.BytesIO()
    with one_at_a_time, rc_context({**SETTINGS, "font.family": families(monospace=True)}):
        lines = list(_lines(heat))
        pages = [lines[at : at + LINES] for at in range(0, max(1, len(lines)), LINES)]
        about = {"Title": printable(heat.title), "Subject": printable(caption),
                 "Creator": "Influence Explorer", "CreationDate": None}  # fmt: skip
        with PdfPages(out, metadata=about) as pdf:
            for number, page in enumerate(pages[:MAX_PAGES], start=1):
                left = len(pages) - MAX_PAGES if number == MAX_PAGES else 0
                pdf.savefig(_page(heat, caption, page, number, min(len(pages), MAX_PAGES), left))
    return out.getvalue()


def _page(
    heat: Heat, caption: str, lines: list[Line], number: int, count: int, left: int
) -> Figure:
    figure = Figure(figsize=(WIDTH, HEIGHT), facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1), frameon=False, xticks=[], yticks=[])
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(HEIGHT, 0)
    prose = {"family": families(), "fontsize": 7}
    title = printable(f"{heat.title} · page {number} of {count}")
    axes.text(LEFT, TOP - 0.25, title, **{**prose, "fontsize": 9})  # type: ignore[arg-type]
    below = caption
    if left > 0:
        below = f"{left} further pages are left out; the HTML file has the whole text. {below}"
    words = textwrap.wrap(printable(" · ".join(filter(None, (heat.scale[2], below)))), 135)
    for at, line in enumerate(words[:4]):
        axes.text(LEFT, HEIGHT - TOP + 0.02 + 0.13 * at, line, **prose)  # type: ignore[arg-type]
    patches, colours = [], []
    for row, one in enumerate(lines):
        base = TOP + STEP * (row + 0.75)
        for column, width, shade in one.shades:
            patches.append(Rectangle((LEFT + column * ADVANCE, base - STEP * 0.7),
                                     width * ADVANCE, STEP * 0.92))  # fmt: skip
            hue = NATS if heat.hue == "nats" else HUES[1 if shade > 0 else -1]
            colours.append((*hue, DEEPEST * abs(shade) / SHADES))
        for column, text in one.texts:
            axes.text(LEFT + column * ADVANCE, base, text,
                      fontsize=SIZE * (0.85 if one.is_label else 1), zorder=3,
                      alpha=0.75 if one.is_label else 1)  # fmt: skip
        _underline(axes, one, base)
    axes.add_collection(PatchCollection(patches, facecolors=colours, linewidths=0, zorder=1))
    return figure


def _underline(axes: Axes, line: Line, base: float) -> None:
    for column, width, name in line.underlines:
        at = base + STEP * (0.2 if name in ("m-answer", "m-exploration") else 0.13)
        axes.plot([LEFT + column * ADVANCE, LEFT + (column + width) * ADVANCE], [at, at],
                  color="#1C2430", linestyle=DASHES.get(name, "-"),
                  linewidth=1.6 if name == "m-answer" else 0.7, zorder=2)  # fmt: skip


def _lines(heat: Heat) -> Iterator[Line]:
    """The text in lines of at most so many columns; labels have lines of their own."""
    turns = dict(heat.turns)
    line, column = Line(), 0

    def start(label: str) -> Iterator[Line]:
        for words in textwrap.wrap(printable(label), COLUMNS):
            yield Line([(0, words)], is_label=True)

    for at, piece in enumerate(heat.pieces):
        if at in turns:
            if column:
                yield line
            line, column = Line(), 0
            yield from start(turns[at])
        names = heat.classes[at].split()
        for kind, text, width in _runs(piece):
            if kind == "end":
                yield line
                line, column = Line(), 0
                continue
            for part, columns in _fitting(text, width, COLUMNS - column):
                if column + columns > COLUMNS:
                    yield line
                    line, column = Line(), 0
                line.write(column, part)
                if heat.shades[at]:
                    line.shades.append((column, columns, heat.shades[at]))
                line.underlines += [(column, columns, name) for name in names]
                column += columns
    if column:
        yield line
    if heat.rest[0]:
        yield from start(heat.rest[1])
        for part in heat.rest[0].split("\n"):
            for words in textwrap.wrap(
                printable(part), COLUMNS, drop_whitespace=False, replace_whitespace=False
            ) or [""]:
                yield Line([(0, words)])


def _runs(piece: str) -> Iterator[tuple[str, str, int]]:
    """A piece of text cut at its line ends and where characters are of another width."""
    for number, part in enumerate(printable(piece).split("\n")):
        if number:
            yield "end", "", 0
        run, width = "", 0
        for character in part:
            own = _width(character)
            if run and own and own != width:
                yield "text", run, width
                run = ""
            run += character
            width = own or width or 1
        if run:
            yield "text", run, width


def _fitting(text: str, width: int, room: int) -> Iterator[tuple[str, int]]:
    """Parts of a run that fit into a line: the first into what is left of it."""
    take = max(0, room // width)
    if take and take < len(text):
        yield text[:take], take * width
        text = text[take:]
    whole = COLUMNS // width
    while len(text) > whole:
        yield text[:whole], whole * width
        text = text[whole:]
    if text:
        yield text, len(text) * width


def _width(character: str) -> int:
    """Columns that a character takes; 0 for one that stands on another."""
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
