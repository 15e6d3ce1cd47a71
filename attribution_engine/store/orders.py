"""The orders of documents in memory: a query's ranking, filtered and with duplicates folded."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from attribution_engine.store.document_masks import DocumentMasks
from attribution_engine.store.views import DocumentFilter, Score, Side


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """All documents of a query, the most helpful first.

    Attributes:
        ids: int32 [rank − 1], doc_id.
        influence: float32 [rank − 1], nats.
    """

    ids: np.ndarray
    influence: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """What a ranking shows, in order from the chosen side.

    Attributes:
        places: int32, rank − 1 of each document that is shown.
        total: documents that pass the filter; more than are shown where some are folded away.
    """

    places: np.ndarray
    total: int


@dataclass(frozen=True, slots=True, eq=False)
class TextDigests:
    """What tells texts apart: `digests` has the two halves of the MD5 of each text of `ids`."""

    ids: np.ndarray
    digests: np.ndarray


class Orders(DocumentMasks):
    """The questions about all documents of a query at once."""

    def by_document(self, query_id: int) -> tuple[np.ndarray, np.ndarray]:
        """Influence and rank of every document, both [doc_id]; rank 0 where there is none such."""
        ranked = self._ranked(query_id)
        influence = np.zeros(self._n_ids(), np.float32)
        ranks = np.zeros(self._n_ids(), np.int32)
        influence[ranked.ids] = ranked.influence
        ranks[ranked.ids] = np.arange(1, len(ranked.ids) + 1, dtype=np.int32)
        return influence, ranks

    def text_digests(self) -> TextDigests:
        """Digests of all texts, by ascending doc_id."""
        with self._cursor() as cursor:
            rows = cursor.execute(
                """SELECT doc_id, (digest >> 64)::UBIGINT AS upper,
                    (digest & 18446744073709551615::UHUGEINT)::UBIGINT AS lower
                FROM (SELECT doc_id, md5_number(text) AS digest FROM documents)"""
            ).fetchnumpy()
        order = np.argsort(rows["doc_id"], kind="stable")
        digests = np.empty(len(order), [("upper", np.uint64), ("lower", np.uint64)])
        for half in ("upper", "lower"):
            digests[half] = rows[half][order]
        return TextDigests(np.asarray(rows["doc_id"][order]), digests)

    def _ranked(self, query_id: int) -> Ranked:
        def read() -> Ranked:
            with self._cursor() as cursor:
                rows = cursor.execute(
                    "SELECT doc_id, influence, rank FROM influence WHERE query_id = ?", [query_id]
                ).fetchnumpy()
            ids, influence = rows["doc_id"], rows["influence"]
            places = rows["rank"] - 1
            # Stores are sorted so; one that is not is still read right.
            if not np.array_equal(places, np.arange(len(places), dtype=places.dtype)):
                order = np.argsort(places, kind="stable")
                ids, influence = ids[order], influence[order]
            return Ranked(np.asarray(ids, np.int32), np.asarray(influence, np.float32))

        return self._remember(("ranked", query_id), read, heavy=True)

    def _normed_places(self, query_id: int) -> np.ndarray:
        """int32 [rank_normed − 1], rank − 1 of the document that has it."""

        def read() -> np.ndarray:
            with self._cursor() as cursor:
                rows = cursor.execute(
                    "SELECT rank, rank_normed FROM influence WHERE query_id = ?", [query_id]
                ).fetchnumpy()
            places = np.empty(len(rows["rank"]), np.int32)
            places[rows["rank_normed"] - 1] = rows["rank"] - 1
            return places

        return self._remember(("normed", query_id), read, heavy=True)

    def _norms(self) -> np.ndarray | None:
        """float32 [doc_id], gradient norms; None where the method has no gradients."""

        def read() -> np.ndarray | None:
            with self._cursor() as cursor:
                rows = cursor.execute(
                    "SELECT doc_id, gradient_norm FROM documents WHERE gradient_norm IS NOT NULL"
                ).fetchnumpy()
            if not len(rows["doc_id"]):
                return None
            norms = np.zeros(self._n_ids(), np.float32)
            norms[rows["doc_id"]] = rows["gradient_norm"]
            return norms

        return self._remember("norms", read, heavy=True)

    def _nats(self, query_id: int) -> float | None:
        """The information of a query's completion; None where there is none to divide by."""
        known: dict[int, float | None] = self._remember(
            "nats", lambda: dict(self._rows("SELECT query_id, nats FROM queries"))
        )
        return known.get(query_id) or None

    def _values(self, query_id: int, score: Score) -> np.ndarray | None:
        """[rank − 1], a score of every document; None where the query has no such score."""
        ranked = self._ranked(query_id)
        if score == "influence":
            return ranked.influence
        if score == "per_nat":
            nats = self._nats(query_id)
            return ranked.influence.astype(np.float64) / nats if nats else None
        norms = self._norms()
        return None if norms is None else quotient(ranked.influence, norms[ranked.ids])

    def _listed(
        self,
        query_id: int,
        score: Score,
        side: Side,
        only: DocumentFilter,
        fold: bool,
        both: bool = False,
    ) -> Listed:
        """What a ranking shows; kept, as pages and neighbours are asked for again and again.

        Args:
            both: of near-duplicates the one nearest to either end is shown, so that the list of one
                side is that of the other in reverse; else the first from `side`.
        """
        if both and side == "harmful":
            listed = self._listed(query_id, score, "helpful", only, fold, both)
            return Listed(listed.places[::-1], listed.total)
        ordered: Score = "normed" if score == "normed" else "influence"
        measured = score if only.low is not None or only.high is not None else ordered
        key = ("listed", query_id, ordered, measured, side, only, fold, both and fold)
        return self._remember(
            key, lambda: self._list(query_id, measured, side, only, fold, both), heavy=True
        )

    def _list(
        self,
        query_id: int,
        score: Score,
        side: Side,
        only: DocumentFilter,
        fold: bool,
        both: bool,
    ) -> Listed:
        ranked = self._ranked(query_id)
        passing = self._passing(query_id, replace(only, low=None, high=None))
        shown = None if passing is None else passing[ranked.ids]
        if only.low is not None or only.high is not None:
            within = self._within(query_id, score, only.low, only.high)
            shown = within if shown is None else shown & within
        if score == "normed":
            places = self._normed_places(query_id)
            places = places if shown is None else places[shown[places]]
        elif shown is None:
            places = np.arange(len(ranked.ids), dtype=np.int32)
        else:
            places = np.flatnonzero(shown).astype(np.int32)
        if side == "harmful":
            places = places[::-1]
        total = len(places)
        groups = self._near_groups() if fold else None
        if groups is not None:
            keeps = outermost if both else firsts
            in_order = shown is None and score != "normed" and side == "helpful"
            ids = ranked.ids if in_order else ranked.ids[places]
            places = places[keeps(groups.of_document[ids], len(groups.names))]
        return Listed(places, total)

    def _within(
        self, query_id: int, score: Score, low: float | None, high: float | None
    ) -> np.ndarray:
        """[rank − 1], whether a score lies in a range, ends included."""
        values = self._values(query_id, score)
        if values is None:
            return np.zeros(len(self._ranked(query_id).ids), bool)
        within = np.ones(len(values), bool)
        # As float64: a bound is compared as it is, not rounded to the precision of the scores.
        if low is not None:
            within &= values >= np.float64(low)
        if high is not None:
            within &= values <= np.float64(high)
        return within


def quotient(influence: np.ndarray, norms: np.ndarray) -> np.ndarray:
    """Influence ÷ gradient norm as float32; 0 where the norm is 0."""
    return np.divide(influence, norms, out=np.zeros(len(norms), np.float32), where=norms > 0)


def firsts(groups: np.ndarray, n_groups: int) -> np.ndarray:
    """Whether each in a row is the first of its group; those of group −1 stand alone."""
    keep = np.ones(len(groups), bool)
    members = np.flatnonzero(groups >= 0)
    numbers = groups[members]
    first = np.zeros(n_groups, np.int64)
    first[numbers[::-1]] = members[::-1]  # of several, the last that is written stays
    keep[members] = first[numbers] == members
    return keep


def outermost(groups: np.ndarray, n_groups: int) -> np.ndarray:
    """Whether each in a row is the one of its group nearest to either end of the row.

    Of two that are as near the first is taken; those of group −1 stand alone.
    """
    keep = np.ones(len(groups), bool)
    members = np.flatnonzero(groups >= 0)
    numbers = groups[members]
    first, last = np.zeros(n_groups, np.int64), np.zeros(n_groups, np.int64)
    first[numbers[::-1]] = members[::-1]  # of several, the last that is written stays
    last[numbers] = members
    nearest = np.where(len(groups) - 1 - last < first, last, first)
    keep[members] = nearest[numbers] == members
    return keep
