"""How alike queries rank the documents: correlations of every pair, over all documents."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from attribution_engine.findings.ranking_order import order_of

BLOCK_NUMBERS: Final = 4_000_000  # float64 numbers that are held at a time


@dataclass(frozen=True, slots=True)
class QueryCorrelation:
    """Two queries, `query_a` before `query_b`; a correlation with a constant column is None.

    Attributes:
        pearson: of the influence; spearman: of its ranks, ties having the mean of theirs.
        n: documents.
    """

    query_a: int
    query_b: int
    pearson: float | None
    spearman: float | None
    n: int


def query_correlations(
    influence: np.ndarray,
    step: Callable[[int], None] | None = None,
    scratch: Path | None = None,
) -> Iterator[QueryCorrelation]:
    """Correlations of every pair of queries, in the order of `query_a`, then `query_b`.

    Memory holds one query's scores and a block of all queries' at a time; ranks lie in a file
    meanwhile, 4 bytes a query and document.

    Args:
        influence: [queries, documents] as the store keeps it; may be a memory map.
        step: is told of every query whose ranks are known.
        scratch: folder for that file; None = the system's.
    """
    n_queries, n_documents = influence.shape
    if n_queries < 2 or not n_documents:
        return
    with tempfile.TemporaryFile(dir=scratch) as file:
        ranks = np.memmap(file, np.float32, "w+", shape=influence.shape)
        for query in range(n_queries):
            ranks[query] = centred_ranks(influence[query])
            if step:
                step(1)
        pearson, spearman = pairwise(influence), pairwise(ranks)
        del ranks
    for a in range(n_queries):
        for b in range(a + 1, n_queries):
            yield QueryCorrelation(a, b, _known(pearson[a, b]), _known(spearman[a, b]), n_documents)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def centred_ranks(values: np.ndarray) -> np.ndarray:
    """[documents] float32: ranks less their mean, ties having the mean of theirs.

    They are whole or half numbers, which float32 keeps exactly up to 16 million documents.
    """
    order = order_of(values)[::-1]
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    counts = np.diff(starts, append=len(values))
    middles = starts + (counts - 1) / 2 - (len(values) - 1) / 2
    ranks = np.empty(len(values), np.float32)
    ranks[order] = np.repeat(middles, counts)
    return ranks


def pairwise(rows: np.ndarray) -> np.ndarray:
    """[rows, rows] Pearson correlations; NaN where a row is constant.

    Sums are float64 over blocks of columns, of differences from the mean.
    """
    n_rows, n = rows.shape
    means = np.array([row.mean(dtype=np.float64) for row in rows])
    constant = np.array([row.min() == row.max() for row in rows])
    products = np.zeros((n_rows, n_rows))
    width = max(1, BLOCK_NUMBERS // n_rows)
    for start in range(0, n, width):
        block = rows[:, start : start + width].astype(np.float64) - means[:, None]
        products += block @ block.T
    sizes = np.sqrt(np.where(constant, np.nan, np.diag(products)))
    found = products / sizes[:, None] / sizes[None, :]
    return np.clip(found, -1.0, 1.0)
