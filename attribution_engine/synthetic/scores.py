"""Invented influence: heavy tails on both sides, alike among the queries of one task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from attribution_engine.synthetic.corpus import DOMAINS, LONG, MIDDLE
from attribution_engine.synthetic.queries import SUITES, task_of

FREEDOM: Final = 3.0  # of Student's t: about the exponent of a real run's tails
WITH_LONG: Final = 5  # queries near whose top the long documents stand
SCALE: Final = 2e-4  # nats
OF_ALL, OF_TASK, OF_QUERY = 0.3, 0.75, 0.5  # how much of a score is shared by whom
# How much the documents of each domain matter to each suite.
WEIGHTS: Final = {
    "synthetic_slopes": (1.6, 1.2, 0.5, 0.5),
    "synthetic_arithmetic": (1.5, 0.9, 0.5, 0.5),
    "synthetic_code": (1.0, 1.8, 0.4, 0.4),
    "synthetic_facts": (0.3, 0.3, 1.7, 1.0),
    "synthetic_controls": (1.2, 1.0, 0.8, 0.6),
}


def influence_rows(
    domains: np.ndarray, norms: np.ndarray, n_queries: int, seed: int
) -> Iterator[np.ndarray]:
    """Influence (nats) of all documents on one query after another.

    The long documents come second and third, or close to that, in the first queries, and one of
    middle length behind them.

    Args:
        domains: [documents] indices into `DOMAINS`; norms: [documents] ‖∇L‖.
    """
    n = len(domains)
    of_all = np.random.default_rng([seed, 2]).standard_normal(n, np.float32)
    sizes = SCALE * norms**0.7
    task, of_task = -1, of_all
    for query in range(n_queries):
        if task_of(query) != task:
            task = task_of(query)
            of_task = _heavy(np.random.default_rng([seed, 3, task]), n)
        random = np.random.default_rng([seed, 4, query])
        weights = np.array(WEIGHTS[SUITES[task % len(SUITES)][0]], np.float32)
        values = OF_TASK * of_task + OF_QUERY * _heavy(random, n) + OF_ALL * of_all
        values *= weights[domains] * sizes * np.float32(random.lognormal(0.0, 0.5))
        for place, doc_id in enumerate(_placed(query)):
            if doc_id < n:
                values[doc_id] = values.max() * (0.99 - 0.02 * place)
        yield values.astype(np.float32, copy=False)


def _placed(query: int) -> tuple[int, ...]:
    """The documents of known length that stand near the top of a query."""
    return (*(LONG if query < WITH_LONG else ()), *MIDDLE[query : query + 1])


def token_scores(random: np.random.Generator, influence: float, n_tokens: int) -> np.ndarray:
    """[tokens] float32 that sum to the influence; a few of them are most of it."""
    spread = abs(influence) / np.sqrt(n_tokens)
    scores = np.clip(random.standard_t(2, n_tokens), -30, 30) * spread
    scores += (influence - scores.sum()) / n_tokens
    return scores.astype(np.float32)


def _heavy(random: np.random.Generator, n: int) -> np.ndarray:
    """Student's t, drawn as float32."""
    spread = np.sqrt(random.standard_gamma(FREEDOM / 2, n, np.float32) / np.float32(FREEDOM / 2))
    return random.standard_normal(n, np.float32) / spread


assert all(len(weights) == len(DOMAINS) for weights in WEIGHTS.values())
