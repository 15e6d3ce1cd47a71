"""The report as Markdown in which no text of a store, a model or a person is markup.

Short texts are escaped; long ones stand in fences longer than any run of backticks in them. A fence
cannot hold the character U+0000, which is shown as ␀.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

from attribution_engine.text.hidden import HIDDEN
from pages.parts.wording import one_line
from pages.report.section import Heat, Plot, Section, Table

# All that any Markdown takes for markup, emphasis, a formula, a reference or a smiley.
MARKUP = re.compile(r"[!-/:-@\[-`{-~]")
CELL = 300  # characters of a table's cell


def markdown_of(sections: Sequence[Section]) -> bytes:
    """The report of these sections."""
    return "\n".join(_lines(sections)).encode("utf-8", errors="backslashreplace")


def inline(text: str) -> str:
    """A text on one line, every sign of markup escaped, hidden characters by their number."""
    # First the hidden ones: some of them count as blanks.
    folded = " ".join(HIDDEN.sub(_number, text).split())
    return MARKUP.sub(r"\\\g<0>", folded)


def fenced(text: str) -> str:
    """A text as it is, in a fence that it cannot close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    shown = text.replace("\0", "␀")
    return f"{fence}text\n{shown}\n{fence}"


def _number(match: re.Match[str]) -> str:
    return f"[U+{ord(match.group()):04X}]"


def _lines(sections: Sequence[Section]) -> Iterator[str]:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield "# Influence Explorer: notebook\n"
    yield f"{len(sections)} notes, exported {now}.\n"
    for number, section in enumerate(sections, start=1):
        yield from _section(section, number)


def _section(section: Section, number: int) -> Iterator[str]:
    note = section.note
    yield f"## {number}. {inline(section.title)}\n"
    yield f"{inline(section.caption)}\n"
    if note.tags:
        yield f"Tags: {', '.join(inline(tag) for tag in note.tags)}\n"
    if note.text:
        yield f"{fenced(note.text)}\n"
    if section.missing:
        yield f"**{inline(section.missing)}**\n"
    for name, value, about in section.facts:
        small = f" ({inline(about)})" if about else ""
        yield f"- {inline(name)}: {inline(value)}{small}"
    if section.facts:
        yield ""
    for title, text in section.texts:
        yield f"### {inline(title)}\n\n{fenced(text)}\n"
    for one in section.content:
        if isinstance(one, Plot):
            yield f"### Figure: {inline(one.alt)}\n\n{inline(one.words)}\n\n{inline(one.caption)}\n"
        elif isinstance(one, Table):
            yield from _table(one)
        else:
            yield from _heat(one)
    view = f"{note.page}?{urlencode(note.address, doseq=True)}"
    yield f"View: {inline(view)}\n"


def _table(table: Table) -> Iterator[str]:
    yield f"### {inline(table.title)}\n"
    if table.words:
        yield f"{inline(table.words)}\n"
    if not table.rows:
        yield "None.\n"
        return
    yield f"| {' | '.join(inline(column) for column in table.columns)} |"
    marks = ("---:" if at in table.numbers else "---" for at in range(len(table.columns)))
    yield f"| {' | '.join(marks)} |"
    for row in table.rows:
        yield f"| {' | '.join(inline(one_line(cell, CELL)) for cell in row)} |"
    yield ""


def _heat(heat: Heat) -> Iterator[str]:
    yield f"### {inline(heat.title)}\n"
    words = " ".join(filter(None, (heat.words, heat.scale[2])))
    if words:
        yield f"{inline(words)}\n"
    yield f"{fenced(heat.text)}\n"
    sizes = heat.values or heat.shades  # a shade is a step, in which sizes differ
    for title, wanted in (("Deepest on the raising side", 1), ("Deepest on the lowering side", -1)):
        ends = sorted(range(len(sizes)), key=[-wanted * size for size in sizes].__getitem__)
        listed = [at for at in ends[:10] if heat.shades[at] * wanted > 0]
        if listed and (heat.hue == "signed" or wanted > 0):
            yield f"{'Most nats' if heat.hue == 'nats' else title}:\n"
            for at in listed:
                yield f"- {inline(heat.pieces[at]) or 'blank'}: {inline(heat.says[at])}"
            yield ""
