"""A query among the others and in its corpus: neighbours, sources of its top documents, planes."""

from __future__ import annotations

import math

import numpy as np

from attribution_engine.findings.agreement import shared_ranks_of_sorted
from attribution_engine.findings.wilson import wilson
from attribution_engine.store.comparison_views import Plane, Plot
from attribution_engine.store.plane import PlaneData, plane_of
from attribution_engine.store.queries import Queries
from attribution_engine.store.query_views import QueryNeighbour, SourceShare
from attribution_engine.store.rankings import Rankings
from attribution_engine.store.views import Score, Side

SMALL = 5_000_000  # scores up to which correlations are worked out while someone waits


class QueryRelations(Queries, Rankings):
    """The questions about a query beside other queries and sources."""

    def query_sources(self, query_id: int, side: Side, k: int) -> list[SourceShare]:
        """Every source among the first k documents by rank, the largest of the corpus first.

        Empty where the documents of the run name no source.
        """
        key = ("query sources", query_id, side, k)
        return list(self._remember(key, lambda: self._count_sources(query_id, side, k)))

    def _count_sources(self, query_id: int, side: Side, k: int) -> list[SourceShare]:
        if not self.filter_choices().sources:
            return []
        n = self._run.n_documents
        low, high = (1, k) if side == "helpful" else (n + 1 - k, n)
        ids = self._rows(
            "SELECT doc_id FROM influence WHERE query_id = ? AND rank BETWEEN ? AND ?",
            [query_id, low, high],
        )
        counts = dict(
            self._rows(
                """SELECT source, count(*) FROM documents
                WHERE doc_id IN (SELECT unnest(?::INTEGER[])) GROUP BY source""",
                [[doc_id for (doc_id,) in ids]],
            )
        )
        shares = self._remember("source shares", lambda: self._rows(
            """SELECT source, count(*) / sum(count(*)) OVER () FROM documents
            GROUP BY source ORDER BY count(*) DESC, source"""
        ))  # fmt: skip
        found = []
        for source, corpus in shares:
            n_top = counts.get(source, 0)
            share = n_top / len(ids) if ids else 0.0
            low_share, high_share = wilson(share, len(ids))
            found.append(
                SourceShare(
                    source or "",
                    n_top,
                    share,
                    corpus,
                    share / corpus,
                    low_share / corpus,
                    high_share / corpus,
                )
            )
        return found

    def query_neighbours(self, query_id: int) -> list[QueryNeighbour]:
        """All other queries, the one with the highest Pearson correlation first.

        From the table of correlations; where that is empty and the run is small, worked out. Empty
        where neither can be.
        """
        key = ("neighbours", query_id)
        return list(self._remember(key, lambda: self._find_neighbours(query_id), heavy=True))

    def _find_neighbours(self, query_id: int) -> list[QueryNeighbour]:
        rows = self._rows(
            """SELECT CASE WHEN query_a = $1 THEN query_b ELSE query_a END, pearson, spearman, n
            FROM query_correlation WHERE (query_a = $1 OR query_b = $1) AND query_a <> query_b""",
            [query_id],
        )
        if not rows and not self._rows("SELECT 1 FROM query_correlation LIMIT 1"):
            rows = self._correlate(query_id)
        known = self._all_queries()
        found = {
            other: QueryNeighbour(known[other], _number(pearson), _number(spearman), n)
            for other, pearson, spearman, n in rows
            if other in known
        }
        return sorted(
            found.values(),
            key=lambda one: (
                one.pearson is None,
                -(one.pearson or 0.0),
                -(one.spearman or 0.0),
                one.query.query_id,
            ),
        )

    def _correlate(self, query_id: int) -> list[tuple[int, float | None, float | None, int]]:
        """Rows (other query, Pearson, Spearman, documents) of a run that is small."""
        known = self._all_queries()
        if query_id not in known or self._run.n_documents * len(known) > SMALL:
            return []
        ids = np.sort(self._ranked(query_id).ids)
        mine = self._correlated(query_id, ids)
        rows = []
        for other in known:
            if other != query_id:
                theirs = self._correlated(other, ids)
                pearson, spearman = (_cosine(*pair) for pair in zip(mine, theirs, strict=True))
                rows.append((other, pearson, spearman, len(ids)))
        return rows

    def _correlated(self, query_id: int, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Scores and shared ranks of documents, both about their mean."""

        def make() -> tuple[np.ndarray, np.ndarray]:
            ranked = self._ranked(query_id)
            order = np.argsort(ranked.ids, kind="stable")
            if not np.array_equal(ranked.ids[order], ids):
                raise KeyError(f"query {query_id} does not have the documents of the other")
            scores = ranked.influence[order].astype(np.float64)
            ranks = shared_ranks_of_sorted(ranked.influence)[order]
            return scores - scores.mean(), ranks - ranks.mean()

        return self._remember(("correlated", query_id), make)

    def query_plane(
        self,
        query_a: int,
        query_b: int,
        score: Score = "influence",
        k: int = 10,
        side: Side | None = None,
        plot: Plot = "score",
    ) -> Plane:
        """All documents by their score, or rank, on two queries: `query_a` is "here".

        Args:
            side: whose first k documents have points in a plane of many; None = of both ends.
            plot: ranks are counted from the chosen side.

        Raises:
            KeyError: the run has no such query, or not such a score of it.
        """
        key = ("plane", query_a, query_b, score, k, side, plot)
        return self._remember(
            key,
            lambda: plane_of(self._plane_data(query_a, query_b, score), side, plot, k),
            heavy=True,
        )

    def _plane_data(self, query_a: int, query_b: int, score: Score) -> PlaneData:
        values, ranks = [], []
        n_ids = self._n_ids()
        for query_id in (query_a, query_b):
            ids, found = self._ranked(query_id).ids, self._values(query_id, score)
            if found is None or not len(ids):
                raise KeyError(f"query {query_id} has no {score} scores")
            by_document = np.zeros(n_ids, found.dtype)
            by_document[ids] = found
            values.append(by_document)
            rank = np.zeros(n_ids, np.int32)
            order = ids[self._normed_places(query_id)] if score == "normed" else ids
            rank[order] = np.arange(1, len(ids) + 1, dtype=np.int32)
            ranks.append(rank)
        present = np.flatnonzero(ranks[0] > 0)
        if len(present) < n_ids:
            values = [one[present] for one in values]
            ranks = [one[present] for one in ranks]
        n = self._run.n_documents
        return PlaneData(present, present, values[0], values[1], ranks[0], ranks[1], n, n)


def _cosine(first: np.ndarray, second: np.ndarray) -> float | None:
    size = math.sqrt(float(first @ first) * float(second @ second))
    return max(-1.0, min(1.0, float(first @ second) / size)) if size > 0 else None


def _number(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value
