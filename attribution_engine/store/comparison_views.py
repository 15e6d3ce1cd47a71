"""What a comparison of two runs answers with. "Here" is the open run, "there" the other one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attribution_engine.findings.agreement import TopOverlap
from attribution_engine.store.views import QueryInfo, RankedDocument, Side

Plot = Literal["rank_log", "rank", "score"]
PLOTS: tuple[Plot, ...] = ("rank_log", "rank", "score")
TOPS = (10, 50, 100)
ALL_POINTS = 5_000  # documents up to which a plot has a point for each
At = Literal["both", "here", "there", "neither"]


@dataclass(frozen=True, slots=True)
class DocumentMatch:
    """How many documents both runs have. `same` is: all, under the same numbers."""

    n_here: int
    n_there: int
    n_shared: int
    same: bool


@dataclass(frozen=True, slots=True)
class QueryPair:
    """A query that both runs ask: same suite, same prompt."""

    query: QueryInfo
    there: int
    same_completion: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two runs agree on a query, over the n documents they share.

    `spearman_of_sizes` leaves the signs out: a method without a harmful side can only agree with
    how large an influence is. `overlaps` has one entry for each side and each k of TOPS.
    """

    n: int
    spearman: float | None
    pearson: float | None
    spearman_of_sizes: float | None
    overlaps: dict[Side, tuple[TopOverlap, ...]]


@dataclass(frozen=True, slots=True)
class AgreementSummary:
    """All shared queries in a few numbers: the mean overlap is that of the first 10."""

    n_queries: int
    median_spearman: float | None
    mean_overlap: dict[Side, float]


@dataclass(frozen=True, slots=True)
class PlanePoint:
    """A shared document in the plane; `at` says in which run it is among the top k."""

    here: int
    there: int
    x: float
    y: float
    at: At


@dataclass(frozen=True, slots=True)
class Plane:
    """The shared documents in the plane of the two runs' ranks or scores.

    Ranks count from the chosen side's end, in the whole of each run. `counts` holds the documents
    of each cell, a row for each step of y; it is empty where every document has a point.
    """

    plot: Plot
    n: int
    points: tuple[PlanePoint, ...]
    x_edges: tuple[float, ...] = ()
    y_edges: tuple[float, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()
    chosen: PlanePoint | None = None


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A document in one run and where the other has it; None where the other lacks it.

    `rank` and `other_rank` count from the chosen side's end.
    """

    document: RankedDocument
    rank: int
    other_doc: int | None
    other_rank: int | None
    other_score: float | None
