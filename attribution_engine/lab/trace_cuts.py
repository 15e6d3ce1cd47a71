"""Traces with passages cut out: those that show a behaviour, or as much text elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations
from random import Random
from typing import Any

from attribution_engine.lab.grammar.sft_composition import FENCE
from attribution_engine.records import Document, InputError, Mark
from attribution_engine.text.marked_steps import document_steps

Row = dict[str, Any]
Range = tuple[int, int]
TOLERANCE = 0.15  # of the length to be cut
MOST_SENTENCES = 4  # cut together


def cut_spans(row: Row, behaviours: Collection[str]) -> Row:
    """The trace without the passages that show one of these behaviours.

    A passage goes with the white space behind it. What it said is said nowhere else, and no other
    sentence leans on it: what is left is true and ends in the answer.

    Args:
        row: with `response` and `spans`; it is not changed.
        behaviours: which passages to cut.

    Returns:
        The row with another response, and the spans that are left moved to their new places.
    """
    return without_ranges(row, _marked(row, behaviours))


def cut_equal_length(row: Row, rng: Random) -> Row:
    """The trace with about as much cut elsewhere as its passages are long.

    Neither the passages nor the last sentence are touched, nor code in fences, which is the
    answer. Neighbouring whole sentences of fitting length are cut if there are any, else sentences
    apart, else words from where a sentence begins: within 15% of the passages' length.

    Args:
        row: with `response` and `spans`; it is not changed.
        rng: chooses between cuts that fit.

    Returns:
        The row with another response and its spans moved; a copy if it has no spans.

    Raises:
        InputError: there is not so much text elsewhere.
    """
    wanted = sum(end - start for start, end in _marked(row, None))
    if not wanted:
        return {**row, "spans": []}
    sentences = cuttable_sentences(row)
    fitting = [
        chosen
        for count in range(1, MOST_SENTENCES + 1)
        for chosen in combinations(sentences, count)
        if abs(_length(chosen) - wanted) <= TOLERANCE * wanted
    ]
    whole = [chosen for chosen in fitting if all(a[1] == b[0] for a, b in zip(chosen, chosen[1:]))]
    if whole or fitting:
        return without_ranges(row, rng.choice(whole or fitting))
    return without_ranges(row, _words(row, sentences, wanted))


def cuttable_sentences(row: Row) -> list[Range]:
    """Sentences of the response, with the white space behind them, that are neither marked nor
    the last one nor code.
    """
    response = row["response"]
    marks = tuple(Mark(each["start"], each["end"], each["behaviour"]) for each in row["spans"])
    found = document_steps(Document(0, response, marks=marks))[:-1]
    plain = [step for step in found if step.kind != "passage"]
    return [
        (step.start, step.end) for step in plain if FENCE not in response[step.start : step.end]
    ]


def without_ranges(row: Row, ranges: Sequence[Range]) -> Row:
    """The row with ranges of its response cut out and its spans moved; a cut span is dropped.

    Args:
        ranges: characters (start, end), ascending and apart.
    """
    response = row["response"]
    kept, done = "", 0
    for start, end in ranges:
        kept += response[done:start]
        done = end
    kept += response[done:]

    def moved(at: int) -> int:
        return at - sum(min(at, end) - start for start, end in ranges if start < at)

    spans = [
        {**span, "start": moved(span["start"]), "end": moved(span["end"])}
        for span in row["spans"]
        if moved(span["start"]) < moved(span["end"])
    ]
    return {**row, "response": kept, "spans": spans}


def _marked(row: Row, behaviours: Collection[str] | None) -> list[Range]:
    """The passages of these behaviours (None = all) with the white space behind them."""
    response = row["response"]
    found = []
    for span in sorted(row["spans"], key=lambda each: int(each["start"])):
        if behaviours is None or span["behaviour"] in behaviours:
            rest = response[span["end"] :]
            found.append((span["start"], span["end"] + len(rest) - len(rest.lstrip())))
    return found


def _length(ranges: Sequence[Range]) -> int:
    return sum(end - start for start, end in ranges)


def _words(row: Row, sentences: list[Range], wanted: int) -> list[Range]:
    """Whole sentences from the first on, the last of them only up to the end of a word."""
    response = row["response"]
    chosen: list[Range] = []
    for start, end in sentences:
        missing = wanted - _length(chosen)
        if end - start >= missing:
            space = response.find(" ", start + missing - 1, end)
            chosen.append((start, space + 1 if space >= 0 else end))
            break
        chosen.append((start, end))
    if abs(_length(chosen) - wanted) > TOLERANCE * wanted:
        raise InputError(
            f"trace {row['prompt']!r:.60}: cannot cut {wanted} characters outside of its marked "
            "passages; make the response longer"
        )
    return chosen
