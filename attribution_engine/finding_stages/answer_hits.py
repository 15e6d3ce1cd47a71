"""Reads the documents that may answer queries, each once, and keeps where they do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappush, heappushpop
from typing import Final

import duckdb
import numpy as np

from attribution_engine.findings.answers import Found, estimated
from attribution_engine.findings.run_scores import QueryFacts
from attribution_engine.store.finding_reads_answers import Candidates, texts_of
from attribution_engine.text.answers import Sought, sought_places

READ_AT_MOST: Final = 2_000  # candidates of one thing sought, outside both ends of the ranking
KEPT: Final = {"top": 25, "bottom": 5, "corpus": 10}  # places of one thing sought, by part
AROUND: Final = 300  # characters on either side of a place that a judge reads


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """The first place where a document says what is sought; the least `order` is kept first."""

    order: float
    doc_id: int
    start: int
    end: int
    matched: str
    excerpt: str


@dataclass(slots=True)
class Search:
    """The search for one thing, as it goes on.

    Attributes:
        ranks: of the documents at the top end; part_of: those at the bottom end.
        n_candidates, n_read: outside both ends.
        counts: documents that say it, by part.
        hits: the first of them, by part.
    """

    query: QueryFacts
    sought: Sought
    ranks: dict[int, int]
    bottom: dict[int, int]
    n_candidates: int
    n_read: int
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEPT, 0))
    hits: dict[str, list[Hit]] = field(default_factory=lambda: {part: [] for part in KEPT})
    first_rank: int | None = None

    def found(self) -> Found:
        """What was found; elsewhere is estimated where not all candidates were read."""
        elsewhere = estimated(self.counts["corpus"], self.n_read, self.n_candidates)
        return Found(
            self.sought.what, self.first_rank, self.counts["top"], elsewhere + self.counts["bottom"]
        )

    def take(self, doc_id: int, text: str, influence: np.ndarray) -> None:
        """Looks for it in a document.

        Args:
            influence: [queries, documents]; on disk most often, and asked for hits only.
        """
        place = next(sought_places(text, self.sought), None)
        if place is None:
            return
        if doc_id in self.ranks:
            part, order = "top", float(self.ranks[doc_id])
            self.first_rank = min(self.first_rank or self.ranks[doc_id], self.ranks[doc_id])
        elif doc_id in self.bottom:
            part, order = "bottom", -float(self.bottom[doc_id])
        else:
            part, order = "corpus", -float(influence[self.query.query_id, doc_id])
        self.counts[part] += 1
        excerpt = ""
        if part == "top":
            excerpt = text[max(0, place.start - AROUND) : place.end + AROUND]
        hit = Hit(
            -order, doc_id, place.start, place.end, text[place.start : place.end], excerpt
        )  # the heap's least is the last of those that are kept
        if len(self.hits[part]) < KEPT[part]:
            heappush(self.hits[part], hit)
        else:
            heappushpop(self.hits[part], hit)

    def kept(self, part: str) -> list[Hit]:
        """The hits of a part, the most helpful first; of the bottom the most harmful first."""
        return sorted(self.hits[part], reverse=True)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a query's documents are searched for, and its two ends, doc_id to rank."""

    query: QueryFacts
    sought: Sequence[Sought]
    top: dict[int, int]
    bottom: dict[int, int]


def search_all(
    connection: duckdb.DuckDBPyConnection,
    wanted: Sequence[Wanted],
    influence: np.ndarray,
    seed: int,
    read_at_most: int = READ_AT_MOST,
    step: Callable[[int], None] | None = None,
) -> list[Search]:
    """Searches for all things at once: the text of every candidate is read once.

    Both ends are searched in full; of the other candidates some are read, drawn at random, where
    they are more than `read_at_most`.

    Args:
        influence: [queries, documents]; may be a memory map.
    """
    candidates = Candidates(connection)
    rng = np.random.default_rng(seed)
    searches: list[Search] = []
    pairs: list[np.ndarray] = []
    for one in wanted:
        ends = np.fromiter(sorted({*one.top, *one.bottom}), np.int32)
        for sought in one.sought:
            ids = candidates.of(sought)
            at_ends = np.isin(ids, ends, assume_unique=True)
            others = ids[~at_ends]
            n_candidates = len(others)
            if n_candidates > read_at_most:
                others = rng.choice(others, read_at_most, replace=False)
            taken = np.concatenate((ids[at_ends], others)).astype(np.int64)
            pairs.append(taken * 2**32 + len(searches))
            searches.append(
                Search(one.query, sought, one.top, one.bottom, n_candidates, len(others))
            )
    both = np.concatenate(pairs) if pairs else np.zeros(0, np.int64)
    if not len(both):
        return searches
    both.sort()
    for doc_id, text, numbers in _readings(connection, both):
        for number in numbers:
            search = searches[number]
            search.take(doc_id, text, influence)
    return searches


def _readings(
    connection: duckdb.DuckDBPyConnection, both: np.ndarray
) -> Iterator[tuple[int, str, list[int]]]:
    """Each document with the searches that read it.

    Args:
        both: ascending; document × 2³² + search.
    """
    ids = both >> 32
    starts = np.flatnonzero(np.diff(ids, prepend=-1))
    ends = np.append(starts[1:], len(both))
    places = dict(
        zip(ids[starts].tolist(), zip(starts.tolist(), ends.tolist(), strict=True), strict=True)
    )
    for rows in texts_of(connection, ids[starts]):
        for doc_id, text in rows:
            start, end = places[doc_id]
            yield doc_id, text, (both[start:end] & 0xFFFFFFFF).tolist()
