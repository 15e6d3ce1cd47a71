"""Steps of a document in which the passages that the corpus marks are steps of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from attribution_engine.records import Document, Mark, Span
from attribution_engine.text.spans import steps

_BLANK: Final = re.compile(r"\s*")


def document_steps(document: Document) -> list[Span]:
    """The steps of a document: the marked passages, and by form what lies between them.

    The steps tile the text, as those of `steps` do: white space after a passage belongs to it,
    at the very start of the text to the first step.

    Returns:
        Spans in order; none for an empty text.
    """
    found = steps(document.text)
    if not document.marks:
        return found
    stops = [*(mark.start for mark in document.marks[1:]), len(document.text)]
    passages = [
        _passage(document.text, mark, stop)
        for mark, stop in zip(document.marks, stops, strict=True)
    ]
    pieces = sorted([*passages, *_between(found, passages)], key=lambda span: span.start)
    tiled: list[Span] = []
    for piece in pieces:
        if document.text[piece.start : piece.end].strip():
            tiled.append(piece if tiled else replace(piece, start=0))
        elif tiled:
            tiled[-1] = replace(tiled[-1], end=piece.end)
    return tiled


def _passage(text: str, mark: Mark, stop: int) -> Span:
    """A mark as a step, with the white space behind it, at most up to `stop`."""
    blank = _BLANK.match(text, mark.end, stop)
    assert blank is not None  # it matches nothing, if need be
    return Span(mark.start, blank.end(), "passage", mark.behaviour, "corpus")


def _between(found: list[Span], passages: list[Span]) -> Iterator[Span]:
    """The parts of the steps that no passage covers."""
    for step in found:
        start = step.start
        for passage in passages:
            if passage.start >= step.end or passage.end <= start:
                continue
            if start < passage.start:
                yield replace(step, start=start, end=passage.start)
            start = passage.end
        if start < step.end:
            yield replace(step, start=start)
