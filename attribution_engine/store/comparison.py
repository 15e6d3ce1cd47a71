"""Two runs of one corpus, asked together: what they share and how far they agree."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict, deque

import numpy as np

from attribution_engine.findings.agreement import (
    in_order,
    pearson,
    shared_ranks,
    sizes_in_order,
    top_overlap,
)
from attribution_engine.store.comparison_views import (
    TOPS,
    Agreement,
    AgreementSummary,
    Counterpart,
    DocumentMatch,
    Plane,
    Plot,
    QueryPair,
)
from attribution_engine.store.orders import TextDigests
from attribution_engine.store.plane import PlaneData, plane_of
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, QueryInfo, Side


class Comparison:
    """Answers questions about two stores. Safe to share between threads, and cheap to make.

    Documents are the same where their texts are; queries where suite and prompt are. Reads through
    both readers, and has no connection of its own; what takes long is remembered with the answers
    of the one here, so that all who compare the two have it.

    Raises:
        InputError: one of the files cannot be read.
    """

    def __init__(self, here: StoreReader, there: StoreReader) -> None:
        self.here, self.there = here, there
        self._shared: tuple[np.ndarray, np.ndarray] = here.remember_with(
            there,
            "shared texts",
            lambda: shared_texts(here.text_digests(), there.text_digests()),
        )
        self._pairs = here.remember_with(
            there, "pairs", lambda: pairs_of_queries(here.queries(), there.queries())
        )

    def documents(self) -> DocumentMatch:
        """How many documents are in both runs."""
        n_here, n_there = self.here.run().n_documents, self.there.run().n_documents
        shared = len(self._shared[0])
        same = bool((self._shared[0] == self._shared[1]).all())
        return DocumentMatch(n_here, n_there, shared, same and n_here == n_there == shared)

    def queries(self) -> tuple[QueryPair, ...]:
        """The queries that are in both runs."""
        return tuple(self._pairs.values())

    def pair(self, query_id: int) -> QueryPair | None:
        """A query of the open run and its twin in the other; None if it has none."""
        return self._pairs.get(query_id)

    def agreement(self, query_id: int) -> Agreement:
        """How far the runs agree on a shared query.

        Raises:
            KeyError: the query is not shared.
        """
        return self._timed(query_id)[0]

    def seconds(self, query_id: int) -> float:
        """How long it took to work out the agreement on a shared query."""
        return self._timed(query_id)[1]

    def missing(self) -> tuple[QueryPair, ...]:
        """The shared queries whose agreement has not been worked out."""
        return tuple(
            pair
            for pair in self.queries()
            if not self.here.remembers_with(self.there, ("agreement", pair.query.query_id))
        )

    def _timed(self, query_id: int) -> tuple[Agreement, float]:
        def make() -> tuple[Agreement, float]:
            began = time.monotonic()
            return self._agree(self._scores(query_id)), time.monotonic() - began

        return self.here.remember_with(self.there, ("agreement", query_id), make)

    def agreements(self) -> list[tuple[QueryPair, Agreement]]:
        """Every shared query, the one on which the runs agree best (Spearman) first."""
        found = [(pair, self.agreement(pair.query.query_id)) for pair in self.queries()]
        return sorted(
            found,
            key=lambda one: -2.0 if one[1].spearman is None else one[1].spearman,
            reverse=True,
        )

    def summary(self) -> AgreementSummary:
        """The agreement over all shared queries."""
        found = [one for _, one in self.agreements()]
        known = [one.spearman for one in found if one.spearman is not None]
        return AgreementSummary(
            len(found),
            statistics.median(known) if known else None,
            {side: statistics.fmean(one.overlaps[side][0].n_both for one in found)
             for side in SIDES if found},
        )  # fmt: skip

    def plane(
        self, query_id: int, side: Side, plot: Plot, k: int, chosen: int | None = None
    ) -> Plane:
        """The shared documents by rank or score in both runs; those of either top k as points.

        Args:
            chosen: a document of the open run that is to be marked.
        """
        return plane_of(self._scores(query_id), side, plot, k, chosen)

    def tops(
        self, query_id: int, side: Side, k: int
    ) -> tuple[tuple[Counterpart, ...], tuple[Counterpart, ...]]:
        """The first k of the open run and where the other has them, and the other way round."""
        there = self._pairs[query_id].there
        return (
            self._counterparts(query_id, side, [
                one.doc_id for one in self.here.rankings(query_id, side, limit=k).documents
            ]),
            self._counterparts(query_id, side, [
                one.doc_id for one in self.there.rankings(there, side, limit=k).documents
            ], from_there=True),
        )  # fmt: skip

    def document(self, query_id: int, doc_id: int, side: Side) -> Counterpart | None:
        """One document of the open run; None if it has no such document."""
        try:
            return self._counterparts(query_id, side, [doc_id])[0]
        except KeyError:
            return None

    def _counterparts(
        self, query_id: int, side: Side, ids: list[int], from_there: bool = False
    ) -> tuple[Counterpart, ...]:
        """Documents of one run, in the order of `ids`, with their places in the other."""
        readers, ids_of = (self.here, self.there), self._shared
        if from_there:
            readers, ids_of = readers[::-1], ids_of[::-1]
        there = self._pairs[query_id].there
        mine, other = (there, query_id) if from_there else (query_id, there)
        twin_of = _partners(ids, *ids_of)
        twins = {
            one.doc_id: one for one in readers[1].ranked_documents(other, list(twin_of.values()))
        }
        n_mine, n_other = (reader.run().n_documents for reader in readers)
        found = []
        for document in readers[0].ranked_documents(mine, ids):
            twin = twins.get(twin_of.get(document.doc_id, -1))
            found.append(
                Counterpart(
                    document,
                    _end_rank(document.rank, n_mine, side),
                    twin.doc_id if twin else None,
                    _end_rank(twin.rank, n_other, side) if twin else None,
                    twin.influence if twin else None,
                )
            )
        return tuple(found)

    def _agree(self, scores: PlaneData) -> Agreement:
        overlaps = {
            side: tuple(
                top_overlap(k, *self._from_end(scores, side), scores.score_here, scores.score_there)
                for k in TOPS
            )
            for side in SIDES
        }
        first, second = scores.score_here, scores.score_there
        # Ranks are known: scores need no sorting.
        orders = [
            in_order(values, ranks)
            for values, ranks in ((first, scores.rank_here), (second, scores.rank_there))
        ]
        sizes = [
            sizes_in_order(values, order)
            for values, order in zip((first, second), orders, strict=True)
        ]
        return Agreement(
            len(first),
            pearson(shared_ranks(first, orders[0]), shared_ranks(second, orders[1])),
            pearson(first, second),
            pearson(shared_ranks(np.abs(first), sizes[0]), shared_ranks(np.abs(second), sizes[1])),
            overlaps,
        )

    def _from_end(self, scores: PlaneData, side: Side) -> tuple[np.ndarray, np.ndarray]:
        """Ranks in either run, counted from the chosen end."""
        if side == "helpful":
            return scores.rank_here, scores.rank_there
        return (
            self.here.run().n_documents + 1 - scores.rank_here,
            self.there.run().n_documents + 1 - scores.rank_there,
        )

    def _scores(self, query_id: int) -> PlaneData:
        here, there = self._shared
        score_here, rank_here = self.here.by_document(query_id)
        score_there, rank_there = self.there.by_document(self._pairs[query_id].there)
        return PlaneData(
            here,
            there,
            score_here[here],
            score_there[there],
            rank_here[here],
            rank_there[there],
            self.here.run().n_documents,
            self.there.run().n_documents,
        )


def shared_texts(here: TextDigests, there: TextDigests) -> tuple[np.ndarray, np.ndarray]:
    """The documents of two runs that have the same text: doc_ids here, ascending, and there.

    Equal texts are paired by number of occurrence, so that no document is in two pairs.
    """
    if np.array_equal(here.ids, there.ids) and np.array_equal(here.digests, there.digests):
        return here.ids, there.ids
    first, second = (_numbered(one) for one in (here, there))
    _, at_here, at_there = np.intersect1d(first, second, assume_unique=True, return_indices=True)
    order = np.argsort(at_here, kind="stable")
    return here.ids[at_here[order]], there.ids[at_there[order]]


def _numbered(one: TextDigests) -> np.ndarray:
    """Each digest with how often it stood before."""
    order = np.argsort(one.digests, kind="stable")
    places = one.digests[order]
    new = np.concatenate(([True], places[1:] != places[:-1])) if len(places) else np.zeros(0, bool)
    starts = np.flatnonzero(new)
    counts = np.diff(starts, append=len(places))
    numbered = np.empty(len(places), [*places.dtype.descr, ("occurrence", np.int64)])
    for name in places.dtype.names or ():
        numbered[name] = one.digests[name]
    numbered["occurrence"][order] = np.arange(len(places)) - np.repeat(starts, counts)
    return numbered


def _partners(ids: list[int], mine: np.ndarray, other: np.ndarray) -> dict[int, int]:
    """The twins of documents that have one."""
    rows = np.flatnonzero(np.isin(mine, np.asarray(ids, mine.dtype)))
    return dict(zip(mine[rows].tolist(), other[rows].tolist(), strict=True))


def pairs_of_queries(here: list[QueryInfo], there: list[QueryInfo]) -> dict[int, QueryPair]:
    """Queries of the same suite and prompt, of several such in the order of their numbers."""
    twins: dict[tuple[str, str], deque[QueryInfo]] = defaultdict(deque)
    for one in there:
        twins[one.suite, one.prompt].append(one)
    pairs = {}
    for one in here:
        if waiting := twins[one.suite, one.prompt]:
            twin = waiting.popleft()
            same = one.completion == twin.completion and one.span == twin.span
            pairs[one.query_id] = QueryPair(one, twin.query_id, same)
    return pairs


def _end_rank(rank: int, n_documents: int, side: Side) -> int:
    return rank if side == "helpful" else n_documents + 1 - rank
