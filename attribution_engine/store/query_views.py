"""What the reader answers about queries by themselves, and about documents by themselves."""

from __future__ import annotations

from dataclasses import dataclass

from attribution_engine.store.views import QueryInfo


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document that a search over the corpus found; `snippet` is on one line."""

    doc_id: int
    source: str
    domain: str
    category: str
    difficulty: str
    n_tokens: int
    snippet: str


@dataclass(frozen=True, slots=True)
class FoundDocuments:
    """A page of what a search found; `order` says in words what stands first."""

    total: int
    offset: int
    documents: tuple[FoundDocument, ...]
    order: str


@dataclass(frozen=True, slots=True)
class SourceShare:
    """How often a source is among the top documents of a query, against its share of the corpus.

    Attributes:
        source: empty for the documents that have none.
        multiplier: `share_top` ÷ `share_corpus`.
        low, high: 95% interval of the multiplier, Wilson's for `n_top` of the top documents.
    """

    source: str
    n_top: int
    share_top: float
    share_corpus: float
    multiplier: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class QueryNeighbour:
    """Another query and how its influence correlates over n documents; None where undefined."""

    query: QueryInfo
    pearson: float | None
    spearman: float | None
    n: int


@dataclass(frozen=True, slots=True)
class QueryCell:
    """A token of a query, or the tokens that share a character.

    Attributes:
        nats: −log p, summed over its tokens; None where none of them is explained.
        probability: e to the −nats.
        shade: 0 to 8, on a square-root scale that ends at `QueryText.clip`.
        position: of its first token, from 0.
    """

    text: str
    nats: float | None
    probability: float | None
    shade: int
    position: int
    n_tokens: int


@dataclass(frozen=True, slots=True)
class QueryText:
    """Prompt and completion of a query, cut where its tokens end; the cells, joined, are both.

    Attributes:
        completion_from: number of the first cell that holds characters of the completion.
        nats: of the whole query; None where the run has no nats of its tokens.
        n_tokens: tokens that are explained.
        clip: nats from which a cell has the deepest shade.
        n_clipped: cells beyond `clip`.
        most_surprising: numbers of the cells with the most nats, the first with the most.
        keywords: words by which documents that hold its answer or a step of it are found.
    """

    cells: tuple[QueryCell, ...]
    completion_from: int
    nats: float | None
    n_tokens: int
    clip: float
    n_clipped: int
    most_surprising: tuple[int, ...]
    keywords: tuple[str, ...]
