"""Rankings of a store: pages from either end, filters, neighbours, rows of documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from attribution_engine.store.connection import LABELS
from attribution_engine.store.distributions import Distributions
from attribution_engine.store.orders import quotient
from attribution_engine.store.passages import Snippet, snippets, strongest_window
from attribution_engine.store.views import (
    DocumentFilter,
    Neighbours,
    RankedDocument,
    RankingPage,
    Score,
    Side,
)

ROWS = "SELECT doc_id, influence, rank, rank_normed FROM influence WHERE query_id = ?"


class Rankings(Distributions):
    """The questions about rankings."""

    def rankings(
        self,
        query_id: int,
        side: Side = "helpful",
        score: Score = "influence",
        offset: int = 0,
        limit: int = 50,
        only: DocumentFilter | None = None,
        fold: bool = False,
        both: bool = False,
    ) -> RankingPage:
        """A page of the ranking from one end, ordered by the chosen score.

        Influence and per-nat have the same order: one divides by the query's nats.

        Args:
            fold: leave out documents that have a near-duplicate ranked before them; of those that
                pass the filter, on whatever page.
            both: the other end is shown too. Then this one ends in the middle, where of an odd
                number the helpful end has one more; and of near-duplicates the one nearest to
                either end is shown, so that both ends together show each group once.
        """
        only = only or DocumentFilter()
        key = ("page", query_id, side, score, offset, limit, only, fold, both)
        return self._remember(
            key, lambda: self._page(query_id, side, score, offset, limit, only, fold, both)
        )

    def _page(
        self,
        query_id: int,
        side: Side,
        score: Score,
        offset: int,
        limit: int,
        only: DocumentFilter,
        fold: bool,
        both: bool,
    ) -> RankingPage:
        if only.restricts or (fold and self.filter_choices().has_groups):
            listed = self._listed(query_id, score, side, only, fold, both)
            total, n_shown = listed.total, len(listed.places)
            n_listed = _half(n_shown, side) if both else n_shown
            page = listed.places[offset : min(offset + limit, n_listed)] + 1
            rows = self._at_ranks(query_id, page.tolist())
        else:
            total = n_shown = self._run.n_documents
            n_listed = _half(n_shown, side) if both else n_shown
            order = "rank_normed" if score == "normed" else "rank"
            # A range of ranks reads only the blocks that hold it; OFFSET would walk to it.
            low, high = offset + 1, min(offset + limit, n_listed)
            if side == "harmful":
                low, high = total + 1 - high, total + 1 - low
            rows = self._rows(
                f"""{ROWS} AND {order} BETWEEN ? AND ?
                ORDER BY {order} {"DESC" if side == "harmful" else "ASC"}""",
                [query_id, low, high],
            )
        found = self._ranked_rows(query_id, rows, score, side, only.text)
        return RankingPage(total, offset, found, total - n_shown, n_listed)

    def ranked_documents(
        self, query_id: int, ids: list[int], side: Side = "helpful"
    ) -> tuple[RankedDocument, ...]:
        """Documents by number as rows of a query's ranking, in the order of `ids`.

        Raises:
            KeyError: the run has no such document or query.
        """
        key = ("documents", query_id, tuple(ids), side)
        return self._remember(key, lambda: self._documents_of(query_id, ids, side))

    def _documents_of(
        self, query_id: int, ids: list[int], side: Side
    ) -> tuple[RankedDocument, ...]:
        rows = self._rows(f"{ROWS} AND doc_id IN (SELECT unnest(?::INTEGER[]))", [query_id, ids])
        by_id = {row[0]: row for row in rows}
        return self._ranked_rows(query_id, [by_id[doc_id] for doc_id in ids], "influence", side, "")

    def neighbours(
        self,
        query_id: int,
        doc_id: int,
        side: Side = "helpful",
        score: Score = "influence",
        only: DocumentFilter | None = None,
        fold: bool = False,
        both: bool = False,
    ) -> Neighbours:
        """Where a document stands in a (filtered) ranking, and what is before and after it.

        `total` is the number of documents that the ranking shows. A document that it does not
        show, as the filter or the folding leaves it out, has no place.

        Args:
            both: folded as where both ends are shown, but going on behind the middle.
        """
        only = only or DocumentFilter()
        key = ("neighbours", query_id, doc_id, side, score, only, fold, both)
        return self._remember(
            key, lambda: self._find_neighbours_of(query_id, doc_id, side, score, only, fold, both)
        )

    def _find_neighbours_of(
        self,
        query_id: int,
        doc_id: int,
        side: Side,
        score: Score,
        only: DocumentFilter,
        fold: bool,
        both: bool,
    ) -> Neighbours:
        if not only.restricts and not (fold and self.filter_choices().has_groups):
            return self._neighbours_of_all(query_id, doc_id, side, score)
        places = self._listed(query_id, score, side, only, fold, both).places
        ids = self._ranked(query_id).ids
        at = np.flatnonzero(ids == doc_id)
        found = np.flatnonzero(places == at[0]) if len(at) else at
        if not len(found):
            return Neighbours(None, len(places), None, None)
        here = int(found[0])
        before, after = (
            int(ids[places[place]]) if 0 <= place < len(places) else None
            for place in (here - 1, here + 1)
        )
        return Neighbours(here + 1, len(places), before, after)

    def _neighbours_of_all(
        self, query_id: int, doc_id: int, side: Side, score: Score
    ) -> Neighbours:
        order = "rank_normed" if score == "normed" else "rank"
        total = self._run.n_documents
        rows = self._rows(
            f"SELECT {order} FROM influence WHERE query_id = ? AND doc_id = ?", [query_id, doc_id]
        )
        if not rows:
            return Neighbours(None, total, None, None)
        rank = rows[0][0]
        beside = dict(
            self._rows(
                f"""SELECT {order}, doc_id FROM influence
                WHERE query_id = ? AND {order} BETWEEN ? AND ?""",
                [query_id, rank - 1, rank + 1],
            )
        )
        before, after = beside.get(rank - 1), beside.get(rank + 1)
        if side == "harmful":
            return Neighbours(total + 1 - rank, total, after, before)
        return Neighbours(rank, total, before, after)

    def _at_ranks(self, query_id: int, ranks: list[int]) -> list[tuple[Any, ...]]:
        """The rows of a query at some ranks, in their order."""
        if not ranks:
            return []
        rows = self._rows(
            f"{ROWS} AND rank BETWEEN ? AND ? AND rank IN (SELECT unnest(?::INTEGER[]))",
            [query_id, min(ranks), max(ranks), ranks],
        )
        by_rank = {row[2]: row for row in rows}
        return [by_rank[rank] for rank in ranks]

    def _ranked_rows(
        self,
        query_id: int,
        rows: Sequence[tuple[Any, ...]],
        score: Score,
        side: Side,
        search: str,
    ) -> tuple[RankedDocument, ...]:
        """Rows of a table from rows (doc_id, influence, rank, rank_normed)."""
        ids = [row[0] for row in rows]
        if not ids:
            return ()
        nats, largest = self._nats(query_id), self._largest(query_id, score)
        groups = self._near_groups() if self.filter_choices().has_groups else None
        facts, shown = self._facts_and_snippets(query_id, ids, side, search)
        found = []
        for doc_id, influence, rank, rank_normed in rows:
            norm, source, domain, category, difficulty, n_tokens = facts[doc_id]
            per_nat = influence / nats if nats else None
            normed = None if norm is None else _normed(influence, norm)
            value = {"influence": influence, "per_nat": per_nat, "normed": normed}[score]
            group = -1 if groups is None else int(groups.of_document[doc_id])
            name, n_near = None, 0
            if groups is not None and group >= 0:
                name, n_near = int(groups.names[group]), int(groups.sizes[group]) - 1
            found.append(
                RankedDocument(
                    doc_id=doc_id,
                    rank=rank,
                    rank_normed=rank_normed,
                    influence=influence,
                    per_nat=per_nat,
                    normed=normed,
                    bar=(value or 0.0) / largest if largest else 0.0,
                    source=source,
                    domain=domain,
                    category=category,
                    difficulty=difficulty,
                    n_tokens=n_tokens,
                    snippet=shown[doc_id].text,
                    passage=shown[doc_id].passage,
                    group=name,
                    n_near=n_near,
                )
            )
        return tuple(found)

    def _facts_and_snippets(
        self, query_id: int, ids: list[int], side: Side, search: str
    ) -> tuple[dict[int, tuple[Any, ...]], dict[int, Snippet]]:
        """Norm, labels and number of tokens of documents; the passage that each shows."""
        with self._cursor() as cursor:
            scores = self._token_scores_of(cursor, query_id, ids)
            # Ids first, then documents: joining scores to texts would hash every text.
            rows = cursor.execute(
                f"""SELECT doc_id, gradient_norm, {LABELS}, n_tokens,
                    CASE WHEN doc_id IN (SELECT unnest(?::INTEGER[])) THEN token_ends END
                FROM documents d WHERE doc_id IN (SELECT unnest(?::INTEGER[]))""",
                [list(scores), ids],
            ).fetchall()
            windows = {}
            for doc_id, *_, ends in rows:
                if ends is not None and len(ends) == len(scores[doc_id]):
                    sign = 1 if side == "helpful" else -1
                    start = strongest_window(np.asarray(ends, np.int64), scores[doc_id], sign)
                    if start is not None:
                        windows[doc_id] = start
            shown = snippets(cursor, ids, windows, search)
        return {row[0]: row[1:-1] for row in rows}, shown

    def _token_scores_of(self, cursor: Any, query_id: int, ids: list[int]) -> dict[int, np.ndarray]:
        """Token scores of those documents that have them, in the run's first alignment."""
        alignment = self._run.token_alignment.split(",")[0].strip()
        if not alignment:
            return {}
        rows = cursor.execute(
            """SELECT doc_id, scores FROM token_influence
            WHERE query_id = ? AND alignment = ? AND doc_id IN (SELECT unnest(?::INTEGER[]))""",
            [query_id, alignment, ids],
        ).fetchall()
        return {doc_id: np.asarray(scores, np.float32) for doc_id, scores in rows}

    def _largest(self, query_id: int, score: Score) -> float:
        """The largest size of a score in the whole ranking."""
        return self._remember(
            ("largest", query_id, score), lambda: self._find_largest(query_id, score)
        )

    def _find_largest(self, query_id: int, score: Score) -> float:
        order = "rank_normed" if score == "normed" else "rank"
        ends = self._rows(
            f"SELECT doc_id, influence FROM influence WHERE query_id = ? AND {order} IN (1, ?)",
            [query_id, self._run.n_documents],
        )
        largest: float = max((abs(influence) for _, influence in ends), default=0.0)
        if score == "per_nat":
            nats = self._nats(query_id)
            return largest / nats if nats else 0.0
        if score == "influence":
            return largest
        norms = dict(
            self._rows(
                """SELECT doc_id, gradient_norm FROM documents
                WHERE doc_id IN (SELECT unnest(?::INTEGER[]))""",
                [[doc_id for doc_id, _ in ends]],
            )
        )
        return max(
            (abs(_normed(score, norms[doc_id] or 0.0)) for doc_id, score in ends), default=0.0
        )


def _half(n: int, side: Side) -> int:
    """How many of n documents stand at one end where both are shown."""
    return n - n // 2 if side == "helpful" else n // 2


def _normed(influence: float, norm: float) -> float:
    return float(quotient(np.array([influence], np.float32), np.array([norm], np.float32))[0])
