"""Texts on paper: what stands in Plotly's labels, in characters that the fonts have."""

from __future__ import annotations

import re
from functools import cache
from html import unescape
from typing import Any

from attribution_engine.text.hidden import HIDDEN

FAMILIES = ["DejaVu Sans", "Noto Sans", "Noto Sans CJK JP", "Noto Emoji", "Liberation Sans"]
MONOSPACE = ["DejaVu Sans Mono", "Noto Sans Mono", "Noto Sans Mono CJK JP", *FAMILIES]
TAGS = re.compile(r"</?(?:b|i|em|strong|sub|sup|span)(?: [^<>]*)?/?>")
UNSEEN = re.compile(f"{HIDDEN.pattern}|[\ud800-\udfff]")
BREAKS = re.compile(r"<br ?/?>")


def label_text(text: str | None) -> str:
    """A label as it is read: Plotly's line breaks and tags are carried out or taken off."""
    return printable(unescape(TAGS.sub("", BREAKS.sub("\n", text or ""))))


def printable(text: str) -> str:
    """A text in which every character is drawn; one without a picture is written by its number."""
    visible = UNSEEN.sub(lambda match: _number(match.group()), text.replace("\r\n", "\n"))
    return "".join(
        one if one.isascii() or one.isspace() or ord(one) in glyphs() else _number(one)
        for one in visible.replace("\t", "    ")
    )


def _number(character: str) -> str:
    return f"[U+{ord(character):04X}]"


@cache
def families(monospace: bool = False) -> list[str]:
    """The fonts of this machine among those wished for; the first ships with matplotlib."""
    from matplotlib.font_manager import fontManager

    known = set(fontManager.get_font_names())
    return [name for name in (MONOSPACE if monospace else FAMILIES) if name in known]


@cache
def glyphs() -> frozenset[int]:
    """Characters that one of the fonts has."""
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    found: set[int] = set()
    for name in families():
        font: Any = get_font(fontManager.findfont(FontProperties(family=[name])))
        found.update(font.get_charmap())
    return frozenset(found)
