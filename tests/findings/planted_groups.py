"""A run with planted means of groups: math and code documents of three levels and two kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attribution_engine.findings.run_scores import Grouping, QueryFacts, RunScores

LEVELS = ("easy", "medium", "hard")
CATEGORIES = ("word_problem", "algebra", "loops")
Planted = Mapping[tuple[str, str, str], float]


def query(query_id: int, suite: str, kind: str = "reasoning", **more: object) -> QueryFacts:
    facts: dict[str, object] = {
        "query_id": query_id, "suite": suite, "task": suite, "kind": kind, "correct": True,
        "nats": 4.0, "prompt": "?", "completion": " .", "reference": None, "keywords": (),
    }  # fmt: skip
    return QueryFacts(**(facts | more))  # type: ignore[arg-type]


def grouping(values: Sequence[str | None]) -> Grouping:
    stated = [value for value in values if value]
    names = tuple(sorted(set(stated), key=lambda name: (-stated.count(name), name)))
    codes = [names.index(value) if value else -1 for value in values]
    return Grouping(names, np.array(codes, np.int32))


def planted(
    n: int = 1_200, seed: int = 0, math: Planted | None = None, code: Planted | None = None
) -> RunScores:
    """Scores of noise with deviation 1, shifted by what is planted.

    Args:
        math, code: shift on the six queries of the suite "gsm8k", on the six of "mbpp", by
            (domain, difficulty, category) of the document; an empty part is any.
    """
    rng = np.random.default_rng(seed)
    domains = np.array(["math", "code", "general"])[np.arange(n) % 3]
    levels = np.array(LEVELS)[(np.arange(n) // 3) % 3]
    categories = np.where(
        domains == "code", "loops", np.array(CATEGORIES[:2])[(np.arange(n) // 9) % 2]
    )
    influence = rng.standard_normal((12, n)).astype(np.float32)
    for rows, shifts in ((slice(0, 6), math), (slice(6, 12), code)):
        for (domain, level, category), shift in (shifts or {}).items():
            hit = np.ones(n, bool)
            for stated, asked in ((domains, domain), (levels, level), (categories, category)):
                hit &= (stated == asked) | (asked == "")
            influence[rows, hit] += shift
    return RunScores(
        influence=influence,
        queries=tuple(query(i, "gsm8k" if i < 6 else "mbpp") for i in range(12)),
        groupings={
            "domain": grouping(domains.tolist()),
            "category": grouping(categories.tolist()),
            "difficulty": grouping(levels.tolist()),
        },
        n_tokens=rng.integers(5, 50, n),
        method="ek-fac",
    )
