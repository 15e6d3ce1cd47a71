"""Answers in completions: numbers as numbers, words as whole words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.corpora.correctness import (
    answer_number,
    as_number,
    is_correct,
    last_number,
)
from tests.quick import processor_seconds


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        ("The slope is 12.", "12"),
        ("so 1,234 apples", "1234"),
        ("that makes 1234", "1,234"),
        ("x = -3", "-3"),
        ("x = - 3", "-3"),
        ("the slope is \u22122.50.", "-5/2"),
        ("10 - 3 leaves 7; 7", "7"),
        ("left over: 10-3", "3"),
        ("left over: 10 -3", "3"),
        ("(-7)", "-7"),
        ("**-7**", "-7"),
        ("Answer:\n- 7 apples", "7"),
        ("it is 3/4.", "0.75"),
        ("it is 3/4", "\\frac{3}{4}"),
        ("\\boxed{\\frac{3}{4}} after 2 steps", "3/4"),
        ("\\dfrac34", "3/4"),
        ("-\\frac{1}{2}", "-0.5"),
        ("First \\boxed{1}, no, \\boxed{2}, checked 5 times", "2"),
        ("\\boxed{9", "9"),
        ("12 + 6 = 18\n#### 18\n", "18"),
        ("It costs $18", "18"),
        ("#### $-18", "-18"),
        ("about 50\\%", "50"),
        ("1e3", "1000"),
        (".5", "1/2"),
        ("It is Paris.", "paris"),
        ("the Bay  of\nPigs", "bay of pigs"),
        ("in C++!", "C++"),
        ("- 3", "-3"),
        ("\u2212 3", "-3"),
        ("\\boxed{- 3}", "-3"),
        ("#### - 7 apples", "-7"),
        ("The answer is - 3.", "-3"),
        ("10 - 3", "3"),
        ("x = -3", "- 3"),
        ("it takes 1 1/2 hours", "1.5"),
        ("it takes 1.5 hours", "1 1/2"),
        ("$-2\\frac{1}{4}$", "-9/4"),
        ("chapter 3 5/4", "5/4"),
        ("1{,}234", "1234"),
        ("1,\\!234,\\!567", "1234567"),
        ("1\u202f234", "1,234"),
        ("50%", "50\\%"),
        ("50 percent", "50"),
        ("It costs \\$18.", "\\$18"),
        ("$\\boxed 12$", "12"),
        ("so \\fbox{363} . (checked by 2)", "363"),
        ("1.5 \\times 10^{3}", "1500"),
        ("about 3×10⁴", "30000"),
        ("5 \\cdot 10^{-2}", "0.05"),
        ("5 * 10 = 50", "50"),
        ("\\boxed{12\\text{ cm}^2}", "12"),
        ("\\boxed{9*2 = 18}", "18"),
        ("#### 18 apples", "18"),
        ("\\boxed{\\left( 1, 2 \\right)}", "(1,2)"),
        ("\\boxed{\\dfrac{\\pi}{6}}", "\\frac{\\pi}{6}"),
    ],
)
def test_right(completion: str, reference: str) -> None:
    assert is_correct(completion, reference) is True


@pytest.mark.parametrize(
    ("completion", "reference"),
    [
        ("12 or rather 13", "12"),
        ("twelve", "12"),
        ("", "12"),
        ("x = 3", "-3"),
        ("x = -3", "3"),
        ("1/0", "1"),
        ("0.333", "1/3"),
        ("Parisian", "Paris"),
        ("", "Paris"),
        ("9" * 10_000, "9"),
        ("- 7 apples", "-7"),  # a list bullet
        ("a - 3", "-3"),
        ("3 5/4", "17/4"),
        ("50%", "0.5"),
        ("\\boxed{x \\in [-2,7]}", "7"),
        ("\\boxed{\\frac{8t}{3}}", "3"),
        ("\\boxed{-\\frac{\\pi}{6}}", "\\pi"),
        ("not Paris: \\boxed{Rome}", "Paris"),
        ("5 × 10 = 50", "5"),
    ],
)
def test_wrong(completion: str, reference: str) -> None:
    assert is_correct(completion, reference) is False


@pytest.mark.parametrize("reference", [None, "", "  "])
def test_no_reference(reference: str | None) -> None:
    assert is_correct("12", reference) is None


@settings(deadline=None)
@given(st.integers(-(10**12), 10**12), st.sampled_from(["", "Then 5 + 6 = 11. "]))
def test_every_way_to_write_an_integer(number: int, before: str) -> None:
    for written in (f"{number}", f"{number:,}", f"{number}".replace("-", "\u2212"), f"{number}.0"):
        for sentence in ("The answer is {}.", "\\boxed{{{}}} as 1 + 1 = 2", "x = {}", "#### {}"):
            assert is_correct(before + sentence.format(written), str(number)) is True
            assert is_correct(before + sentence.format(written), str(number + 1)) is False


@settings(deadline=None)
@given(st.fractions(max_denominator=10**6))
def test_every_fraction(value: Fraction) -> None:
    for written in (
        f"{value.numerator}/{value.denominator}",
        f"\\frac{{{value.numerator}}}{{{value.denominator}}}",
    ):
        assert last_number(f"It is {written}.") == value
        assert is_correct(f"It is {written}.", written) is True


@settings(deadline=None)
@given(st.integers(1, 10**6), st.integers(1, 999), st.integers(2, 1000), st.booleans())
def test_every_mixed_number(whole: int, top: int, bottom: int, negative: bool) -> None:
    value = whole + Fraction(top, bottom) if top < bottom else Fraction(top, bottom)
    sign = "-" if negative else ""
    for written in (
        f"{sign}{whole} {top}/{bottom}",
        f"{sign}{whole}\\frac{{{top}}}{{{bottom}}}",
        f"{sign}{whole} \\dfrac{{{top}}}{{{bottom}}}",
    ):
        expected = -value if negative and top < bottom else value
        assert last_number(f"It is {written}.") == expected
        assert as_number(written) == (expected if top < bottom else None)


@settings(deadline=None)
@given(st.decimals(-(10**6), 10**6, places=3), st.integers(-20, 20))
def test_every_power_of_ten(mantissa: Decimal, exponent: int) -> None:
    value = Fraction(mantissa) * Fraction(10) ** exponent
    for written in (
        f"{mantissa:f}e{exponent}",
        f"{mantissa:f} \\times 10^{{{exponent}}}",
        f"{mantissa:f} × 10^{exponent}",
        f"{mantissa:f}*10**{exponent}",
    ):
        assert as_number(written) == value
        assert answer_number(f"so x = {written}.") == value


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9), st.sampled_from(["-", "\u2212", "- ", "\u2212 "]))
def test_every_sign_and_separator_in_a_stated_answer(number: int, minus: str) -> None:
    for comma in (",", "{,}", ",\\!", "\\,", "\u2009"):
        digits = f"{abs(number):,}".replace(",", comma)
        written = f"{minus if number < 0 else ''}{digits}"
        for answer in ("\\boxed{{{}}}", "#### {}", "$\\boxed{{{}\\%}}$", "{}"):
            assert is_correct(answer.format(written), str(number)) is True
            assert is_correct(answer.format(written), str(number + 1)) is False


@settings(deadline=None)
@given(st.text(), st.text())
def test_never_raises(completion: str, reference: str) -> None:
    assert is_correct(completion, reference) in (True, False, None)


@settings(deadline=None)
@given(st.text("0123456789.,-/\\{}boxedfrac# \n$eE%−"), st.text("0123456789.,-/\\{}frac $"))
def test_never_raises_on_near_numbers(completion: str, reference: str) -> None:
    assert is_correct(completion, reference) in (True, False, None)


PIECES = [
    "1",
    "1,",
    "- ",
    "= ",
    "\\boxed{",
    "\\frac{1}{",
    "1/",
    "#### ",
    "1 1/",
    "10 \\times ",
    " ",
]


@pytest.mark.parametrize("piece", [*PIECES, "\\boxed ", "10⁰", "\\text{", "%", "\\,", "is - "])
def test_long_completions_are_fast(piece: str) -> None:
    text = piece * 20_000
    assert processor_seconds(lambda: is_correct(text, "12"), 2.0) < 2.0
