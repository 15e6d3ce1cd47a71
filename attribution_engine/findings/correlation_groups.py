"""Means of the correlations of query pairs: within a task, across tasks and kinds, with controls.

Intervals of rows are by resampling documents (see `block_correlations`), the queries staying as
they are. Many pairs are made of few queries: what is said of tasks, and not of these very queries,
is held against draws of documents and of queries at once (Owen 2007, the pigeonhole bootstrap).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

import numpy as np
from scipy.sparse import csr_matrix

from attribution_engine.findings.block_correlations import (
    BlockSums,
    block_sums,
    drawn_weights,
    draws_at_once,
    pair_number,
    pairs_of,
    weighted,
)
from attribution_engine.findings.correlation_relations import (
    ACROSS_KINDS,
    ACROSS_TASKS,
    ALL,
    BETWEEN_CONTROLS,
    BETWEEN_TASKS,
    KIND_CONTROL,
    MEASURES,
    OWN,
    OWN_CONTROL,
    OWN_CONTROLS,
    TASK_CONTROL,
    UNRELATED,
    WITHIN_CONTROLLED,
    WITHIN_KIND,
    WITHIN_TASK,
    WITHIN_TASKS,
    Measure,
)
from attribution_engine.findings.correlations import centred_ranks
from attribution_engine.findings.intervals import percentiles
from attribution_engine.findings.query_roles import ROLES, roles, tasks_of_controls
from attribution_engine.findings.run_scores import QueryFacts

MOST_TASKS: Final = 40  # of which every pair has a mean


@dataclass(frozen=True, slots=True)
class PairGroup:
    """Pairs of queries that have something in common.

    Attributes:
        relation: one of the above; group_a, group_b: tasks or roles that it is between.
        a, b: [pairs] rows of the scores.
    """

    relation: str
    group_a: str
    group_b: str
    a: np.ndarray
    b: np.ndarray


@dataclass(frozen=True, slots=True)
class CorrelationGroup:
    """The mean correlation over the pairs of a group.

    Attributes:
        low, high: 95% interval by resampling documents; None where there are too few of them.
        largest: the largest correlation of a pair, that of largest_a and largest_b.
        n_pairs: pairs that have a correlation; n: documents.
    """

    measure: Measure
    relation: str
    group_a: str
    group_b: str
    mean: float
    low: float | None
    high: float | None
    largest: float
    largest_a: int
    largest_b: int
    n_pairs: int
    n_queries: int
    n: int


@dataclass(frozen=True, slots=True)
class GroupedCorrelations:
    """The means of all groups and what they were in every draw.

    Attributes:
        rows: of each group that has a correlation; drawn: [groups, draws], NaN where it has none.
        drawn_both: the same, where queries are drawn too, each task's by themselves.
    """

    rows: tuple[CorrelationGroup, ...]
    drawn: np.ndarray
    drawn_both: np.ndarray

    def find(self, relation: str, group_a: str, group_b: str) -> CorrelationGroup | None:
        """The row of a group."""
        return next((one for one in self.rows if _key(one) == (relation, group_a, group_b)), None)

    def difference(
        self, first: CorrelationGroup, second: CorrelationGroup
    ) -> tuple[float, float | None, float | None]:
        """First less second mean, with the interval of the difference over the same draws."""
        gap = self.drawn_both[self.rows.index(first)] - self.drawn_both[self.rows.index(second)]
        return (first.mean - second.mean, *_interval(gap, first.mean - second.mean))

    def interval(self, one: CorrelationGroup) -> tuple[float | None, float | None]:
        """The interval of a mean over draws of documents and of queries."""
        return _interval(self.drawn_both[self.rows.index(one)], one.mean)


def _key(one: CorrelationGroup | PairGroup) -> tuple[str, str, str]:
    return one.relation, one.group_a, one.group_b


def pair_groups(queries: Sequence[QueryFacts], known: Sequence[bool]) -> list[PairGroup]:
    """Every group that has a pair.

    Sets are left out: a set is the sum of items that may be queries of the run themselves.

    Args:
        known: of each query, whether it has correlations, which a constant one has not.
    """
    role_of = roles(queries)
    own_task = tasks_of_controls(queries, role_of)
    used = [one for one in queries if known[one.query_id] and not one.is_set]
    ids: dict[str, list[int]] = {
        role: found
        for role in ROLES
        if (found := [one.query_id for one in used if role_of[one.query_id] == role])
    }
    tasks: dict[tuple[str, str], list[int]] = {}
    for role in ids:
        for one in used:
            if role_of[one.query_id] == role:
                tasks.setdefault((role, one.task), []).append(one.query_id)
    asked = [role for role in ids if "control" not in role]
    controls = [role for role in ids if "control" in role]
    groups = [*_of_tasks(tasks, asked), *_of_kinds(ids, tasks, asked)]
    own = {
        task: [control for control, of in own_task.items() if of == task and known[control]]
        for role, task in tasks
        if role == "reasoning"
    }
    groups += _of_controls(ids, tasks, asked, controls)
    return [
        *groups,
        *_of_own_controls(tasks, {task: found for task, found in own.items() if found}),
    ]


def _of_tasks(tasks: dict[tuple[str, str], list[int]], asked: Sequence[str]) -> Iterator[PairGroup]:
    """Each task within itself, and every two tasks."""
    for (_, task), members in tasks.items():
        yield from _groups(WITHIN_TASK, task, task, _pairs(members))
    if len(tasks) <= MOST_TASKS:
        for one, other in combinations([key for key in tasks if key[0] in asked], 2):
            pairs = _between(tasks[one], tasks[other])
            yield from _groups(BETWEEN_TASKS, one[1], other[1], pairs)


def _of_kinds(
    ids: dict[str, list[int]], tasks: dict[tuple[str, str], list[int]], asked: Sequence[str]
) -> Iterator[PairGroup]:
    """Each kind: pairs of one task, of different tasks, and all; then every two kinds."""
    for role, members in ids.items():
        same = [pair for (own, _), task in tasks.items() if own == role for pair in _pairs(task)]
        yield from _groups(WITHIN_TASKS, role, role, same)
        yield from _groups(ACROSS_TASKS, role, role, _without(_pairs(members), same))
        yield from _groups(WITHIN_KIND, role, role, _pairs(members))
    for one, other in combinations(asked, 2):
        yield from _groups(ACROSS_KINDS, one, other, _between(ids[one], ids[other]))
    both = [one for role in asked for one in ids[role]]
    same = [pair for (role, _), task in tasks.items() if role in asked for pair in _pairs(task)]
    yield from _groups(UNRELATED, ALL, ALL, _without(_pairs(both), same))


def _of_controls(
    ids: dict[str, list[int]],
    tasks: dict[tuple[str, str], list[int]],
    asked: Sequence[str],
    controls: Sequence[str],
) -> Iterator[PairGroup]:
    """Kinds and tasks against either control, and the controls against one another."""
    for control in controls:
        for role in asked:
            yield from _groups(KIND_CONTROL, role, control, _between(ids[role], ids[control]))
        for (role, task), members in tasks.items():
            if role in asked:
                yield from _groups(TASK_CONTROL, task, control, _between(members, ids[control]))
    for one, other in combinations(controls, 2):
        yield from _groups(BETWEEN_CONTROLS, one, other, _between(ids[one], ids[other]))


def _of_own_controls(
    tasks: dict[tuple[str, str], list[int]], own: dict[str, list[int]]
) -> Iterator[PairGroup]:
    """Reasoning tasks that have a control of their own: against it, and within themselves."""
    against: list[tuple[int, int]] = []
    within: list[tuple[int, int]] = []
    for task, controls in own.items():
        members = tasks["reasoning", task]
        if len(members) > 1:
            pairs = _between(members, controls)
            yield from _groups(OWN_CONTROL, task, OWN, pairs)
            against += pairs
            within += _pairs(members)
    yield from _groups(OWN_CONTROLS, "reasoning", OWN, against)
    yield from _groups(WITHIN_CONTROLLED, "reasoning", "reasoning", within)


def _without(
    pairs: Sequence[tuple[int, int]], those: Sequence[tuple[int, int]]
) -> list[tuple[int, int]]:
    left_out = set(those)
    return [pair for pair in pairs if pair not in left_out]


def _pairs(ids: Sequence[int]) -> list[tuple[int, int]]:
    return list(combinations(sorted(ids), 2))


def _between(first: Sequence[int], second: Sequence[int]) -> list[tuple[int, int]]:
    return [(min(a, b), max(a, b)) for a in first for b in second]


def _groups(
    relation: str, group_a: str, group_b: str, pairs: Sequence[tuple[int, int]]
) -> list[PairGroup]:
    if not pairs:
        return []
    a, b = np.array(pairs, np.int64).T
    return [PairGroup(relation, group_a, group_b, a, b)]


def grouped_correlations(
    sums: BlockSums,
    groups: Sequence[PairGroup],
    measure: Measure,
    draws: int,
    seed: int,
    strata: np.ndarray,
) -> GroupedCorrelations:
    """The mean of each group over all documents and in every draw of them.

    Args:
        strata: [queries] number of each query's role and task, within which queries are drawn.
    """
    n_queries = sums.sums.shape[1]
    n_blocks = len(sums.counts)
    if not groups:
        return _none(draws)
    whole = weighted(sums, np.ones((1, n_blocks)))[0]
    members = _members(groups, n_queries, len(whole))
    drawn = np.full((len(groups), draws), np.nan)
    drawn_both = drawn.copy()
    times = _drawn_queries(strata, draws, seed + 1)
    first, second = pairs_of(n_queries)
    weights = drawn_weights(n_blocks, draws, seed) if n_blocks > 1 else np.zeros((0, 1))
    step = draws_at_once(n_queries)
    for start in range(0, len(weights), step):
        found = weighted(sums, weights[start : start + step])
        drawn[:, start : start + step] = _means(members, found)
        of_queries = times[start : start + step]
        pair_times = of_queries[:, first] * of_queries[:, second]
        drawn_both[:, start : start + step] = _means(members, found, pair_times)
    rows = []
    for place, group in enumerate(groups):
        at = pair_number(group.a, group.b, n_queries)
        values = whole[at]
        good = np.isfinite(values)
        if not good.any():
            continue
        best = int(np.nanargmax(values))
        mean = float(values[good].mean())
        rows.append((place, CorrelationGroup(
            measure, *_key(group), mean, *_interval(drawn[place], mean), float(values[best]),
            int(group.a[best]), int(group.b[best]), int(good.sum()),
            len(np.union1d(group.a, group.b)), sums.n_documents,
        )))  # fmt: skip
    places = [place for place, _ in rows]
    return GroupedCorrelations(tuple(row for _, row in rows), drawn[places], drawn_both[places])


def _none(draws: int) -> GroupedCorrelations:
    return GroupedCorrelations((), np.zeros((0, draws)), np.zeros((0, draws)))


def _drawn_queries(strata: np.ndarray, draws: int, seed: int) -> np.ndarray:
    """[draws, queries] how often each query is drawn, as many of each stratum as it has."""
    random = np.random.default_rng(seed)
    times = np.zeros((draws, len(strata)))
    for one in np.unique(strata):
        members = np.flatnonzero(strata == one)
        n = len(members)
        times[:, members] = random.multinomial(n, np.full(n, 1 / n), size=draws)
    return times


def _members(groups: Sequence[PairGroup], n_queries: int, n_pairs: int) -> csr_matrix:
    """[groups, pairs] with 1 where a pair belongs to a group."""
    at = [pair_number(group.a, group.b, n_queries) for group in groups]
    row = np.repeat(np.arange(len(groups)), [len(one) for one in at])
    column = np.concatenate(at)
    return csr_matrix((np.ones(len(row)), (row, column)), shape=(len(groups), n_pairs))


def _means(
    members: csr_matrix, found: np.ndarray, pair_times: np.ndarray | None = None
) -> np.ndarray:
    """[groups, draws] means over the pairs that have a correlation.

    Args:
        found: [draws, pairs]; pair_times: how often each pair is drawn; None = once. A query that
            is drawn twice is no pair with itself.
    """
    good = np.isfinite(found).astype(float)
    if pair_times is not None:
        good *= pair_times
    totals = members @ (np.nan_to_num(found, nan=0.0) * good).T
    counts = members @ good.T
    means: np.ndarray = np.divide(
        totals, counts, out=np.full(totals.shape, np.nan), where=counts > 0
    )
    return means


def _interval(drawn: np.ndarray, figure: float) -> tuple[float | None, float | None]:
    """The middle 95% of the draws, widened to hold the figure; None where most draws have none."""
    good = drawn[np.isfinite(drawn)]
    if len(good) < max(2, len(drawn) / 2):
        return None, None
    low, high = percentiles(good)
    return min(low, figure), max(high, figure)


def all_correlation_groups(
    influence: np.ndarray,
    queries: Sequence[QueryFacts],
    *,
    blocks: int,
    draws: int,
    seed: int,
    scratch: Path | None = None,
) -> dict[Measure, GroupedCorrelations]:
    """The means of every group by both measures.

    Spearman's ranks are those among all documents and are not made anew in a draw.

    Args:
        influence: [queries, documents]; may be a memory map. query_id is the row.
    """
    found: dict[Measure, GroupedCorrelations] = {}
    if influence.shape[0] < 2 or not influence.shape[1]:
        return {measure: _none(draws) for measure in MEASURES}
    role_of = roles(queries)
    tasks = [(role_of[one.query_id], one.task) for one in queries]
    numbers = {task: place for place, task in enumerate(dict.fromkeys(tasks))}
    strata = np.array([numbers[task] for task in tasks])
    for measure in MEASURES:
        prepare = centred_ranks if measure == "spearman" else None
        sums = block_sums(influence, blocks, seed, prepare, scratch)
        groups = pair_groups(queries, list(~sums.constant))
        found[measure] = grouped_correlations(sums, groups, measure, draws, seed, strata)
    return found
