"""Intervals of means: known answers, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.findings.intervals import (
    bootstrap_interval,
    crossed_interval,
    student_interval,
)


def test_student_interval_of_three_seeds():
    found = student_interval([1.0, 2.0, 3.0])
    # t(0.975, 2) = 4.30265; standard error 1 / sqrt(3)
    assert found.figure == 2.0 and found.n == 3
    assert found.high == pytest.approx(2 + 4.30265 / np.sqrt(3), abs=1e-4)
    assert found.low == pytest.approx(2 - 4.30265 / np.sqrt(3), abs=1e-4)


@pytest.mark.parametrize("interval", [student_interval, bootstrap_interval])
def test_one_value_has_no_interval_and_none_is_refused(interval):
    assert interval([4.0]) == interval(np.array([4.0]))
    assert (interval([4.0]).low, interval([4.0]).n) == (None, 1)
    with pytest.raises(ValueError, match="at least one value"):
        interval([])


def test_bootstrap_interval_is_that_of_the_normal_distribution_for_many_values():
    values = np.random.default_rng(3).normal(5, 2, 400)
    found = bootstrap_interval(values)
    error = values.std(ddof=1) / 20
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.3 * error)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.3 * error)


@pytest.mark.parametrize(("interval", "n"), [(student_interval, 3), (bootstrap_interval, 40)])
def test_intervals_hold_the_truth_nineteen_times_in_twenty(interval, n):
    draws = np.random.default_rng(0).normal(1.0, 1.0, (400, n))
    held = np.mean([(e := interval(row)).low <= 1.0 <= e.high for row in draws])
    assert 0.91 < held < 0.98


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(0).normal(size=30)
    assert bootstrap_interval(values, 1) == bootstrap_interval(values, 1)
    assert bootstrap_interval(values, 1).low != bootstrap_interval(values, 2).low


def test_a_crossed_interval_knows_that_seeds_differ():
    """Queries alike, seeds apart: over queries alone the mean would look certain."""
    values = np.array([0.0, 1.0, 2.0])[:, None, None] + np.zeros((3, 1, 20))
    found = crossed_interval(values)
    alone = bootstrap_interval(values.mean((0, 1)))
    assert alone.low == alone.high == found.figure == 1.0
    assert found.low < 0.5 and found.high > 1.5 and found.n == 20


def test_a_crossed_interval_knows_that_draws_and_queries_differ():
    draws = np.array([-1.0, 1.0])[None, :, None] + np.zeros((2, 2, 5))
    assert crossed_interval(draws).low < -0.4 < 0.4 < crossed_interval(draws).high
    queries = np.arange(5.0) + np.zeros((1, 1, 5))
    assert crossed_interval(queries).low < 1.5 and crossed_interval(queries).high > 2.5
    assert crossed_interval(np.ones((1, 1, 1))).low is None
    with pytest.raises(ValueError, match="at least one"):
        crossed_interval(np.ones((0, 1, 1)))
