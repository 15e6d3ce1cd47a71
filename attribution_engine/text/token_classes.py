"""What kind of token each token of a text is: connective, code, Markdown, number, operator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution_engine.text.code_regions import Region, code_regions, syntax_of
from attribution_engine.text.connectives import CONNECTIVES

CLASSES: Final = ("connective", "code", "markdown", "number", "operator", "other")
CONNECTIVE, CODE, MARKDOWN, NUMBER, OPERATOR, OTHER = range(len(CLASSES))

_PHRASES: Final = sorted(
    (p for group in CONNECTIVES.values() for p in group), key=len, reverse=True
)
# A word joined by a hyphen or an apostrophe ("so-called", "first-order") is another word.
_CONNECTIVE: Final = re.compile(
    r"(?<![\w'’-])(?:"
    + "|".join(re.escape(phrase).replace(r"\ ", r"\s") for phrase in _PHRASES)
    + r")(?![\w'’-])",
    re.IGNORECASE,
)
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
# A hyphen, slash or asterisk between two letters joins words; < and > of tags are no operators.
_OPERATOR: Final = re.compile(
    r"[+=×·÷−±≤≥≠≈^]|(?<![^\W\d_])[-*/]|[-*/](?![^\W\d_])|[<>](?=\s|\d|=)"
    r"|\\(?:times|cdot|div|pm|frac|dfrac|tfrac|sqrt|leq?|geq?|neq?|approx)(?![A-Za-z])"
)
_MARKDOWN: Final = re.compile(
    r"^ {0,3}#{1,6}(?=\s|$)"  # heading
    r"|^[ \t]*(?:[-*+]|\d{1,3}[.)])(?=[ \t])"  # list bullet or number
    r"|^[ \t]*(?:>[ \t]?)+"  # quotation
    r"|^[ \t]*(?:-{3,}|\*{3,}|_{3,})(?=[ \t]*$)"  # rule
    r"|(?<![\w)\]*])\*{2,3}(?=[^\s*])|(?<=[^\s*])\*{2,3}(?![\w(\[*])"  # strong, open and close
    r"|(?<![\w_])__(?=[^\s_])|(?<=[^\s_])__(?![\w_])"
    r"|`+",
    re.MULTILINE,
)
_EMPHASIS: Final = re.compile(r"(?<![\w*)])\*(?=[^\W\d])[^*\n]{1,200}(?<=[^\s*])\*(?![\w*])")
_TABLE_ROW: Final = re.compile(r"^[ \t]*\|[^\n]*\|[ \t]*$", re.MULTILINE)
_TABLE_MARK: Final = re.compile(r"\||:?-{3,}:?")
_CONNECTIVE_OR_OTHER: Final = bytes(place if place == CONNECTIVE else OTHER for place in range(256))


def classify(text: str, token_ends: Sequence[int]) -> list[str]:
    """The class of each token of a text.

    A token has the class that most of its characters have, and "other" if none has one; a word
    of several tokens gives each of them its class. The reading is by form alone: "first" is a
    connective in "the first term" too.

    Args:
        text: a document's or query's whole text.
        token_ends: [tokens] character where each token ends; a token begins where the one
            before it ends, so a leading space belongs to it.

    Returns:
        One of CLASSES a token; a token of no characters is "other".
    """
    return np.array(CLASSES, dtype=object)[class_places(text, token_ends)].tolist()


def class_places(text: str, token_ends: ArrayLike) -> NDArray[np.uint8]:
    """The same as `classify` gives, as places in CLASSES."""
    ends = np.clip(np.asarray(token_ends, dtype=np.int64), 0, len(text))
    if not len(ends):
        return np.zeros(0, np.uint8)
    starts = np.concatenate(([0], ends[:-1]))
    marks = _marks(text)
    counts = np.zeros((len(CLASSES), len(ends)), dtype=np.int64)
    for place in range(OTHER):
        before = np.concatenate(([0], np.cumsum(marks == place)))
        counts[place] = before[ends] - before[starts]
    return np.where(counts.max(axis=0) > 0, counts.argmax(axis=0), OTHER).astype(np.uint8)


def spans_of_class(text: str) -> list[tuple[int, int, str]]:
    """Runs of characters of one class, in order: (start, end, class); "other" is left out."""
    marks = _marks(text)
    if not len(marks):
        return []
    borders = np.flatnonzero(np.diff(marks)) + 1
    starts = np.concatenate(([0], borders))
    ends = np.concatenate((borders, [len(marks)]))
    return [
        (int(start), int(end), CLASSES[marks[start]])
        for start, end in zip(starts, ends, strict=True)
        if marks[start] != OTHER
    ]


def _marks(text: str) -> NDArray[np.uint8]:
    """[characters] place in CLASSES of each character; what is painted later wins."""
    marks = bytearray([OTHER]) * len(text)
    for pattern, place in ((_NUMBER, NUMBER), (_OPERATOR, OPERATOR), (_CONNECTIVE, CONNECTIVE)):
        for match in pattern.finditer(text):
            _paint(marks, *match.span(), place)
    for start, end in _markdown(text):
        _paint(marks, start, end, MARKDOWN)
    regions, fences = code_regions(text)
    for region in regions:
        _paint_code(marks, text, region)
    for fence in fences:
        _paint(marks, fence.start, fence.end, MARKDOWN)
    return np.frombuffer(bytes(marks), dtype=np.uint8)


def _paint(marks: bytearray, start: int, end: int, place: int) -> None:
    marks[start:end] = bytes((place,)) * (end - start)


def _paint_code(marks: bytearray, text: str, region: Region) -> None:
    """Code syntax and numbers; in comments and strings connectives keep their class."""
    prose = bytes(marks[region.start : region.end]).translate(_CONNECTIVE_OR_OTHER)
    _paint(marks, region.start, region.end, OTHER)
    for piece in syntax_of(text, region):
        if piece.what == "words":
            words = prose[piece.start - region.start : piece.end - region.start]
            marks[piece.start : piece.end] = words
        else:
            _paint(marks, piece.start, piece.end, CODE if piece.what == "syntax" else NUMBER)


def _markdown(text: str) -> Iterator[tuple[int, int]]:
    """Headings, bullets, quotations, rules, emphasis, backticks and table lines."""
    for match in _MARKDOWN.finditer(text):
        yield match.span()
    for match in _EMPHASIS.finditer(text):
        yield match.start(), match.start() + 1
        yield match.end() - 1, match.end()
    for row in _TABLE_ROW.finditer(text):
        for match in _TABLE_MARK.finditer(text, *row.span()):
            yield match.span()
