"""Which documents are among the k most helpful or most harmful of a query, kept as scores come."""

from __future__ import annotations

import numpy as np


class Tails:
    """Both tails of every query over the documents seen so far.

    Order is that of the store's ranks: scores as float32, ties to the lower doc_id.
    """

    def __init__(self, n_queries: int, k: int) -> None:
        self._k = k
        none = [(np.zeros(0, np.float32), np.zeros(0, np.int64))] * n_queries
        self._helpful, self._harmful = list(none), list(none)

    def add(self, influence: np.ndarray, doc_ids: np.ndarray) -> None:
        """Takes in scores [queries, documents] of documents not seen before."""
        for query, scores in enumerate(influence):
            row = np.asarray(scores, dtype=np.float32)
            for ends, sign in ((self._helpful, -1), (self._harmful, 1)):
                values = np.concatenate([ends[query][0], row])
                docs = np.concatenate([ends[query][1], doc_ids])
                kept = np.lexsort((-sign * docs, sign * values))[: self._k]
                ends[query] = values[kept], docs[kept]

    def of(self, query: int) -> list[int]:
        """Documents in either tail, ascending, each once."""
        return sorted({*self._helpful[query][1].tolist(), *self._harmful[query][1].tolist()})

    def scores(self, query: int) -> list[tuple[int, float]]:
        """Documents in either tail with their scores, ascending, each once."""
        found: dict[int, float] = {}
        for values, docs in (self._helpful[query], self._harmful[query]):
            found |= dict(zip(docs.tolist(), values.tolist(), strict=True))
        return sorted(found.items())

    def ends(self, query: int, n: int) -> list[int]:
        """The n outermost documents of either tail, ascending, each once."""
        outermost = (*self._helpful[query][1][:n].tolist(), *self._harmful[query][1][:n].tolist())
        return sorted(set(outermost))
