"""How often each source is among the top and bottom k, over its share of the corpus."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from attribution_engine.findings.intervals import LEVEL
from attribution_engine.findings.query_roles import CONTROLS, Role
from attribution_engine.findings.ranking_order import order_of
from attribution_engine.findings.run_scores import Grouping, QueryFacts
from attribution_engine.findings.wilson import wilson_arrays

MOST_SOURCES: Final = 40  # with most documents; others have no rows


@dataclass(frozen=True, slots=True)
class QueryGroup:
    """Queries over which multipliers are averaged: a kind or a suite, the other one is None."""

    kind: str | None
    suite: str | None
    query_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Documents of each source at both ends, of the queries of a group.

    Attributes:
        query_ids: those whose scores differ between documents.
        counts: [queries, sides, ks, sources].
        distinct: [sides, ks] different documents among the k of any of these queries.
    """

    group: QueryGroup
    query_ids: tuple[int, ...]
    counts: np.ndarray
    distinct: np.ndarray


@dataclass(frozen=True, slots=True)
class Multiplier:
    """How a source, or several, stand at an end: mean over the queries of a group.

    Attributes:
        share: of the k documents; share_corpus: of all documents; multiplier: their quotient.
        low, high: 95% interval of the multiplier, Wilson's binomial with as many trials as there
            are different documents at that end of any query.
        queries_low, queries_high: 95% interval by resampling the queries; None with one query.
        n_top: documents of the source, summed over queries.
    """

    share: float
    share_corpus: float
    multiplier: float
    low: float
    high: float
    queries_low: float | None
    queries_high: float | None
    n_top: int

    @property
    def both(self) -> tuple[float, float]:
        """The interval that claims are held against: what both ends lie off, in quadrature.

        Queries that share documents move together when other documents are drawn, and differ by
        themselves besides; the wider of the two intervals alone would leave out the other.
        """
        if self.queries_low is None or self.queries_high is None:
            return self.low, self.high
        figure = self.multiplier
        below = math.hypot(figure - self.low, figure - self.queries_low)
        above = math.hypot(self.high - figure, self.queries_high - figure)
        return max(0.0, figure - below), min(1 / self.share_corpus, figure + above)


def query_groups(queries: Sequence[QueryFacts], role_of: Mapping[int, Role]) -> list[QueryGroup]:
    """Every kind, both controls apart where they can be told apart, and every suite.

    A kind leaves sets out unless it has nothing else: a set is the sum of items that may be
    queries of the run themselves.
    """
    found = []
    for kind in dict.fromkeys(query.kind for query in queries):
        members = [query for query in queries if query.kind == kind]
        single = [query for query in members if not query.is_set] or members
        found.append(QueryGroup(kind, None, _ids(single)))
        parts = {
            role: [one for one in single if role_of[one.query_id] == role] for role in CONTROLS
        }
        parts = {role: part for role, part in parts.items() if part and role != "control"}
        if kind == "control":
            found += [QueryGroup(role, None, _ids(part)) for role, part in parts.items()]
    for suite in dict.fromkeys(query.suite for query in queries):
        found.append(QueryGroup(None, suite, _ids([q for q in queries if q.suite == suite])))
    return found


def _ids(queries: Sequence[QueryFacts]) -> tuple[int, ...]:
    return tuple(query.query_id for query in queries)


class EndCounter:
    """Counts the sources at both ends of a ranking, for all k at once."""

    def __init__(self, codes: np.ndarray, n_sources: int, ks: Sequence[int]) -> None:
        n = len(codes)
        self._n_sources = n_sources
        # Sources that have no rows count as none: code 0, the others from 1.
        self._codes = np.where((codes >= 0) & (codes < n_sources), codes + 1, 0).astype(np.int32)
        cuts = np.unique(np.concatenate([[0, n], ks, n - np.asarray(ks)]))
        self._top = np.searchsorted(cuts, ks)
        self._bottom = np.searchsorted(cuts, n - np.asarray(ks))
        sizes = np.diff(cuts)
        self._segments = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes) * (n_sources + 1)
        self._n_segments = len(sizes)

    def counts(self, order: np.ndarray) -> np.ndarray:
        """[sides, ks, sources] documents among the first and the last k.

        Args:
            order: [documents] from the highest score down.
        """
        width = self._n_sources + 1
        keys = self._segments + self._codes[order]
        table = np.bincount(keys, minlength=self._n_segments * width).reshape(-1, width)
        sums = np.zeros((self._n_segments + 1, width), np.int64)
        np.cumsum(table, axis=0, out=sums[1:])
        ends = np.stack([sums[self._top], sums[-1] - sums[self._bottom]])
        found: np.ndarray = ends[:, :, 1:]
        return found


def group_counts(
    influence: np.ndarray, grouping: Grouping, groups: Sequence[QueryGroup], ks: Sequence[int]
) -> Iterator[GroupCounts]:
    """The counts of every group; each query is ordered once.

    Args:
        influence: [queries, documents]; may be a memory map.
        groups: kinds and suites; a query is in one suite at most.
    """
    n = influence.shape[1]
    counter = EndCounter(grouping.codes, min(MOST_SOURCES, len(grouping.names)), ks)
    found: dict[int, np.ndarray] = {}
    kinds = [(group, _Ends(n)) for group in groups if group.kind is not None]
    position = np.empty(n, np.int32)
    rising = np.arange(n, dtype=np.int32)
    of_kinds = {q for group, _ in kinds for q in group.query_ids}
    suites = [group for group in groups if group.suite is not None]
    rest = of_kinds - {q for group in suites for q in group.query_ids}
    for group in [*suites, *([QueryGroup(None, None, tuple(sorted(rest)))] if rest else [])]:
        ends = _Ends(n)
        for query in group.query_ids:
            row = np.asarray(influence[query])
            if row.min() == row.max():
                continue
            order = order_of(row)
            found[query] = counter.counts(order)
            position[order] = rising
            ends.take(position)
            for kind, of_kind in kinds:
                if query in kind.query_ids:
                    of_kind.take(position)
        if group.suite is not None:
            yield _counted(group, found, ends, ks)
    for group, ends in kinds:
        yield _counted(group, found, ends, ks)


class _Ends:
    """The best and the worst place of each document under some queries."""

    def __init__(self, n: int) -> None:
        self._best = np.full(n, n, np.int32)
        self._worst = np.full(n, -1, np.int32)

    def take(self, position: np.ndarray) -> None:
        np.minimum(self._best, position, out=self._best)
        np.maximum(self._worst, position, out=self._worst)

    def distinct(self, ks: Sequence[int]) -> np.ndarray:
        """[sides, ks] documents that are among the k of any query."""
        n = len(self._best)
        best, worst = np.sort(self._best), np.sort(self._worst)
        wanted = np.asarray(ks)
        helpful = np.searchsorted(best, wanted, side="left")
        harmful = n - np.searchsorted(worst, n - wanted, side="left")
        return np.stack([helpful, harmful])


def _counted(
    group: QueryGroup, found: Mapping[int, np.ndarray], ends: _Ends, ks: Sequence[int]
) -> GroupCounts:
    ids = tuple(query for query in group.query_ids if query in found)
    counts = np.stack([found[query] for query in ids]) if ids else np.zeros((0, 2, len(ks), 0))
    return GroupCounts(group, ids, counts, ends.distinct(ks))


def multipliers(
    counts: np.ndarray,
    trials: np.ndarray,
    ks: Sequence[int],
    share_corpus: np.ndarray,
    *,
    draws: int,
    seed: int,
    level: float = LEVEL,
) -> np.ndarray:
    """[sides, ks, sources] of `Multiplier`.

    Args:
        counts: [queries, sides, ks, sources]; trials: [sides, ks], of the binomial interval.
        share_corpus: [sources].
        level: of both intervals.
    """
    n_queries = len(counts)
    shares = counts / np.asarray(ks, float)[None, None, :, None]
    share = shares.mean(axis=0)
    low, high = wilson_arrays(share, trials[:, :, None], level)
    ends = None
    if n_queries > 1:
        ends = np.quantile(
            resampled(shares, draws, seed), [(1 - level) / 2, (1 + level) / 2], axis=0
        )
        ends = np.stack([np.minimum(ends[0], share), np.maximum(ends[1], share)]) / share_corpus
    found = np.empty(share.shape, object)
    for place in np.ndindex(share.shape):
        corpus = float(share_corpus[place[2]])
        found[place] = Multiplier(
            float(share[place]), corpus, float(share[place]) / corpus,
            float(low[place]) / corpus, float(high[place]) / corpus,
            None if ends is None else float(ends[0][place]),
            None if ends is None else float(ends[1][place]),
            int(counts[(slice(None), *place)].sum()),
        )  # fmt: skip
    return found


def resampled(values: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """[draws, …] means over queries that are drawn with replacement, of values [queries, …]."""
    n = len(values)
    random = np.random.default_rng(seed)
    weights = random.multinomial(n, np.full(n, 1 / n), size=draws) / n
    found: np.ndarray = np.tensordot(weights, values, axes=1)
    return found
