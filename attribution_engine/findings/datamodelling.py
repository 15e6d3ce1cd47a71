"""The linear datamodelling score: do summed scores order retrainings as they turned out?"""

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
    """Of every query, and the mean over queries; intervals by bootstrap over subsets."""

    queries: list[Estimate]
    mean: Estimate


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
    queries = [
        Estimate(float(value), *percentiles(column), subsets)
        for value, column in zip(found, drawn.T, strict=True)
    ]
    mean = Estimate(float(found.mean()), *percentiles(drawn.mean(axis=1)), subsets)
    return DatamodellingScore(queries, mean)
