"""How far two scorings of the same documents agree: correlation, and documents at both tops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata


@dataclass(frozen=True, slots=True)
class TopOverlap:
    """How many documents are among the top k of both scorings.

    Attributes:
        n_both: documents that are among the k first of both.
        by_chance: how many there would be on average if the rankings had nothing in common.
        tied_first, tied_second: documents that share the score of the k-th, where that tie goes
            on below k, so that chance of numbering decides who is in; else 0.
    """

    k: int
    n_both: int
    by_chance: float
    tied_first: int
    tied_second: int


def pearson(first: np.ndarray, second: np.ndarray) -> float | None:
    """Pearson's correlation; None where it is not defined (a constant, fewer than two values)."""
    a = first - first.mean(dtype=np.float64) if len(first) > 1 else np.zeros(1)
    b = second - second.mean(dtype=np.float64) if len(second) > 1 else np.zeros(1)
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip(a @ b / size, -1.0, 1.0)) if size > 0 else None


def spearman(first: np.ndarray, second: np.ndarray) -> float | None:
    """Spearman's correlation; values that are equal share the mean of their ranks."""
    return pearson(rankdata(first), rankdata(second))


def top_overlap(
    k: int,
    first_ranks: np.ndarray,
    second_ranks: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
) -> TopOverlap:
    """Overlap of the documents of rank 1 to k in either scoring.

    Args:
        first_ranks, second_ranks: [documents], each from 1; they may have gaps, where documents
            of one scoring are missing from the other.
        first, second: [documents], the scores; only whether two are equal matters.
    """
    in_first, in_second = first_ranks <= k, second_ranks <= k
    n = len(first_ranks)
    return TopOverlap(
        k,
        int((in_first & in_second).sum()),
        float(in_first.sum()) * float(in_second.sum()) / n if n else 0.0,
        _tied_across(k, first_ranks, first),
        _tied_across(k, second_ranks, second),
    )


def _tied_across(k: int, ranks: np.ndarray, scores: np.ndarray) -> int:
    """Documents with the score of the last that is in, if one of them is out."""
    if not (ranks <= k).any():
        return 0
    last = scores[np.where(ranks <= k, ranks, 0).argmax()]
    tied = scores == last
    return int(tied.sum()) if (ranks[tied] > k).any() else 0
