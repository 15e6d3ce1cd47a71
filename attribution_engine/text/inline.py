"""Formulas and code that stand inside a paragraph, by their delimiters."""

from __future__ import annotations

import re
from typing import Final

_MATHS: Final = r"(?:equation|align|gather|multline|eqnarray|alignat|flalign|displaymath)"
_DELIMITER: Final = re.compile(
    r"\\\\|\\[\[\]()]|\\(?P<edge>begin|end)\{" + _MATHS + r"\*?\}|\\.|\$\$|\$|`+", re.DOTALL
)
_OPENS: Final = {"\\[": "\\]", "$$": "$$", "begin": "end"}
_TRAILING: Final = re.compile(r"[ \t]*[.,;:!?]+(?!\S)")

Stretch = tuple[int, int]


def guarded_and_displayed(text: str, start: int, end: int) -> tuple[list[Stretch], list[Stretch]]:
    """Inline stretches and displayed formulas of one paragraph, text[start:end].

    Inline: `$…$` (as Pandoc reads it, so that prices are none), `\\(…\\)` and code in
    backticks. Displayed: `\\[…\\]`, `$$…$$` and LaTeX environments, with the punctuation after
    them; one that is never closed runs to the end of the paragraph if it begins a line.

    Returns:
        Inline stretches, merged where they overlap, and displayed ones; both in order.
    """
    inline: list[Stretch] = []
    displayed: list[Stretch] = []
    opened: dict[str, int] = {}
    display, display_start = "", 0
    for match in _DELIMITER.finditer(text, start, end):
        mark = match["edge"] or match[0]
        at = match.start()
        if display:
            if mark == _OPENS[display]:
                displayed.append((display_start, _after_punctuation(text, match.end(), end)))
                display = ""
        elif mark in _OPENS:
            display, display_start = mark, at
            opened.clear()
        elif mark == "\\(":
            opened["\\("] = at
        elif mark == "\\)" or mark[0] == "`" or mark == "$":
            key = "\\(" if mark == "\\)" else mark
            begun = opened.pop(key, None)
            if begun is not None and _closes(text, begun, at, mark):
                inline.append((begun, match.end()))
            elif mark[0] == "`" or (mark == "$" and not text[at + 1 : at + 2].isspace()):
                opened[key] = at
    if display and not text[text.rfind("\n", start, display_start) + 1 : display_start].strip():
        displayed.append((display_start, end))
    return _merged(inline), displayed


def _closes(text: str, begun: int, at: int, mark: str) -> bool:
    """Whether a mark ends what `begun` opened: not over many lines, and no price."""
    if mark == "\\)":
        return True
    if text.count("\n", begun, at) > 1:
        return False
    return mark[0] == "`" or not (text[at - 1].isspace() or text[at + 1 : at + 2].isdigit())


def _after_punctuation(text: str, at: int, end: int) -> int:
    match = _TRAILING.match(text, at, end)
    return match.end() if match else at


def _merged(stretches: list[Stretch]) -> list[Stretch]:
    """In order, overlapping ones joined."""
    merged: list[Stretch] = []
    for start, end in sorted(stretches):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
