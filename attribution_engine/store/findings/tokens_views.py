"""What the reader answers about the finding tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TokenScope:
    """A suite, or all suites of a domain, that token statistics are of.

    Attributes:
        scope: "domain" or "suite"; alignments: that there are statistics in.
        n_queries, n_documents: behind the first alignment's.
    """

    scope: str
    suite: str
    alignments: tuple[str, ...]
    n_queries: int
    n_documents: int

    @property
    def name(self) -> str:
        """As an address has it: "math", or "suite gsm8k"."""
        return self.suite if self.scope == "domain" else f"suite {self.suite}"


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class of tokens on a suite or domain.

    Attributes:
        token_class: one of `CLASSES`, or "structure": code, Markdown and fences together.
        source: "tails": sizes of token scores; "corpus": sizes of net sums over all documents.
        share: of influence; token_share: of tokens; multiplier: the one ÷ the other, None where
            there are no such tokens; low, high: 95% interval, None where there is none.
        top_helpful, top_harmful: occurrences among the 200 of each query; None of the corpus.
    """

    scope: str
    suite: str
    alignment: str
    source: str
    token_class: str
    n: int
    share: float
    token_share: float
    multiplier: float | None
    low: float | None
    high: float | None
    n_queries: int
    n_documents: int
    top_helpful: int | None
    top_harmful: int | None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token on a suite or domain, with an example of the side that is asked for.

    Attributes:
        token: as most often written; `…` stands where the rest of a word is.
        n: occurrences, of a document under every query anew; n_documents: that hold it.
        mean, mean_size: of an occurrence, in the unit of the scores.
        share: of the sizes of all tokens; share_of_side: of all that raises, or that lowers.
        class_share: of the share of its class.
        top: occurrences among the 200 of each query on this side.
        query_id, doc_id, start, end, score: its strongest occurrence on this side, in characters.
    """

    token_class: str
    token: str
    n: int
    n_documents: int
    mean: float
    mean_size: float
    share: float
    share_of_side: float
    class_share: float
    top: int
    query_id: int
    doc_id: int
    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class WordList:
    """A list that token classes were read by."""

    section: str
    name: str
    words: tuple[str, ...]
