"""How influence falls with rank: log-binned curves, and two fits of the tail.

Two conventions describe the same power law, and their numbers must not be mixed:

- The *slope* is that of log |influence| on log rank: the value at rank r goes with r^slope, and
  slope is negative. This is the α of "Procedural Knowledge in Pretraining Drives Reasoning".
- The *survival exponent* α is that of P(X > x) = (x / x_min)^−α, and positive. This is the one
  of "Studying LLM Generalization with Influence Functions". (Its density exponent is α + 1.)

As rank r of N documents is N · P(X > x), an exact power law has slope = −1 / α: a slope of −0.36
goes with a survival exponent of about 2.8.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

SIDES: Final = ("helpful", "harmful")
CONFIDENCE: Final = 0.95
SIMULATIONS: Final = 999
FEWEST: Final = 3  # values of a sign below which a line has no interval

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RankBin:
    """Documents of neighbouring ranks.

    Attributes:
        rank_low, rank_high: first and last rank, 1 = the end of the ranking that `side` names.
        rank: geometric mean of the ranks.
        influence: mean influence (nats); negative where the documents are harmful.
        n: documents.
    """

    rank_low: int
    rank_high: int
    rank: float
    influence: float
    n: int


@dataclass(frozen=True, slots=True)
class RankFit:
    """Two descriptions of the tail; None where there are too few values to tell.

    Attributes:
        k: ranks asked for.
        slope, slope_low, slope_high: of log |influence| on log rank, with a 95% interval.
        r_squared: share of the variance of log |influence| that the line explains.
        survival_exponent: α of P(X > x) = (x / x_min)^−α; x_min is the smallest value used.
        ks_statistic: largest distance of the two distribution functions.
        ks_p: share of samples from the fitted law that lie further from their own fit.
        n: values used: the ranks up to k whose influence has the sign of the side.
    """

    k: int
    slope: float | None
    slope_low: float | None
    slope_high: float | None
    r_squared: float | None
    survival_exponent: float | None
    ks_statistic: float | None
    ks_p: float | None
    n: int


def rank_curve(scores: NDArray[np.floating], side: str, bins_per_decade: int = 20) -> list[RankBin]:
    """Mean influence in bins of equal width in log rank, over all documents.

    Args:
        scores: [documents] influence on one query (nats).
        side: "helpful" (ranks from the top) or "harmful" (ranks from the bottom).
        bins_per_decade: bins while the rank grows tenfold; the low ranks have a bin each, for
            bins that hold no whole rank are left out.

    Returns:
        Bins in the order of rank.

    Raises:
        ValueError: unknown side, or a score that is not finite.
    """
    ordered = _ordered(scores, side)
    if not len(ordered):
        return []
    logs = np.log10(np.arange(1, len(ordered) + 1, dtype=np.float64))
    # The small term keeps 10, 100, … in the bin that they open.
    place = np.floor(logs * bins_per_decade + 1e-9).astype(np.int64)
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    counts = np.diff(starts, append=len(ordered))
    means = np.add.reduceat(ordered, starts) / counts
    middles = 10 ** (np.add.reduceat(logs, starts) / counts)
    return [
        RankBin(int(start) + 1, int(start + count), float(middle), float(mean), int(count))
        for start, count, middle, mean in zip(starts, counts, middles, means, strict=True)
    ]


def rank_fit(scores: NDArray[np.floating], side: str, k: int = 500) -> RankFit:
    """Fits the k most helpful or most harmful documents of a query.

    The line is ordinary least squares with its usual t interval. The interval is too narrow, as
    ranked values are not independent of each other: read it as how well a line fits, not as what
    another corpus would give. The survival exponent is the maximum-likelihood (Hill) estimator
    over the values above the smallest one used. As it is fitted on the values that are then
    tested, the Kolmogorov-Smirnov p-value is taken from samples of the fitted law that are
    fitted in the same way (999 of them, fixed seed), so it is never below 0.001.

    Args:
        scores: [documents] influence on one query (nats).
        side: "helpful" or "harmful".
        k: how many ranks; fewer are used where fewer documents have the sign of the side.

    Raises:
        ValueError: unknown side, or a score that is not finite.
    """
    tail = _ordered(scores, side)[:k]
    values = tail[tail > 0] if side == "helpful" else -tail[tail < 0]
    if len(values) < FEWEST:
        return RankFit(k, None, None, None, None, None, None, None, len(values))
    logs = np.log(values)
    slope, half_width, r_squared = _line(np.log(np.arange(1, len(values) + 1)), logs)
    exponent, distance, p = _survival(logs)
    return RankFit(
        k=k,
        slope=slope,
        slope_low=slope - half_width,
        slope_high=slope + half_width,
        r_squared=r_squared,
        survival_exponent=exponent,
        ks_statistic=distance,
        ks_p=p,
        n=len(values),
    )


def _ordered(scores: NDArray[np.floating], side: str) -> Array:
    """[documents] influence from the named end of the ranking on."""
    if side not in SIDES:
        raise ValueError(f'side "{side}" is unknown; it is one of {", ".join(SIDES)}')
    values = np.sort(np.asarray(scores, dtype=np.float64))
    if not np.isfinite(values).all():
        raise ValueError("a score is not finite")
    return values[::-1] if side == "helpful" else values


def _line(x: Array, y: Array) -> tuple[float, float, float | None]:
    """Least-squares slope, half the width of its interval, and r² (None for constant y)."""
    dx, dy = x - x.mean(), y - y.mean()
    slope = float(dx @ dy / (dx @ dx))
    rest = dy - slope * dx
    freedom = len(x) - 2
    error = float(np.sqrt(rest @ rest / freedom / (dx @ dx)))
    half_width = float(stats.t.ppf((1 + CONFIDENCE) / 2, freedom)) * error
    total = float(dy @ dy)
    return slope, half_width, 1 - float(rest @ rest) / total if total > 0 else None


def _survival(logs: Array) -> tuple[float | None, float | None, float | None]:
    """Hill's exponent, Kolmogorov–Smirnov distance and p-value of descending log values.

    The smallest value is the threshold; log(x / x_min) of the others is exponential with rate
    α if the law holds. The distance of exponential samples from their own fit does not depend on
    the rate, so one simulation serves every query with as many values.
    """
    excess = logs[:-1] - logs[-1]
    if excess.mean() <= 0:
        return None, None, None
    distance = float(_distance(excess[None, ::-1])[0])
    further = int(np.count_nonzero(_simulated(len(excess)) >= distance))
    return 1 / float(excess.mean()), distance, (further + 1) / (SIMULATIONS + 1)


def _distance(ascending: Array) -> Array:
    """[samples] Kolmogorov–Smirnov distance from the exponential fitted to each row.

    Args:
        ascending: [samples, values], each row in ascending order.
    """
    n = ascending.shape[1]
    law = -np.expm1(-ascending / ascending.mean(axis=1, keepdims=True))
    steps = np.arange(n + 1) / n
    above, below = steps[1:] - law, law - steps[:-1]
    return np.maximum(above.max(axis=1), below.max(axis=1))


@lru_cache(maxsize=1024)
def _simulated(n: int) -> Array:
    """[SIMULATIONS] distances of exponential samples of n values from their own fits."""
    samples = np.random.default_rng(0).standard_exponential((SIMULATIONS, n))
    samples.sort(axis=1)
    return _distance(samples)
