"""Totals of queries side by side: means with intervals, and tests between kinds of query."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import stats

from attribution_engine.findings.intervals import DRAWS, LEVEL, percentiles, resamples

SHOWN: Final = (1.0, 5.0, 10.0, 100.0)  # percentiles that have an interval
OUTCOMES: Final = {True: "correct", False: "wrong", None: "unknown"}
QUANTITIES: Final = ("total", "per_nat", "share")
TAIL_QUANTITIES: Final = ("slope", "survival_exponent")


MEANS: Final[tuple[tuple[str, float | None], ...]] = (
    *((quantity, percentile) for quantity in QUANTITIES for percentile in SHOWN),
    *((quantity, None) for quantity in TAIL_QUANTITIES),
)


@dataclass(frozen=True, slots=True)
class QueryTotals:
    """What one side of one query sums to.

    Attributes:
        nats: −log p of the completion; None or 0 where there is none.
        totals: summed size of the influence by percentile of `SHOWN`; a percentile that is less
            than one document is not there. 0 where no document has this sign.
        shares: of the side's total, by the same percentiles; empty where no document has the sign.
        slope: of log |influence| on log rank over the top k; None where too few have this sign.
        survival_exponent: α of P(|influence| > x) ∝ x^−α over the same.
        ks_p: how well that law fits; small speaks against it.
        is_set: whether the query is the mean over the items of a suite.
    """

    query_id: int
    side: str
    suite: str
    kind: str
    outcome: str
    nats: float | None
    totals: dict[float, float]
    shares: dict[float, float]
    slope: float | None = None
    survival_exponent: float | None = None
    ks_p: float | None = None
    is_set: bool = False

    def value(self, quantity: str, percentile: float = 100.0) -> float | None:
        """One of `QUANTITIES` at a percentile; None where the query has none."""
        if quantity == "share":
            return self.shares.get(percentile)
        total = self.totals.get(percentile)
        if total is None or quantity == "total":
            return total
        return total / self.nats if self.nats else None


@dataclass(frozen=True, slots=True)
class GroupMean:
    """A quantity over the queries of a group, as the table `coverage_group` has it.

    Attributes:
        grouping: "kind" or "suite"; value: which; kind: of its queries.
        outcome: "all", "correct", "wrong" or "unknown".
        quantity: one of `QUANTITIES` or `TAIL_QUANTITIES`; percentile: None for the latter.
        deviation: standard deviation over the queries; None for a single one.
        low, high: 95% interval of the mean by bootstrap over the queries; None for a single one.
    """

    grouping: str
    value: str
    kind: str
    outcome: str
    side: str
    quantity: str
    percentile: float | None
    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    n_queries: int


@dataclass(frozen=True, slots=True)
class Welch:
    """Two groups by Welch's t-test; None where a group has fewer than two values.

    Attributes:
        difference: mean of a less mean of b; low, high: its 95% interval by Welch's t.
        p: two-sided.
    """

    mean_a: float | None
    deviation_a: float | None
    n_a: int
    mean_b: float | None
    deviation_b: float | None
    n_b: int
    difference: float | None
    low: float | None
    high: float | None
    t: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class Between:
    """A figure with its 95% interval, whose ends may be infinite."""

    figure: float
    low: float
    high: float


def single_queries(queries: Sequence[QueryTotals]) -> list[QueryTotals]:
    """The queries without those that are means over others; all where there are only such."""
    return [one for one in queries if not one.is_set] or list(queries)


def group_means(
    queries: Sequence[QueryTotals], draws: int = DRAWS, seed: int = 0
) -> Iterator[GroupMean]:
    """Every quantity, sums and shares at every shown percentile, by kind and by suite.

    Over all completions of a group, and its correct, wrong and unknown ones apart.

    Sets of queries are in no kind (their items are), but are suites of their own.
    """
    for grouping, members in (("kind", single_queries(queries)), ("suite", queries)):
        groups: dict[tuple[str, str, str, str], list[QueryTotals]] = {}
        for one in members:
            for outcome in ("all", one.outcome):
                key = (one.kind if grouping == "kind" else one.suite, one.kind, outcome, one.side)
                groups.setdefault(key, []).append(one)
        for (value, kind, outcome, side), group in groups.items():
            for quantity, percentile in MEANS:
                values = [
                    getattr(one, quantity)
                    if percentile is None
                    else one.value(quantity, percentile)
                    for one in group
                ]
                found = np.array([each for each in values if each is not None])
                if len(found):
                    yield GroupMean(
                        grouping, value, kind, outcome, side, quantity, percentile,
                        *_mean(found, draws, seed), len(found),
                    )  # fmt: skip


def _mean(
    values: np.ndarray, draws: int, seed: int
) -> tuple[float, float | None, float | None, float | None]:
    mean = float(values.mean())
    if len(values) < 2:
        return mean, None, None, None
    drawn = values[resamples(len(values), seed, draws)].mean(axis=1)
    # Rounding apart, the interval of equal values is their value.
    low, high = percentiles(drawn)
    return mean, float(values.std(ddof=1)), min(low, mean), max(high, mean)


def difference_of_means(
    a: Sequence[float], b: Sequence[float], draws: int = DRAWS, seed: int = 0
) -> Between:
    """Mean of a less mean of b; the interval is a bootstrap over queries, each group by itself."""
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    drawn = (
        first[resamples(len(first), seed, draws)].mean(axis=1)
        - second[resamples(len(second), seed + 1, draws)].mean(axis=1)
    )  # fmt: skip
    return Between(float(first.mean() - second.mean()), *_bounds(drawn))


def ratio_of_spreads(
    a: Sequence[float], b: Sequence[float], draws: int = DRAWS, seed: int = 0
) -> Between | None:
    """Standard deviation of a over that of b, with a bootstrap interval as above.

    None where b does not vary.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    below = float(second.std(ddof=1))
    if not below > 0:
        return None
    above = first[resamples(len(first), seed, draws)].std(axis=1, ddof=1)
    under = second[resamples(len(second), seed + 1, draws)].std(axis=1, ddof=1)
    # A draw of one query over and over does not vary: its ratio is beyond every other.
    drawn = np.divide(above, under, out=np.full(draws, np.inf), where=under > 0)
    return Between(float(first.std(ddof=1)) / below, *_bounds(drawn))


def spread_p(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p of Brown and Forsythe's test (1974) that two groups spread alike.

    It keeps its level over few values with long tails, where a bootstrap of the ratio does not.
    """
    p = float(stats.levene(np.asarray(a), np.asarray(b), center="median").pvalue)
    return p if np.isfinite(p) else 1.0


def mean_within(values: Sequence[float], draws: int = DRAWS, seed: int = 0) -> Between:
    """A mean with its bootstrap interval over queries."""
    found = np.asarray(values, np.float64)
    return Between(
        float(found.mean()), *_bounds(found[resamples(len(found), seed, draws)].mean(axis=1))
    )


def _bounds(drawn: np.ndarray) -> tuple[float, float]:
    """The middle 95% of bootstrap values; of the values, not between: one may be infinite."""
    ordered = np.sort(drawn)
    below = math.floor((1 - LEVEL) / 2 * (len(drawn) - 1))
    return float(ordered[below]), float(ordered[len(drawn) - 1 - below])


def welch(a: Sequence[float], b: Sequence[float]) -> Welch:
    """Welch's t-test of two groups, which need not have the same spread."""
    means, deviations, counts = [], [], []
    for values in (np.asarray(a, np.float64), np.asarray(b, np.float64)):
        means.append(float(values.mean()) if len(values) else None)
        deviations.append(float(values.std(ddof=1)) if len(values) > 1 else None)
        counts.append(len(values))
    low = high = t = p = difference = None
    if means[0] is not None and means[1] is not None:
        difference = means[0] - means[1]
    # Groups without any spread leave nothing to test by.
    if difference is not None and min(counts) > 1 and any(deviations):
        found = stats.ttest_ind(np.asarray(a), np.asarray(b), equal_var=False)
        bounds = found.confidence_interval(LEVEL)
        t, p, low, high = map(float, (found.statistic, found.pvalue, bounds.low, bounds.high))
    return Welch(
        means[0], deviations[0], counts[0], means[1], deviations[1], counts[1],
        difference, low, high, t, p,
    )  # fmt: skip


def slope_tests(
    queries: Sequence[QueryTotals], group_a: str = "reasoning", group_b: str = "factual"
) -> Iterator[tuple[str, str, Welch]]:
    """Side, outcome and test of the slopes of two kinds, outcomes together and apart."""
    singles = single_queries(queries)
    for side in dict.fromkeys(one.side for one in singles):
        for outcome in ("all", "correct", "wrong"):
            groups = [slopes_of(singles, side, kind, outcome) for kind in (group_a, group_b)]
            if any(groups):
                yield side, outcome, welch(*groups)


def slopes_of(queries: Sequence[QueryTotals], side: str, kind: str, outcome: str) -> list[float]:
    """The slopes of a kind on a side; outcome "all" takes every completion."""
    return [
        one.slope
        for one in queries
        if one.side == side
        and one.kind == kind
        and outcome in ("all", one.outcome)
        and one.slope is not None
    ]


def share_within(successes: int, n: int) -> Between:
    """A share of n with the exact 95% binomial interval (Clopper and Pearson 1934)."""
    found = stats.binomtest(successes, n).proportion_ci(LEVEL, method="exact")
    return Between(successes / n, float(found.low), float(found.high))
