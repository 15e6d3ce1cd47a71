"""What kind of token each token of a text is: connective, code, Markdown, number, operator."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution_engine.text.code_regions import Region, code_regions, syntax_of
from attribution_engine.text.word_lists import WordLists, shipped

# A fence is the line that opens or closes a block of code, its language included.
CLASSES: Final = ("connective", "code", "markdown", "fence", "number", "operator", "other")
CONNECTIVE, CODE, MARKDOWN, FENCE, NUMBER, OPERATOR, OTHER = range(len(CLASSES))

_BLANK: Final = np.array([chr(code).isspace() for code in range(0x3002)])  # none beyond
_NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
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


@dataclass(frozen=True, slots=True)
class Marks:
    """What the characters of a text are.

    Attributes:
        places: [characters] place in CLASSES.
        joined: (start, end) of what counts as one however many tokens it has: connectives and
            fences, in order.
    """

    places: NDArray[np.uint8]
    joined: tuple[tuple[int, int], ...]


def classify(text: str, token_ends: Sequence[int], words: WordLists | None = None) -> list[str]:
    """The class of each token of a text.

    A token has the class that most of its characters have, and "other" if none has one; blanks
    count only in tokens of nothing else. A word of several tokens gives each of them its class.
    The reading is by form alone: "first" is a connective in "the first term" too.

    Args:
        text: a document's or query's whole text.
        token_ends: [tokens] character where each token ends; a token begins where the one
            before it ends, so a leading space belongs to it.

    Returns:
        One of CLASSES a token; a token of no characters is "other".
    """
    return np.array(CLASSES, dtype=object)[class_places(text, token_ends, words)].tolist()


def class_places(
    text: str, token_ends: ArrayLike, words: WordLists | None = None
) -> NDArray[np.uint8]:
    """The same as `classify` gives, as places in CLASSES."""
    return places_of(text, marks_of(text, words), token_ends)


def places_of(text: str, marks: Marks, token_ends: ArrayLike) -> NDArray[np.uint8]:
    """[tokens] place in CLASSES of each token of a text, from that of its characters."""
    ends = np.clip(np.asarray(token_ends, dtype=np.int64), 0, len(text))
    if not len(ends):
        return np.zeros(0, np.uint8)
    starts = np.concatenate(([0], ends[:-1]))
    counts = np.zeros((len(CLASSES), len(ends)), dtype=np.int64)
    visible = ~_blank(text)
    seen = np.concatenate(([0], np.cumsum(visible)))
    all_blank = seen[ends] == seen[starts]
    for place in range(OTHER):
        marked = marks.places == place
        before = np.concatenate(([0], np.cumsum(marked & visible)))
        counts[place] = before[ends] - before[starts]
        before = np.concatenate(([0], np.cumsum(marked)))
        counts[place][all_blank] = (before[ends] - before[starts])[all_blank]
    return np.where(counts.max(axis=0) > 0, counts.argmax(axis=0), OTHER).astype(np.uint8)


def _blank(text: str) -> NDArray[np.bool_]:
    """[characters] whether each is white space."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
    return _BLANK[np.minimum(codes, len(_BLANK) - 1)]


def spans_of_class(text: str) -> list[tuple[int, int, str]]:
    """Runs of characters of one class, in order: (start, end, class); "other" is left out."""
    marks = marks_of(text).places
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


def marks_of(text: str, words: WordLists | None = None) -> Marks:
    """What each character of a text is; what is painted later wins."""
    lists = words or shipped()
    connective, operator = _patterns(lists)
    marks = bytearray([OTHER]) * len(text)
    for pattern, place in ((_NUMBER, NUMBER), (operator, OPERATOR), (connective, CONNECTIVE)):
        for match in pattern.finditer(text):
            _paint(marks, *match.span(), place)
    for start, end in _markdown(text):
        _paint(marks, start, end, MARKDOWN)
    regions, fences = code_regions(text, lists.words("fences", "prose"))
    for region in regions:
        _paint_code(marks, text, region)
    for fence in fences:
        _paint(marks, fence.start, fence.end, FENCE)
    said = bytes((CONNECTIVE,))
    joined = [
        match.span()
        for match in connective.finditer(text)
        if marks.count(said, *match.span()) == match.end() - match.start()
    ]
    joined += [(fence.start, fence.end) for fence in fences]
    return Marks(np.frombuffer(bytes(marks), dtype=np.uint8), tuple(sorted(joined)))


@lru_cache(maxsize=8)
def _patterns(words: WordLists) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Connectives and operators of the lists."""
    phrases = sorted(words.words("connectives"), key=len, reverse=True)
    # A word joined by a hyphen or an apostrophe ("so-called", "first-order") is another word.
    connective = r"(?<![\w'’-])(?:" + _any_of(phrases).replace(r"\ ", r"\s") + r")(?![\w'’-])"
    signs = sorted(words.words("operators", "signs"), key=len, reverse=True)
    joining = _any_of(words.words("operators", "joining"))
    commands = _any_of(words.words("operators", "commands"))
    # A hyphen, slash or asterisk between two letters joins words; < and > of tags are none.
    operator = (
        rf"(?:{_any_of(signs)})|(?<![^\W\d_])(?:{joining})|(?:{joining})(?![^\W\d_])"
        rf"|[<>](?=\s|\d|=)|\\(?:{commands})(?![A-Za-z])"
    )
    return re.compile(connective, re.IGNORECASE), re.compile(operator, re.IGNORECASE)


def _any_of(words: Sequence[str]) -> str:
    """A pattern of any of these; of none, one that nothing matches."""
    return "|".join(map(re.escape, words)) or r"(?!)"


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
