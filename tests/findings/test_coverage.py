"""Sums over the strongest documents, against plain numpy and laws whose shares are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from attribution_engine.findings.coverage import (
    PERCENTILES,
    coverage,
    numbers_of_documents,
    top_of,
)

SCORES = arrays(np.float32, st.integers(0, 400), elements=st.floats(-1e6, 1e6, width=32))


def at(scores: np.ndarray, side: str, percentile: float) -> tuple[int, float, float]:
    (found,) = [
        point
        for point in coverage(scores)
        if (point.side, point.grid, point.percentile) == (side, "percentile", percentile)
    ]
    return found.k, found.total, found.share


def test_the_grid_is_logarithmic_and_has_the_percentiles_that_are_named() -> None:
    assert {1.0, 5.0, 10.0, 100.0} <= set(PERCENTILES) and PERCENTILES[0] == 0.001
    steps = np.diff(np.log10(PERCENTILES))
    assert len(PERCENTILES) == 51 and steps.min() > 0.09 and steps.max() < 0.11
    assert {1, 10, 50_000, 1_000_000, 5_000_000} <= set(numbers_of_documents(5_000_000))
    assert top_of(0.01, 5_000_000) == 50_000 and top_of(0.001, 10) == 1
    assert numbers_of_documents(1) == [1] and numbers_of_documents(0) == []


@settings(deadline=None)
@given(SCORES)
def test_sums_are_those_of_sorted_scores(scores: np.ndarray) -> None:
    found = list(coverage(scores))
    exact = scores.astype(float)
    for side, own in (("helpful", np.sort(exact[exact > 0])[::-1]),
                      ("harmful", np.sort(exact[exact < 0]))):  # fmt: skip
        here = [point for point in found if point.side == side]
        assert bool(here) == bool(len(own))
        for point in here:
            if point.grid == "percentile":
                assert point.k == np.ceil(np.round(point.percentile * len(own) / 100, 7))
            assert point.total == pytest.approx(own[: point.k].sum(), rel=1e-9)
            assert point.share == pytest.approx(own[: point.k].sum() / own.sum(), rel=1e-9)
        for grid in ("percentile", "k"):
            rows = [point for point in here if point.grid == grid]
            assert [point.k for point in rows] == sorted(point.k for point in rows)
            assert not rows or (rows[-1].k, rows[-1].share) == (len(own), 1.0)


def test_both_sides_of_equal_scores() -> None:
    scores = np.array([2.0] * 300 + [-1.0] * 200 + [0.0] * 50, np.float32)
    assert at(scores, "helpful", 1.0) == (3, 6.0, pytest.approx(0.01))
    assert at(scores, "helpful", 100.0) == (300, 600.0, 1.0)
    assert at(scores, "harmful", 5.0) == (10, -10.0, pytest.approx(0.05))


def test_a_percentile_of_less_than_one_document_is_left_out() -> None:
    points = [point for point in coverage(np.ones(50)) if point.grid == "percentile"]
    assert points[0].percentile == 2.0 and points[0].k == 1


def test_no_documents_of_a_sign_no_scores_and_scores_that_are_not_finite() -> None:
    assert list(coverage(np.zeros(9, np.float32))) == []
    assert list(coverage(np.zeros(0, np.float32))) == []
    assert {point.side for point in coverage(np.array([1.0, 0.0]))} == {"helpful"}
    odd = np.array([np.nan, np.inf, -np.inf, 3.0, -4.0])
    assert at(odd, "helpful", 100.0)[:2] == (1, 3.0)
    assert at(odd, "harmful", 100.0)[:2] == (1, -4.0)


@pytest.mark.parametrize("exponent", [2.0, 2.8])
def test_the_top_of_a_pareto_law_has_the_share_that_the_law_says(exponent: float) -> None:
    """Of P(X > x) = x^−α the top part q holds q^(1 − 1/α) of the sum (Lorenz curve)."""
    n = 200_000
    quantiles = ((np.arange(n) + 0.5) / n) ** (-1 / exponent)
    for percentile in (1.0, 5.0, 10.0):
        share = at(quantiles, "helpful", percentile)[2]
        assert share == pytest.approx((percentile / 100) ** (1 - 1 / exponent), rel=0.03)


def test_sums_of_float32_scores_do_not_lose_the_small_ones() -> None:
    scores = np.concatenate([[1e7], np.full(100_000, 0.1)]).astype(np.float32)
    assert at(scores, "helpful", 100.0)[1] == pytest.approx(1e7 + 1e4, rel=1e-8)
