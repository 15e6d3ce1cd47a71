"""How the scores of all documents of a query are distributed."""

from __future__ import annotations

import math

import numpy as np

from attribution_engine.store.orders import Orders
from attribution_engine.store.views import Distribution, Score


class Distributions(Orders):
    """The questions about all scores of a query."""

    def distribution(
        self, query_id: int, score: Score = "influence", bins: int = 60
    ) -> Distribution:
        """A histogram over all documents of a query, and where the two tails begin."""
        return self._remember(
            ("distribution", query_id, score, bins),
            lambda: histogram(self._descending(query_id, score), bins, self._run.tail),
            heavy=True,
        )

    def _descending(self, query_id: int, score: Score) -> np.ndarray:
        """All values of a score, the largest first; none where the query has no such score."""
        values = self._values(query_id, score)
        if values is None:
            return np.zeros(0, np.float32)
        if score == "normed":
            values = values[self._normed_places(query_id)]
        # Sorted as they are but for rounding: cheap, and exact.
        return values if (values[:-1] >= values[1:]).all() else np.sort(values)[::-1]


def histogram(values: np.ndarray, bins: int, tail: int) -> Distribution:
    """The histogram of values that are sorted, the largest first.

    Args:
        bins: about so many; none straddles zero.
        tail: how many at either end are set apart; at most half of all.
    """
    if not len(values):
        return Distribution((), (), 0, 0, 0, None, None)
    high, low = float(values[0]), float(values[-1])
    width = (max(high, 0.0) - min(low, 0.0)) / bins or 1.0
    first, last = math.floor(low / width), math.floor(high / width) + 1
    # What rounding of the quotients may have left outside.
    first -= width * first > low
    last += width * last <= high
    edges = [width * edge for edge in range(first, last + 1)]
    # float64, as the edges are: a score is in the bin that its own number says.
    ranks = [_at_least(values, edge) for edge in edges]
    tail = min(tail, len(values) // 2)
    return Distribution(
        tuple(edges),
        tuple(ranks[at] - ranks[at + 1] for at in range(len(edges) - 1)),
        len(values) - int(np.searchsorted(values[::-1], 0.0, side="right")),
        int(np.searchsorted(values[::-1], 0.0, side="left")),
        tail,
        float(values[tail - 1]) if tail else None,
        float(values[-tail]) if tail else None,
        tuple(ranks),
    )


def _at_least(values: np.ndarray, edge: float) -> int:
    """How many of descending values are an edge or more."""
    # The first that is not, by halving: numpy would turn all values into float64 for one edge.
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if float(values[middle]) >= edge:
            low = middle + 1
        else:
            high = middle
    return low
