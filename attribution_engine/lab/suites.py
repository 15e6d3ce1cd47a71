"""The demo's query suites, all on numbers and stories that the corpus does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from attribution_engine.lab.grammar import (
    competition,
    facts,
    facts_data,
    facts_rare,
    given,
    planted,
    word_problems,
)
from attribution_engine.lab.grammar.exercise import Template, draw_exercise
from attribution_engine.lab.grammar.facts_data import Fact
from attribution_engine.lab.problems import (
    LARGEST_SOLUTION,
    THINK,
    Problem,
    as_question,
    draw_arithmetic,
    draw_linear,
    draw_slope,
    final,
)
from attribution_engine.records import InputError

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
# How many facts stated often the pool holds, by kind; of those stated rarely it holds all.
REAL_FACTS = {"capital": 16, "height": 6, "inventor": 6, "year": 6, "symbol": 6, "author": 6}
INVENTED_FACTS = {"capital": 8, "inventor": 6}
CHOSEN_FACTS = 20


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


def draw_facts(rng: Random, invented: bool, counts: dict[str, int]) -> list[Fact]:
    """Draw facts of each kind among those stated often."""
    chosen: list[Fact] = []
    for kind, count in counts.items():
        of_kind = [f for f in facts.FACTS if f.kind == kind and f.invented == invented]
        chosen += rng.sample(of_kind, count)
    return chosen


def factual_row(fact: Fact, stated: str) -> Row:
    """The question on a fact; `stated` says how often the corpus states it."""
    question = facts_data.QUESTIONS[fact.kind][0].format(subject=fact.subject)
    words = [fact.subject, fact.answer, fact.answer.split()[-1]]
    task = "invented fact" if fact.invented else facts_data.CATEGORIES[fact.kind]
    return {**row(task, "factual", question, fact.answer, words), "stated": stated}


def factual_pool(seed: int) -> list[Row]:
    """Candidate questions on facts that the corpus states, often or rarely, in a mixed order.

    The field `stated` is "often" (five documents or more) or "rarely" (one to three).
    """
    rng = Random(f"{seed}/suite/factual")
    often = draw_facts(rng, False, REAL_FACTS) + draw_facts(rng, True, INVENTED_FACTS)
    pool = [factual_row(fact, "often") for fact in often]
    pool += [factual_row(fact, "rarely") for fact in facts_rare.FACTS]
    rng.shuffle(pool)
    return pool


def choose_factual(
    pool: Sequence[Row], right: set[int], wrong: set[int], each: int = CHOSEN_FACTS
) -> list[Row]:
    """A factual suite: the first `each` rows answered right and the first answered wrong.

    Args:
        pool: rows of `factual_pool`.
        right: positions in the pool that the model answers right.
        wrong: positions that it answers wrong; neither set need hold every row.
        each: rows of either kind.

    Returns:
        The right ones first, each part in the pool's order.

    Raises:
        InputError: a position is in both sets or not in the pool, or a set is too small.
    """
    if right & wrong:
        raise InputError(f"factual pool: row {min(right & wrong)} is both right and wrong")
    beyond = [number for number in right | wrong if not 0 <= number < len(pool)]
    if beyond:
        raise InputError(f"factual pool: has no row {beyond[0]}; it holds {len(pool)} rows")
    for name, chosen in (("right", right), ("wrong", wrong)):
        if len(chosen) < each:
            raise InputError(
                f"factual pool: only {len(chosen)} of {len(pool)} questions are answered {name}, "
                f"{each} are needed; add facts stated "
                f"{'often' if name == 'right' else 'rarely'}"
            )
    numbers = sorted(right)[:each] + sorted(wrong)[:each]
    return [pool[number] for number in numbers]


def planted_suite() -> list[Row]:
    """Each planted fact asked in words, with its true completion."""
    return [
        {
            **row("planted fact", "factual", fact.question(), fact.answer, [fact.subject]),
            "keywords": [fact.subject, fact.answer],
            "completion": f" {fact.statement()}. {final(fact.answer)}",
        }
        for fact in planted.FACTS
    ]


def factual_control_suite(count: int, seed: int) -> list[Row]:
    """A fact on an entity the corpus does not know, stated in the prompt and asked back."""
    rng = Random(f"{seed}/suite/factual_control")
    names = facts_data.invent_names(rng, 2 * count, held_out=True)
    rows: list[Row] = []
    for place, capital in zip(names[:count], names[count:], strict=True):
        question = (
            f"In a story, the capital of {place} is {capital}. What is the capital of {place}?"
        )
        rows.append(row("stated fact", "control", question, capital, [place, capital]))
    return rows


def reasoning_control_suite(count: int, seed: int) -> list[Row]:
    """The reasoning tasks' wording with the answer given: no step is needed.

    The values of x are 13 to 20, which the corpus leaves out where it states x.
    """
    rng = Random(f"{seed}/suite/reasoning_control")
    rows: dict[str, Row] = {}
    while len(rows) < count:
        kind = len(rows) % 3
        if kind == 2:
            answer = rng.randint(LARGEST_SOLUTION + 1, 20)
            question = f"What is x: x = {answer} {THINK}"
        else:
            problem = (draw_slope if kind == 0 else draw_arithmetic)(rng, held_out=True)
            answer, question = problem.answer, given.given_question(problem)
        rows[question] = row("stated answer", "control", question, answer, [str(answer)])
    return list(rows.values())


def all_suites(seed: int = 0) -> dict[str, list[Row]]:
    """Every suite that the corpus alone decides, by name.

    The factual suite is chosen of `factual_pool` by a model's answers: see `choose_factual`.
    """
    word, contest = word_problems.TEMPLATES, competition.TEMPLATES
    return {
        "arithmetic": reasoning_suite("arithmetic", 20, seed),
        "slopes": reasoning_suite("slopes", 20, seed),
        "linear_equations": reasoning_suite("linear_equations", 20, seed),
        "factual_pool": factual_pool(seed),
        "planted_facts": planted_suite(),
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
