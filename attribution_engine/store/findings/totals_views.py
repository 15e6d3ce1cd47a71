"""What the finding totals answers with: sums, shares, slopes and two runs, ready to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attribution_engine.store.views import Side

By = Literal["kind", "suite"]
Depth = Literal["percentile", "k"]
Amount = Literal["total", "per_nat", "share"]


@dataclass(frozen=True, slots=True)
class TotalsAbout:
    """How much is behind the totals of a run.

    Attributes:
        n_single, n_sets: queries of their own, and those that are means over a suite's items.
        n_without_nats: queries without a total per nat.
        sides: those that any document has influence on.
        k: documents that slopes are fitted on; 0 where there are no fits.
    """

    n_single: int
    n_sets: int
    n_without_nats: int
    sides: tuple[Side, ...]
    k: int


@dataclass(frozen=True, slots=True)
class TotalsCurve:
    """A group's mean amount by depth on one side, with its spread over queries.

    Attributes:
        group: a kind or a suite; kind: of its queries.
        outcome: "all", "correct", "wrong" or "unknown".
        query_ids: the queries behind it.
        depths: percent of the side's documents, or documents, the strongest first.
        means: sizes; shares are 0 to 1.
        low, high: one standard deviation either way, no lower than 0; empty for a single query.
    """

    side: Side
    group: str
    kind: str
    outcome: str
    query_ids: tuple[int, ...]
    depths: tuple[float, ...]
    means: tuple[float, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class GroupFigure:
    """A mean over the queries of a group with its 95% interval by bootstrap over these."""

    group: str
    kind: str
    outcome: str
    side: Side
    quantity: Amount
    percentile: float
    mean: float
    deviation: float | None
    low: float | None
    high: float | None
    n_queries: int


@dataclass(frozen=True, slots=True)
class QueryTotal:
    """What one side of one query sums to; sizes, shares 0 to 1, None where it has none."""

    query_id: int
    suite: str
    kind: str
    outcome: str
    side: Side
    n_documents: int
    total: float
    per_nat: float | None
    top_1: float | None
    top_5: float | None


@dataclass(frozen=True, slots=True)
class TailSlope:
    """The tail of one query on one side."""

    query_id: int
    suite: str
    kind: str
    outcome: str
    side: Side
    slope: float
    survival_exponent: float | None
    ks_p: float | None
    n: int


@dataclass(frozen=True, slots=True)
class TailGroup:
    """The tails of a group's queries.

    Attributes:
        slope, slope_deviation: mean and standard deviation over the queries.
        slope_low, slope_high: 95% interval of the mean by bootstrap over the queries.
        exponent: of the survival exponent, likewise.
        n_tested, n_kept: queries whose law was tested, and those where it is not rejected at 5%.
    """

    group: str
    kind: str
    outcome: str
    side: Side
    n_queries: int
    slope: float
    slope_deviation: float | None
    slope_low: float | None
    slope_high: float | None
    exponent: float | None
    exponent_deviation: float | None
    exponent_low: float | None
    exponent_high: float | None
    n_tested: int
    n_kept: int


@dataclass(frozen=True, slots=True)
class SlopeTest:
    """Welch's t-test of the slopes of two kinds; None where there are too few."""

    side: Side
    outcome: str
    group_a: str
    mean_a: float | None
    deviation_a: float | None
    n_a: int
    group_b: str
    mean_b: float | None
    deviation_b: float | None
    n_b: int
    difference: float | None
    low: float | None
    high: float | None
    t: float | None
    p: float | None


@dataclass(frozen=True, slots=True)
class SharedTotal:
    """A query that two runs share, on one side: what its strongest documents sum to in both.

    Attributes:
        there: its number in the other run.
        here_sum, there_sum: per nat, or raw where `per_nat` of the answer says so; with sign.
        ratio: there ÷ here.
    """

    query_id: int
    there: int
    suite: str
    kind: str
    side: Side
    here_sum: float
    there_sum: float
    ratio: float
    same_completion: bool


@dataclass(frozen=True, slots=True)
class MultiplierGroup:
    """The multipliers of a kind: mean with its standard error, median, share above 1."""

    kind: str
    side: Side
    n_queries: int
    mean: float
    standard_error: float | None
    median: float
    n_above: int


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Two runs on their shared queries.

    Attributes:
        part: of each run's documents that are summed, the strongest first; k_here, k_there: so
            many documents.
        per_nat: whether sums are divided by the completion's nats in either run.
        n_shared: queries with the same suite and prompt in both.
        n_left_out: of these, sets of queries, whose items have lines of their own, and queries
            that have no document of a side in one of the runs.
    """

    part: float
    k_here: int
    k_there: int
    per_nat: bool
    n_shared: int
    queries: tuple[SharedTotal, ...]
    groups: tuple[MultiplierGroup, ...]
