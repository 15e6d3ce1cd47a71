"""How often top documents relate to their query in some way, and what that says of the claim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.stats import binomtest

from attribution_engine.findings.answer_claims import percent
from attribution_engine.findings.claims import Claim, Standing
from attribution_engine.findings.intervals import bootstrap_interval
from attribution_engine.findings.wilson import wilson

FEWEST: Final = 5  # reasoning queries whose procedure is known
TOP: Final = 100  # documents that Procedural looked through
LARGEST_SHARE: Final = 100  # the top k is a hundredth of the corpus at most
LEVEL: Final = 0.05
PAPER: Final = "Procedural, finding 4"
STATED: Final = (
    "The top documents state the procedure of reasoning queries, in code or as a formula"
)


@dataclass(frozen=True, slots=True)
class RelationsOf:
    """What was read for one query.

    Attributes:
        procedure: as it is written; empty where none is known.
        top: documents of its k first with each relation; random: of those drawn at random.
        n_stating, n_stating_random: documents that state its procedure as a formula or in code.
    """

    query_id: int
    suite: str
    kind: str
    correct: bool | None
    procedure: str
    top: dict[str, int]
    random: dict[str, int]
    n_stating: int
    n_stating_random: int


@dataclass(frozen=True, slots=True)
class SuiteShare:
    """Share of the top documents of a suite's queries with a relation, and at random."""

    suite: str
    relation: str
    n_queries: int
    n_known: int
    share: float
    low: float | None
    high: float | None
    share_random: float


def top_of(n_documents: int) -> int:
    """Documents of the top end that are read: Procedural's, or a hundredth of the corpus."""
    return min(TOP, max(1, n_documents // LARGEST_SHARE))


def suite_shares(
    found: Sequence[RelationsOf], names: Sequence[str], k: int, n_read: int, seed: int = 0
) -> list[SuiteShare]:
    """Mean over the queries of each suite, with the bootstrap interval over them."""
    suites: dict[str, list[RelationsOf]] = {}
    for one in found:
        suites.setdefault(one.suite, []).append(one)
    shares = []
    for suite, queries in suites.items():
        n_known = sum(bool(one.procedure) for one in queries)
        for name in names:
            top = bootstrap_interval([one.top.get(name, 0) / k for one in queries], seed)
            chance = float(np.mean([one.random.get(name, 0) / n_read for one in queries]))
            shares.append(
                SuiteShare(
                    suite, name, len(queries), n_known, top.figure, top.low, top.high, chance
                )
            )
    return shares


def by_chance(n_stating: int, n_read: int, k: int) -> float:
    """Probability that one of k random documents states it, where n of so many read do."""
    return 1.0 - (1.0 - n_stating / n_read) ** k


def procedure_claim(found: Sequence[RelationsOf], k: int, n_read: int, n_documents: int) -> Claim:
    """Whether the top documents state the procedure of most reasoning queries."""
    known = [
        one
        for one in found
        if one.kind == "reasoning" and one.correct is not False and one.procedure
    ]
    standing: Standing = "cannot tell"
    if len(known) < FEWEST:
        sentence = (
            f"The procedure of {len(known)} reasoning queries is known; {FEWEST} are needed. Add "
            "reasoning queries whose completion works out its result in two sums or more, and is "
            "not known to be wrong, and run again."
        )
    else:
        n = len(known)
        n_with = sum(one.n_stating > 0 for one in known)
        times = sum(one.n_stating for one in known)
        chance = float(np.mean([by_chance(one.n_stating_random, n_read, k) for one in known]))
        low, high = wilson(n_with / n, n)
        p = float(binomtest(n_with, n, min(1.0, chance), alternative="greater").pvalue)
        sentence = (
            f"The procedure stands as a formula or in code among the top {k} of "
            f"{n_documents:,} documents for {n_with} of {n} reasoning queries ".replace(
                ",", "\u202f"
            )
            + f"({percent(n_with / n)}, 95% interval {percent(low)} to {percent(high)}), {times} "
            f"times in all; {k} random documents would state it for {percent(chance)} (binomial "
            f"p = {p:.2g})."
        )
        if chance > 0.5:
            sentence += " Random documents would as well: this corpus says it too often to tell."
        elif low > 0.5 and p < LEVEL:
            standing = "replicates"
        elif high < 0.5:
            standing = "does not"
    return Claim(
        "answers",
        STATED,
        PAPER,
        standing,
        sentence,
        "Of the reasoning queries whose procedure is known and whose completion is not known to be "
        f"wrong, the share with a document that states it within the top {TOP} or 1% of the corpus "
        "where that is fewer: replicates if its 95% Wilson interval lies above one half and random "
        f"documents would reach it with p < {LEVEL} (binomial, one-sided); does not if the "
        f"interval lies below one half. Cannot tell otherwise, with fewer than {FEWEST} such "
        "queries, or where as many random documents would state it for more than half of them.",
        len(known),
        n_documents,
    )
