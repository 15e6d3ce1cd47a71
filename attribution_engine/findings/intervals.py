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


def resamples(n: int, seed: int, draws: int = DRAWS) -> np.ndarray:
    """Rows drawn with replacement, [draws, n]."""
    return np.random.default_rng(seed).integers(0, n, (draws, n))


def percentiles(drawn: np.ndarray) -> tuple[float, float]:
    """The middle 95% of bootstrap values [draws]."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
