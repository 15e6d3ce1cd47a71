"""Where a text is program code, and the syntax of that code by its language's tokenizer."""

from __future__ import annotations

import keyword
import re
import tokenize
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from attribution_engine.text.languages import LEXERS, lexed
from attribution_engine.text.word_lists import shipped

# No one writes longer lines of code, and the tokenizer is quadratic in the length of a line.
LONGEST_LINE: Final = 1000
LONGEST_LEXED: Final = 50_000  # characters of a block that a lexer of another language reads

_FENCE: Final = re.compile(r" {0,3}(?P<marks>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")
_STARTS: Final = re.compile(
    r"\s*(?:(?:async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[:(]|import\s+[\w.]+(?:\s+as\s+\w+)?\s*$"
    r"|from\s+[\w.]+\s+import\s|@\w|(?:async\s+)?for\s+[\w, ()]+\sin\s.*:|while\s.*:\s*$"
    r"|if\s[^.?!]*:\s*$|elif\s.*:\s*$|else:\s*$|try:\s*$|except\b.*:\s*$|with\s.*\sas\s.*:\s*$"
    r"|self\.\w+|return\s+\S+\s*$|>>>\s)"
)
_NAME: Final = re.compile(r"\s*\{?\.?(?P<name>[\w+#.-]+)")  # ```js, ``` js title="…", ```{.js}
_CONTINUES: Final = re.compile(
    r"\s*$|[ \t]+\S|[)\]}#\"'@]|(?:return|raise|pass|break|continue|assert|yield|global|del)\b"
    r"|(?:el)?if\b.*:|else:|try:|except\b|finally:|with\b.*:"
    r"|[\w.\[\](), *]+[-+*/%&|^]?=|[\w.]+\(|import\s|from\s"
)


class Region(NamedTuple):
    """Code from character `start` to `end`; the fence markers around it, if any, are outside.

    Attributes:
        language: as its fence names it, in lower case; empty where none does.
    """

    start: int
    end: int
    language: str = ""


class Syntax(NamedTuple):
    """One piece of code: `what` is "syntax", "number" or "words" (a comment or a string)."""

    start: int
    end: int
    what: str


class Line(NamedTuple):
    """A line's characters, its newline included, and where it starts."""

    start: int
    text: str


def lines_of(text: str) -> list[Line]:
    """Lines, split at newlines only."""
    lines, start = [], 0
    for piece in text.split("\n"):
        lines.append(Line(start, piece + "\n"))
        start += len(piece) + 1
    lines[-1] = Line(lines[-1].start, lines[-1].text[:-1])
    return lines


def code_regions(
    text: str, prose: Collection[str] | None = None
) -> tuple[list[Region], list[Region]]:
    """Code and fence markers of a text, each in order.

    Code is what stands in fences (unless they are marked as prose; an open fence runs to the
    end), and outside of fences the lines from one that can only be Python (a def, an import, a
    loop head, …) as long as lines are blank, indented, or look like Python.

    Returns:
        Code regions, and fence lines (markers and language name).
    """
    not_code = frozenset(shipped().words("fences", "prose") if prose is None else prose)
    regions: list[Region] = []
    fences: list[Region] = []
    outside: list[Line] = []
    closing, start, language, is_code = "", 0, "", False
    for line in lines_of(text):
        bare = line.text.rstrip("\r\n")
        match = _FENCE.match(bare) if len(bare) <= LONGEST_LINE else None
        if closing:
            if match and match["marks"].startswith(closing) and not match["info"].strip():
                fences.append(Region(line.start, line.start + len(bare)))
                regions += [Region(start, line.start, language)] if is_code else []
                closing = ""
        elif match:
            fences.append(Region(line.start, line.start + len(bare)))
            closing, start = match["marks"], line.start + len(line.text)
            named = _NAME.match(match["info"])
            language = named["name"].lower() if named else ""
            is_code = language not in not_code
            regions += _unfenced(outside)
            outside = []
        else:
            outside.append(line)
    regions += [Region(start, len(text), language)] if closing and is_code else []
    return regions + _unfenced(outside), fences


def _unfenced(lines: list[Line]) -> list[Region]:
    """Runs of Python lines among lines that no fence encloses."""
    regions: list[Region] = []
    open_ = False
    for line in lines:
        head = line.text[:LONGEST_LINE]
        if open_ and _CONTINUES.match(head):
            regions[-1] = Region(regions[-1].start, line.start + len(line.text))
        elif open_ := bool(_STARTS.match(head)):
            regions.append(Region(line.start, line.start + len(line.text)))
    return regions


def syntax_of(text: str, region: Region) -> Iterator[Syntax]:
    """Keywords, operators, brackets, colons, indentation, numbers, strings of a code region.

    Python is read by its own tokenizer, as far as unfinished or damaged code goes: after an
    indentation that fits no block it starts anew, and an open bracket or string ends with the
    region. A language that a fence names and `languages` knows is read by its lexer; code of
    others gets its brackets, operators, numbers and strings by Python's tokenizer as well.
    """
    whole = region.end - region.start <= LONGEST_LEXED
    if whole and region.language in LEXERS:
        code = text[region.start : region.end]
        if max(map(len, code.split("\n"))) <= LONGEST_LINE:
            for start, end, what in lexed(code, region.language):
                yield Syntax(region.start + start, region.start + end, what)
            return
    lines: list[Line] = []
    for line in lines_of(text[region.start : region.end]):
        if len(line.text) <= LONGEST_LINE:
            lines.append(Line(region.start + line.start, line.text))
            continue
        yield from _tokens(lines)
        lines = []
    yield from _tokens(lines)


def _tokens(lines: list[Line]) -> Iterator[Syntax]:
    first = 0
    while first < len(lines):
        read = first

        def readline() -> str:
            nonlocal read
            read += 1
            return lines[read - 1].text if read <= len(lines) else ""

        try:
            yield from _located(lines, first, tokenize.generate_tokens(readline))
            return
        except IndentationError:
            # `read` counts the line that did not fit; alone it does.
            first = max(read - 1, first + 1)
        except (tokenize.TokenError, SyntaxError):
            return


def _located(
    lines: list[Line], first: int, tokens: Iterator[tokenize.TokenInfo]
) -> Iterator[Syntax]:
    """Tokens at their characters in the text, with the indentation before each line's first."""
    last_row = 0
    for token in tokens:
        (row, column), (end_row, end_column) = token.start, token.end
        if not token.string.strip() or first + end_row > len(lines):
            continue  # newlines, indents, dedents and the end
        start = lines[first + row - 1].start + column
        end = lines[first + end_row - 1].start + end_column
        if row > last_row and column:
            yield Syntax(start - column, start, "syntax")
        last_row = end_row
        what = _what(token)
        if what is not None:
            yield Syntax(start, end, what)


def _what(token: tokenize.TokenInfo) -> str | None:
    if token.type == tokenize.OP or (
        token.type == tokenize.NAME and keyword.iskeyword(token.string)
    ):
        return "syntax"
    if token.type == tokenize.NUMBER:
        return "number"
    if token.type in (tokenize.COMMENT, tokenize.STRING):
        return "words"
    return None
