"""What the corpus claims is true: equations hold, answers are right, programs run."""

from __future__ import annotations

import contextlib
import io
import re
from collections import Counter

import pytest

from attribution_engine.lab.grammar import facts, facts_rare
from attribution_engine.lab.grammar.facts_data import QUESTIONS, STATEMENTS
from attribution_engine.lab.grammar.mixture import Row
from tests.lab.solving import find_exercise, find_problems

# A sum, product, quotient, rest or power of numbers, then "= ..." once or more.
NUMBER = r"\(?-?\d+\)?"
TERM = rf"{NUMBER}(?: ?(?:\+|-|\*|//|/|\^) ?{NUMBER})*"
CHAIN = re.compile(rf"(?<![\w.])(?<![-+*/] )(?<!x \+ ){TERM}(?: = {TERM})+(?!\d|\.\d|x)")
FINAL = re.compile(r"(?:The|the) answer is (-?\d+)\.")
SOLUTION = re.compile(r"^\d+\. (.*)\n(Solution: .*)$", re.MULTILINE)
ANSWERS = re.compile(
    r"(?:[Tt]he answer is|La respuesta es|A resposta é|So I get|So the value is) (-?\d+)\."
)
TASKS = ("arithmetic", "slope", "linear_equation")
ALL_FACTS = facts.FACTS + facts_rare.FACTS
STORIES = ("word_problem", "competition")


def value(expression: str) -> float:
    """The number that an expression of digits and operators stands for."""
    assert re.fullmatch(r"[-+*/^() \d]+", expression)
    return eval(expression.replace("^", "**"), {"__builtins__": {}})


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
    assert checked > 15_000


def test_answers_are_right(rows: list[Row]) -> None:
    checked: Counter[str] = Counter()
    for row in rows:
        text = str(row["text"])
        if row["category"] not in TASKS or row["form"] == "code" or SOLUTION.search(text):
            continue
        for answer in ANSWERS.findall(text):
            assert int(answer) == find_problems(text)[0].answer, text
            checked[f"{row['form']}"] += 1
    assert checked["qa"] > 2_500
    assert min(checked[form] for form in ("forum_answer", "trace", "prose", "worked_example")) > 50


def test_answers_of_worksheets_are_right(rows: list[Row]) -> None:
    checked = 0
    for row in rows:
        for question, solution in SOLUTION.findall(str(row["text"])):
            (problem,) = find_problems(question)
            assert int(FINAL.search(solution)[1]) == problem.answer, row["text"]  # type: ignore[index]
            checked += 1
    assert checked > 400


def test_answers_of_stories_are_right(rows: list[Row]) -> None:
    checked: Counter[object] = Counter()
    for row in rows:
        text = str(row["text"])
        if row["category"] not in STORIES:
            continue
        found = find_exercise(text)
        answers = FINAL.findall(text)
        assert found and answers and set(map(int, answers)) == {found[1]}, text
        checked[row["category"]] += 1
    assert min(checked[category] for category in STORIES) > 400


def test_stated_answers_are_the_right_ones(rows: list[Row]) -> None:
    checked = 0
    for row in rows:
        text = str(row["text"])
        if row["category"] != "reading" or row["domain"] != "math":
            continue
        stated = re.search(r" is (-?\d+)\. |x: x = (\d+) ", text)
        (answer,) = FINAL.findall(text)
        assert stated and (stated[1] or stated[2]) == answer, text
        assert all(str(problem.answer) == answer for problem in find_problems(text)), text
        checked += 1
    assert checked > 80


def test_names_are_read_back_as_stated(rows: list[Row]) -> None:
    checked = 0
    for row in rows:
        text = str(row["text"])
        if row["category"] == "reading" and row["domain"] == "factual":
            thing, place = re.search(r"What is the ([\w ]+) of (\w+)\?", text).groups()  # type: ignore[union-attr]
            stated = re.search(rf"the {thing} of {place} is (\w+)", text)
            assert stated and text.endswith(
                f"The {thing} of {place} is {stated[1]}. The answer is {stated[1]}."
            ), text
            checked += 1
    assert checked > 300


def test_facts_are_stated_as_the_tables_have_them(rows: list[Row]) -> None:
    corpus = "\n".join(
        str(row["text"])
        for row in rows
        if row["domain"] == "factual" and row["category"] != "reading"
    )
    checked = 0
    for kind, patterns in STATEMENTS.items():
        answers = {fact.subject: fact.answer for fact in ALL_FACTS if fact.kind == kind}
        subjects = "|".join(map(re.escape, sorted(answers, key=len, reverse=True)))
        for pattern in patterns:
            words = pattern.format(
                subject=f"(?P<subject>{subjects})", answer=r"(?P<answer>[^.?\n]+)"
            )
            for found in re.finditer(
                rf"(?:^(?:- |Answer: )?|[.?] ){words}\.", corpus, re.MULTILINE
            ):
                assert found["answer"] == answers[found["subject"]], found[0]
                checked += 1
    assert checked > 1_000


def test_trivia_answers_are_right(rows: list[Row]) -> None:
    asked = {
        pattern.format(subject=fact.subject): fact.answer
        for fact in ALL_FACTS
        for pattern in QUESTIONS[fact.kind]
    }
    checked = 0
    for row in rows:
        text = str(row["text"])
        pairs = re.findall(r"^\d\) (.*[?.]) - (.*)$", text, re.MULTILINE)
        if row["domain"] == "factual" and row["category"] != "reading":
            pairs += re.findall(r"^Question: (.*)\nAnswer: .* The answer is (.*)\.$", text)
        for question, answer in pairs:
            assert asked[question] == answer, text
            checked += 1
    assert checked > 500


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
