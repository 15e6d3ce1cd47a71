"""The procedure of a text, put together from its sums."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attribution_engine.text.procedures import LARGEST, procedure_of, worked
from tests.quick import processor_seconds


def shapes(text: str) -> set[tuple[str, bool, bool]]:
    return {(one.shape, one.of_numbers, one.in_code) for one in worked(text)}


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("(7 - 4) * 9. First, 7 - 4 = 3. Then, 3 * 9 = 27. The answer is 27.", "(7 - 4) * 9"),
        (
            "so y2 - y1 = 3 - 4 = -1 and x2 - x1 = 4 - 3 = 1. The slope is -1 / 1 = -1. "
            "The answer is -1.",
            "(3 - 4) / (4 - 3)",
        ),
        (
            "Solve for x: 10x + 8 = 58. 10x = 58 - 8 = 50. Divide: x = 50 / 10 = 5. So 5.",
            "(58 - 8) / 10",
        ),
        (r"$12 \times 3 = 36$ and \frac{36}{4} = 9. It is 9.", "(12 * 3) / 4"),
        ("7 plus 5 = 12, 12 times 2 = 24", "(7 + 5) * 2"),
        # What checks the result is not the way to it.
        ("2 * 5 = 10. 10 + 8 = 18. Check: 18 / 6 = 3, 3 + 5 = 8. The answer is 18.", "(2 * 5) + 8"),
    ],
)
def test_steps_are_put_together_by_their_results(text: str, written: str) -> None:
    found = procedure_of(text)
    assert found is not None and found.written == written


@pytest.mark.parametrize(
    "text", ["", "The capital of France is Paris.", "7 - 4 = 3.", "x = y", "3 4 5", "(((", "- - -"]
)
def test_one_step_is_no_procedure(text: str) -> None:
    assert procedure_of(text) is None


SLOPE = "((#-#)/(#-#))"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m = (y2 - y1) / (x2 - x1)", (SLOPE, False, False)),
        (r"slope $\frac{y_2 - y_1}{x_{2} - x_{1}}$", (SLOPE, False, False)),
        ("def slope(a, b, c, d):\n    dy = d - b\n    dx = c - a\n    return dy / dx\n",
         (SLOPE, False, True)),
        ("```python\nm = (p[1] - q[1]) // (p[0] - q[0])\n```", (SLOPE, False, True)),
        ("It is (7 - 3) / (4 - 2) = 2.", (SLOPE, True, False)),
        # An equation to be solved says nothing of how its right side comes about.
        (r"The equation $a x + b = c$ has the solution $x = \frac{c - b}{a}$.",
         ("((#-#)/#)", False, False)),
    ],
)  # fmt: skip
def test_formulas_code_and_numbers_have_one_shape(
    text: str, expected: tuple[str, bool, bool]
) -> None:
    assert expected in shapes(text)


def test_words_are_no_names() -> None:
    assert worked("a well-known trade-off of so-called experts, 2-3 kinds") == worked("2-3")
    assert worked("The slope is - 3") == []


def test_results_are_followed_back_a_few_sums_only() -> None:
    between = " ".join(f"{n} + {n} = {2 * n}." for n in range(50, 56))
    assert all(one.written != "(1 + 2) * 9" for one in worked(f"1 + 2 = 3. {between} 3 * 9 = 27."))


Tree = Any


def trees() -> st.SearchStrategy[Tree]:
    """Sums of up to `LARGEST` operations on numbers that no result can be taken for."""
    leaf = st.integers(1, 99).map(lambda n: str(Fraction(n)))
    return st.recursive(leaf, lambda inner: st.tuples(st.sampled_from("+-*/"), inner, inner))


def operations(tree: Tree) -> int:
    return 0 if isinstance(tree, str) else 1 + operations(tree[1]) + operations(tree[2])


def text_of(tree: Tree) -> str:
    return tree if isinstance(tree, str) else f"({text_of(tree[1])} {tree[0]} {text_of(tree[2])})"


def shape_of(tree: Tree) -> str:
    return "#" if isinstance(tree, str) else f"({shape_of(tree[1])}{tree[0]}{shape_of(tree[2])})"


@given(trees())
def test_a_bracketed_sum_keeps_its_shape(tree: Tree) -> None:
    found = worked(f"Take {text_of(tree)}.")
    if 1 <= operations(tree) <= LARGEST:
        assert [one.shape for one in found] == [shape_of(tree)]
        assert found[0].n_operations == operations(tree) and found[0].of_numbers
    else:
        assert found == []


@given(st.text(alphabet="0123456789xy+-*/^()=. \n$\\{}frac_`def:é", max_size=300))
def test_any_text_is_read(text: str) -> None:
    for one in worked(text):
        assert one.shape.count("#") == one.n_operations + 1 <= LARGEST + 1


@pytest.mark.parametrize("piece", ["((", "1+", "x=", "a-b ", "1+1=2 ", r"\frac{", "7x", "```\n"])
def test_long_texts_take_no_longer_than_their_length(piece: str) -> None:
    text = piece * (400_000 // len(piece))
    assert processor_seconds(lambda: worked(text), 10) < 10
