"""What groups of documents do to each suite and kind of query: means, parts and both ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from attribution_engine.findings.document_groups import DocumentGroup, GroupedDocuments
from attribution_engine.findings.group_cells import Cells
from attribution_engine.findings.group_means import Draws, MeanOf, SetOfQueries
from attribution_engine.findings.group_tops import end_rows
from attribution_engine.findings.run_scores import QueryFacts, RunScores
from attribution_engine.findings.wilson import wilson

ENDS = ("helpful", "harmful")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group on a suite or on a kind of query, as the table `group_influence` keeps it.

    Attributes:
        suite: or kind, the other is None.
        k, side: of the ranking's ends; k None with a side: the whole positive or negative part;
            both None: all documents, which alone have means.
        share: of the k places, or of the part's sum; in the mean over the queries.
        multiplier: share ÷ share_corpus; low, high: its Wilson interval.
        mean: raw influence, mean over queries of the mean over the group's documents; per_nat:
            of influence ÷ nats of the completion; standard: of influence ÷ standard deviation
            of the query's scores over all documents.
        n_top: places that the group holds, over all queries; n_different: different documents at
            this end, which the Wilson interval counts as so many draws.
        n: documents of the group; n_queries: behind the row.
    """

    suite: str | None
    kind: str | None
    grouping: str
    value: str
    share_corpus: float
    n: int
    n_queries: int
    k: int | None = None
    side: str | None = None
    share: float | None = None
    multiplier: float | None = None
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    per_nat: float | None = None
    per_nat_low: float | None = None
    per_nat_high: float | None = None
    standard: float | None = None
    standard_low: float | None = None
    standard_high: float | None = None
    n_top: int | None = None
    n_different: int | None = None


@dataclass(frozen=True, slots=True)
class AboutSuites:
    """What the cells of documents do to all queries of math suites, or of code suites.

    Attributes:
        sums: over the queries; counts: [cells]; drawn_counts: [resamples, cells].
    """

    suites: tuple[str, ...]
    sums: SetOfQueries
    counts: np.ndarray
    drawn_counts: np.ndarray


@dataclass
class _Set:
    """A suite or a kind of query while its queries are counted."""

    suite: str | None
    kind: str | None
    sums: SetOfQueries
    places: dict[str, np.ndarray] = field(default_factory=dict)
    seen: dict[str, np.ndarray] = field(default_factory=dict)
    queries: dict[str, int] = field(default_factory=dict)
    parts: dict[str, np.ndarray] = field(default_factory=dict)
    with_part: dict[str, int] = field(default_factory=dict)
    left: int = 0


class GroupMeasures:
    """Reads the scores once, query by query, and holds one query's at a time.

    Attributes:
        about: "math" and "code" suites, where there are any; known once `rows` has ended.
    """

    def __init__(
        self,
        scores: RunScores,
        grouped: Sequence[GroupedDocuments],
        cells: Cells,
        draws: Draws,
        domains: dict[str, str],
        top: int,
    ) -> None:
        self._scores, self._grouped, self._draws = scores, grouped, draws
        self._k = min(top, scores.n_documents // 2)
        self._all = [one.codes for one in grouped] + [cells.codes]
        sizes = [len(one.groups) for one in grouped] + [len(cells.cells)]
        self._ends = np.cumsum([0, *sizes])
        self._keys = [codes.astype(np.intp) * draws.n_blocks + draws.blocks for codes in self._all]
        block_counts = [
            np.bincount(key, minlength=size * draws.n_blocks).reshape(size, -1).astype(np.float64)
            for key, size in zip(self._keys, sizes, strict=True)
        ]
        self._counts = np.concatenate([one.sum(axis=1) for one in block_counts])
        self._drawn_counts = np.concatenate([draws.weights @ one.T for one in block_counts], axis=1)
        self._cells = slice(int(self._ends[-2]), int(self._ends[-1]))
        self._kept = slice(0, int(self._ends[-2]))
        by_about = _about_queries(scores.queries, domains)
        self._asked = {name: {one.query_id for one in asked} for name, asked in by_about.items()}
        self.about = {
            name: AboutSuites(
                tuple(dict.fromkeys(query.suite for query in queries)),
                SetOfQueries(len(queries), sizes[-1], draws, 1 + number),
                self._counts[self._cells],
                self._drawn_counts[:, self._cells],
            )
            for number, (name, queries) in enumerate(by_about.items())
        }

    def rows(self) -> Iterator[GroupRow]:
        """The rows of every suite as soon as its last query is read, then those of the kinds."""
        suites = self._scores.suites()
        kinds: dict[str, _Set] = {}
        for kind in dict.fromkeys(query.kind for query in self._scores.queries):
            n = sum(query.kind == kind for query in self._scores.queries)
            kinds[kind] = self._new(None, kind, n, 10 + len(kinds))
        for number, (suite, queries) in enumerate(suites.items()):
            chosen = self._new(suite, None, len(queries), 100 + number)
            for query in queries:
                self._add(query, (chosen, kinds[query.kind]))
            yield from self._rows_of(chosen)
        for one in kinds.values():
            yield from self._rows_of(one)

    def _new(self, suite: str | None, kind: str | None, n: int, number: int) -> _Set:
        return _Set(suite, kind, SetOfQueries(n, self._kept.stop, self._draws, number))

    def _add(self, query: QueryFacts, sets: Sequence[_Set]) -> None:
        row = np.asarray(self._scores.influence[query.query_id], np.float64)
        deviation = float(row.std())
        scales = {"mean": 1.0}
        if query.nats is not None and query.nats > 0:
            scales["per_nat"] = 1 / query.nats
        varies = bool(row.min() < row.max()) and deviation > 0
        if varies:
            scales["standard"] = 1 / deviation
        sums = np.zeros(self._ends[-1])
        drawn_sums = np.empty((len(self._draws.weights), int(self._ends[-1])))
        for key, start, end in zip(self._keys, self._ends[:-1], self._ends[1:], strict=True):
            by_block = np.bincount(key, row, (end - start) * self._draws.n_blocks)
            by_block = by_block.reshape(end - start, -1)
            sums[start:end] = by_block.sum(axis=1)
            drawn_sums[:, start:end] = self._draws.weights @ by_block.T
        for one in sets:
            one.sums.add(sums[self._kept], drawn_sums[:, self._kept], scales)
        for name, queries in self._asked.items():
            if query.query_id in queries:
                self.about[name].sums.add(sums[self._cells], drawn_sums[:, self._cells], scales)
        self._add_parts(row, sums[self._kept], sets)
        if varies:
            self._add_ends(row, sets)

    def _add_parts(self, row: np.ndarray, sums: np.ndarray, sets: Sequence[_Set]) -> None:
        """Shares of the groups in the positive and in the negative part."""
        positive = self._by_group(np.maximum(row, 0.0))
        total = float(np.maximum(row, 0.0).sum())
        for side, part, whole in (
            ("helpful", positive, total),
            ("harmful", positive - sums, total - float(row.sum())),
        ):
            if whole <= 0 or not np.isfinite(whole):
                continue
            for one in sets:
                one.parts[side] = one.parts.get(side, 0) + np.maximum(part, 0.0) / whole
                one.with_part[side] = one.with_part.get(side, 0) + 1

    def _by_group(self, weights: np.ndarray | None, rows: np.ndarray | None = None) -> np.ndarray:
        """[kept groups] sums of weights, or counts, over all documents or some."""
        return np.concatenate(
            [
                np.bincount(
                    one.codes if rows is None else one.codes[rows],
                    weights,
                    minlength=len(one.groups),
                )
                for one in self._grouped
            ]
            or [np.zeros(0, np.int64)]
        )

    def _add_ends(self, row: np.ndarray, sets: Sequence[_Set]) -> None:
        for side, found in end_rows(row, self._k).items():
            if found is None:
                continue
            counts = self._by_group(None, found)
            for one in sets:
                one.places[side] = one.places.get(side, 0) + counts
                one.queries[side] = one.queries.get(side, 0) + 1
                if side not in one.seen:
                    one.seen[side] = np.zeros(len(row), bool)
                one.seen[side][found] = True

    def _rows_of(self, one: _Set) -> Iterator[GroupRow]:
        means = {
            name: one.sums.mean(name, self._counts[self._kept], self._drawn_counts[:, self._kept])
            for name in ("mean", "per_nat", "standard")
        }
        place = 0
        for grouping in self._grouped:
            for group in grouping.groups:
                yield from self._rows_of_group(one, grouping.name, group, place, means)
                place += 1

    def _rows_of_group(
        self,
        one: _Set,
        grouping: str,
        group: DocumentGroup,
        place: int,
        means: dict[str, list[MeanOf]],
    ) -> Iterator[GroupRow]:
        share = group.n / self._scores.n_documents

        def row(n_queries: int, **more: float | int | str | None) -> GroupRow:
            return GroupRow(
                one.suite, one.kind, grouping, group.value, share, group.n, n_queries,
                **more,  # type: ignore[arg-type]
            )  # fmt: skip

        figures: dict[str, float | None] = {}
        for name, found in means.items():
            figures[name] = found[place].figure
            figures[f"{name}_low"], figures[f"{name}_high"] = found[place].low, found[place].high
        yield row(one.sums.n_queries, **figures)
        for side in ENDS:
            if n := one.with_part.get(side, 0):
                part = float(one.parts[side][place]) / n
                yield row(n, side=side, share=part, multiplier=part / share)
            if n := one.queries.get(side, 0):
                held = int(one.places[side][place])
                taken = held / (n * self._k)
                different = int(one.seen[side].sum())
                low, high = wilson(taken, different)
                yield row(
                    n, k=self._k, side=side, share=taken, multiplier=taken / share,
                    low=low / share, high=high / share, n_top=held, n_different=different,
                )  # fmt: skip


def _about_queries(
    queries: Sequence[QueryFacts], domains: dict[str, str]
) -> dict[str, list[QueryFacts]]:
    """The queries of math and of code suites; sets of items only where there is nothing else."""
    found = {}
    for name in ("math", "code"):
        all_of = [query for query in queries if domains.get(query.suite) == name]
        single = [query for query in all_of if not query.is_set]
        if all_of:
            found[name] = single or all_of
    return found
