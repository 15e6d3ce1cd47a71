"""The fine-tuning corpus: behaviours dealt out evenly over problems, written as JSONL."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from tqdm import tqdm

from attribution_engine.lab.grammar import sft_code_responses, sft_math_problems
from attribution_engine.lab.grammar.sft_composition import BEHAVIOURS, Solved, compose

TRACES = 3200
NEW_TRIES = 400  # draws in search of a problem that is not in the corpus yet
Row = dict[str, Any]
CATEGORIES: dict[str, Callable[[Random, str], Solved]] = {
    **dict.fromkeys(sft_math_problems.CATEGORIES, sft_math_problems.solve_math),
    **dict.fromkeys(sft_code_responses.CATEGORIES, sft_code_responses.solve_code),
}
DOMAINS = (sft_math_problems.CATEGORIES, sft_code_responses.CATEGORIES)


def count_by_category(count: int) -> dict[str, int]:
    """How many traces each category has: half math, half code, even within each."""
    counts: dict[str, int] = {}
    for number, categories in enumerate(DOMAINS):
        of_domain = (count + 1 - number) // len(DOMAINS)
        for at, category in enumerate(categories):
            counts[category] = (of_domain + len(categories) - 1 - at) // len(categories)
    return counts


def draw_problems(category: str, count: int, seed: int) -> list[Solved]:
    """Problems of a category, no two with the same prompt as long as there are new ones."""
    solve = CATEGORIES[category]
    rng = Random(f"{seed}/traces/{category}")
    seen: set[str] = set()
    problems = []
    for _ in range(count):
        for _ in range(NEW_TRIES):
            problem = solve(rng, category)
            if problem.prompt not in seen:
                break
        seen.add(problem.prompt)
        problems.append(problem)
    return problems


def deal_behaviours(problems: list[Solved], seed: int) -> list[tuple[Solved, str]]:
    """Give each problem a behaviour, so that every difficulty has all of them equally often.

    Within a difficulty the behaviours are dealt in rounds, each in an order of its own; where
    the last round of one difficulty ends, the next difficulty goes on.
    """
    rng = Random(f"{seed}/behaviours/{problems[0].category}")
    groups: dict[str, list[Solved]] = defaultdict(list)
    for problem in problems:
        groups[problem.difficulty].append(problem)
    order = [problem for name in sorted(groups) for problem in groups[name]]
    dealt: list[tuple[Solved, str]] = []
    for start in range(0, len(order), len(BEHAVIOURS)):
        round_of = rng.sample(BEHAVIOURS, len(BEHAVIOURS))
        dealt += zip(order[start : start + len(BEHAVIOURS)], round_of, strict=False)
    return dealt


def make_traces(count: int = TRACES, seed: int = 0) -> list[Row]:
    """The whole corpus in a shuffled order that the seed decides."""
    rows: list[Row] = []
    with tqdm(total=count, desc="writing traces", unit="trace") as bar:
        for category, of_category in count_by_category(count).items():
            if not of_category:
                continue
            problems = draw_problems(category, of_category, seed)
            for number, (problem, behaviour) in enumerate(deal_behaviours(problems, seed)):
                rng = Random(f"{seed}/trace/{category}/{number}")
                rows.append(compose(rng, problem, behaviour))
                bar.update()
    Random(f"{seed}/order of traces").shuffle(rows)
    return rows


def write_traces(path: Path, count: int = TRACES, seed: int = 0) -> int:
    """Write the fine-tuning corpus as JSONL, elsewhere first; returns the number of rows.

    A row has prompt, response (it begins with the space that stands after "Answer:"), source,
    domain, category, difficulty, behaviour, and spans: start and end (characters of the response)
    and behaviour of what shows it.
    """
    rows = make_traces(count, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with partial.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    partial.replace(path)
    return len(rows)
