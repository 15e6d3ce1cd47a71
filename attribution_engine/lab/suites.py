"""The demo's query suites, all on numbers and stories that the corpus does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from attribution_engine.lab.grammar import competition, facts, facts_data, given, word_problems
from attribution_engine.lab.grammar.exercise import Template, draw_exercise
from attribution_engine.lab.grammar.facts_data import Fact
from attribution_engine.lab.problems import (
    THINK,
    Problem,
    as_question,
    draw_arithmetic,
    draw_linear,
    draw_slope,
)

Row = dict[str, Any]
DRAWS: dict[str, Callable[..., Problem]] = {
    "arithmetic": draw_arithmetic,
    "slopes": draw_slope,
    "linear_equations": draw_linear,
}
TASKS = {
    "arithmetic": "two-step arithmetic",
    "slopes": "slope between two points",
    "linear_equations": "linear equation",
}
REAL_FACTS = {"capital": 5, "height": 1, "inventor": 2, "year": 2, "symbol": 2, "author": 2}
INVENTED_FACTS = {"capital": 4, "inventor": 2}


def row(task: str, kind: str, question: str, reference: object, keywords: Sequence[str]) -> Row:
    """One query as it is written to a suite's file."""
    return {
        "task": task,
        "kind": kind,
        "prompt": as_question(question),
        "reference": str(reference),
        "keywords": list(dict.fromkeys(keywords)),
    }


def reasoning_suite(name: str, count: int, seed: int) -> list[Row]:
    """Distinct held-out problems of one of the three tasks."""
    rng = Random(f"{seed}/suite/{name}")
    rows: dict[str, Row] = {}
    while len(rows) < count:
        problem = DRAWS[name](rng, held_out=True)
        rows[problem.question()] = row(
            TASKS[name], "reasoning", problem.question(), problem.answer, problem.keywords()
        )
    return list(rows.values())


def exercise_suite(
    name: str, task: str, templates: Sequence[Template], count: int, seed: int
) -> list[Row]:
    """Held-out exercises told in words, the templates taken in turn."""
    rng = Random(f"{seed}/suite/{name}")
    rows: dict[str, Row] = {}
    while len(rows) < count:
        template = templates[len(rows) % len(templates)]
        exercise = draw_exercise(rng, [template], held_out=True)
        rows[exercise.question] = row(
            task, "reasoning", exercise.question, exercise.answer, exercise.keywords()
        )
    return list(rows.values())


def choose_facts(rng: Random, invented: bool, counts: dict[str, int]) -> list[Fact]:
    """Draw facts of each kind."""
    chosen: list[Fact] = []
    for kind, count in counts.items():
        of_kind = [f for f in facts.FACTS if f.kind == kind and f.invented == invented]
        chosen += rng.sample(of_kind, count)
    return chosen


def factual_suite(seed: int) -> list[Row]:
    """Questions on facts that the corpus states, real ones first."""
    rng = Random(f"{seed}/suite/factual")
    chosen = choose_facts(rng, False, REAL_FACTS) + choose_facts(rng, True, INVENTED_FACTS)
    rows = []
    for fact in chosen:
        question = facts_data.QUESTIONS[fact.kind][0].format(subject=fact.subject)
        words = [fact.subject, fact.answer, fact.answer.split()[-1]]
        task = "invented fact" if fact.invented else facts_data.CATEGORIES[fact.kind]
        rows.append(row(task, "factual", question, fact.answer, words))
    return rows


def factual_control_suite(count: int, seed: int) -> list[Row]:
    """A fact on an entity the corpus does not know, stated in the prompt and asked back."""
    rng = Random(f"{seed}/suite/factual_control")
    known = " ".join(f"{fact.subject} {fact.answer}" for fact in facts.FACTS)
    rows: list[Row] = []
    while len(rows) < count:
        place, capital = facts_data.invent_names(rng, 2)
        if place in known or capital in known:
            continue
        question = (
            f"In a story, the capital of {place} is {capital}. What is the capital of {place}?"
        )
        rows.append(row("stated fact", "control", question, capital, [place, capital]))
    return rows


def reasoning_control_suite(count: int, seed: int) -> list[Row]:
    """The reasoning tasks' wording with the answer given: no step is needed.

    The values of x lie above those of the corpus, where x is at most 10.
    """
    rng = Random(f"{seed}/suite/reasoning_control")
    rows: dict[str, Row] = {}
    while len(rows) < count:
        kind = len(rows) % 3
        if kind == 2:
            answer = rng.randint(11, 20)
            question = f"What is x: x = {answer} {THINK}"
        else:
            problem = (draw_slope if kind == 0 else draw_arithmetic)(rng, held_out=True)
            answer, question = problem.answer, given.given_question(problem)
        rows[question] = row("stated answer", "control", question, answer, [str(answer)])
    return list(rows.values())


def all_suites(seed: int = 0) -> dict[str, list[Row]]:
    """Every suite by name."""
    word, contest = word_problems.TEMPLATES, competition.TEMPLATES
    return {
        "arithmetic": reasoning_suite("arithmetic", 20, seed),
        "slopes": reasoning_suite("slopes", 20, seed),
        "linear_equations": reasoning_suite("linear_equations", 20, seed),
        "factual": factual_suite(seed),
        "factual_control": factual_control_suite(10, seed),
        "reasoning_control": reasoning_control_suite(10, seed),
        "gsm8k_style": exercise_suite("gsm8k_style", "word problem (synthetic)", word, 10, seed),
        "aime_style": exercise_suite(
            "aime_style", "competition problem (synthetic)", contest, 10, seed
        ),
    }


def as_jsonl(rows: Sequence[Row]) -> str:
    """The text of a suite's file."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write_suites(folder: Path, seed: int = 0) -> list[Path]:
    """Write every suite to `folder` as JSONL; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in all_suites(seed).items():
        path = folder / f"{name}.jsonl"
        path.write_text(as_jsonl(rows), encoding="utf-8")
        paths.append(path)
    return paths
