"""How a document relates to a query."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution_engine.text.relations import (
    RELATIONS,
    asked,
    common_to_all,
    read_document,
    relations,
)

PROMPT = "Question: What is the slope of the line through the points (3, 4) and (5, 8)?"
COMPLETION = " The change in y is 8 - 4 = 4, that in x is 5 - 3 = 2. The slope is 4 / 2 = 2."


def names(document: str, prompt: str = PROMPT, completion: str = COMPLETION) -> list[str]:
    return list(relations(asked(prompt, completion), read_document(document)))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("In general m = (y2 - y1) / (x2 - x1).", ["formula"]),
        ("If (x - 1) / (x - 3) = 2, then x is unknown.", ["nothing of these"]),
        ("def m(a, b, c, d):\n    return (d - b) / (c - a)\n", ["code"]),
        ("Take (9 - 1) / (7 - 3) = 2.", ["same steps"]),
        ("We know that 8 - 4 = 4.", ["same sum"]),
        ("We know that 8 - 5 = 3.", ["other sums"]),
        ("def double(n):\n    return 2 * n\n", ["other code that computes"]),
        ("import os\nprint(os.name)\n", ["code that does not compute"]),
        ("The gradient is the quotient of two numbers.", ["mathematics in words"]),
        ("What is the slope of a roof?", ["same wording"]),
        ("Lines of points slope everywhere, through and through.", ["same words only"]),
        ("The cat sat.", ["nothing of these"]),
        ("", ["nothing of these"]),
    ],
)
def test_each_relation_by_what_shows_it(document: str, expected: list[str]) -> None:
    assert names(document) == expected


def test_a_document_may_have_several_and_says_what_shows_each() -> None:
    found = relations(
        asked(PROMPT, COMPLETION),
        read_document(
            "m = (b - a) / (d - c), so (8 - 4) / (5 - 3) = 2.\n"
            "```python\nm = (b - a) / (d - c)\n```"
        ),
    )
    assert found["formula"] == "(b - a) / (d - c)"
    assert found["same steps"] == found["same sum"] == "(8 - 4) / (5 - 3)"
    assert found["code"] == "(b - a) / (d - c)"


def test_numbers_of_the_prompt_stand_for_any_number() -> None:
    query = "What is 3 times 4 plus 5?"
    assert "same wording" in names("What is 9 times 12 exactly?", query, " 17.")
    assert "same wording" not in names("What is it times over?", query, " 17.")


def test_what_most_suites_say_is_of_no_task() -> None:
    prompts = [("a", "Think it over step by step. Dogs"), ("b", "Think it over step by step. Cats")]
    common = common_to_all(prompts)
    assert "think" in common.words and "dogs" not in common.words
    for _, prompt in prompts:
        mine = asked(prompt, "", common)
        assert list(relations(mine, read_document("Think it over step by step."))) == [
            "nothing of these"
        ]
    # Of one suite alone the wording is that of its task.
    assert common_to_all(prompts[:1]).words == frozenset()


@given(st.text(max_size=200), st.text(max_size=200), st.text(max_size=400))
def test_every_document_relates_in_a_known_way(prompt: str, completion: str, text: str) -> None:
    found = relations(asked(prompt, completion), read_document(text))
    assert found and set(found) <= set(RELATIONS)
    assert len(found) == 1 or "nothing of these" not in found
