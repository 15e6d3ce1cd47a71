"""Whether answers, and the steps towards them, stand in a query's most helpful documents.

As in the Procedural paper a factual query is found by its answer in one document, a reasoning
query by all its steps, which may stand in several documents. Beside every share stands what random
documents would give: the top 500 of ten thousand documents hold much that the top 500 of five
million do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import comb, exp, lgamma, log, prod
from typing import Final, Literal

import numpy as np

from attribution_engine.findings.wilson import wilson

Measure = Literal["answer", "steps"]
MEASURES: Final[tuple[Measure, ...]] = ("answer", "steps")


@dataclass(frozen=True, slots=True)
class Found:
    """Where one thing that was looked for stands.

    Attributes:
        what: "answer", "step 1" …
        first_rank: of the most helpful document that says it; None = none of the top k does.
        n_top: documents of the top k that say it.
        n_elsewhere: documents outside the top k that say it, counted or estimated.
    """

    what: str
    first_rank: int | None
    n_top: int
    n_elsewhere: int

    @property
    def n(self) -> int:
        """Documents of the whole corpus."""
        return self.n_top + self.n_elsewhere


@dataclass(frozen=True, slots=True)
class FoundOf:
    """What was looked for of a query: its answer (or None) and its steps.

    Attributes:
        kind: reasoning, factual or control; role: the same, controls by what they control.
    """

    query_id: int
    kind: str
    correct: bool | None
    answer: Found | None
    steps: tuple[Found, ...]
    role: str = ""

    @property
    def counts_by(self) -> Measure | None:
        """Of reasoning the steps count, of facts and controls the answer, where it is known."""
        if self.steps and (self.kind == "reasoning" or self.answer is None):
            return "steps"
        return "answer" if self.answer else None

    def parts(self, measure: Measure) -> tuple[Found, ...]:
        """What has to be found for this measure; empty where nothing is known."""
        return self.steps if measure == "steps" else ((self.answer,) if self.answer else ())

    def is_found(self, measure: Measure, k: int) -> bool:
        """Whether the k most helpful documents say all of it, each something or one all."""
        return all(
            one.first_rank is not None and one.first_rank <= k for one in self.parts(measure)
        )

    def is_in_corpus(self, measure: Measure) -> bool:
        """Whether the documents of the corpus say all of it."""
        return all(one.n > 0 for one in self.parts(measure))

    def by_chance(self, measure: Measure, k: int, n_documents: int) -> float:
        """Probability that k random documents say all of it; steps as if independent."""
        return prod(chance(one.n, n_documents, k) for one in self.parts(measure))


@dataclass(frozen=True, slots=True)
class Share:
    """A share of queries with its 95% Wilson interval.

    Attributes:
        low, high: None where there is no query.
        chance: mean over the same queries of the probability by chance.
    """

    n_found: int
    n: int
    low: float | None
    high: float | None
    chance: float | None

    @property
    def figure(self) -> float | None:
        """The share; None where there is no query."""
        return self.n_found / self.n if self.n else None


def share_found(
    queries: Iterable[FoundOf], measure: Measure | None, k: int, n_documents: int
) -> Share:
    """Share of queries that are found in the top k.

    Args:
        measure: None = as each query counts; others are left out where it is not known of them.
    """
    known = [(one, by) for one in queries if (by := measure or one.counts_by) and one.parts(by)]
    found = sum(one.is_found(by, k) for one, by in known)
    chances = [one.by_chance(by, k, n_documents) for one, by in known]
    return Share(
        found,
        len(known),
        *_interval(found, len(known)),
        float(np.mean(chances)) if chances else None,
    )


def share_in_corpus(queries: Iterable[FoundOf], measure: Measure | None) -> Share:
    """Share of queries that documents of the corpus, in the top k or not, answer."""
    known = [(one, by) for one in queries if (by := measure or one.counts_by) and one.parts(by)]
    found = sum(one.is_in_corpus(by) for one, by in known)
    return Share(found, len(known), *_interval(found, len(known)), None)


def chance(n_holding: int, n_documents: int, k: int) -> float:
    """Probability that k different random documents hold at least one of n_holding."""
    k, n_holding = min(k, n_documents), min(n_holding, n_documents)
    if n_holding <= 0 or k <= 0:
        return 0.0
    rest = n_documents - n_holding
    if k > rest:
        return 1.0
    # log C(rest, k) − log C(n, k), of which k! goes away
    none = (
        lgamma(rest + 1) - lgamma(rest - k + 1) - lgamma(n_documents + 1)
        + lgamma(n_documents - k + 1)
    )  # fmt: skip
    return min(1.0, max(0.0, 1 - exp(min(0.0, none))))


def _interval(n_found: int, n: int) -> tuple[float | None, float | None]:
    """Wilson's interval over queries as independent draws; none without a query."""
    return wilson(n_found / n, n) if n else (None, None)


def fisher(found_a: int, n_a: int, found_b: int, n_b: int) -> float:
    """Two-sided p of Fisher's exact test that two shares are the same."""
    total, found = n_a + n_b, found_a + found_b
    if not n_a or not n_b:
        return 1.0
    ways = [
        comb(n_a, one) * comb(n_b, found - one)
        for one in range(max(0, found - n_b), min(found, n_a) + 1)
    ]
    observed = comb(n_a, found_a) * comb(n_b, found_b)
    # Tables as probable as this one count, as those that are less so.
    return min(1.0, sum(one for one in ways if one <= observed) / comb(total, found))


def tails_of_chance(n_found: int, chances: Sequence[float]) -> tuple[float, float]:
    """Probability of at least, and of at most, so many queries found by chance.

    Args:
        chances: of each query; queries as independent (Poisson's binomial distribution).
    """
    law = np.ones(1)
    for one in chances:
        law = np.convolve(law, (1 - one, one))
    return float(min(1.0, law[n_found:].sum())), float(min(1.0, law[: n_found + 1].sum()))


def estimated(n_found: int, n_read: int, n_candidates: int) -> int:
    """Documents that say something, where only some of the candidates were read."""
    return round(n_found * n_candidates / n_read) if n_read else 0


def ranks_of(k: int) -> list[int]:
    """Ranks 1, 2, 5, 10, 20 … up to k, and k."""
    steps = [m * 10**power for power in range(round(log(max(k, 1), 10)) + 2) for m in (1, 2, 5)]
    return [one for one in steps if one < k] + ([k] if k else [])
