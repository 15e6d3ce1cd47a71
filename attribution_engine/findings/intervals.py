"""Means with 95% intervals: over a few seeds by Student's t, over many things by bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

LEVEL = 0.95
DRAWS = 2_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean of `n` values; `low` and `high` bound its 95% interval, None where there is none."""

    figure: float
    low: float | None
    high: float | None
    n: int


def student_interval(values: Sequence[float] | np.ndarray) -> Estimate:
    """Mean with Student's interval, for few values that scatter as a normal distribution does.

    Raises:
        ValueError: there is no value.
    """
    found = np.asarray(values, dtype=np.float64)
    if not found.size:
        raise ValueError("a mean needs at least one value")
    mean = float(found.mean())
    if found.size < 2:
        return Estimate(mean, None, None, 1)
    half = student.ppf((1 + LEVEL) / 2, found.size - 1) * found.std(ddof=1) / np.sqrt(found.size)
    return Estimate(mean, mean - float(half), mean + float(half), found.size)


def bootstrap_interval(values: Sequence[float] | np.ndarray, seed: int = 0) -> Estimate:
    """Mean with the percentile bootstrap interval over `values` (Efron 1979).

    Raises:
        ValueError: there is no value.
    """
    found = np.asarray(values, dtype=np.float64)
    if not found.size:
        raise ValueError("a mean needs at least one value")
    if found.size < 2:
        return Estimate(float(found.mean()), None, None, 1)
    drawn = found[resamples(found.size, seed)].mean(axis=1)  # [draws]
    return Estimate(float(found.mean()), *percentiles(drawn), found.size)


def crossed_interval(values: np.ndarray, seed: int = 0) -> Estimate:
    """Mean with the percentile bootstrap interval over seeds, queries and draws at once.

    Seeds and queries are crossed: each is drawn with replacement on its own, since a seed's models
    answer every query (Owen 2007, the pigeonhole bootstrap). Draws belong to their seed and are
    drawn within it. Few seeds bound the part that comes from seeds poorly, on the narrow side.

    Args:
        values: [seeds, draws, queries].

    Returns:
        An estimate with n = number of queries; without an interval for a single value.

    Raises:
        ValueError: there is no value.
    """
    if not values.size:
        raise ValueError("a mean needs at least one value")
    seeds, draws, queries = values.shape
    mean = float(values.mean())
    if values.size < 2:
        return Estimate(mean, None, None, queries)
    rng = np.random.default_rng(seed)
    drawn = np.empty(DRAWS)
    for at in range(DRAWS):
        of_seeds = rng.integers(0, seeds, (seeds, 1, 1))
        of_draws = rng.integers(0, draws, (seeds, draws, 1))
        of_queries = rng.integers(0, queries, (1, 1, queries))
        drawn[at] = values[of_seeds, of_draws, of_queries].mean()
    return Estimate(mean, *percentiles(drawn), queries)


def resamples(n: int, seed: int, draws: int = DRAWS) -> np.ndarray:
    """Rows drawn with replacement, [draws, n]."""
    return np.random.default_rng(seed).integers(0, n, (draws, n))


def percentiles(drawn: np.ndarray) -> tuple[float, float]:
    """The middle 95% of bootstrap values [draws]."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
