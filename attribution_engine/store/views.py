"""What the reader answers with: typed results, ready to be drawn without further arithmetic."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Side = Literal["helpful", "harmful"]
Score = Literal["influence", "per_nat", "normed"]
Unit = Literal["per_nat", "influence"]
ENTRY_CONDITION = 0.8  # of fresh questions; Ruis et al. 2024 take a task from there on
FRESH = ", fresh"  # ends the name of a set of questions that are in no suite
SIDES: tuple[Side, ...] = ("helpful", "harmful")
SCORES: tuple[Score, ...] = ("influence", "per_nat", "normed")


@dataclass(frozen=True, slots=True)
class TaskAccuracy:
    """How right the model answers one set of questions.

    Attributes:
        fresh: whether these are new questions of a task, in no suite of the run.
        meets: whether accuracy reaches the entry condition; None where it does not apply.
    """

    name: str
    n: int
    right: int
    accuracy: float
    fresh: bool
    meets: bool | None


@dataclass(frozen=True, slots=True)
class RunInfo:
    """The one row of `run`, and what share of the parameters is tracked.

    `accuracies` and `training` are empty where the model's folder says nothing of them.
    """

    run_id: str
    name: str
    created_at: str
    engine_version: str
    model: str
    n_parameters: int
    n_tracked_parameters: int
    tracked_share: float | None
    corpus: str
    method: str
    config: str
    sign: str
    damping: float | None
    rank: int | None
    token_alignment: str
    device: str
    stage_seconds: dict[str, float]
    total_seconds: float
    notes: str
    n_documents: int
    n_queries: int
    n_tokens: int
    factor_documents: int | None
    tracked_layers: tuple[str, ...]
    tail: int
    truncated_documents: int
    modules: str
    n_linear_maps: int | None
    seed: int | None
    covariance_documents: int | None
    correction_documents: int | None
    skipped_documents: int
    accuracies: tuple[TaskAccuracy, ...]
    training: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How much of the corpus one source is."""

    source: str
    n_documents: int
    n_tokens: int
    share: float


@dataclass(frozen=True, slots=True)
class QueryInfo:
    """One query, without its token lists.

    Attributes:
        nats_per_token: None for a set, whose nats are a mean over items.
        span: characters (start, end) of the completion that are explained; None = all of it.
    """

    query_id: int
    suite: str
    task: str
    kind: str
    prompt: str
    completion: str
    reference: str | None
    correct: bool | None
    nats: float | None
    n_tokens: int
    nats_per_token: float | None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class SuiteSummary:
    """A suite: how many queries, how many of those with a reference are answered right."""

    suite: str
    kinds: str
    tasks: tuple[str, ...]
    n_queries: int
    n_known: int
    n_correct: int
    accuracy: float | None
    mean_nats: float | None


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents a ranking shows; an empty tuple or string, or None, does not restrict.

    Attributes:
        text: words to search for, as `word_index.search` reads them.
        behaviours: of spans that a document holds.
        correct: what the documents' metadata say under `correct`.
        with_answer: only documents that hold the query's answer.
        low, high: range of the score that orders the ranking, ends included.
        group: only the near-duplicates of this group.
    """

    sources: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    difficulties: tuple[str, ...] = ()
    text: str = ""
    behaviours: tuple[str, ...] = ()
    correct: bool | None = None
    with_answer: bool = False
    low: float | None = None
    high: float | None = None
    group: int | None = None

    @property
    def restricts(self) -> bool:
        """Whether any document may be left out."""
        return self != DocumentFilter()


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """The values that the documents of a run have.

    Attributes:
        has_correct: whether any document's metadata say if it is correct.
        has_groups: whether any documents are near-duplicates.
    """

    sources: tuple[str, ...]
    domains: tuple[str, ...]
    categories: tuple[str, ...]
    difficulties: tuple[str, ...]
    behaviours: tuple[str, ...] = ()
    has_correct: bool = False
    has_groups: bool = False


@dataclass(frozen=True, slots=True)
class RankedDocument:
    """One row of a ranking.

    Attributes:
        bar: the chosen score ÷ the largest of the whole ranking.
        snippet: on one line, a passage of the text; `passage` says which: that with the largest
            summed token influence on this side, that where the search found something, or the
            start where neither is known.
        group: its near-duplicates; None where it has none.
        n_near: further documents of that group in the run.
    """

    doc_id: int
    rank: int
    rank_normed: int
    influence: float
    per_nat: float | None
    normed: float | None
    bar: float
    source: str
    domain: str
    category: str
    difficulty: str
    n_tokens: int
    snippet: str
    passage: Literal["influence", "search", "start"] = "start"
    group: int | None = None
    n_near: int = 0


@dataclass(frozen=True, slots=True)
class RankingPage:
    """A page of a ranking and how many documents pass its filter.

    Attributes:
        n_folded: of the `total`, documents left out as near-duplicates of one that is shown.
        n_listed: documents on all pages of this end.
    """

    total: int
    offset: int
    documents: tuple[RankedDocument, ...]
    n_folded: int = 0
    n_listed: int = 0


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The place of a document in a ranking, from 1, and the documents beside it."""

    place: int | None
    total: int
    previous: int | None
    following: int | None


@dataclass(frozen=True, slots=True)
class QueryEffect:
    """What one document does to one query."""

    query: QueryInfo
    influence: float
    per_nat: float | None
    rank: int
    bar: float


@dataclass(frozen=True, slots=True)
class StrongestEffects:
    """The queries that a document helps and harms most, strongest first.

    Attributes:
        n_helped, n_harmed: queries with influence above and below zero.
        n: all queries but the one that was left out.
    """

    helped: tuple[QueryEffect, ...]
    harmed: tuple[QueryEffect, ...]
    n_helped: int
    n_harmed: int
    n: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram of all scores of a query; no bin straddles zero.

    Attributes:
        helpful_from, harmful_from: scores of the k-th document from either end.
        ranks: of each edge, how many documents score as much or more: the place in the ranking
            behind which the bin below it begins.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    n_positive: int
    n_negative: int
    tail: int
    helpful_from: float | None
    harmful_from: float | None
    ranks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class CurveSeries:
    """|Score| against rank on one side: of one query, or of a kind with its spread.

    `low` and `high` are one standard deviation of log |score| over the queries of the kind.
    """

    side: str
    kind: str
    query_id: int | None
    n_queries: int
    ranks: tuple[float, ...]
    values: tuple[float, ...]
    low: tuple[float, ...] = field(default=())
    high: tuple[float, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class RankFit:
    """The fits of one query on one side over the top k, or the n that the side has."""

    query_id: int
    suite: str
    kind: str
    side: str
    k: int
    slope: float | None
    slope_low: float | None
    slope_high: float | None
    r_squared: float | None
    survival_exponent: float | None
    ks_statistic: float | None
    ks_p: float | None
    n: int


@dataclass(frozen=True, slots=True)
class SlopeGroup:
    """Mean and standard deviation of the slope over the queries of a kind."""

    kind: str
    side: str
    n_queries: int
    mean: float
    deviation: float | None
