"""Answers in completions: numbers as numbers, words as whole words."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.corpora.correctness import is_correct, last_number


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
@given(st.text(), st.text())
def test_never_raises(completion: str, reference: str) -> None:
    assert is_correct(completion, reference) in (True, False, None)


@settings(deadline=None)
@given(st.text("0123456789.,-/\\{}boxedfrac# \n$eE%−"), st.text("0123456789.,-/\\{}frac $"))
def test_never_raises_on_near_numbers(completion: str, reference: str) -> None:
    assert is_correct(completion, reference) in (True, False, None)


@pytest.mark.parametrize("piece", ["1", "1,", "- ", "= ", "\\boxed{", "\\frac{1}{", "1/", "#### "])
def test_long_completions_are_fast(piece: str) -> None:
    start = time.process_time()
    is_correct(piece * 20_000, "12")
    assert time.process_time() - start < 1.0
