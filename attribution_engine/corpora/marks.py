"""Passages of a document whose behaviour the corpus itself names."""

from __future__ import annotations

import json
from typing import Any

from attribution_engine.records import Mark, UnreadableRow


def read_marks(where: str, value: Any, text: str, before: int) -> tuple[Mark, ...]:
    """The marks of a row.

    Args:
        where: file, row and field, for messages.
        value: a list of {start, end, behaviour}, in characters of the text or response, or its
            JSON text; None = no marks.
        text: that text or response.
        before: characters of the document before it.

    Returns:
        Marks in characters of the document, ascending.

    Raises:
        UnreadableRow: a mark is no such object, is blank, lies outside of the text,
            or overlaps another.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            raise UnreadableRow(f"{where} is no JSON; write a list of spans") from None
    if value is None:
        return ()
    if not isinstance(value, list):
        raise UnreadableRow(f"{where} must be a list of spans, not {type(value).__name__}")
    marks = sorted((_mark(where, each, text) for each in value), key=lambda mark: mark.start)
    for one, other in zip(marks, marks[1:]):
        if other.start < one.end:
            raise UnreadableRow(
                f"{where}: the spans at {one.start} and {other.start} overlap; keep one of them"
            )
    return tuple(Mark(mark.start + before, mark.end + before, mark.behaviour) for mark in marks)


def _mark(where: str, value: Any, text: str) -> Mark:
    form = '{"start": 12, "end": 40, "behaviour": "verifies"}'
    if not isinstance(value, dict) or not {"start", "end", "behaviour"} <= value.keys():
        raise UnreadableRow(f"{where}: a span must be written {form}, not {value!r:.60}")
    start, end, behaviour = value["start"], value["end"], value["behaviour"]
    whole = all(isinstance(at, int) and not isinstance(at, bool) for at in (start, end))
    if not whole or not isinstance(behaviour, str) or not behaviour.strip():
        raise UnreadableRow(f"{where}: a span must be written {form}, not {value!r:.60}")
    if not 0 <= start < end <= len(text):
        raise UnreadableRow(
            f"{where}: the span {start} to {end} does not lie in the {len(text)} characters of its "
            "text; correct it"
        )
    if not text[start:end].strip():
        raise UnreadableRow(f"{where}: the span {start} to {end} is blank; correct it")
    return Mark(start, end, behaviour)
