"""What the reader answers about correlations: a matrix in the order of tasks, groups, pairs."""

from __future__ import annotations

from dataclasses import dataclass

from attribution_engine.store.views import QueryInfo


@dataclass(frozen=True, slots=True)
class TaskBlock:
    """Neighbouring rows of the matrix that are of one task; sets of queries are a task of theirs.

    Attributes:
        start, stop: rows from, and up to which.
    """

    kind: str
    suite: str
    task: str
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class CorrelationMatrix:
    """Correlations of every query with every other, ordered by kind, suite and task.

    Attributes:
        values: rows of correlations, 1 with itself; None where one of both is constant.
        constant: queries whose scores are the same for all documents.
        n_queries: of the run; more than there are rows where these are too many to draw.
        n: documents.
    """

    queries: tuple[QueryInfo, ...]
    values: tuple[tuple[float | None, ...], ...]
    blocks: tuple[TaskBlock, ...]
    constant: tuple[int, ...]
    n_queries: int
    n: int


@dataclass(frozen=True, slots=True)
class GroupCorrelation:
    """The mean correlation of a group of pairs, as the store has it.

    Attributes:
        relation, group_a, group_b: see `findings.correlation_relations`.
        low, high: 95% interval by resampling documents; None where there is none.
        largest: of the pair largest_a, largest_b.
    """

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
class CorrelatedPair:
    """Two queries and both of their correlations."""

    first: QueryInfo
    second: QueryInfo
    pearson: float
    spearman: float | None
    n: int
