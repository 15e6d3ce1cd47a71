"""Where the words and the sentences of a text begin; both tile it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from attribution_engine.text.inline import guarded_and_displayed
from attribution_engine.text.sentences import sentence_starts
from attribution_engine.text.spans import steps

# A number with its decimals, a word with its apostrophes and hyphens, a character of a script that
# sets no spaces, a command of LaTeX, or one other mark. White space belongs to the word behind it,
# but a line end is a piece of its own.
_UNSPACED: Final = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Signs that belong to the letter before them and are no letters for `re`.
_SIGNS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06ed\u0900-\u0963\u0966-\u0df3\u0e31-\u0e4e\u0eb1-\u0ecd\u0f18-\u0fbc"
    "\u102b-\u103e\u1ab0-\u1aff\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\ufe00-\ufe0f"
)
_LETTER: Final = rf"(?:[{_SIGNS}]|(?![{_UNSPACED}])\w)"
_WORD: Final = re.compile(
    rf"\n|[{_UNSPACED}]|\d+(?:[.,]\d+)*(?!\w)|\\[A-Za-z]+"
    rf"|{_LETTER}+(?:['’-]{_LETTER}+)*|[^\w\s]"
)
_LINE: Final = re.compile(r"\n+")


def word_starts(text: str) -> list[int]:
    """Characters at which a word, a number, a mark or a line end stands; ascending."""
    return [match.start() for match in _WORD.finditer(text)]


def sentence_cuts(text: str) -> list[int]:
    """Characters at which a sentence, a line of code or a formula begins; the first is 0.

    Sentences are the steps of `spans.steps`, those of several sentences or lines of code cut.
    """
    found: list[int] = [0] if text else []
    for step in steps(text):
        found += [step.start, *_inside(text, step.start, step.end, step.kind)]
    return sorted(set(found))


def _inside(text: str, start: int, end: int, kind: str) -> Iterator[int]:
    if kind == "code":
        yield from (match.end() for match in _LINE.finditer(text, start, end) if match.end() < end)
    elif kind == "list item":
        guarded, _ = guarded_and_displayed(text, start, end)
        yield from sentence_starts(text, start, end, guarded)
