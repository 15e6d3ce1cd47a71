"""The split: no held-out problem stands in the corpus, in any form."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from attribution_engine.lab.grammar.mixture import Row
from attribution_engine.lab.problems import (
    Arithmetic,
    Linear,
    Slope,
    draw_arithmetic,
    draw_linear,
    draw_slope,
    is_held_out,
)
from attribution_engine.lab.suites import all_suites
from tests.lab.solving import EXERCISES, find_exercise, find_problems

TASKS = {"arithmetic": Arithmetic, "slope": Slope, "linear_equation": Linear}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Work out (3 - 1) * 4.", Arithmetic(3, "-", 1, 4)),
        ("$(a - b) c = a c - b c$. With $a = 3$, $b = 1$, $c = 4$", Arithmetic(3, "-", 1, 4)),
        ("    inner = a + b\n    return inner * c\nresult = f(3, 1, 4)", Arithmetic(3, "+", 1, 4)),
        ("step1 = 3 + 1\nassert step1 == 4\nvalue1 = step1 * 4", Arithmetic(3, "+", 1, 4)),
        ("$P_1 = (1, 2)$ and $P_2 = (3, 8)$", Slope(1, 2, 3, 8)),
        ("por los puntos (1, 2) y (3, 8)", Slope(1, 2, 3, 8)),
        ("assert slope(1, 2, 3, 8) == 3", Slope(1, 2, 3, 8)),
        ("start = Point(1, 2)\nend = Point(3, 8)", Slope(1, 2, 3, 8)),
        ("Solve 2x + 3 = 11", Linear(2, 3, 4)),
        ("assert solve(2, 3, 11) == 4", Linear(2, 3, 4)),
        ("a, b, c = 2, 3, 11", Linear(2, 3, 4)),
        ("$a = 2$, $b = 3$ and $c = 11$ give $x = 4$", Linear(2, 3, 4)),
    ],
)
def test_every_form_is_read(text: str, problem: Arithmetic | Slope | Linear) -> None:
    assert find_problems(text) == [problem]


def test_no_held_out_problem_in_the_corpus(rows: list[Row]) -> None:
    counts: Counter[str] = Counter()
    for row in rows:
        if row["category"] == "competition":  # its triangles have corners, not slopes
            continue
        for problem in find_problems(str(row["text"])):
            assert not is_held_out(problem.key()), row["text"]
            counts[type(problem).__name__] += 1
    assert min(counts[task.__name__] for task in TASKS.values()) > 1_500


def test_a_problem_is_read_in_every_document_on_a_task(rows: list[Row]) -> None:
    drills = Counter(
        row["category"]
        for row in rows
        if row["category"] in TASKS
        and not any(
            isinstance(problem, TASKS[str(row["category"])])
            for problem in find_problems(str(row["text"]))
        )
    )
    formulae = Counter(
        row["category"]
        for row in rows
        if row["form"] == "formula" and row["source"] == "math_and_trivia"
    )
    assert drills == formulae


def test_no_held_out_exercise_in_the_corpus(rows: list[Row]) -> None:
    kinds: Counter[str] = Counter()
    for row in rows:
        if row["category"] not in ("word_problem", "competition"):
            continue
        found = find_exercise(str(row["text"]))
        assert found, row["text"]
        assert not is_held_out(found[0]), row["text"]
        kinds[found[0].split()[0]] += 1
    assert set(kinds) == set(EXERCISES)
    assert min(kinds.values()) > 30


def test_queries_are_held_out() -> None:
    suites = all_suites()
    for name in ("arithmetic", "slopes", "linear_equations"):
        for row in suites[name]:
            (problem,) = find_problems(row["prompt"])
            assert is_held_out(problem.key())
            assert str(problem.answer) == row["reference"]
    for name in ("gsm8k_style", "aime_style"):
        for row in suites[name]:
            found = find_exercise(row["prompt"])
            assert found and is_held_out(found[0])
            assert str(found[1]) == row["reference"]


def test_held_out_share_is_one_in_ten() -> None:
    linear = {
        Linear(a, b, x).key() for a in range(2, 11) for b in range(1, 13) for x in range(1, 13)
    }
    span = range(13)
    slopes = {
        Slope(x1, y1, x2, y2).key()
        for x1 in span
        for x2 in span[x1 + 1 : x1 + 7]
        for y1 in span
        for y2 in span
        if y1 != y2 and (y2 - y1) % (x2 - x1) == 0 and abs(y2 - y1) <= 6 * (x2 - x1)
    }
    assert len(linear) == 1296
    assert len(slopes) > 2_500
    for keys in (linear, slopes):
        assert sum(map(is_held_out, keys)) / len(keys) == pytest.approx(0.1, abs=0.03)


def test_swapped_points_and_terms_lie_on_the_same_side() -> None:
    assert Slope(1, 2, 3, 8).key() == Slope(3, 8, 1, 2).key()
    assert Arithmetic(3, "+", 4, 5).key() == Arithmetic(4, "+", 3, 5).key()
    assert Arithmetic(3, "-", 4, 5).key() != Arithmetic(4, "-", 3, 5).key()


def test_numbers_keep_their_ranges(rows: list[Row]) -> None:
    for row in rows:
        if row["category"] not in TASKS:
            continue
        for problem in find_problems(str(row["text"])):
            if isinstance(problem, Arithmetic):
                assert 0 <= min(problem.a, problem.b) <= max(problem.a, problem.b, problem.c) <= 12
                assert 0 < problem.answer <= 288
            elif isinstance(problem, Slope):
                assert max(problem.x1, problem.y1, problem.x2, problem.y2) <= 12
                assert problem.rise % problem.step == 0
                assert 1 <= problem.step <= 6 and 1 <= abs(problem.answer) <= 6
            else:
                assert 2 <= problem.a <= 10 and 1 <= problem.b <= 12 and 1 <= problem.x <= 12


def test_draws_keep_to_their_side() -> None:
    for draw in (draw_arithmetic, draw_slope, draw_linear):
        rng = Random(5)
        for held_out in (False, True):
            drawn = [draw(rng, held_out=held_out).key() for _ in range(50)]
            assert {is_held_out(key) for key in drawn} == {held_out}
