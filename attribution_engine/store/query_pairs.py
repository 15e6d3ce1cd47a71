"""Two queries of one run over the same documents: their tops, and one document under both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attribution_engine.store.comparison_views import Counterpart, Plane, PlanePoint
from attribution_engine.store.connection import VALUES
from attribution_engine.store.plane import WHERE
from attribution_engine.store.query_relations import QueryRelations
from attribution_engine.store.views import RankedDocument, Score, Side


@dataclass(frozen=True, slots=True)
class TwoTops:
    """The first k documents of two queries and where the other query has each.

    Attributes:
        n_both: documents among the k first of both.
        by_chance: how many there would be on average if the rankings had nothing in common.
    """

    first: tuple[Counterpart, ...]
    second: tuple[Counterpart, ...]
    n_both: int
    by_chance: float


class QueryPairs(QueryRelations):
    """The questions about two queries of the run."""

    def two_tops(self, a: int, b: int, side: Side, score: Score, k: int) -> TwoTops:
        """The tops of queries `a` and `b` from one end, by one score."""
        key = ("two tops", a, b, side, score, k)
        return self._remember(key, lambda: self._two_tops(a, b, side, score, k))

    def _two_tops(self, a: int, b: int, side: Side, score: Score, k: int) -> TwoTops:
        first = self.rankings(a, side, score, 0, k).documents
        second = self.rankings(b, side, score, 0, k).documents
        in_both = {one.doc_id for one in first} & {one.doc_id for one in second}
        n = self._run.n_documents
        return TwoTops(
            self._beside(first, b, side, score),
            self._beside(second, a, side, score),
            len(in_both),
            len(first) * len(second) / n if n else 0.0,
        )

    def under_both(
        self, a: int, b: int, doc_id: int, side: Side, score: Score
    ) -> Counterpart | None:
        """One document under query `a` and where `b` has it; None if there is no such document."""
        key = ("under both", a, b, doc_id, side, score)
        return self._remember(key, lambda: self._under_both(a, b, doc_id, side, score))

    def _under_both(
        self, a: int, b: int, doc_id: int, side: Side, score: Score
    ) -> Counterpart | None:
        try:
            here = self.ranked_documents(a, [doc_id], side)
        except KeyError:
            return None
        return self._beside(here, b, side, score)[0]

    def _beside(
        self, documents: Sequence[RankedDocument], other: int, side: Side, score: Score
    ) -> tuple[Counterpart, ...]:
        """Documents of one query with their rank and score under another."""
        ids = [one.doc_id for one in documents]
        rank = "rank_normed" if score == "normed" else "rank"
        places = {doc_id: row for doc_id, *row in self._rows(
            f"""SELECT i.doc_id, i.{rank}, {VALUES[score]} FROM influence i
            JOIN (SELECT doc_id, gradient_norm FROM documents
                WHERE doc_id IN (SELECT unnest($1::INTEGER[]))) d USING (doc_id)
            JOIN queries q USING (query_id)
            WHERE i.query_id = $2 AND i.doc_id IN (SELECT unnest($1::INTEGER[]))""",
            [ids, other],
        )}  # fmt: skip
        n = self._run.n_documents

        def from_end(place: int) -> int:
            return place if side == "helpful" else n + 1 - place

        return tuple(
            Counterpart(
                one,
                from_end(getattr(one, rank)),
                one.doc_id,
                from_end(places[one.doc_id][0]),
                places[one.doc_id][1],
            )
            for one in documents
        )


def with_chosen(plane: Plane, one: Counterpart, score: Score, k: int) -> Plane:
    """The plane of two queries with one document marked."""
    x, y = value_of(one.document, score), one.other_score
    if x is None or y is None or one.other_rank is None:
        return plane
    if plane.plot != "score":
        x, y = float(one.rank), float(one.other_rank)
    at = WHERE[(one.rank <= k) + 2 * (one.other_rank <= k)]
    doc_id = one.document.doc_id
    return replace(plane, chosen=PlanePoint(doc_id, doc_id, x, y, at))


def value_of(document: RankedDocument, score: Score) -> float | None:
    """The chosen score of a row of a ranking."""
    value: float | None = getattr(document, score)
    return value
