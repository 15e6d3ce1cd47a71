"""Rank curves and fits: samples of known exponents, both sides, and corpora with small tails."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from attribution_engine.findings.rank_curves import rank_curve, rank_fit
from tests.quick import processor_seconds

SCORES = arrays(
    np.float32, st.integers(1, 300), elements=st.floats(-1e6, 1e6, width=32, allow_nan=False)
)


def pareto(exponent: float, n: int, seed: int = 0) -> np.ndarray:
    """Values with P(X > x) = x^−exponent, x ≥ 1."""
    return np.random.default_rng(seed).random(n) ** (-1 / exponent)


def test_bins_of_low_ranks_hold_one_document() -> None:
    bins = rank_curve(np.arange(1000, 0, -1.0), "helpful")
    assert [(b.rank_low, b.rank_high, b.n) for b in bins[:5]] == [(r, r, 1) for r in range(1, 6)]
    assert [b.influence for b in bins[:3]] == [1000.0, 999.0, 998.0]
    tenth = next(b for b in bins if b.rank_low <= 100 <= b.rank_high)
    assert tenth.rank_low == 100
    ratios = [b.rank_high / b.rank_low for b in bins]
    assert max(ratios) < 10 ** (1 / 20)


def test_harmful_side_counts_from_the_bottom() -> None:
    scores = np.array([3.0, -5.0, 1.0, -2.0])
    bins = rank_curve(scores, "harmful")
    assert [b.influence for b in bins] == [-5.0, -2.0, 1.0, 3.0]
    assert bins[0].rank == 1.0


@settings(deadline=None)
@given(SCORES, st.sampled_from(["helpful", "harmful"]))
def test_bins_cover_every_document_once(scores: np.ndarray, side: str) -> None:
    bins = rank_curve(scores, side)
    assert [b.rank_low for b in bins] == [1] + [b.rank_high + 1 for b in bins[:-1]]
    assert bins[-1].rank_high == len(scores)
    assert all(b.n == b.rank_high - b.rank_low + 1 for b in bins)
    assert all(b.rank_low <= b.rank * (1 + 1e-9) for b in bins)
    total = sum(b.influence * b.n for b in bins)
    assert total == pytest.approx(float(scores.astype(float).sum()), abs=1e-3)


@pytest.mark.parametrize("slope", [-0.2, -0.36, -1.0])
def test_slope_of_an_exact_power_law(slope: float) -> None:
    ranks = np.arange(1, 2001, dtype=float)
    fit = rank_fit(np.concatenate((0.01 * ranks**slope, -np.ones(5))), "helpful")
    assert (fit.k, fit.n) == (500, 500)
    assert fit.slope == pytest.approx(slope)
    assert fit.slope_low == pytest.approx(slope, abs=1e-6)
    assert fit.r_squared == pytest.approx(1.0)
    # The relation of the two conventions: survival exponent = −1 / slope.
    assert fit.survival_exponent == pytest.approx(-1 / slope, rel=0.03)


def test_line_agrees_with_scipy() -> None:
    scores = pareto(2.5, 5000)
    fit = rank_fit(scores, "helpful", k=300)
    top = np.sort(scores)[::-1][:300]
    expected = stats.linregress(np.log(np.arange(1, 301)), np.log(top))
    assert fit.slope == pytest.approx(expected.slope)
    assert fit.r_squared == pytest.approx(expected.rvalue**2)
    assert fit.slope_high is not None and fit.slope is not None
    half_width = stats.t.ppf(0.975, 298) * expected.stderr
    assert fit.slope_high - fit.slope == pytest.approx(half_width)


@pytest.mark.parametrize("exponent", [2.0, 2.8, 4.3])
def test_survival_exponent_of_known_samples(exponent: float) -> None:
    fits = [rank_fit(pareto(exponent, 20_000, seed), "helpful") for seed in range(40)]
    found = np.array([fit.survival_exponent for fit in fits])
    # Hill's estimator has a relative error of 1 / sqrt(k); the mean of 40 is closer.
    assert found.mean() == pytest.approx(exponent, rel=0.03)
    assert found.std() == pytest.approx(exponent / np.sqrt(500), rel=0.4)
    p_values = np.array([fit.ks_p for fit in fits])
    assert 0.3 < p_values.mean() < 0.7
    assert np.mean(p_values < 0.05) < 0.2


def test_distance_agrees_with_scipy() -> None:
    scores = pareto(3.0, 3000)
    fit = rank_fit(scores, "helpful", k=200)
    top = np.sort(scores)[::-1][:200]
    law = stats.pareto(fit.survival_exponent, scale=top[-1])
    assert fit.ks_statistic == pytest.approx(stats.kstest(top[:-1], law.cdf).statistic)


def test_a_tail_that_is_no_power_law_is_rejected() -> None:
    fit = rank_fit(np.linspace(1, 2, 600), "helpful")
    assert fit.ks_p is not None and fit.ks_p < 0.01


def test_both_sides_mirror_each_other() -> None:
    scores = np.concatenate((pareto(2.0, 400), -pareto(3.0, 700, seed=1)))
    assert rank_fit(scores, "harmful") == rank_fit(-scores, "helpful")
    assert rank_fit(scores, "helpful").n == 400


@pytest.mark.parametrize("scores", [[], [0.0] * 9, [1.0, 0.5, -1.0], [-1.0, -2.0, -3.0]])
def test_too_few_of_a_sign(scores: list[float]) -> None:
    fit = rank_fit(np.array(scores), "helpful")
    assert (fit.slope, fit.survival_exponent, fit.ks_p) == (None, None, None)
    assert fit.n == sum(score > 0 for score in scores)
    assert rank_curve(np.array([]), "helpful") == []


def test_equal_values_have_no_exponent() -> None:
    fit = rank_fit(np.ones(50), "helpful")
    assert (fit.slope, fit.r_squared, fit.survival_exponent) == (0.0, None, None)


@settings(deadline=None)
@given(SCORES, st.sampled_from(["helpful", "harmful"]))
def test_every_sample_has_a_finite_fit(scores: np.ndarray, side: str) -> None:
    fit = rank_fit(scores, side, k=20)
    for name in ("slope", "slope_low", "slope_high", "r_squared", "survival_exponent", "ks_p"):
        value = getattr(fit, name)
        assert value is None or np.isfinite(value)


def test_bad_input() -> None:
    with pytest.raises(ValueError, match="unknown"):
        rank_curve(np.ones(3), "top")
    with pytest.raises(ValueError, match="finite"):
        rank_fit(np.array([1.0, np.nan]), "helpful")


def test_a_fit_takes_milliseconds() -> None:
    queries = np.stack([pareto(2.5, 2000, seed) for seed in range(20)])
    rank_fit(queries[0], "helpful")
    enough = 0.02 * len(queries)  # 0.0003 a query as written
    assert processor_seconds(lambda: [rank_fit(one, "helpful") for one in queries], enough) < enough
