"""How far two scorings of the same documents agree: correlation, and documents at both tops."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
    return pearson(shared_ranks(first), shared_ranks(second))


def shared_ranks(values: np.ndarray, order: np.ndarray | None = None) -> np.ndarray:
    """Ranks from 1, the smallest first; values that are equal share the mean of their ranks.

    Args:
        order: where the values stand when sorted, if that is known; ranks follow its direction.
    """
    order = np.argsort(values, kind="stable") if order is None else order
    ranks = np.empty(len(values))
    ranks[order] = shared_ranks_of_sorted(values[order])
    return ranks


def in_order(values: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Where values stand when sorted, the smallest first.

    Args:
        ranks: of the values, from 1, the largest first; with gaps where others are left out. Ranks
            that do not go with the values are no help, and the values are sorted.
    """
    if not len(values):
        return np.zeros(0, np.int64)
    at = np.full(int(ranks.max()) + 1, -1, np.int64)
    at[ranks] = np.arange(len(values))
    order = at[at >= 0][::-1]
    if len(order) == len(values) and (np.diff(values[order]) >= 0).all():
        return order
    return np.argsort(values, kind="stable")


def sizes_in_order(values: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Where values stand when sorted by size, the smallest first.

    Args:
        order: where they stand when sorted, the smallest first.
    """
    n_negative = int(np.searchsorted(values[order], 0))
    # Two rows that rise; a stable sort merges them.
    rows = np.concatenate((order[:n_negative][::-1], order[n_negative:]))
    return rows[np.argsort(np.abs(values[rows]), kind="stable")]


def shared_ranks_of_sorted(values: np.ndarray) -> np.ndarray:
    """The same of values that stand in order already, upwards or downwards."""
    if not len(values):
        return np.zeros(0)
    starts = np.flatnonzero(np.concatenate(([True], values[1:] != values[:-1])))
    counts = np.diff(starts, append=len(values))
    return np.repeat(starts + (counts + 1) / 2.0, counts)


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
