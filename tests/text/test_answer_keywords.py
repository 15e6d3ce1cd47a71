"""What is looked for of a query, and where a text says it."""

from __future__ import annotations

import random
import re

import pytest

from attribution_engine.text.answer_keywords import NEAR, RESULT_WITHIN, KeywordSet, keyword_set
from attribution_engine.text.answers import Sought, answer_places, sought_places
from attribution_engine.text.expressions import expression
from tests.quick import processor_seconds

ARITHMETIC = keyword_set(
    "Question: Calculate the answer: (7 - 4) * 9 Think step-by-step.\nAnswer:",
    " First, 7 - 4 = 3. Then, 3 * 9 = 27. The answer is 27.",
    "27",
    ["7 - 4", "7 minus 4", "3 * 9", "3 times 9", "3", "27"],
)
GOLD = keyword_set("What is the chemical symbol of gold?", " Au.", "Au", ["gold", "Au"])


def found(text: str, sought: Sought | None) -> list[str]:
    assert sought is not None
    return [text[place.start : place.end] for place in sought_places(text, sought)]


def steps_of(keywords: KeywordSet) -> list[str]:
    return [one.forms[0] for one in keywords.steps]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("7 - 4 = 3", ["7 - 4 = 3"]),
        ("7-4=3.", ["7-4=3"]),
        ("$7 \u2212 4 = 3$", ["7 \u2212 4 = 3"]),
        ("Seven minus four is three", ["Seven minus four is three"]),
        ("7 minus 4, which makes 3 apples", ["7 minus 4, which makes 3"]),
        ("<<7-4=3>>3", ["7-4=3"]),
        ("7 - 4", []),  # asked, not answered
        ("7 - 4 = 3.5", []),
        ("7 - 4 = 13", []),
        ("17 - 4 = 3", []),
        ("7 - 4.5 = 3", []),
        ("x7 - 4 = 3", []),
        ("3 = 7 - 4", []),  # the result stands behind
        ("7 - 4 " + "is " * (RESULT_WITHIN // 3 + 1) + "3", []),
    ],
)
def test_a_step_is_its_sum_and_the_result_behind_it(text: str, says: list[str]) -> None:
    assert found(text, ARITHMETIC.steps[0]) == says


def test_latex_and_the_other_order_count() -> None:
    second = ARITHMETIC.steps[1]
    for text in (r"3 \times 9 = 27", r"$3\cdot 9=27$", "9 × 3 = 27", "three times nine: 27"):
        assert len(found(text, second)) == 1, text


def test_a_bare_number_counts_only_beside_what_it_answers() -> None:
    assert found("In all 27 lamps. 3 * 9 = 27.", ARITHMETIC.answer) == []
    assert found("(7-4)*9 is 27", ARITHMETIC.answer) == ["27"]
    assert found("27, as (7 \u2212 4) × 9 is", ARITHMETIC.answer) == ["27"]
    assert found("(7 - 4) * 9 " + "." * NEAR + " 27", ARITHMETIC.answer) == []


def test_a_fact_counts_beside_its_subject() -> None:
    assert found("The symbol of gold is Au, of silver Ag.", GOLD.answer) == ["Au"]
    assert found("au pair", GOLD.answer) == []
    assert found("gold " + "." * (NEAR + 1) + " Au", GOLD.answer) == []
    franklin = keyword_set(
        "Who invented the lightning rod?", "", "Benjamin Franklin",
        ["lightning rod", "Benjamin Franklin", "Franklin"],
    )  # fmt: skip
    assert found("Franklin and his lightning rod", franklin.answer) == ["Franklin"]


def test_all_points_of_a_prompt_have_to_stand_there() -> None:
    slope = keyword_set(
        "What is the slope of the line passing through the points (3, 4) and (4, 3)?",
        " Here y2 - y1 = 3 - 4 = -1. Here x2 - x1 = 4 - 3 = 1. The slope is -1 / 1 = -1.",
        "-1",
        [],
    )
    assert steps_of(slope) == ["3 - 4", "4 - 3", "-1 / 1"]
    assert found("(3, 4) and (4,3): slope \u22121", slope.answer) == ["\u22121"]
    assert found("(3, 4): slope -1", slope.answer) == []


@pytest.mark.parametrize(
    ("completion", "steps", "answer"),
    [
        ("She has 16 - 3 - 4 = <<16-3-4=9>>9 eggs, so 9 * 2 = $<<9*2=18>>18.\n#### 18",
         ["16 - 3 - 4", "9 * 2"], "18"),
        (r"Thus $\frac{12}{4} = 3$ and $3\cdot 5=15$, so the answer is $\boxed{15}$.",
         ["12 / 4", "3 * 5"], "15"),
        ("80,000+50,000 = 130,000. The answer is 130,000.", ["80000 + 50000"], "130,000"),
        ("10x = 58 - 8 = 50, x = 50 / 10 = 5. The answer is 5.", ["58 - 8", "50 / 10"], "5"),
        ("9 + 3 = 12 + 5 = 17.", ["9 + 3", "12 + 5"], None),
        ("x = 16 / 3 = 8", [], None),  # that is no sum that comes out
        (r"so it is 1/2 + 1/3 = 5/6", [], None),
        ("It is Paris.\n#### Paris", [], "Paris"),
        ("", [], None),
    ],
)  # fmt: skip
def test_steps_and_answers_are_read_off_a_completion(
    completion: str, steps: list[str], answer: str | None
) -> None:
    keywords = keyword_set("How many are there in Oz?", completion, None, [])
    assert steps_of(keywords) == steps
    assert (keywords.answer.forms[0] if keywords.answer else None) == answer


def test_what_says_too_little_is_not_looked_for() -> None:
    assert keyword_set("how much", "", "3", ["3"]).answer is None
    assert keyword_set("", "", None, []).all == ()
    alone = keyword_set("how much", "", "Kaltheryor", [])
    assert alone.answer is not None and alone.answer.needed == 0
    code = keyword_set("Write seek_labels", "", "def seek_labels(w):\n  return w", ["seek_labels"])
    assert found("def seek_labels(words):", code.answer) == ["seek_labels"]


def test_equations_of_a_suite_are_steps_with_their_results() -> None:
    keywords = keyword_set("How many?", "", "18", ["2 * 5 = 10", "10 + 8 = 18", "18"])
    assert [(one.forms[0], one.beside[0][0]) for one in keywords.steps] == [
        ("2 * 5", "10"), ("10 + 8", "18"),
    ]  # fmt: skip
    # Nothing in the prompt says what 18 answers, so it is the last step that does.
    assert found("10 + 8 = 18", keywords.answer) == ["18"]
    assert found("18 of them", keywords.answer) == []


def test_every_way_of_writing_a_step_is_found_in_any_text() -> None:
    draw = random.Random(2)
    around = "so we (have) $x$ = 12, or not. 3,4 a-b | ".split(" ")
    for _ in range(300):
        one, other = draw.randint(0, 1500), draw.randint(1, 40)
        summed = expression(f"{one} {draw.choice('+-*/')} {other}")
        assert summed is not None and summed.value is not None
        step = keyword_set("", "", None, [summed.text]).steps[0]
        result = draw.choice(step.beside[0])
        for form in step.forms:
            text = " ".join(draw.choices(around, k=6)) + f" {form} = {result} "
            said = f"{form} = {result}"
            text += " ".join(draw.choices(around, k=6))
            assert said in found(text, step), (said, text)


def slow_places(text: str, wanted: list[str]) -> list[tuple[int, int]]:
    """The rule of whole words as it is written down, without any shortcut."""
    forms = sorted({" ".join(one.split()) for one in wanted if one.strip()}, key=len, reverse=True)
    if not forms:
        return []
    either = "|".join(r"\s+".join(map(re.escape, one.split(" "))) for one in forms)
    pattern = rf"(?<!\w)(?<!\d[.,])(?:{either})(?!\w)(?![.,]\d)"
    return [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]


def test_places_are_those_of_the_slow_twin() -> None:
    draw = random.Random(3)
    pieces = ["3", "13", "3.5", "1,300", "-", "\u2212", " ", "\n", "x", "New York", "new", "é", "İ",
              "27", "(", "3 * 9", "3*9", "_", "ß", "Straße", "🙂"]  # fmt: skip
    for _ in range(3000):
        text = "".join(draw.choices(pieces, k=14))
        wanted = draw.choices(
            ["3", "3 * 9", "new york", "-3", "straße", "1,300", "É", " ", "("], k=3
        )
        found = [(one.start, one.end) for one in answer_places(text, wanted)]
        assert found == slow_places(text, wanted), (text, wanted)


def test_places_never_leave_the_text_and_are_what_they_say() -> None:
    draw = random.Random(4)
    for _ in range(500):
        text = "".join(draw.choices("73-4=9 *27\nİé🙂.,(", k=60))
        for sought in ARITHMETIC.all:
            last = -1
            for place in sought_places(text, sought):
                assert last <= place.start < place.end <= len(text)
                last = place.start
                assert place.wanted in sought.forms


def test_hostile_texts_take_no_longer_than_their_length() -> None:
    texts = ["1+" * 50_000, "(" * 50_000, "= " * 50_000, "#### " * 20_000, "\\boxed{" * 20_000,
             "A " * 50_000, "<<1=" * 30_000, "1 = 1 + " * 20_000, "7 - 4 " * 20_000,
             "x = " * 30_000, "the answer is " * 10_000]  # fmt: skip

    def work() -> None:
        for text in texts:
            keyword_set(text, text, text, [text[:500]])
            for sought in ARITHMETIC.all:
                list(sought_places(text, sought))

    assert processor_seconds(work, 30.0) < 30.0  # 2 as written
