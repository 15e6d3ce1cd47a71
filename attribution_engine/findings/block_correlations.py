"""Correlations of all query pairs under resampling of the documents.

Documents are put into random blocks. Each block keeps what a correlation is made of: the number of
its documents, sums and products of the queries' scores. A draw gives every block a weight, as often
as it was drawn, so that a thousand draws cost one matrix product and no pass over the scores.
Blocks are random, so their sums vary as sums of as many single documents do, and drawing blocks
with replacement is the bootstrap over documents but for the number of things drawn.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from attribution_engine.findings import correlations

MOST_NUMBERS: Final = 25_000_000  # float64 numbers of all blocks' products
FEWEST_BLOCKS: Final = 20
DRAWN_NUMBERS: Final = 4_000_000  # correlations that are held at a time


@dataclass(frozen=True, slots=True)
class BlockSums:
    """What correlations are made of, by block of documents.

    Attributes:
        counts: [blocks] documents.
        sums: [blocks, queries] of scores less their mean over all documents.
        products: [blocks, pairs] of such scores; pairs as in `pairs_of`, the diagonal included.
        constant: [queries] whether all scores of a query are the same.
    """

    counts: np.ndarray
    sums: np.ndarray
    products: np.ndarray
    constant: np.ndarray

    @property
    def n_documents(self) -> int:
        """Documents of all blocks."""
        return int(self.counts.sum())


def pairs_of(n_queries: int) -> tuple[np.ndarray, np.ndarray]:
    """First and second query of every pair, each with itself too: the upper triangle by rows."""
    first, second = np.triu_indices(n_queries)
    return first, second


def pair_number(a: np.ndarray, b: np.ndarray, n_queries: int) -> np.ndarray:
    """The place of pairs (a, b) in `pairs_of`, whichever of the two comes first."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    place: np.ndarray = low * n_queries - low * (low - 1) // 2 + high - low
    return place


def block_edges(n_documents: int, n_queries: int, blocks: int) -> np.ndarray:
    """[blocks + 1] where blocks of shuffled documents begin and end; fewer where queries are many.

    Args:
        blocks: how many are wanted.
    """
    n_pairs = max(1, n_queries * (n_queries + 1) // 2)
    most = max(FEWEST_BLOCKS, MOST_NUMBERS // n_pairs)
    n_blocks = max(1, min(blocks, most, n_documents))
    return np.linspace(0, n_documents, n_blocks + 1).round().astype(np.int64)


def block_sums(
    influence: np.ndarray,
    blocks: int,
    seed: int,
    prepare: Callable[[np.ndarray], np.ndarray] | None = None,
    scratch: Path | None = None,
) -> BlockSums:
    """Sums and products of every block; memory holds one query's scores and one block at a time.

    Args:
        influence: [queries, documents]; may be a memory map.
        prepare: what is correlated instead of the scores of a query, such as their ranks.
        scratch: folder for the shuffled scores, 4 bytes a query and document; None = the system's.
    """
    n_queries, n_documents = influence.shape
    shuffled = np.random.default_rng(seed).permutation(n_documents)
    edges = block_edges(n_documents, n_queries, blocks)
    n_blocks = len(edges) - 1
    means = np.zeros(n_queries)
    constant = np.ones(n_queries, bool)
    first, second = pairs_of(n_queries)
    sums = np.zeros((n_blocks, n_queries))
    products = np.zeros((n_blocks, len(first)))
    with tempfile.TemporaryFile(dir=scratch) as file:
        rows = np.memmap(file, np.float32, "w+", shape=influence.shape)
        for query in range(n_queries):
            row = np.asarray(influence[query])
            constant[query] = row.min() == row.max()
            found = prepare(row) if prepare else row
            means[query] = found.mean(dtype=np.float64)
            rows[query] = found[shuffled]
        width = max(1, correlations.BLOCK_NUMBERS // n_queries)
        for block in range(n_blocks):
            total = np.zeros((n_queries, n_queries))
            for start in range(edges[block], edges[block + 1], width):
                stop = min(start + width, edges[block + 1])
                part = rows[:, start:stop].astype(np.float64) - means[:, None]
                sums[block] += part.sum(axis=1)
                total += part @ part.T
            products[block] = total[first, second]
        del rows
    return BlockSums(np.diff(edges).astype(np.float64), sums, products, constant)


def drawn_weights(n_blocks: int, draws: int, seed: int) -> np.ndarray:
    """[draws, blocks] how often each block is drawn, of as many as there are, with replacement."""
    random = np.random.default_rng(seed)
    return random.multinomial(n_blocks, np.full(n_blocks, 1 / n_blocks), size=draws).astype(float)


def weighted(sums: BlockSums, weights: np.ndarray) -> np.ndarray:
    """[draws, pairs] Pearson correlations of the pairs of `pairs_of`, under weights of the blocks.

    NaN where a query is constant over the documents of a draw.

    Args:
        weights: [draws, blocks].
    """
    n_queries = sums.sums.shape[1]
    first, second = pairs_of(n_queries)
    diagonal = np.flatnonzero(first == second)
    counts = (weights @ sums.counts)[:, None]
    means = weights @ sums.sums / counts
    products = weights @ sums.products / counts
    products -= means[:, first] * means[:, second]
    variances = products[:, diagonal]
    # What is left of a variance after rounding, where scores are constant in a draw.
    known = (variances > 1e-12 * (variances + means**2)) & ~sums.constant
    sizes = np.sqrt(np.where(known, variances, np.nan))
    products /= sizes[:, first]
    products /= sizes[:, second]
    return np.clip(products, -1.0, 1.0, out=products)


def draws_at_once(n_queries: int) -> int:
    """Draws whose correlations are held at a time."""
    return max(1, DRAWN_NUMBERS // max(1, n_queries * (n_queries + 1) // 2))
