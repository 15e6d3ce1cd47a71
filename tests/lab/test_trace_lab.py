"""Traces with exploration cut out, and with as much cut elsewhere."""

from __future__ import annotations

import pytest

from attribution_engine.lab.trace_lab import ELSEWHERE, EXPLORING, cut_versions, trace_row
from attribution_engine.records import Document, Mark

PROMPT = "Question: What is 2 + 3?\nAnswer:"
SAID = " Let me see what is asked."
STEPS = " Adding two and three takes one step. Two plus three makes five."
EXPLORED = " Wait, another way is to count up from three."
LAST = " The answer is 5."


def row(behaviour: str):
    text = PROMPT + SAID + STEPS + EXPLORED + LAST
    start = text.index("Wait")
    mark = Mark(start, text.index("The answer"), behaviour)
    return trace_row(Document(0, text, prompt_chars=len(PROMPT)), [mark])


def test_marks_of_the_whole_text_become_spans_of_the_response():
    found = row("explores_after_answer")
    (span,) = found["spans"]
    assert found["prompt"] == PROMPT
    assert found["response"][span["start"] : span["end"]] == EXPLORED.strip() + " "
    assert row("verifies")["spans"] == []


def test_either_cut_takes_about_as_much_and_leaves_the_answer():
    found = row("explores_before_answer")
    versions = cut_versions(found, seed=0)
    assert versions[EXPLORING] == SAID + STEPS + LAST
    assert EXPLORED.strip() in versions[ELSEWHERE]
    assert versions[ELSEWHERE].endswith(LAST)
    lost = len(found["response"]) - len(versions[ELSEWHERE])
    assert lost == pytest.approx(len(EXPLORED), rel=0.16)


def test_a_response_with_no_text_elsewhere_stays_whole():
    text = PROMPT + EXPLORED + LAST
    mark = Mark(text.index("Wait"), text.index("The answer"), "explores_before_answer")
    found = trace_row(Document(0, text, prompt_chars=len(PROMPT)), [mark])
    versions = cut_versions(found, seed=0)
    assert versions[ELSEWHERE] == found["response"]
    assert versions[EXPLORING] == LAST
