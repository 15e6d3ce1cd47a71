"""How well two implementations agree on the scores of the same documents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from attribution_engine.findings.agreement import pearson, spearman
from attribution_engine.records import InputError


@dataclass(frozen=True, slots=True)
class Agreement:
    """Means over queries.

    Attributes:
        pearson, spearman: correlations over documents.
        overlap: part of the documents that are among the most helpful ones of both.
        scale: slope of the second scores on the first; 1 where sign and scale are the same.
        worst_pearson: of the query that agrees least.
    """

    pearson: float
    spearman: float
    overlap: float
    scale: float
    worst_pearson: float


def agreement(first: NDArray, second: NDArray, top: int = 10) -> Agreement:
    """Compares two matrices of scores [queries, documents], query by query.

    Args:
        top: how many of the most helpful documents are compared.

    Raises:
        InputError: the shapes differ, or a query's scores are all alike.
    """
    first, second = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 2:
        raise InputError(f"bench: scores {first.shape} and {second.shape} do not compare")
    rows = []
    for query, (one, other) in enumerate(zip(first, second)):
        linear, ranked = pearson(one, other), spearman(one, other)
        if linear is None or ranked is None:
            raise InputError(f"bench: all scores of query {query} are alike; nothing to compare")
        shared = set(np.argsort(-one)[:top].tolist()) & set(np.argsort(-other)[:top].tolist())
        slope = linear * other.std() / one.std()
        rows.append((linear, ranked, len(shared) / min(top, len(one)), slope))
    means = np.mean(rows, axis=0)
    return Agreement(
        pearson=float(means[0]),
        spearman=float(means[1]),
        overlap=float(means[2]),
        scale=float(means[3]),
        worst_pearson=min(row[0] for row in rows),
    )
