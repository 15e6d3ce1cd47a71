"""Which control a control is."""

from __future__ import annotations

from dataclasses import replace

from attribution_engine.findings.query_roles import roles, tasks_of_controls
from attribution_engine.findings.run_scores import QueryFacts


def query(number: int, kind: str, suite: str, task: str, prompt: str) -> QueryFacts:
    return QueryFacts(number, suite, task, kind, None, 1.0, prompt, "", None, ())


SLOPE = "What is the slope of the line through (1, 2) and (3, 4)? Think."
LINEAR = "Solve for x: 3x + 4 = 10. Think."
FACT = "Who wrote the book about the river Zan? Think."
QUERIES = [
    query(0, "reasoning", "slopes", "slope", SLOPE),
    query(1, "reasoning", "linear", "equation", LINEAR),
    query(2, "factual", "facts", "books", FACT),
]


def test_by_name() -> None:
    named = [
        query(3, "control", "factual_control", "t", SLOPE),
        query(4, "control", "controls", "Reasoning, no step", FACT),
    ]
    found = roles([*QUERIES, *named])
    assert [found[at] for at in range(5)] == [
        "reasoning", "reasoning", "factual", "factual control", "reasoning control",
    ]  # fmt: skip


def test_by_words_where_the_name_does_not_tell() -> None:
    more = [
        query(3, "control", "controls", "a", f"The slope is 1. {SLOPE}"),
        query(4, "control", "controls", "b", f"Ana wrote the book about the river Zan. {FACT}"),
        query(5, "control", "controls", "c", "Blue green seven unlike anything else"),
        query(6, "control", "fact and reason", "c", "Blue green seven unlike anything else"),
    ]
    found = roles([*QUERIES, *more])
    assert [found[at] for at in range(3, 7)] == [
        "reasoning control", "factual control", "control", "control",
    ]  # fmt: skip


def test_a_reasoning_control_belongs_to_the_task_it_is_worded_like() -> None:
    more = [
        query(3, "control", "reasoning_control", "t", f"The slope of it is 5. {SLOPE}"),
        query(4, "control", "reasoning_control", "t", "Solve for x: x = 10. Think."),
        query(5, "control", "reasoning_control", "t", "Blue green seven unlike anything else"),
        replace(query(6, "control", "reasoning_control", "t", SLOPE), is_set=True),
    ]
    every = [*QUERIES, *more]
    assert tasks_of_controls(every, roles(every)) == {3: "slope", 4: "equation"}
