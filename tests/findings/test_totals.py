"""Means of groups and tests between kinds, against scipy on the same numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from attribution_engine.findings.rank_curves import rank_fit
from attribution_engine.findings.totals import (
    QueryTotals,
    difference_of_means,
    group_means,
    mean_within,
    ratio_of_spreads,
    share_within,
    slope_tests,
    welch,
)


def query(
    number: int, kind: str = "reasoning", side: str = "helpful", **changes: object
) -> QueryTotals:
    total = float(changes.pop("total", 10.0))  # type: ignore[arg-type]
    fields: dict[str, object] = {
        "query_id": number, "side": side, "suite": f"{kind} suite", "kind": kind,
        "outcome": "correct", "nats": 2.0, "totals": {1.0: total / 10, 100.0: total},
        "shares": {1.0: 0.1, 100.0: 1.0}, "slope": -0.4, "survival_exponent": 2.5, "ks_p": 0.5,
    }  # fmt: skip
    return QueryTotals(**{**fields, **changes})  # type: ignore[arg-type]


def test_means_of_groups_are_those_of_their_queries_and_intervals_those_of_scipy() -> None:
    random = np.random.default_rng(0)
    totals = random.lognormal(2, 0.5, 24)
    queries = [
        query(number, total=total, outcome="correct" if number % 3 else "wrong")
        for number, total in enumerate(totals)
    ]
    found = {
        (one.grouping, one.outcome, one.quantity, one.percentile): one
        for one in group_means(queries, draws=4000)
    }
    one = found["kind", "all", "total", 100.0]
    assert (one.mean, one.n_queries) == (pytest.approx(totals.mean()), 24)
    assert one.deviation == pytest.approx(totals.std(ddof=1))
    expected = stats.bootstrap(
        (totals,), np.mean, n_resamples=4000, method="percentile", rng=1
    ).confidence_interval
    width = expected.high - expected.low
    assert one.low == pytest.approx(expected.low, abs=0.06 * width)
    assert one.high == pytest.approx(expected.high, abs=0.06 * width)
    per_nat = found["kind", "correct", "per_nat", 100.0]
    assert per_nat.mean == pytest.approx(totals[np.arange(24) % 3 > 0].mean() / 2)
    assert found["suite", "wrong", "total", 1.0].n_queries == 8
    assert found["kind", "all", "slope", None].mean == pytest.approx(-0.4)


def test_intervals_hold_the_mean_they_are_of_about_19_times_in_20() -> None:
    held = 0
    for seed in range(200):
        values = np.random.default_rng(seed).normal(3, 1, 30)
        found = mean_within(values.tolist(), draws=500, seed=seed)
        held += found.low <= 3 <= found.high
    assert 0.88 <= held / 200 <= 0.98


def test_sets_are_in_no_kind_and_in_a_suite_of_their_own() -> None:
    queries = [query(0), query(1), query(2, suite="a set", is_set=True, total=1000.0)]
    found = {(one.grouping, one.value): one for one in group_means(queries)
             if (one.quantity, one.percentile, one.outcome) == ("total", 100.0, "all")}  # fmt: skip
    assert found["kind", "reasoning"].mean == 10 and found["kind", "reasoning"].n_queries == 2
    alone = found["suite", "a set"]
    assert (alone.mean, alone.deviation, alone.low, alone.high) == (1000, None, None, None)
    only_sets = list(group_means([query(2, is_set=True)]))
    assert {one.grouping for one in only_sets} == {"kind", "suite"}


def test_what_a_query_lacks_is_left_out() -> None:
    queries = [query(0, nats=None), query(1, nats=0.0), query(2, shares={}, slope=None)]
    found = {(one.quantity, one.percentile): one.n_queries for one in group_means(queries)
             if (one.grouping, one.outcome) == ("kind", "all")}  # fmt: skip
    assert found["per_nat", 100.0] == 1 and found["total", 100.0] == 3
    assert found["share", 1.0] == 2 and found["slope", None] == 2


def test_welch_is_that_of_scipy() -> None:
    random = np.random.default_rng(3)
    a, b = random.normal(-0.36, 0.03, 18), random.normal(-0.33, 0.06, 25)
    found, expected = welch(a.tolist(), b.tolist()), stats.ttest_ind(a, b, equal_var=False)
    assert (found.t, found.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    error = math.sqrt(a.var(ddof=1) / 18 + b.var(ddof=1) / 25)
    half = stats.t.ppf(0.975, expected.df) * error
    assert found.difference == pytest.approx(a.mean() - b.mean())
    assert (found.low, found.high) == pytest.approx(
        (a.mean() - b.mean() - half, a.mean() - b.mean() + half)
    )
    assert (found.mean_a, found.deviation_b, found.n_b) == pytest.approx(
        (a.mean(), b.std(ddof=1), 25)
    )


@pytest.mark.parametrize(
    ("a", "b"), [([], [1.0, 2.0]), ([1.0], [1.0, 2.0]), ([1.0, 1.0], [2.0] * 3)]
)
def test_welch_of_too_few_or_of_values_without_spread_has_no_p(
    a: list[float], b: list[float]
) -> None:
    found = welch(a, b)
    assert (found.t, found.p, found.low, found.high) == (None, None, None, None)
    assert (found.n_a, found.n_b) == (len(a), len(b))


def test_slope_tests_take_the_outcomes_apart_and_leave_sets_out() -> None:
    queries = [
        *(query(n, slope=-0.4 - n / 100, outcome=("correct", "wrong")[n % 2]) for n in range(8)),
        *(query(20 + n, "factual", slope=-0.3 - n / 50) for n in range(5)),
        query(40, slope=-9.0, is_set=True),
        *(query(50 + n, "control", slope=-5.0) for n in range(3)),
    ]
    found = {outcome: test for _, outcome, test in slope_tests(queries)}
    assert {name: (test.n_a, test.n_b) for name, test in found.items()} == {
        "all": (8, 5), "correct": (4, 5), "wrong": (4, 0),
    }  # fmt: skip
    assert found["wrong"].p is None and found["wrong"].mean_b is None
    assert found["all"].mean_a == pytest.approx(-0.435)


def test_shares_have_exact_binomial_intervals() -> None:
    found = share_within(7, 40)
    low, high = stats.beta.ppf(0.025, 7, 34), stats.beta.ppf(0.975, 8, 33)
    assert (found.figure, found.low, found.high) == pytest.approx((0.175, low, high))
    assert share_within(0, 10).low == 0 and share_within(10, 10).high == 1


def test_differences_and_ratios_have_intervals_that_hold_what_was_planted() -> None:
    random = np.random.default_rng(5)
    a, b = random.normal(5, 2, 60), random.normal(3, 0.5, 60)
    difference = difference_of_means(a.tolist(), b.tolist())
    assert difference.low < 2 < difference.high and difference.low > 1
    ratio = ratio_of_spreads(a.tolist(), b.tolist())
    assert ratio is not None and ratio.low < 4 < ratio.high and ratio.low > 2
    assert ratio_of_spreads(a.tolist(), [1.0] * 6) is None
    few = ratio_of_spreads([1.0, 2.0], [1.0, 2.0])
    assert few is not None and math.isinf(few.high)


@pytest.mark.parametrize("exponent", [1.6, 2.8, 4.0])
def test_a_planted_power_law_is_found_within_the_interval_over_queries(exponent: float) -> None:
    """40 queries of 20,000 documents each; both conventions, slope −1/α and survival α."""
    queries = []
    for number in range(40):
        random = np.random.default_rng([number, int(10 * exponent)])
        fit = rank_fit(random.random(20_000) ** (-1 / exponent), "helpful")
        queries.append(
            query(number, slope=fit.slope, survival_exponent=fit.survival_exponent, ks_p=fit.ks_p)
        )
    found = {one.quantity: one for one in group_means(queries)
             if (one.grouping, one.outcome, one.percentile) == ("kind", "all", None)}  # fmt: skip
    survival, slope = found["survival_exponent"], found["slope"]
    assert survival.low is not None and survival.high is not None and slope.low is not None
    assert survival.low < exponent < survival.high
    assert survival.high - survival.low < 0.12 * exponent
    assert slope.mean == pytest.approx(-1 / exponent, rel=0.08)
