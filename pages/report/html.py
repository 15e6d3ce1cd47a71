"""The report as one HTML file. Texts are text only, and the file may fetch nothing.

What HTML cannot hold: the character U+0000, which is shown as ␀.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from attribution_engine.store.token_scale import SHADES
from pages.parts import captions
from pages.parts.figures import DARK
from pages.report.section import Heat, Plot, Section, Table

FOLDER = Path(__file__).parent
HUES = {"up": "0 114 178", "down": "213 94 0", "nats": "204 121 167"}
DEEPEST = 0.60  # opacity of the deepest shade: text stays readable on light and dark
CHUNK, LONGEST = 256, 2048  # pieces that are laid out as one: at a line's end, or at the most
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)
TITLE = "Influence Explorer: notebook"


def html_of(sections: Sequence[Section]) -> bytes:
    """The report of these sections."""
    plots = [one for section in sections for one in section.content if isinstance(one, Plot)]
    scripts = [_plotly()] if plots else []
    scripts.append((FOLDER / "report.js").read_text(encoding="utf-8"))
    body = "".join(_body(sections))
    policy = POLICY.format(scripts=" ".join(_hash(script) for script in scripts))
    style = (FOLDER / "report.css").read_text(encoding="utf-8") + _shade_rules()
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(policy)}">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{text(TITLE)}</title><style>{style}</style></head><body>",
        body,
        '<div id="bubble" role="status" hidden></div>',
        _data("palette", DARK) if plots else "",
        *(f"<script>{script}</script>" for script in scripts),
        "</body></html>\n",
    ]
    return "".join(parts).encode("utf-8", errors="backslashreplace")


def text(words: Any) -> str:
    """Words as HTML that shows them and does nothing else."""
    # A parser would read a carriage return as a line feed; U+0000 has no place in HTML at all.
    return escape(str(words)).replace("\r", "&#13;").replace("\0", "␀")


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return get_plotlyjs().replace("\r\n", "\n")


def _hash(script: str) -> str:
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"'sha256-{b64encode(digest).decode('ascii')}'"


def _shade_rules() -> str:
    return "".join(
        f".{name}{n} {{ background-color: rgb({hue} / {DEEPEST * n / SHADES:.3f}); }}\n"
        for name, hue in HUES.items()
        for n in range(1, SHADES + 1)
    )


def _data(name: str, value: Any) -> str:
    """Data for the script; it holds no character that ends an element."""
    written = value if isinstance(value, str) else json.dumps(value)
    for character in "<>&\u2028\u2029":
        written = written.replace(character, f"\\u{ord(character):04x}")
    return f'<script type="application/json" id="{name}">{written}</script>'


def _body(sections: Sequence[Section]) -> Iterator[str]:
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    yield f"<header><h1>{text(TITLE)}</h1>"
    yield f'<p class="small">{len(sections)} notes, exported {now}. Works without a network.</p>'
    if len(sections) > 1:
        yield '<nav aria-label="Notes"><ol>'
        for number, section in enumerate(sections, start=1):
            yield f'<li><a href="#note-{number}"><bdi>{text(section.title)}</bdi></a></li>'
        yield "</ol></nav>"
    yield "</header><main>"
    for number, section in enumerate(sections, start=1):
        yield from _article(section, number)
    yield "</main>"
    yield (
        '<footer class="small">Influence is a first-order estimate around the trained weights: '
        "it explains likelihood, not truth. Every text of a corpus, a model or a person is shown "
        "as text.</footer>"
    )


def _article(section: Section, number: int) -> Iterator[str]:
    note = section.note
    yield f'<article id="note-{number}"><h2><bdi>{text(section.title)}</bdi></h2>'
    view = f"{note.page}?{urlencode(note.address, doseq=True)}"
    yield f'<p class="small"><bdi>{text(section.caption)}</bdi></p>'
    if note.tags:
        tags = "".join(f"<span><bdi>{text(tag)}</bdi></span>" for tag in note.tags)
        yield f'<p class="small tags">{tags}</p>'
    if note.text:
        yield f'<div class="note">{text(note.text)}</div>'
    if section.missing:
        yield f'<p class="missing"><bdi>{text(section.missing)}</bdi></p>'
    if section.facts:
        yield "<dl>"
        for name, value, about in section.facts:
            small = f"<dd>{text(about)}</dd>" if about else ""
            yield f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd>{small}</div>"
        yield "</dl>"
    for title, words in section.texts:
        yield f"<details open><summary>{text(title)}</summary>"
        yield f'<div class="text">{text(words)}</div></details>'
    for place, one in enumerate(section.content):
        if isinstance(one, Plot):
            yield from _plot(one, f"figure-{number}-{place}")
        elif isinstance(one, Table):
            yield from _table(one)
        else:
            yield from _heat(one)
    yield f'<p class="small">View: <bdi>{text(view)}</bdi></p></article>'


def _plot(plot: Plot, name: str) -> Iterator[str]:
    figure = plot.figure.to_plotly_json()
    layout = {key: value for key, value in figure["layout"].items() if key != "template"}
    height = int(layout.get("height") or 450)
    file = captions.file_name(plot.name)
    yield f'<figure><div class="plot" role="img" aria-label="{text(plot.alt)}"'
    yield f' data-figure="{name}" data-file="{text(file)}" style="height:{height}px"></div>'
    yield f'<figcaption class="small"><p>{text(plot.words)}</p>'
    yield f"<p><bdi>{text(plot.caption)}</bdi></p></figcaption></figure>"
    yield _data(name, _plotly_json({"data": figure["data"], "layout": layout}))


def _plotly_json(value: Any) -> str:
    from plotly.io import to_json

    return str(to_json(value, validate=False, engine="json"))


def _table(table: Table) -> Iterator[str]:
    yield f"<h3>{text(table.title)}</h3>"
    if table.words:
        yield f'<p class="small">{text(table.words)}</p>'
    yield f'<div class="scroll" tabindex="0" role="region" aria-label="{text(table.title)}">'
    yield "<table><thead><tr>"
    kind = ['class="n"' if at in table.numbers else "" for at in range(len(table.columns))]
    for at, column in enumerate(table.columns):
        yield f'<th scope="col" {kind[at]}>{text(column)}</th>'
    yield "</tr></thead><tbody>"
    for row in table.rows:
        cells = "".join(f"<td {kind[at]}>{text(cell)}</td>" for at, cell in enumerate(row))
        yield f"<tr>{cells}</tr>"
    yield "</tbody></table></div>"
    if not table.rows:
        yield '<p class="small">None.</p>'


def _heat(heat: Heat) -> Iterator[str]:
    yield f'<figure class="heat"><h3>{text(heat.title)}</h3>'
    if heat.words:
        yield f'<p class="small">{text(heat.words)}</p>'
    yield from _legend(heat)
    yield f'<div class="text" tabindex="0" role="group" aria-label="{text(heat.title)}; arrow '
    yield 'keys go from token to token">'
    yield from _pieces(heat)
    if heat.rest[0]:
        yield f'<div class="label">{text(heat.rest[1])}</div>'
        yield f'<div class="rest">{text(heat.rest[0])}</div>'
    yield "</div></figure>"


def _legend(heat: Heat) -> Iterator[str]:
    low, high, words = heat.scale
    if low:
        steps = range(1 if heat.hue == "nats" else -SHADES, SHADES + 1)
        swatches = "".join(f'<span class="{_shade(step, heat)}"></span>' for step in steps)
        yield f'<div class="legend"><span class="scale">{text(low)}'
        yield f'<span class="swatches">{swatches}</span>{text(high)}</span>'
        yield f'<span class="small">{text(words)}</span></div>'
    if heat.marked:
        marks = " · ".join(
            f'<span class="m-{text(name)}">{text(words)}</span>' for name, words in heat.marked
        )
        yield f'<p class="small">Underlined: {marks}</p>'


def _shade(step: int, heat: Heat) -> str:
    if not step:
        return ""
    if heat.hue == "nats":
        return f"nats{step}"
    return f"up{step}" if step > 0 else f"down{-step}"


def _pieces(heat: Heat) -> Iterator[str]:
    """The text in chunks; a chunk ends at a line's end, so that the lines stay as they are."""
    turns = dict(heat.turns)
    framed = range(0) if heat.framed is None else range(heat.framed[0], heat.framed[1] + 1)
    chunk: list[str] = []

    def closed(goes_on: bool = False) -> str:
        whole = "".join(chunk)
        chunk.clear()
        more = " goes-on" if goes_on else ""
        return f'<div class="chunk{more}">{whole}</div>' if whole else ""

    for at, piece in enumerate(heat.pieces):
        if at in turns:
            yield f'{closed()}<div class="label">{text(turns[at])}</div>'
        names = f"t {_shade(heat.shades[at], heat)} {heat.classes[at]}".split()
        if at in framed:
            names.append("framed")
        said = text(heat.says[at])
        chunk.append(f'<span class="{text(" ".join(names))}" data-s="{said}">{text(piece)}</span>')
        if len(chunk) >= CHUNK and piece.endswith("\n"):
            yield closed()
        elif len(chunk) >= LONGEST:
            yield closed(goes_on=True)
    yield closed()
