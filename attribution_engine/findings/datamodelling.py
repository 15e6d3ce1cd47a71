"""The linear datamodelling score: do summed scores order retrainings as they turned out?

Its ceiling and paired differences follow from the same bootstrap over subsets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from attribution_engine.findings.intervals import Estimate, percentiles, resamples

DRAWS = 500


class Outcomes(NamedTuple):
    """What was predicted of retrainings on subsets and what they gave, both [subsets, queries]."""

    predicted: np.ndarray
    real: np.ndarray


class DatamodellingScore(NamedTuple):
    """Of every query, and the mean over queries; intervals by bootstrap over subsets.

    Attributes:
        found: the figures [queries]; drawn: those of the bootstrap [draws, queries].
    """

    queries: list[Estimate]
    mean: Estimate
    found: np.ndarray
    drawn: np.ndarray


def ceiling_of(agreement: DatamodellingScore, seeds: int = 1) -> DatamodellingScore:
    """What a perfect predictor of the part that seeds share would reach, query by query.

    The correlation r of two seeds is the reliability of one. A quantity with noise of its own
    correlates with its noiseless part by the root of its reliability (Spearman 1904, correction
    for attenuation): sqrt(r) for one seed, sqrt(k r / (1 + (k − 1) r)) for the mean of k (the
    Spearman-Brown formula). For rank correlations this is close, not exact. r below 0 counts as 0.

    Args:
        agreement: the score of real outcomes of one seed against those of another.
        seeds: whose mean the outcomes are.
    """
    found, drawn = _reached(agreement.found, seeds), _reached(agreement.drawn, seeds)
    return _with_intervals(found, drawn, agreement.mean.n)


def mean_difference(own: DatamodellingScore, other: DatamodellingScore) -> Estimate:
    """How far one score is above another, mean over queries, on the same subsets.

    Both bootstraps drew the same subsets, so what moves both scores alike falls out of the
    difference. The 95% interval is over subsets, for these queries and seeds.

    Raises:
        ValueError: the two are not of the same draws and queries.
    """
    if own.drawn.shape != other.drawn.shape or own.mean.n != other.mean.n:
        raise ValueError("the two scores are not of the same subsets and queries")
    apart = (own.drawn - other.drawn).mean(axis=1)  # [draws]
    return Estimate(own.mean.figure - other.mean.figure, *percentiles(apart), own.mean.n)


def spearman_columns(predicted: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Spearman's correlation of the columns of two arrays; equal values share a mean rank.

    A constant column orders nothing: its correlation is put as 0.

    Args:
        predicted, real: [..., subsets, queries].

    Returns:
        [..., queries].
    """
    first, second = rankdata(predicted, axis=-2), rankdata(real, axis=-2)
    first = first - first.mean(-2, keepdims=True)
    second = second - second.mean(-2, keepdims=True)
    size = np.sqrt((first**2).sum(-2) * (second**2).sum(-2))
    return np.divide((first * second).sum(-2), size, out=np.zeros_like(size), where=size > 0)


def datamodelling_score(repeats: Sequence[Outcomes], seed: int = 0) -> DatamodellingScore:
    """LDS (Park et al. 2023, TRAK, eq. 2), the mean over repeats of the same subsets.

    The bootstrap draws subsets, the same ones for every query and repeat: the repeats (seeds of
    the retraining, or pairs of seeds) share their subsets and are not independent of each other.

    Args:
        repeats: outcomes on the same subsets in the same order.
        seed: of the bootstrap.

    Returns:
        Estimates with n = number of subsets.

    Raises:
        ValueError: fewer than three subsets, or repeats of different shapes.
    """
    shapes = {array.shape for repeat in repeats for array in repeat}
    if len(shapes) != 1:
        raise ValueError(f"the repeats have different shapes: {sorted(shapes)}")
    subsets, _ = shapes.pop()
    if subsets < 3:
        raise ValueError(f"{subsets} subsets say nothing of a correlation; use at least 3")
    found = np.mean([spearman_columns(*repeat) for repeat in repeats], axis=0)  # [queries]
    rows = resamples(subsets, seed, DRAWS)  # [draws, subsets]
    drawn = np.zeros((DRAWS, found.size))
    for predicted, real in repeats:
        drawn += spearman_columns(predicted[rows], real[rows]) / len(repeats)
    return _with_intervals(found, drawn, subsets)


def _reached(agreement: np.ndarray, seeds: int) -> np.ndarray:
    above = np.maximum(agreement, 0.0)
    reached: np.ndarray = np.sqrt(seeds * above / (1 + (seeds - 1) * above))
    return reached


def _with_intervals(found: np.ndarray, drawn: np.ndarray, subsets: int) -> DatamodellingScore:
    queries = [
        Estimate(float(value), *percentiles(column), subsets)
        for value, column in zip(found, drawn.T, strict=True)
    ]
    mean = Estimate(float(found.mean()), *percentiles(drawn.mean(axis=1)), subsets)
    return DatamodellingScore(queries, mean, found, drawn)
