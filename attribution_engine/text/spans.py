"""Documents and traces in steps: sentences, lines, list items, headings, formulas, code."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final

from attribution_engine.records import Span, SpanKind
from attribution_engine.text.code_regions import LONGEST_LINE, Region, code_regions
from attribution_engine.text.inline import Stretch, guarded_and_displayed
from attribution_engine.text.sentences import sentence_starts

# A fenced block up to this many lines is one step; a longer one is cut at its blank lines.
WHOLE_FENCE: Final = 25
# A list item up to this many characters is one step; a longer one is cut at its sentences.
WHOLE_ITEM: Final = 160
# Lines shorter than this were ended on purpose, not by an editor that wraps.
WRAPPED: Final = 45
LONGEST_FORMULA: Final = 400

Cut = tuple[int, SpanKind]  # where a step begins, and what it is

_HEADING: Final = re.compile(
    r" {0,3}#{1,6}(?:\s|$)| {0,3}(?:= ?){1,6}[^=]{1,150}(?:= ?){1,6}\s*$"
    r"|\\(?:part|chapter|(?:sub){0,2}section|paragraph)\*?\{"
)
_BOLD_LINE: Final = re.compile(r"\s*(\*\*|__)(?=\S)[^*_]{1,100}(?<=\S)\1:?\s*$")
_ITEM: Final = re.compile(
    r"\s*(?:[-*+•–]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]|\*\*\d{1,3}[.)])\s+(?=\S)|\s*\\item\b"
)
_NUMBERED: Final = re.compile(r"\s*\(?\d{1,3}[.)]\s")
# The line under a heading, and what no heading that is underlined contains.
_UNDERLINE: Final = re.compile(r" {0,3}(?:={3,}|-{3,})\s*$")
_NO_TITLE: Final = re.compile(r"[|=<>]|[.,:;!?]\s*$|\s*[-*+>]\s")
LONGEST_TITLE: Final = 80
# Marks of where a model's thought begins and ends; other tags belong to their sentence.
_THOUGHT_MARK: Final = re.compile(
    r"</?(?:think|thinking|thought|reasoning|scratchpad|solution)>|<\|[\w ▁｜-]{1,40}\|>"
)
_LONE: Final = re.compile(r"\s*(?:\||<[^>]*>\s*$|[-*_=]{3,}\s*$|\\(?:begin|end)\{)")
_VISIBLE: Final = re.compile(r"\S")
_RELATION: Final = re.compile(r"[=<>≤≥≈≠≡→⇒+×*/^∈−]|\\(?:leq?|geq?|neq?|approx|equiv|in|to)\b|\d-")
_NOT_WORDS: Final = re.compile(
    r"\\(?:text|mathrm|operatorname|textbf|mbox)\s*\{[^{}]*\}|\\[a-zA-Z]+"
    r"|(?<![a-zA-Z])(?:sin|cos|tan|cot|sec|csc|log|ln|exp|max|min|mod|gcd|lcm|sqrt|lim|det)(?![a-z])"
)
# Raised and lowered digits are no part of a word.
_WORD: Final = re.compile(
    r"[^\W\d_⁰¹²³⁴-⁹₀-₉][^\W\d_A-Z⁰¹²³⁴-⁹₀-₉]{2,}"
    r"|\b(?i:so|if|is|we|in|of|by|to|or|as|at|an|be|it|on|no|up|do|my)\b"
)
_STARTS_CODE: Final = re.compile(
    r"\s*(?:(?:async\s+)?def\s+\w+\s*\(|class\s+\w+\s*[:(]|import\s+\w|from\s+[\w.]+\s+import\s"
    r"|@\w+|>>>\s|(?:for|while|if)\s.*:\s*\n[ \t]+\S)"
)
_STATEMENT_END: Final = re.compile(r"[^\\$]*[;{}]\s*$")
_MODULE: Final = re.compile(r"\s*(?:#!.*\n)?(?:#(?!#).*\n|\s)*[rbu]?(?:\"{3}|'{3})")
_TRIPLE_QUOTES: Final = re.compile(r"\"{3}|'{3}")
_DEFINITION: Final = re.compile(r"\s*(?:@\w|(?:async\s+)?def\s|class\s)|(?:import|from)\s")


def steps(text: str) -> list[Span]:
    """Steps of a text, by form alone; the text may be unfinished, and of any length.

    Steps tile the text: the first starts at 0, each ends where the next starts, the last ends
    at len(text). So whitespace belongs to the step before it, at the very start to the first.
    Every step holds a character that is not whitespace, unless the whole text has none.

    A file of program code (no fences, most lines code) is cut at its blank lines. Elsewhere
    fenced code, displayed formulas, headings, list items and short lines are steps, and
    paragraphs are cut into sentences. Lines wrapped by an editor are read as one.

    Returns:
        Spans in order; none for an empty text.
    """
    if not text:
        return []
    regions, fences = code_regions(text)
    if not fences and "[asy]" not in text and _is_code_file(text, regions):
        return _tiled(text, _blocks(text, 0, len(text)))
    cuts: list[Cut] = []
    done = 0
    for start, end, closing in _code_stretches(text, regions, fences):
        if start < done:
            continue
        cuts += _prose(text, done, start)
        cuts += _code(text, start, closing)
        done = end
    cuts += _prose(text, done, len(text))
    return _tiled(text, cuts)


def _tiled(text: str, cuts: Iterable[Cut]) -> list[Span]:
    """Spans from one cut to the next; what comes before the first cut belongs to it."""
    ordered = list(cuts) or [(0, "line")]
    starts = [0, *(start for start, _ in ordered[1:]), len(text)]
    return [Span(starts[at], starts[at + 1], kind) for at, (_, kind) in enumerate(ordered)]


def _is_code_file(text: str, regions: list[Region]) -> bool:
    """Whether a text begins as a Python module, or most lines are code.

    Lines of code are Python's, or end as statements of C, Java or JavaScript do.
    """
    if regions and _MODULE.match(text):
        return True
    lines = [line for line in text.split("\n") if line.strip()]
    python = sum(
        sum(1 for line in text[region.start : region.end].split("\n") if line.strip())
        for region in regions
    )
    ends = sum(1 for line in lines if len(line) < LONGEST_LINE and _STATEMENT_END.match(line))
    return max(python, ends) * 2 > len(lines) > 1


def _code_stretches(
    text: str, regions: list[Region], fences: list[Region]
) -> list[tuple[int, int, int]]:
    """Fenced code with its fences, drawings in Asymptote, and unfenced Python, in order.

    Returns:
        (start, end, end without the closing mark) of each.
    """
    found: list[tuple[int, int, int]] = []
    fenced: list[Stretch] = []
    for at in range(0, len(fences), 2):
        closing = fences[at + 1] if at + 1 < len(fences) else Region(len(text), len(text))
        fenced.append((fences[at].start, closing.end))
        found.append((fences[at].start, closing.end, closing.start))
    covered = 0
    for region in regions:
        while covered < len(fenced) and fenced[covered][1] <= region.start:
            covered += 1
        outside = covered == len(fenced) or region.end <= fenced[covered][0]
        if outside and _STARTS_CODE.match(text, region.start, region.start + 2 * LONGEST_LINE):
            found.append((region.start, region.end, region.end))
    start = text.find("[asy]")
    while start >= 0 and (end := text.find("[/asy]", start)) >= 0:
        found.append((start, end + len("[/asy]"), end))
        start = text.find("[asy]", end)
    return sorted(found)


def _code(text: str, start: int, end: int) -> Iterator[Cut]:
    """A stretch of code as one step, or by its blank lines if it is long."""
    if text.count("\n", start, end) > WHOLE_FENCE:
        yield from _blocks(text, start, end)
    elif (first := _first_visible(text, start, end)) is not None:
        yield first, "code"


def _blocks(text: str, start: int, end: int) -> Iterator[Cut]:
    """Code cut at blank lines, but not within a quoted text, nor after a line or two.

    A definition or an import after a blank line is always a new step.
    """
    blank, quoted, lines = True, "", 0
    for line_start, line_end in _physical_lines(text, start, end):
        visible = _first_visible(text, line_start, line_end)
        if visible is None:
            blank = True
            continue
        line = text[line_start : min(line_end, line_start + LONGEST_LINE)]
        definition = bool(_DEFINITION.match(line))
        if definition and line[0] in "dcaif@":
            quoted = ""  # whatever was opened before, code goes on here
        if blank and not quoted and (lines == 0 or lines > 2 or definition):
            yield visible, "code"
            lines = 0
        blank, lines = False, lines + 1
        for mark in _TRIPLE_QUOTES.findall(line):
            quoted = mark if not quoted else "" if mark == quoted else quoted


def _prose(text: str, start: int, end: int) -> Iterator[Cut]:
    """Steps of a stretch without code: paragraph by paragraph."""
    paragraph: list[Stretch] = []
    for line in _physical_lines(text, start, end):
        if len(paragraph) == 1 and _underlined(text, paragraph[0], line):
            yield _visible_start(text, paragraph[0]), "heading"
            paragraph = []
        elif text[line[0] : line[1]].strip():
            paragraph.append(line)
        elif paragraph:
            yield from _paragraph(text, paragraph[0][0], paragraph[-1][1])
            paragraph = []
    if paragraph:
        yield from _paragraph(text, paragraph[0][0], paragraph[-1][1])


def _paragraph(text: str, start: int, end: int) -> Iterator[Cut]:
    """Displayed formulas, and the lines between them."""
    guarded, displayed = guarded_and_displayed(text, start, end)
    for formula_start, formula_end in displayed:
        yield from _lines(text, start, formula_start, _within(guarded, start, formula_start))
        yield formula_start, "formula"
        start = formula_end
    yield from _lines(text, start, end, _within(guarded, start, end))


def _within(guarded: list[Stretch], start: int, end: int) -> list[Stretch]:
    """The stretches that reach into text[start:end]."""
    first = bisect_right(guarded, start, key=itemgetter(1))
    return guarded[first : bisect_left(guarded, end, key=itemgetter(0))]


def _lines(text: str, start: int, end: int, guarded: list[Stretch]) -> Iterator[Cut]:
    """Steps of lines between displayed formulas, wrapped lines joined before."""
    for line_start, line_end in _parted(text, start, end, guarded):
        visible = _first_visible(text, line_start, line_end)
        if visible is None:
            continue
        line = text[line_start : min(line_end, line_start + LONGEST_LINE)]
        if _is_heading(line):
            yield visible, "heading"
        elif not _NUMBERED.match(line) and _is_formula(line):
            yield visible, "formula"
        else:
            inline = _within(guarded, visible, line_end)
            yield from _sentences(text, visible, line_end, inline, bool(_ITEM.match(line)))


def _sentences(
    text: str, start: int, end: int, guarded: list[Stretch], item: bool
) -> Iterator[Cut]:
    """A list item, sentences, or a line that is no sentence."""
    if item and end - start <= WHOLE_ITEM:
        yield start, "list item"
        return
    starts = [start, *sentence_starts(text, start, end, guarded)]
    for at, sentence in enumerate(starts):
        if item:
            yield sentence, "list item"
            continue
        tail = text[sentence:end] if at + 1 == len(starts) else ""
        ended = not tail or tail.rstrip().rstrip("\"'”’»)]}*_`$\\").endswith(tuple(".!?…。！？؟।"))
        yield sentence, "sentence" if ended else "line"


def _joined(text: str, start: int, end: int, guarded: list[Stretch]) -> Iterator[tuple[int, int]]:
    """Lines as they were before an editor wrapped them."""
    lines = list(_physical_lines(text, start, end))
    wrapped = any(
        _goes_on(text, one, other) and text[other[0] : other[1]].lstrip()[:1].islower()
        for one, other in zip(lines, lines[1:])
    )
    at = 0
    first = 0
    for number, (_line_start, line_end) in enumerate(lines):
        while at < len(guarded) and guarded[at][1] <= line_end:
            at += 1
        inside = at < len(guarded) and guarded[at][0] < line_end
        last = number + 1 == len(lines)
        if last or not (inside or (wrapped and _goes_on(text, lines[number], lines[number + 1]))):
            yield lines[first][0], line_end
            first = number + 1


def _goes_on(text: str, line: tuple[int, int], following: tuple[int, int]) -> bool:
    """Whether an editor could have wrapped a sentence between two lines."""
    if line[1] - line[0] < WRAPPED:
        return False
    one, other = (text[start : min(end, start + LONGEST_LINE)] for start, end in (line, following))
    if one.rstrip().endswith((".", "!", "?", ":", "。")):
        return False
    return not (_stands_alone(one) or _stands_alone(other) or _ITEM.match(other))


def _stands_alone(line: str) -> bool:
    return bool(_is_heading(line) or _LONE.match(line) or _is_formula(line))


def _is_heading(line: str) -> bool:
    return bool(_HEADING.match(line) or _BOLD_LINE.match(line))


def _is_formula(line: str) -> bool:
    """Whether a line holds a relation or an operator, and no word."""
    if len(line) > LONGEST_FORMULA or not _RELATION.search(line) or _UNDERLINE.match(line):
        return False
    return not _WORD.search(_NOT_WORDS.sub(" ", line))


def _underlined(text: str, title: Stretch, line: Stretch) -> bool:
    """Whether the second of two lines makes a heading of the first, as in Markdown."""
    if title[1] - title[0] > LONGEST_TITLE or line[1] - line[0] > 2 * LONGEST_TITLE:
        return False
    words = text[title[0] : title[1]]
    return bool(
        _UNDERLINE.match(text[line[0] : line[1]]) and _WORD.search(words)
    ) and not _NO_TITLE.search(words)


def _visible_start(text: str, line: Stretch) -> int:
    visible = _first_visible(text, *line)
    assert visible is not None  # a line of a paragraph holds something
    return visible


def _parted(text: str, start: int, end: int, guarded: list[Stretch]) -> Iterator[Stretch]:
    """Joined lines, cut where a mark of a model's thought stands beside other words."""
    for line_start, line_end in _joined(text, start, end, guarded):
        for mark in _THOUGHT_MARK.finditer(text, line_start, line_end):
            if _within(guarded, *mark.span()):
                continue
            if line_start < mark.start():
                yield line_start, mark.start()
            yield mark.span()
            line_start = mark.end()
        if line_start < line_end:
            yield line_start, line_end


def _physical_lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """(start, end) of each line of text[start:end], without its newline."""
    while start <= end:
        newline = text.find("\n", start, end)
        stop = newline if newline >= 0 else end
        yield start, stop
        start = stop + 1


def _first_visible(text: str, start: int, end: int) -> int | None:
    """The first character of text[start:end] that is not whitespace, if any."""
    match = _VISIBLE.search(text, start, end)
    return match.start() if match else None
