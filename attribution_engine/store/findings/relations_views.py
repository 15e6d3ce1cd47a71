"""What the reader answers about the relations of top documents to queries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RelationsAbout:
    """What was read.

    Attributes:
        k: most helpful documents of every query; n_read: documents drawn at random.
        n_queries: single queries; n_known: those whose procedure is known.
        n_top: different documents among the k of any query.
    """

    k: int
    n_read: int
    n_queries: int
    n_known: int
    n_top: int
    n_documents: int


@dataclass(frozen=True, slots=True)
class RelationShare:
    """A relation in a suite.

    Attributes:
        relation: a key of `text.relations.RELATIONS`, which says what it means.
        n_known: queries of the suite whose procedure is known.
        share: of a query's k documents, mean over the suite's queries; low, high: 95% interval by
            bootstrap over queries, None for a single one.
        share_random: of n_read documents drawn at random, mean over the same queries.
    """

    suite: str
    relation: str
    k: int
    n_queries: int
    n_known: int
    share: float
    low: float | None
    high: float | None
    share_random: float
    n_read: int

    @property
    def multiplier(self) -> float | None:
        """Share of the top ÷ share at random; None where no document at random has it."""
        return self.share / self.share_random if self.share_random else None


@dataclass(frozen=True, slots=True)
class RelationCount:
    """A relation of one query: documents of its top k, and of those drawn at random."""

    relation: str
    n_top: int
    n_random: int


@dataclass(frozen=True, slots=True)
class QueryRelations:
    """The relations of one query.

    Attributes:
        procedure: the way to its result, as "(7 - 4) * 9"; empty where none is known.
        counts: in the order of `RELATIONS`.
    """

    query_id: int
    procedure: str
    k: int
    n_read: int
    counts: tuple[RelationCount, ...]

    def shares(self, one: RelationCount) -> tuple[float, float]:
        """Share of the k documents with a relation, and of those at random."""
        return one.n_top / self.k, one.n_random / self.n_read


@dataclass(frozen=True, slots=True)
class RelatedDocument:
    """One of the top documents.

    Attributes:
        opening: the first characters of its text.
        related: its relations, each with what shows it, as it was read.
    """

    query_id: int
    doc_id: int
    rank: int
    source: str
    opening: str
    related: tuple[tuple[str, str], ...]
