"""Passages cut out of traces: what is left is true, in order, and ends in the answer."""

from __future__ import annotations

import copy
import re
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.lab.grammar.sft_composition import BEHAVIOURS
from attribution_engine.lab.grammar.sft_traces import make_traces
from attribution_engine.lab.trace_cuts import (
    TOLERANCE,
    Row,
    cut_equal_length,
    cut_spans,
    cuttable_sentences,
    without_ranges,
)
from attribution_engine.records import InputError

TRACES = make_traces(400, seed=3)
EXPLORES = ("explores_after_answer", "explores_before_answer")
rows = st.sampled_from(TRACES)


def is_subsequence(short: str, long: str) -> bool:
    rest = iter(long)
    return all(letter in rest for letter in short)


def end_of(row: Row) -> str:
    return re.split(r"[.`]\s", row["response"])[-1]


@given(rows, st.sets(st.sampled_from(BEHAVIOURS)))
@settings(max_examples=150, deadline=None)
def test_cut_spans_takes_the_passages_and_nothing_else(row: Row, behaviours: set[str]) -> None:
    before = copy.deepcopy(row)
    cut = cut_spans(row, behaviours)
    assert row == before
    if row["behaviour"] not in behaviours or not row["spans"]:
        assert cut == row
        return
    (span,) = row["spans"]
    passage = row["response"][span["start"] : span["end"]]
    assert cut["spans"] == []
    assert cut["response"].split() == row["response"].replace(passage, "", 1).split()
    assert len(row["response"]) - len(cut["response"]) - len(passage) in (0, 1)
    assert end_of(cut) == end_of(row)
    assert "  " not in cut["response"].split("```")[0]


def test_what_is_left_is_the_same_worked_answer() -> None:
    for row in TRACES:
        left = cut_spans(row, BEHAVIOURS)["response"]
        if row["domain"] == "code":
            (block,) = re.findall(r"```python\n(.*?)\n```", left, re.DOTALL)
            test = re.search(r"It should pass: (assert .+)\nAnswer:", row["prompt"])
            assert test
            exec(compile(f"{block}\n{test[1]}", "<response>", "exec"), {})
        else:
            answer = re.search(r"The answer is (-?\d+)\.$", left)
            assert answer
            assert re.search(rf"(result is|I get|gives|makes) {answer[1]}\.", left)


@given(rows, st.integers(0, 10**6))
@settings(max_examples=300, deadline=None)
def test_cut_equal_length_cuts_as_much_elsewhere(row: Row, seed: int) -> None:
    before = copy.deepcopy(row)
    cut = cut_equal_length(row, Random(seed))
    assert row == before
    if not row["spans"]:
        assert cut["response"] == row["response"]
        return
    (span,), (moved,) = row["spans"], cut["spans"]
    passage = row["response"][span["start"] : span["end"]]
    assert cut["response"][moved["start"] : moved["end"]] == passage
    lost = len(row["response"]) - len(cut["response"])
    assert abs(lost - len(passage) - 1) <= TOLERANCE * (len(passage) + 1)
    assert end_of(cut) == end_of(row)
    assert is_subsequence(cut["response"], row["response"])
    blocks = re.findall(r"```python\n.*?\n```", row["response"], re.DOTALL)
    assert all(block in cut["response"] for block in blocks)
    assert cut == cut_equal_length(row, Random(seed))


def test_most_cuts_are_whole_sentences() -> None:
    marked = [row for row in TRACES if row["spans"]]
    whole = 0
    for number, row in enumerate(marked):
        cut = cut_equal_length(row, Random(number))["response"]
        pieces = [row["response"][start:end] for start, end in cuttable_sentences(row)]
        whole += len(cut) + sum(len(piece) for piece in pieces if piece not in cut) == len(
            row["response"]
        )
    assert whole / len(marked) > 0.9


def test_a_trace_too_short_is_one_line() -> None:
    row = {
        "prompt": "Question: 1 + 1?\nAnswer:",
        "response": " 1 + 1 = 2. Let me verify this at length: 2 - 1 = 1. The answer is 2.",
        "spans": [{"start": 12, "end": 52, "behaviour": "verifies"}],
    }
    with pytest.raises(InputError, match="cannot cut 41 characters outside"):
        cut_equal_length(row, Random(0))


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_spans_move_with_the_text(data: st.DataObject) -> None:
    row = data.draw(rows)
    length = len(row["response"])
    points = data.draw(st.lists(st.integers(0, length), min_size=2, max_size=6, unique=True))
    places = sorted(points)
    ranges = [(places[at], places[at + 1]) for at in range(0, len(places) - 1, 2)]
    cut = without_ranges(row, ranges)
    kept = [at for at in range(length) if not any(start <= at < end for start, end in ranges)]
    assert cut["response"] == "".join(row["response"][at] for at in kept)
    for span in row["spans"]:
        inside = [at for at in kept if span["start"] <= at < span["end"]]
        expected = "".join(row["response"][at] for at in inside)
        found = "".join(cut["response"][s["start"] : s["end"]] for s in cut["spans"])
        assert found == expected
