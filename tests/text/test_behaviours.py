"""What spans of reasoning traces do, by the rules: on clear cases, traps and any text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.records import Span
from attribution_engine.text.behaviours import (
    BEHAVIOURS,
    DEFINITIONS,
    DETECTOR,
    EXPLORATION,
    detect,
)
from attribution_engine.text.behaviours_values import boxed_values, named_value, plain
from attribution_engine.text.spans import steps
from tests.quick import processor_seconds


def read(text: str, prompt_chars: int = 0) -> list[tuple[str, str | None]]:
    spans = steps(text)
    found = detect(text, spans, prompt_chars)
    return [
        (text[span.start : span.end].strip(), behaviour)
        for span, behaviour in zip(spans, found, strict=True)
    ]


def behaviour_of(text: str, piece: str) -> str | None:
    (found,) = [behaviour for span, behaviour in read(text) if span.startswith(piece)]
    return found


def test_the_names_are_those_of_the_corpora_and_each_is_defined() -> None:
    assert BEHAVIOURS[:4] == (
        "explores_after_answer",
        "explores_before_answer",
        "verifies",
        "backtracks",
    )
    assert BEHAVIOURS[:2] == EXPLORATION
    assert tuple(DEFINITIONS) == BEHAVIOURS
    assert DETECTOR == "rules"


def test_a_whole_trace() -> None:
    text = (
        "<think>\nI need to find x with 3x + 2 = 14.\n\n"
        "Maybe I can just guess.\n\n3x = 12.\n\nSo x = 4.\n\n"
        "Let me check: 3 * 4 + 2 = 14. Yes, that works.\n\n"
        "Alternatively, I could divide first. x + 2/3 = 14/3. Then x = 4.\n\n"
        "Wait, no, that's not needed.\n</think>\n\nThe answer is \\boxed{4}."
    )
    assert [behaviour for _, behaviour in read(text)] == [
        None,
        "restates",
        "explores_before_answer",
        "computes",
        "concludes",
        "verifies",
        "verifies",
        "explores_after_answer",
        "explores_after_answer",
        "explores_after_answer",
        "backtracks",
        None,
        "concludes",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "So x = 12.",
        "Therefore, the answer is 12.",
        "The final answer is **12**.",
        "\\[ \\boxed{12} \\]",
        "I conclude that 12 is the answer.",
        "#### 12",
        "<answer>12</answer>",
        "Thus there are 12 apples left.",
        "So $x=\\boxed{12}$.",
    ],
)
def test_the_same_sentence_explores_before_an_answer_and_after_it(answer: str) -> None:
    other = "Alternatively, we could draw a picture."
    end = "\n\nThe answer is 12."
    assert behaviour_of(f"5 + 6 = 11.\n\n{other}{end}", other) == "explores_before_answer"
    assert behaviour_of(f"{answer}\n\n{other}{end}", other) == "explores_after_answer"


@pytest.mark.parametrize(
    "no_answer",
    [
        "What is the answer?",
        "I don't know yet what the answer is.",
        "So y = 7.",
        "Put the final answer in \\boxed{}.",
        "The answer is not clear yet.",
        "If the answer were 12, we would see it.",
        "3 + 9 = 12 is in the question?",
        "There were 112 of them.",
    ],
)
def test_what_states_no_answer(no_answer: str) -> None:
    other = "Alternatively, we could draw a picture."
    text = f"{no_answer}\n\n{other}\n\nThe answer is 12."
    assert behaviour_of(text, other) == "explores_before_answer"


def test_an_answer_is_known_from_the_end_in_any_notation() -> None:
    other = "Is there another way to see this?"
    for said, end in [
        ("Therefore p = 2/9.", "\\boxed{\\frac{2}{9}}"),
        ("So the area is $\\dfrac{2}{9}$.", "The answer is 2/9."),
        ("Hence it costs 1,250 dollars.", "Final answer: 1250"),
        ("So the length is $5\\sqrt{3}$.", "\\boxed{5\\sqrt{3}}"),
    ]:
        assert behaviour_of(f"{said}\n\n{other}\n\n{end}", other) == "explores_after_answer", said


def test_an_unfinished_trace_has_an_answer_where_what_is_asked_for_is_given() -> None:
    text = (
        "We need to find the area of the field.\n\n6 * 4 = 24.\n\nSo the area is 24.\n\n"
        "Alternatively, we count the squ"
    )
    assert [behaviour for _, behaviour in read(text)] == [
        "restates",
        "computes",
        "concludes",
        "explores_after_answer",
    ]


def test_a_finished_program_is_an_answer() -> None:
    fence = "```python\ndef twice(n):\n    # wait, check this\n    return 2 * n\n```"
    other = "```python\ndef twice(n):\n    return n + n\n```"
    text = f"Write twice.\n\n{fence}\n\nAnother way is to add:\n\n{other}\n\nLet me test it: 2."
    assert [behaviour for _, behaviour in read(text)][1:] == [
        "concludes",
        "explores_after_answer",
        "explores_after_answer",
        "verifies",
    ]
    assert behaviour_of("Like so:\n\n```\nx = 1\n```\n\nx + 1 = 2.", "```") == "computes"


@pytest.mark.parametrize(
    "story",
    [
        "She had to wait for the bus. Maybe it was late. Another way home was through the park.",
        "Wait for me! No, he said, that is wrong. Let me check the door.",
        "",
        " \n ",
        "## A heading\n",
    ],
)
def test_a_story_does_nothing(story: str) -> None:
    assert {behaviour for _, behaviour in read(story)} <= {None}


@pytest.mark.parametrize(
    ("sentence", "behaviour"),
    [
        ("He paid with a check, which leaves 3.", "computes"),
        ("There are two ways to order the pair, so 2 * 3 = 6.", "computes"),
        ("Wait, that's not right.", "backtracks"),
        ("Let me double-check that.", "verifies"),
        ("Hmm, I made a mistake there.", "backtracks"),
        ("Is there a quicker approach?", "explores_before_answer"),
        ("Or should I use induction?", "explores_before_answer"),
        ("The problem says that they are distinct.", "restates"),
        ("Let me think.", None),
        ("The angles of a triangle are all positive.", None),
    ],
)
def test_single_sentences(sentence: str, behaviour: str | None) -> None:
    text = f"First of all, we add.\n\n1 + 1 = 2.\n\n2 + 1 = 3.\n\n{sentence}\n\nThen 1 + 4 = 5."
    assert behaviour_of(text, sentence) == behaviour


def test_a_passage_ends_where_something_else_begins() -> None:
    text = (
        "So the answer is 12.\n\nAlternatively, count. One is odd. Two is even.\n\n"
        "Wait, no. Three is odd. The end is near."
    )
    assert [behaviour for _, behaviour in read(text)] == [
        "concludes",
        "explores_after_answer",
        "explores_after_answer",
        "explores_after_answer",
        "backtracks",
        None,
        None,
    ]
    check = "Let me verify. A is one.\n\nB is two.\n\nC is three.\n\n1 + 1 = 2."
    assert [behaviour for _, behaviour in read(check)] == [
        "verifies",
        "verifies",
        "verifies",
        None,
        "computes",
    ]


def test_a_prompt_is_not_labelled_but_its_answer_is_not_the_traces() -> None:
    prompt = "Alternatively, is the answer 12? The answer is 12.\n"
    text = prompt + "Maybe we add.\n\n1 + 2 = 3."
    found = read(text, len(prompt))
    assert [behaviour for _, behaviour in found] == [
        None,
        None,
        "explores_before_answer",
        "computes",
    ]
    # A span that begins in the prompt belongs to it.
    assert read("Is 1 + 1 = 2 so?", 3) == [("Is 1 + 1 = 2 so?", None)]


def test_spans_of_any_cut_and_no_spans() -> None:
    text = "1 + 1 = 2. So the answer is 2. Alternatively, count."
    assert detect(text, []) == []
    whole = [Span(0, 10, "passage"), Span(11, 11, "line"), Span(31, 400, "passage")]
    assert detect(text, whole) == ["computes", None, "explores_before_answer"]


def test_values() -> None:
    assert named_value("so \\boxed{1}, then $\\boxed{\\frac{1}{2}}$ and \\boxed{}") == "1/2"
    assert named_value("The answer is 5 apples.") == "5"
    assert named_value("Nothing is said.") == ""
    assert list(boxed_values("\\boxed{ a{b}c } \\boxed{open")) == ["a{b}c"]
    assert plain("$1{,}000 \\times \\sqrt{2}$") == "1000 × √2"


PIECES = st.sampled_from(
    ["Wait, ", "Alternatively, ", "let me check ", "So ", "x = 1. ", "the answer is ", "\\boxed{"]
    + ["2", "}", "\n", "\n\n", "```", "def f(x):\n    return x\n", "$", "\\frac{1}{2}", "?", ". "]
    + ["<think>", "</think>", "# ", "- ", "İ", "\ud800", "\x00", "’", "#### ", "<answer>", "maybe "]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(PIECES, max_size=40).map("".join)), st.integers(0, 60))
def test_any_text_gets_one_behaviour_or_none_a_span(text: str, prompt_chars: int) -> None:
    spans = steps(text)
    found = detect(text, spans, prompt_chars)
    assert len(found) == len(spans)
    assert set(found) <= {*BEHAVIOURS, None}
    for span, behaviour in zip(spans, found, strict=True):
        assert span.start >= prompt_chars or behaviour is None


@pytest.mark.parametrize(
    "piece", ["Wait, no. ", "maybe try another way ", "\\boxed{", "x = 1. ", "answer is ", "so so "]
)
def test_a_thousand_characters_take_a_millisecond_or_two(piece: str) -> None:
    text = (piece * (200_000 // len(piece) + 1))[:200_000]
    spans = steps(text)
    assert processor_seconds(lambda: detect(text, spans), 4.0) < 4.0  # 0.01 to 0.4 as written


@pytest.mark.parametrize(
    "marks",
    ["$" * 1500, "-a" * 800, "a $" * 600, "is " + "a" * 1500, "' " * 800, "=" * 1500]
    + ["the area " * 200, "is = " * 300, "so " * 600, "could " * 300, "\\frac{" * 200, "1/" * 800]
    + ["( " * 700],
)  # fmt: skip
@pytest.mark.parametrize(
    "before", ["instead could ", "check let me ", "So the area ", "answer is "]
)
def test_no_run_of_marks_takes_longer_than_its_length(before: str, marks: str) -> None:
    text = f"Find the area. 1 + 1 = 2.\n\n{before}{marks} x\n\nThe area is 1234567."
    spans = steps(text)
    assert processor_seconds(lambda: detect(text, spans), 0.3) < 0.3  # under 0.02 as written
