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
    """Which documents a ranking shows; an empty tuple or string does not restrict."""

    sources: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    difficulties: tuple[str, ...] = ()
    text: str = ""

    @property
    def restricts(self) -> bool:
        """Whether any document may be left out."""
        parts = (self.sources, self.domains, self.categories, self.difficulties, self.text)
        return any(parts)


@dataclass(frozen=True, slots=True)
class FilterChoices:
    """The values that the documents of a run have."""

    sources: tuple[str, ...]
    domains: tuple[str, ...]
    categories: tuple[str, ...]
    difficulties: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankedDocument:
    """One row of a ranking. `bar` is the chosen score ÷ the largest of the whole ranking."""

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


@dataclass(frozen=True, slots=True)
class RankingPage:
    """A page of a ranking and how many documents pass its filter."""

    total: int
    offset: int
    documents: tuple[RankedDocument, ...]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The place of a document in a ranking, from 1, and the documents beside it."""

    place: int | None
    total: int
    previous: int | None
    following: int | None


@dataclass(frozen=True, slots=True)
class TokenCell:
    """Characters that are drawn as one: one token, or the tokens that share a character."""

    text: str
    position: int
    n_tokens: int
    value: float
    shade: int
    token_class: str


@dataclass(frozen=True, slots=True)
class TokenScores:
    """The token influence of one document on one query under one alignment.

    Attributes:
        cells: what the heatmap draws, in order; they cover exactly the tokens the model saw.
        clip: |influence| (nats) from which a cell has the deepest shade.
        n_clipped: cells beyond `clip`.
        total: sum over the tokens (nats).
        gap: `total` minus the document's influence (nats).
        class_counts: cells of each token class.
        most_helpful, most_harmful: indices into `cells`, strongest first.
    """

    alignment: str
    cells: tuple[TokenCell, ...]
    clip: float
    n_clipped: int
    total: float
    gap: float
    class_counts: dict[str, int]
    most_helpful: tuple[int, ...]
    most_harmful: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document under a query.

    Attributes:
        loss_ranges: characters (start, end) of `text` that are trained on; the rest is only read.
        alignments: those with token scores for this pair.
    """

    doc_id: int
    text: str
    prompt_chars: int
    loss_ranges: tuple[tuple[int, int], ...]
    seen_chars: int
    n_tokens: int
    source: str
    domain: str
    category: str
    difficulty: str
    metadata: dict[str, Any]
    gradient_norm: float | None
    influence: float
    per_nat: float | None
    normed: float | None
    rank: int
    rank_normed: int
    alignments: tuple[str, ...]
    plain: tuple[TokenCell, ...]
    class_counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class QueryEffect:
    """What one document does to one query."""

    query: QueryInfo
    influence: float
    per_nat: float | None
    rank: int
    bar: float


@dataclass(frozen=True, slots=True)
class Distribution:
    """A histogram of all scores of a query; no bin straddles zero.

    `helpful_from` and `harmful_from` are the scores of the k-th document from either end.
    """

    edges: tuple[float, ...]
    counts: tuple[int, ...]
    n_positive: int
    n_negative: int
    tail: int
    helpful_from: float | None
    harmful_from: float | None


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
