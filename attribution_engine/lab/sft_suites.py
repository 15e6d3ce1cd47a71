"""Query suites of the fine-tuned run: word problems, competition problems and tiny functions.

All of them are fresh: their keys lie on the held-out side of the split that the traces respect.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

from attribution_engine.lab.grammar import competition, word_problems
from attribution_engine.lab.grammar.exercise import Template, draw_exercise
from attribution_engine.lab.grammar.sft_code_tasks import CodeTask, draw_code_task
from attribution_engine.lab.suites import Row, as_jsonl, row

ITEMS = 24
TRIES = 200  # draws without a new item, after which a kind may come once more


def code_row(task: CodeTask) -> Row:
    """One function to write, with its tests; the reference is a function that passes them."""
    return {
        "task": f"{task.family.category} function ({task.difficulty()})",
        "kind": "reasoning",
        "prompt": task.prompt(),
        "reference": task.code(),
        "keywords": [task.name],
        "tests": task.tests(),
    }


def fresh_rows(draw: Callable[[], tuple[str, Row]], count: int) -> list[Row]:
    """Rows with different prompts, of as many kinds as there are.

    Args:
        draw: draws a held-out item; gives its kind and its row.
    """
    rows: dict[str, Row] = {}
    kinds: Counter[str] = Counter()
    misses, most = 0, 1
    while len(rows) < count:
        kind, drawn = draw()
        if drawn["prompt"] in rows or kinds[kind] >= most:
            misses += 1
            if misses % TRIES == 0:  # every kind has its share, or has nothing more held out
                most += 1
            continue
        rows[drawn["prompt"]] = drawn
        kinds[kind] += 1
    return list(rows.values())


def exercise_rows(task: str, templates: Sequence[Template], seed: int) -> list[Row]:
    """Held-out exercises told in words."""
    rng = Random(f"{seed}/fine-tuned suite/{task}")

    def draw() -> tuple[str, Row]:
        exercise = draw_exercise(rng, templates, held_out=True)
        keywords = exercise.keywords()
        return exercise.kind, row(task, "reasoning", exercise.question, exercise.answer, keywords)

    return fresh_rows(draw, ITEMS)


def code_rows(seed: int) -> list[Row]:
    """Held-out functions to write."""
    rng = Random(f"{seed}/fine-tuned suite/code")

    def draw() -> tuple[str, Row]:
        task = draw_code_task(rng, held_out=True)
        return task.family.name, code_row(task)

    return fresh_rows(draw, ITEMS)


def sft_suites(seed: int = 0) -> dict[str, list[Row]]:
    """The three suites by the names of their files."""
    return {
        "sft_gsm8k_style": exercise_rows("word problem (synthetic)", word_problems.TEMPLATES, seed),
        "sft_aime_style": exercise_rows(
            "competition problem (synthetic)", competition.TEMPLATES, seed
        ),
        "sft_mbpp_style": code_rows(seed),
    }


def write_sft_suites(folder: Path, seed: int = 0) -> list[Path]:
    """Write the three suites to `folder` as JSONL; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, rows in sft_suites(seed).items():
        path = folder / f"{name}.jsonl"
        path.write_text(as_jsonl(rows), encoding="utf-8")
        paths.append(path)
    return paths
