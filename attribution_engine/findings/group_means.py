"""Mean influence of groups of documents on many queries, with resampled intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

QUANTITIES: Final = ("mean", "per_nat", "standard")
ENDS: Final = (0.025, 0.975)  # of the middle 95%
FEWEST_DRAWS: Final = 0.9  # share of the resamples in which a group has to occur


@dataclass(frozen=True, slots=True)
class Draws:
    """Resamples of random blocks of documents.

    Attributes:
        blocks: [documents] int32, the block of each.
        n_blocks: how many there are.
        weights: [resamples, blocks] how often each is drawn.
        seed: queries are drawn with this and the number of their set.
    """

    blocks: np.ndarray
    n_blocks: int
    weights: np.ndarray
    seed: int

    @classmethod
    def of(
        cls, n_documents: int, near: np.ndarray | None, n_blocks: int, resamples: int, seed: int
    ) -> Draws:
        """Blocks of about one size, near-duplicates in one block.

        Args:
            near: [documents] number of the group of near-duplicates, −1 where a document has
                none; None = there are none.
        """
        rng = np.random.default_rng(seed)
        unit = np.arange(n_documents)
        if near is not None:
            unit = np.where(near >= 0, near, unit + (near.max(initial=-1) + 1))
            unit = np.unique(unit, return_inverse=True)[1].reshape(-1)
        n_units = int(unit.max(initial=-1)) + 1
        n = max(1, min(n_blocks, n_units))
        blocks = (rng.permutation(n_units) % n)[unit].astype(np.int32)
        return cls(blocks, n, drawn(n, resamples, rng), seed)


def drawn(n: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """[resamples, n] how often each of n is drawn, n times with replacement."""
    return rng.multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


@dataclass(frozen=True, slots=True)
class MeanOf:
    """A mean with its 95% interval; None where there is none."""

    figure: float | None
    low: float | None
    high: float | None


class SetOfQueries:
    """Sums over the queries of a set, for the figures and for each resample.

    Every query is added once; each resample draws queries with replacement, and the blocks of
    documents that `Draws` says, the same for all sets and groups.
    """

    def __init__(self, n_queries: int, n_groups: int, draws: Draws, number: int) -> None:
        resamples = len(draws.weights)
        rng = np.random.default_rng([draws.seed, number])
        self._weights = drawn(n_queries, resamples, rng)
        self._seen = 0
        self.n_queries = n_queries
        self._sums = {name: np.zeros(n_groups) for name in QUANTITIES}
        self._drawn = {name: np.zeros((resamples, n_groups)) for name in QUANTITIES}
        self._counted = dict.fromkeys(QUANTITIES, 0)
        self._drawn_counts = {name: np.zeros(resamples) for name in QUANTITIES}

    def add(self, sums: np.ndarray, drawn_sums: np.ndarray, scales: dict[str, float]) -> None:
        """Adds a query.

        Args:
            sums: [groups] of its influence over documents.
            drawn_sums: [resamples, groups] the same of each resample.
            scales: what its influence is multiplied with, by quantity; missing where the query
                has no such quantity.
        """
        weights = self._weights[:, self._seen]
        self._seen += 1
        for name, scale in scales.items():
            self._sums[name] += scale * sums
            self._drawn[name] += (scale * weights)[:, None] * drawn_sums
            self._counted[name] += 1
            self._drawn_counts[name] += weights

    def counted(self, quantity: str) -> int:
        """Queries that have a quantity."""
        return self._counted[quantity]

    def mean(self, quantity: str, counts: np.ndarray, drawn_counts: np.ndarray) -> list[MeanOf]:
        """The mean of every group: over queries of the mean over documents.

        Args:
            counts: [groups] documents; drawn_counts: [resamples, groups] of each resample.
        """
        n = self._counted[quantity]
        if not n:
            return [MeanOf(None, None, None)] * len(counts)
        figures = self._sums[quantity] / np.maximum(counts, 1) / n
        resampled = self._resampled(quantity, self._drawn[quantity], drawn_counts)
        return intervals(figures, resampled, counts)

    def contrast(
        self,
        first: Sequence[int],
        second: Sequence[int],
        counts: np.ndarray,
        drawn_counts: np.ndarray,
        quantity: str = "standard",
    ) -> tuple[MeanOf, MeanOf, MeanOf]:
        """Means of two unions of groups and their difference, resampled together."""
        n = self._counted[quantity]
        if not n:
            return (MeanOf(None, None, None),) * 3
        pairs = []
        for union in (list(first), list(second)):
            count = counts[union].sum()
            figure = self._sums[quantity][union].sum() / max(1, count) / n
            drawn_sums = self._drawn[quantity][:, union].sum(axis=1, keepdims=True)
            drawn_n = drawn_counts[:, union].sum(axis=1, keepdims=True)
            pairs.append((figure, self._resampled(quantity, drawn_sums, drawn_n), count))
        (a, many_a, n_a), (b, many_b, n_b) = pairs
        counted = np.array([min(n_a, n_b)])
        return (
            intervals(np.array([a]), many_a, np.array([n_a]))[0],
            intervals(np.array([b]), many_b, np.array([n_b]))[0],
            intervals(np.array([a - b]), many_a - many_b, counted)[0],
        )

    def _resampled(self, quantity: str, sums: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """[resamples, groups]; NaN where a group or the queries do not occur in a resample."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return sums / counts / self._drawn_counts[quantity][:, None]


def intervals(figures: np.ndarray, resampled: np.ndarray, counts: np.ndarray) -> list[MeanOf]:
    """Percentile intervals, widened to hold the figure where a skew has left it outside.

    None where a group has fewer than two documents, or is missing from many of the resamples.
    """
    known = np.isfinite(resampled)
    enough = (known.mean(axis=0) >= FEWEST_DRAWS) & (counts > 1)
    found = [MeanOf(_finite(figure) if n else None, None, None)
             for figure, n in zip(figures, counts, strict=True)]  # fmt: skip
    always = np.flatnonzero(enough & known.all(axis=0))
    ends = np.full((2, len(counts)), np.nan)
    if len(always):
        ends[:, always] = np.quantile(resampled[:, always], ENDS, axis=0)
    for place in np.flatnonzero(enough & ~known.all(axis=0)):
        ends[:, place] = np.quantile(resampled[known[:, place], place], ENDS)
    for place in np.flatnonzero(enough):
        figure, (low, high) = float(figures[place]), ends[:, place]
        found[place] = MeanOf(_finite(figure), min(figure, float(low)), max(figure, float(high)))
    return found


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
