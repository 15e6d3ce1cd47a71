"""Numbers and sums in all the ways that texts write them."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from attribution_engine.text.expressions import SMALL, expression, number, number_forms, plain
from tests.quick import processor_seconds

OPERATORS = "+-*/"


@pytest.mark.parametrize(
    ("text", "shown", "value"),
    [
        ("7 - 4", "7 - 4", 3),
        ("7-4", "7 - 4", 3),
        ("7 \u2212 4", "7 - 4", 3),
        ("7 minus 4", "7 - 4", 3),
        ("3 times 9", "3 * 9", 27),
        (r"3 \times 9", "3 * 9", 27),
        (r"3\cdot 9", "3 * 9", 27),
        ("3 × 9", "3 * 9", 27),
        (r"\frac{6}{2}", "6 / 2", 3),
        (r"\dfrac{-6}{2}", "-6 / 2", -3),
        ("6 divided by 4", "6 / 4", Fraction(3, 2)),
        ("6 ÷ 4", "6 / 4", Fraction(3, 2)),
        ("-1 / 1", "-1 / 1", -1),
        ("5 - -2", "5 - -2", 7),
        ("16 // 5", "16 // 5", 3),
        ("2^10", "2^10", 1024),
        ("2**10", "2^10", 1024),
        ("(7 - 4) * 9", "(7 - 4) * 9", 27),
        ("1,300 + 5", "1300 + 5", 1305),
        (r"1{,}300 + 0.5", "1300 + 0.5", Fraction(2601, 2)),
        ("1 / 0", "1 / 0", None),
        ("9^999999", "9^999999", None),
    ],
)
def test_sums_are_read(text: str, shown: str, value: Fraction | None) -> None:
    found = expression(text)
    assert found is not None and (found.text, found.value) == (shown, value)


@pytest.mark.parametrize(
    "text", ["7", "", "minus 4", "7 -", "seven", "x + 1", "2*(3", "7 4", "1.2.3 + 4", "- - 3", "("]
)
def test_what_is_no_sum(text: str) -> None:
    assert expression(text) is None


def test_every_way_of_writing_a_sum_is_read_as_the_same_sum() -> None:
    draw = random.Random(0)
    for _ in range(400):
        one, other = draw.randint(-30, 2000), draw.randint(1, 2000)
        written = expression(f"{one} {draw.choice(OPERATORS)} {other}")
        assert written is not None
        for form in written.forms():
            if form[0].isalpha() or " x " in form:
                continue  # words for numbers, and the letter x, are written and not read
            again = expression(form)
            assert again is not None and again.value == written.value, form


def test_sums_and_products_are_found_the_other_way_round() -> None:
    for text, swapped in (("3 * 9", "9 × 3"), ("3 + 9", "9 plus 3"), ("3 * 9", "nine times three")):
        found = expression(text)
        assert found is not None and swapped in found.forms()
    for text, swapped in (("3 - 9", "9 - 3"), ("3 / 9", "9 / 3")):
        found = expression(text)
        assert found is not None and swapped not in found.forms()


def test_numbers_are_read_as_they_are_written() -> None:
    draw = random.Random(1)
    for _ in range(400):
        value = Fraction(draw.randint(-5000, 5000), draw.choice((1, 1, 2, 3, 8)))
        forms = number_forms(value, words=False)
        assert forms and all(number(form) == value for form in forms), (value, forms)


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (3, "three"), (1300, "1,300"), (1300, r"1{,}300"), (-1, "\u22121"), (-1, "minus one"),
        (Fraction(1, 2), "0.5"), (Fraction(1, 2), r"\frac{1}{2}"), (20, SMALL[20]),
    ],
)  # fmt: skip
def test_forms_of_numbers(value: Fraction | int, form: str) -> None:
    assert form in number_forms(Fraction(value))


def test_what_no_number_is() -> None:
    for text in ("", "x", "1 or 2", "1/0", "12 apples", "1.2.3", "-" * 500):
        assert number(text) is None


def test_long_and_nested_texts_take_no_longer_than_their_length() -> None:
    def work() -> None:
        for text in (
            "(" * 100_000,
            "1+" * 100_000,
            "9" * 100_000,
            "1 minus " * 50_000,
            "\\frac{" * 50_000,
        ):
            assert expression(text) is None
            plain(text)

    assert processor_seconds(work, 10.0) < 10.0
