"""What the corpus claims is true: equations hold, answers are right, programs run."""

from __future__ import annotations

import contextlib
import io
import re

import pytest

from attribution_engine.lab.grammar.mixture import Row

# A sum, product, quotient, rest or power of numbers, then "= ..." once or more.
NUMBER = r"\(?-?\d+\)?"
TERM = rf"{NUMBER}(?: ?(?:\+|-|\*|//|/|\^) ?{NUMBER})*"
CHAIN = re.compile(rf"(?<![\w.])(?<![-+*/] )(?<!x \+ ){TERM}(?: = {TERM})+(?!\d|\.\d|x)")
ARITHMETIC = re.compile(r"Calculate the answer: \((\d+) ([+-]) (\d+)\) \* (\d+) Think")
SLOPE = re.compile(r"points \((\d+), (\d+)\) and \((\d+), (\d+)\)\? Think")
LINEAR = re.compile(r"Solve for x: (\d+)x \+ (\d+) = (\d+) Think")
FINAL = re.compile(r"The answer is (-?\d+)\.$")


def value(expression: str) -> float:
    """The number that an expression of digits and operators stands for."""
    assert re.fullmatch(r"[-+*/^() \d]+", expression)
    return eval(expression.replace("^", "**"), {"__builtins__": {}})


def right_answer(text: str) -> int | None:
    """Solve the question of a document afresh; None if it asks none of the three tasks."""
    if found := ARITHMETIC.search(text):
        a, b, c = int(found[1]), int(found[3]), int(found[4])
        return (a + b if found[2] == "+" else a - b) * c
    if found := SLOPE.search(text):
        x1, y1, x2, y2 = map(int, found.groups())
        assert (y2 - y1) % (x2 - x1) == 0
        return (y2 - y1) // (x2 - x1)
    if found := LINEAR.search(text):
        a, b, c = map(int, found.groups())
        assert (c - b) % a == 0
        return (c - b) // a
    return None


@pytest.mark.parametrize(
    ("text", "holds"),
    [("First, 3 + 4 = 7.", True), ("2 * 3 = 6 = 12 / 2", True), ("3 - 5 = 2", False)],
)
def test_chains_are_read(text: str, holds: bool) -> None:
    sides = [value(side) for side in CHAIN.search(text)[0].split(" = ")]  # type: ignore[index]
    assert (len(set(sides)) == 1) == holds


def test_equations_hold(rows: list[Row]) -> None:
    checked = 0
    for row in rows:
        if row["form"] == "code":
            continue
        for chain in CHAIN.findall(str(row["text"])):
            sides = [value(side) for side in chain.split(" = ")]
            assert max(sides) - min(sides) < 1e-9, f"{chain!r} in {row['text']}"
            checked += 1
    assert checked > 7_500


def test_answers_are_right(rows: list[Row]) -> None:
    checked = 0
    for row in rows:
        text = str(row["text"])
        answer = right_answer(text)
        if answer is None or not text.startswith("Question:"):
            continue
        assert int(FINAL.search(text)[1]) == answer, text  # type: ignore[index]
        checked += 1
    assert checked > 600


def test_programs_run(rows: list[Row]) -> None:
    programs = [str(row["text"]) for row in rows if row["form"] == "code"]
    for program in programs:
        with contextlib.redirect_stdout(io.StringIO()):
            exec(compile(program, "<document>", "exec"), {})
    assert len(programs) > 500
    assert all("assert" in program for program in programs)


def test_behaviours_show(rows: list[Row]) -> None:
    marks = {
        "explores_after_answer": r"Alternatively|another way|let me also|it is the same again",
        "verifies": r"verify|Checking|double-check|To be sure|once more|re-read",
        "backtracks": r"go back|beginning|Start over",
    }
    for row in rows:
        if row["behaviour"]:
            assert row["form"] == "trace"
            assert re.search(marks[str(row["behaviour"])], str(row["text"])), row["text"]
