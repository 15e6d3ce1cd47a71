"""LDS against known answers: perfect, reversed, no predictions; ties; the interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from attribution_engine.findings.datamodelling import (
    Outcomes,
    ceiling_of,
    datamodelling_score,
    mean_difference,
    spearman_columns,
)

DRAW = np.random.default_rng(0)
REAL = DRAW.normal(size=(60, 8))  # [subsets, queries]


def test_columns_with_ties_as_scipy_has_them():
    first, second = DRAW.integers(0, 4, (30, 5)), DRAW.integers(0, 6, (30, 5))
    expected = [spearmanr(first[:, at], second[:, at]).statistic for at in range(5)]
    assert spearman_columns(first, second) == pytest.approx(expected)


def test_a_constant_prediction_orders_nothing():
    assert spearman_columns(np.ones((10, 1)), REAL[:10, :1]) == pytest.approx([0.0])


def test_perfect_and_reversed_predictions():
    perfect = datamodelling_score([Outcomes(REAL**3, REAL)])
    assert perfect.mean.figure == pytest.approx(1.0)
    assert perfect.mean.low == pytest.approx(1.0)
    assert [query.n for query in perfect.queries] == [60] * 8
    assert datamodelling_score([Outcomes(-REAL, REAL)]).mean.figure == pytest.approx(-1.0)


def test_noise_is_about_nothing_and_its_interval_holds_zero():
    repeats = [Outcomes(np.random.default_rng(at).normal(size=REAL.shape), REAL) for at in (1, 2)]
    found = datamodelling_score(repeats).mean
    assert abs(found.figure) < 0.1
    assert found.low < 0 < found.high


def test_the_mean_over_repeats_and_queries():
    noisy = Outcomes(REAL + DRAW.normal(size=REAL.shape), REAL)
    both = datamodelling_score([noisy, Outcomes(REAL, REAL)])
    alone = datamodelling_score([noisy])
    assert both.mean.figure == pytest.approx((alone.mean.figure + 1) / 2)
    assert alone.mean.figure == pytest.approx(np.mean([q.figure for q in alone.queries]))
    assert alone.mean.low < alone.mean.figure < alone.mean.high
    narrow, wide = alone.mean, alone.queries[0]
    assert narrow.high - narrow.low < wide.high - wide.low


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="different shapes"):
        datamodelling_score([Outcomes(REAL, REAL), Outcomes(REAL[:50], REAL[:50])])
    with pytest.raises(ValueError, match="at least 3"):
        datamodelling_score([Outcomes(REAL[:2], REAL[:2])])


def test_a_perfect_predictor_of_what_seeds_share_reaches_the_ceiling():
    """Signal and noise of a seed of equal variance: seeds agree by 1/2, the best reaches √(1/2)."""
    rng = np.random.default_rng(3)
    signal = rng.normal(size=(400, 6))
    seeds = [signal + rng.normal(size=signal.shape) for _ in range(3)]
    agreement = datamodelling_score(
        [Outcomes(seeds[one], seeds[other]) for one, other in ((0, 1), (0, 2), (1, 2))]
    )
    best = datamodelling_score([Outcomes(signal, seed) for seed in seeds]).mean
    single = ceiling_of(agreement).mean
    assert best.figure > agreement.mean.high  # the old ceiling was passed by an honest predictor
    assert single.figure == pytest.approx(best.figure, abs=0.05)
    of_mean = datamodelling_score([Outcomes(signal, np.mean(seeds, 0))]).mean
    together = ceiling_of(agreement, seeds=3).mean
    assert together.figure == pytest.approx(of_mean.figure, abs=0.05)
    assert together.figure > single.high


def test_seeds_that_disagree_leave_nothing_to_reach():
    apart = datamodelling_score([Outcomes(-REAL, REAL)])
    assert ceiling_of(apart).mean.figure == ceiling_of(apart, 3).mean.figure == 0.0


def test_a_small_steady_difference_is_seen_where_the_two_intervals_overlap():
    good, less = REAL + DRAW.normal(size=REAL.shape), DRAW.normal(size=REAL.shape)
    own = datamodelling_score([Outcomes(good, REAL)])
    other = datamodelling_score([Outcomes(good + 0.6 * less, REAL)])
    difference = mean_difference(own, other)
    assert own.mean.low < other.mean.high
    assert difference.low > 0
    assert difference.figure == pytest.approx(own.mean.figure - other.mean.figure)
    with pytest.raises(ValueError, match="same subsets"):
        mean_difference(own, datamodelling_score([Outcomes(REAL[:50], REAL[:50])]))
