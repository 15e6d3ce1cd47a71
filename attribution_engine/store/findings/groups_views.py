"""What the page Groups draws: groups of documents on suites and kinds of query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

GROUPINGS: Final = ("domain", "domain_difficulty", "category", "difficulty", "joint")


@dataclass(frozen=True, slots=True)
class QuerySet:
    """The queries that a group is held against: a suite, or all of a kind.

    Attributes:
        suite: or kind, the other is empty; about: "math", "code" or "other", of a suite.
    """

    suite: str
    kind: str
    about: str
    n_queries: int

    @property
    def name(self) -> str:
        """As an address has it."""
        return f"suite:{self.suite}" if self.suite else f"kind:{self.kind}"

    @property
    def words(self) -> str:
        """As a page has it."""
        return self.suite or f"all {self.kind} queries"


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its 95% interval, each None where it is not known."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class End:
    """A group at one end of the rankings, or in a sign's part of the influence.

    Attributes:
        share: of the places, or of the sum; multiplier: ÷ share of the corpus, with the interval
            of the places (Wilson's); of the parts there is none.
        n_top: places; n_different: different documents at this end, of all groups.
    """

    k: int | None
    share: float | None
    multiplier: Figure
    n_top: int | None
    n_different: int | None


@dataclass(frozen=True, slots=True)
class GroupEffect:
    """What a group of documents does to a set of queries.

    Attributes:
        value: what its documents state, in words; the labels: each by itself, None = none stated
            or not part of the grouping.
        exact: whether a filter by what is stated finds exactly these documents;
            n_pooled: small groups that are in this one.
        mean: raw, in the method's unit; per_nat: ÷ nats of the completion; standard: ÷ standard
            deviation of the query's scores.
        helpful, harmful: ends of the ranking; positive, negative: parts of the summed influence.
    """

    value: str
    domain: str | None
    category: str | None
    difficulty: str | None
    exact: bool
    n_pooled: int
    n: int
    n_tokens: int
    share_corpus: float
    n_queries: int
    mean: Figure
    per_nat: Figure
    standard: Figure
    helpful: End | None
    harmful: End | None
    positive: End | None
    negative: End | None


@dataclass(frozen=True, slots=True)
class GroupContrast:
    """Two groups of documents held against each other on math or on code suites.

    Attributes:
        contrast: in-domain, cross-domain, hard math, hard code, symbolic or easy code.
        mean_a, mean_b, difference: in standard deviations of a query's scores.
    """

    about: str
    contrast: str
    group_a: str
    group_b: str
    mean_a: Figure
    mean_b: Figure
    difference: Figure
    n_a: int
    n_b: int
    n_queries: int
