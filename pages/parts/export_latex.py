"""A table as LaTeX: a longtable in which no character of a text is a command."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from attribution_engine.text.hidden import HIDDEN

LONG = 32  # characters from which a column is set as paragraphs
PIECE = 1200  # characters of a cell on one row: a row cannot be broken over pages
UNBROKEN = 40  # characters without a blank after which a line may end
HEAD = """% {name}
% {caption}
% For XeLaTeX or LuaLaTeX (UTF-8 texts of any script; choose a font that has them):
%   \\usepackage{{fontspec, longtable, booktabs, array}}
% Line ends inside a cell are \\newline, blanks that LaTeX would drop \\hspace*; characters
% that are not drawn stand as [U+....]. A long text goes on in further rows.
"""
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    # These mean something in some places only: after \\, in front of a second one of their kind.
    "-": "{-}",
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    ",": "{,}",
    "?": "{?}",
    "!": "{!}",
    "\n": r"\newline{}",
    "\t": r"\hspace*{2em}",
}
NOT_DRAWN = ("Cf", "Cs", "Co", "Cn")  # categories of which no character is drawn by itself
JOINERS = "\u200c\u200d"  # scripts and emoji are spelt with them


def escaped(text: str) -> str:
    """A text as LaTeX that prints it and does nothing else."""
    out: list[str] = []
    unbroken = 0
    before = ""
    for character in text.replace("\r\n", "\n"):
        if character in SPECIAL:
            out.append(SPECIAL[character])
        elif character == " ":
            # LaTeX takes one blank of several, and none at the start of a line.
            out.append(r"\hspace*{0.5em}" if before in ("", " ", "\n", "\t") else " ")
        elif _is_hidden(character):
            out.append(f"{{[}}U+{ord(character):04X}{{]}}")
        else:
            out.append(character)
        unbroken = 0 if character in " \n\t" else unbroken + 1
        if unbroken >= UNBROKEN and not unicodedata.combining(character):
            out.append(r"\allowbreak{}")
            unbroken = 0
        before = character
    return "".join(out)


def _is_hidden(character: str) -> bool:
    if character in JOINERS:
        return False
    return bool(HIDDEN.match(character)) or unicodedata.category(character) in NOT_DRAWN


def latex(
    names: Sequence[str], rows: Sequence[Sequence[Any]], name: str = "", caption: str = ""
) -> str:
    """A longtable with a header on every page; numbers stand right, long texts are set in lines."""
    texts = [[_text(cell) for cell in row] for row in rows]
    spec = _columns(names, rows, texts)
    header = " & ".join(escaped(title) for title in names) + r" \\"
    lines = [
        HEAD.format(name=_comment(name), caption=_comment(caption)).rstrip("\n"),
        rf"\begin{{longtable}}{{{spec}}}",
    ]
    if name or caption:
        words = ". ".join(filter(None, (name, caption)))
        # The list of tables takes the name only.
        lines.append(rf"\caption[{{{escaped(name)}}}]{{{escaped(words)}}} \\")
    lines += [r"\toprule", header, r"\midrule", r"\endhead", r"\bottomrule", r"\endfoot"]
    for row in texts:
        for piece in _pieces(row):
            lines.append(" & ".join(escaped(cell) for cell in piece) + r" \\")
    return "\n".join([*lines, r"\end{longtable}", ""])


def _columns(
    names: Sequence[str], rows: Sequence[Sequence[Any]], texts: Sequence[Sequence[str]]
) -> str:
    """Letters of the columns; the width that short ones leave is shared by the long ones."""
    longest = [
        max([len(title), *(len(row[place]) for row in texts)]) for place, title in enumerate(names)
    ]
    n_long = sum(size > LONG for size in longest)
    width = max(0.12, 0.8 / n_long) if n_long else 0.0
    spec = []
    for place, size in enumerate(longest):
        values = [row[place] for row in rows if row[place] is not None]
        if size > LONG:
            spec.append(rf"p{{{width:.2f}\textwidth}}")
        elif values and all(_is_number(value) for value in values):
            spec.append("r")
        else:
            spec.append("l" if not any("\n" in row[place] for row in texts) else "p{8em}")
    return "".join(spec)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return repr(value).replace("-", "\u2212")
    return json.dumps(value, ensure_ascii=False, default=str)


def _pieces(row: Sequence[str]) -> list[list[str]]:
    """A row, or several where a cell is too long for one."""
    cut = [_cut(cell) for cell in row]
    return [
        [parts[level] if level < len(parts) else "" for parts in cut]
        for level in range(max(map(len, cut), default=0))
    ]


def _cut(text: str) -> list[str]:
    """Pieces of a text that are short enough, ended at a line's end where there is one."""
    pieces = []
    start = 0
    while len(text) - start > PIECE:
        end = text.rfind("\n", start, start + PIECE) + 1
        if end <= start:
            end = text.rfind(" ", start, start + PIECE) + 1
        if end <= start:
            end = start + PIECE
        pieces.append(text[start:end])
        start = end
    return [*pieces, text[start:]]


def _comment(text: str) -> str:
    """A text on one line of a comment, without characters that end it."""
    return re.sub(r"[^\S ]|[\0-\x1f\x7f-\x9f\u2028\u2029]", " ", text)
