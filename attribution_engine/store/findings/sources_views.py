"""What the reader answers about sources: whose top documents, and how they stand there."""

from __future__ import annotations

from dataclasses import dataclass

from attribution_engine.store.views import Side


@dataclass(frozen=True, slots=True)
class AskedQueries:
    """Queries over which multipliers are a mean: those of a kind, or those of a suite.

    Attributes:
        key: "kind:…" or "suite:…", what a link holds.
        n_queries: those whose scores differ between documents.
        first: a query of theirs, to open rankings with.
    """

    key: str
    is_suite: bool
    name: str
    n_queries: int
    first: int


@dataclass(frozen=True, slots=True)
class SourceAtEnd:
    """A source among the k documents of one end.

    Attributes:
        share: of these k, mean over the queries; share_corpus: of all documents.
        low, high: 95% binomial interval of the multiplier; n_different: documents that it counts.
        queries_low, queries_high: 95% interval by resampling queries; None with one query.
        n_top: documents of the source at this end, summed over the queries.
        n: documents of the source.
    """

    source: str
    side: Side
    k: int
    share: float
    share_corpus: float
    multiplier: float
    low: float
    high: float
    queries_low: float | None
    queries_high: float | None
    n_top: int
    n_different: int
    n: int
    n_queries: int
