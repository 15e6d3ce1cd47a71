"""Traces with exploration cut out, and with as much cut elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.findings.behaviour_cut import CHANGED, DIFFERENCE, part_of_suite
from attribution_engine.findings.faithfulness import PREDICTED, FaithfulnessRow
from attribution_engine.lab.behaviour_cut_rows import Found, cut_rows
from attribution_engine.lab.exploration import EXPLORING as EXPLORING_WORDINGS
from attribution_engine.lab.exploration import OTHERS, explores
from attribution_engine.lab.lab_model import LabSettings, Vocabulary
from attribution_engine.lab.retraining import Example
from attribution_engine.lab.trace_lab import (
    CONDITIONS,
    ELSEWHERE,
    EXPLORING,
    NOTHING,
    Beginning,
    Item,
    TraceLab,
    cut_versions,
    trace_row,
)
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


@pytest.mark.parametrize(
    ("completion", "explored"),
    [
        (SAID + STEPS + EXPLORED + LAST, False),  # no wording of the traces
        (" Wait, is there another way? 2 + 3 = 5. It is the same. The answer is 5.", True),
        (" Maybe `sum(x)`? Or a loop? I use the second idea.", True),
        (" Maybe 2 + 2 = 4? Hmm, no, I need three. Back to the beginning.", False),
        (" Let me verify: 5 - 3 = 2. That fits. The answer is 5.", False),
        ("", False),
    ],
)
def test_a_completion_explores_by_its_wording(completion, explored):
    assert explores(completion) is explored


def test_no_wording_of_another_behaviour_holds_a_marker():
    assert all(explores(wording) for wording in EXPLORING_WORDINGS)
    assert not any(explores(wording) for wording in OTHERS)


TOKENS = Example((1, 2, 3), 1)
ITEMS = [
    Item("a", None, TOKENS, True), Item("b", None, None), Item("c", None, TOKENS),
    Item("d", None, TOKENS),
]  # fmt: skip


def cut(before: list[float], after: list[float], **more: float) -> Found:
    """Arrays of two seeds, of which the second is one nat higher, as trainings give them."""
    change = {f"change {name}": np.array([0.5]) for name in CONDITIONS[1:]}
    found: Found = {}
    for seed in (0, 1):
        for condition, nats in zip(CONDITIONS, (before, after, before), strict=True):
            found[seed, condition] = {"nats s": np.array(nats) + seed}
        found[seed, CONDITIONS[0]] |= change | {k: np.array(v) for k, v in more.items()}
    return found


def rows_of(found: Found) -> dict[tuple[str, str, str], FaithfulnessRow]:
    lab = TraceLab({NOTHING: [TOKENS] * 4}, [0], {}, 0, {"s": ITEMS}, [])
    begin = Beginning(LabSettings(), Vocabulary(4, 0, 0, 0), None, "nothing")
    return {
        (row.suite, row.condition, row.quantity): row for row in cut_rows(found, lab, begin, [0, 1])
    }


def test_completions_that_explore_have_rows_of_their_own():
    found = rows_of(cut([-1.0, -2.0, -3.0], [-9.0, -1.5, -2.5]))
    plain, explored = part_of_suite("s", False), part_of_suite("s", True)
    assert found["s", EXPLORING, CHANGED].figure == pytest.approx(-7 / 3)
    assert found[plain, EXPLORING, CHANGED].figure == pytest.approx(0.5)
    assert found[explored, EXPLORING, CHANGED].figure == pytest.approx(-8.0)
    assert found[plain, EXPLORING, CHANGED].n == 2 and found[explored, EXPLORING, CHANGED].n == 1
    assert found[plain, DIFFERENCE, CHANGED].figure == pytest.approx(0.5)
    # A prediction for the whole suite is none for a part of it.
    assert found["s", EXPLORING, PREDICTED].figure == 0.5
    assert (plain, EXPLORING, PREDICTED) not in found


def test_a_prediction_of_the_part_is_taken_where_it_was_kept():
    part = part_of_suite("s", False)
    kept = {f"change {name} of {part}": -0.25 for name in CONDITIONS[1:]}
    found = rows_of(cut([-1.0, -2.0, -3.0], [-9.0, -1.5, -2.5], **kept))
    assert found[part, EXPLORING, PREDICTED].figure == -0.25
    assert "2 right completions that hold none" in found[part, EXPLORING, PREDICTED].how
