"""Invented queries: a few suites, each of tasks of ten queries."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from attribution_engine.synthetic.pieces import place_name, token_ends

TASK_QUERIES: Final = 10
SUITES: Final = (
    ("synthetic_slopes", "slope between two points", "reasoning"),
    ("synthetic_arithmetic", "two-step arithmetic", "reasoning"),
    ("synthetic_code", "what a function returns", "reasoning"),
    ("synthetic_facts", "capital of an invented country", "factual"),
    ("synthetic_controls", "slope that is given", "control"),
)


def query_rows(n_queries: int, seed: int) -> Iterator[dict[str, Any]]:
    """Rows of `queries`; every third has no reference."""
    random = Random(f"queries {seed}")
    for query_id in range(n_queries):
        suite, task, kind = SUITES[task_of(query_id) % len(SUITES)]
        prompt, completion, answer = _asked(suite, random)
        ends = token_ends(prompt + completion)
        explained = [end > len(prompt) for end in ends]
        nats = [random.expovariate(2.5) if each else 0.0 for each in explained]
        yield {
            "query_id": query_id,
            "suite": suite,
            "task": f"{task} {task_of(query_id) // len(SUITES) + 1}",
            "kind": kind,
            "prompt": prompt,
            "completion": completion,
            "reference": None if query_id % 3 == 2 else answer,
            "correct": (True, False, None)[query_id % 3],
            "nats": sum(nats),
            "n_tokens": sum(explained),
            "token_ends": ends,
            "token_nats": nats,
            "keywords": f'["{answer}"]',
        }


def task_of(query_id: int) -> int:
    """Which task a query belongs to; its queries follow each other."""
    return query_id // TASK_QUERIES


def _asked(suite: str, random: Random) -> tuple[str, str, str]:
    """A prompt, a completion and the answer."""
    a, b, c = random.randint(2, 30), random.randint(2, 30), random.randint(2, 9)
    if suite == "synthetic_facts":
        place, capital = place_name(random), place_name(random)
        prompt = f"Question: What is the capital of {place}?\nAnswer:"
        return prompt, f" The capital of {place} is {capital}.", capital
    if suite == "synthetic_code":
        prompt = (
            f"def f(x):\n    return {a} * x + {b}\n\nQuestion: What does f({c}) return?\nAnswer:"
        )
        return prompt, f" First, {a} * {c} = {a * c}. Then, {a * c} + {b} = {a * c + b}. So the" \
            f" answer is {a * c + b}.", str(a * c + b)  # fmt: skip
    if suite == "synthetic_arithmetic":
        prompt = f"Question: Calculate the answer: ({a} + {b}) * {c} Think step-by-step.\nAnswer:"
        answer = str((a + b) * c)
        return prompt, f" First, {a} + {b} = {a + b}. Then, {a + b} * {c} = {answer}. The answer" \
            f" is {answer}.", answer  # fmt: skip
    given = f" The slope is {c}." if suite == "synthetic_controls" else ""
    prompt = (
        f"Question: What is the slope of the line passing through the points ({a}, {b}) and"
        f" ({a + 1}, {b + c})?{given} Think step-by-step.\nAnswer:"
    )
    completion = (
        f" Here y2 - y1 = {b + c} - {b} = {c} and x2 - x1 = {a + 1} - {a} = 1. Therefore the slope"
        f" is {c} / 1 = {c}. The answer is {c}."
    )
    return prompt, completion, str(c)
