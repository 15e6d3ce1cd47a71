"""What one document does to the suites of a run, from what it does to each query."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from attribution_engine.store.views import QueryEffect


@dataclass(frozen=True, slots=True)
class SuiteEffect:
    """What one document does to the queries of a suite.

    Attributes:
        n_helped, n_harmed: queries with influence above and below zero.
        mean: of the influence; over all queries of the suite.
        mean_per_nat: of the per-nat influence over the queries that have one; None where none has.
        bar: `mean_per_nat` ÷ the largest size of all suites, −1 to 1.
    """

    suite: str
    kind: str
    n_queries: int
    n_helped: int
    n_harmed: int
    mean: float
    mean_per_nat: float | None
    bar: float = 0.0


@dataclass(frozen=True, slots=True)
class BothEnds:
    """The queries that a document helps, most helped first, and those that it harms, most harmed
    first; `n_neither` have an influence of exactly zero."""

    helped: tuple[QueryEffect, ...]
    harmed: tuple[QueryEffect, ...]
    n_neither: int


def by_suite(effects: Iterable[QueryEffect]) -> tuple[SuiteEffect, ...]:
    """The suites in the order of their first query."""
    suites: dict[str, list[QueryEffect]] = {}
    for one in sorted(effects, key=lambda effect: effect.query.query_id):
        suites.setdefault(one.query.suite, []).append(one)
    means = {name: _mean_per_nat(found) for name, found in suites.items()}
    largest = max((abs(mean) for mean in means.values() if mean is not None), default=0.0)
    return tuple(
        SuiteEffect(
            name,
            ", ".join(sorted({one.query.kind for one in found})),
            len(found),
            sum(one.influence > 0 for one in found),
            sum(one.influence < 0 for one in found),
            statistics.fmean(one.influence for one in found),
            means[name],
            (means[name] or 0.0) / largest if largest else 0.0,
        )
        for name, found in suites.items()
    )


def both_ends(effects: Sequence[QueryEffect], suite: str = "") -> BothEnds:
    """The two complete lists of a document's effects, of one suite where that is named.

    Ordered by per-nat influence, where a query has one, so that long and short completions compare.
    """
    found = [one for one in effects if suite in ("", one.query.suite)]

    def strongest(one: QueryEffect) -> tuple[float, float, int]:
        return strength(one.query.query_id, one.influence, one.per_nat)

    helped = sorted((one for one in found if one.influence > 0), key=strongest)
    harmed = sorted((one for one in found if one.influence < 0), key=strongest)
    return BothEnds(tuple(helped), tuple(harmed), len(found) - len(helped) - len(harmed))


def strength(query_id: int, influence: float, per_nat: float | None) -> tuple[float, float, int]:
    """What one side of a document's effects is ordered by, the strongest first."""
    return -abs(per_nat or 0.0), -abs(influence), query_id


def _mean_per_nat(effects: Sequence[QueryEffect]) -> float | None:
    known = [one.per_nat for one in effects if one.per_nat is not None]
    return statistics.fmean(known) if known else None
