"""Which tokens carry influence: sums over the occurrences of every token, query by query.

An occurrence is a token of a document under a query (connectives and fences count whole, see
`text.token_units`). Every query counts the same in shares, however large its influence is; means
are of occurrences, in the unit of the scores.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

TOP: Final = 200  # most influential occurrences of a query, of either sign
FREQUENCIES: Final = (1, 5, 10, 20, 50)  # least documents with a token that a table may ask for
DEFAULT_FREQUENCY: Final = 5
ORDERS: Final = ("mean", "size", "share", "top")
LISTED: Final = 50  # tokens of a table; whatever is asked for, they are kept


@dataclass(frozen=True, slots=True)
class Occurrences:
    """The tokens of all documents that are read under one query.

    Attributes:
        keys: [m] which token; values: [m] its score, nats; docs: [m] its document; places: [m]
            number of its first token in the document.
    """

    query_id: int
    keys: np.ndarray
    values: np.ndarray
    docs: np.ndarray
    places: np.ndarray


@dataclass(frozen=True, slots=True)
class QuerySums:
    """Sums over the occurrences of every token under one query.

    Attributes:
        keys: [tokens] ascending.
        n: occurrences; total: nats; size: of the sizes; raising: of what is above 0.
        top_helpful, top_harmful: occurrences among the `TOP` most influential of either sign.
        best, worst: place in the occurrences of the highest and the lowest score.
        whole: size and raising sum of all occurrences.
    """

    keys: np.ndarray
    n: np.ndarray
    total: np.ndarray
    size: np.ndarray
    raising: np.ndarray
    top_helpful: np.ndarray
    top_harmful: np.ndarray
    best: np.ndarray
    worst: np.ndarray
    whole: tuple[float, float]


def query_sums(found: Occurrences, top: int = TOP) -> QuerySums:
    """Sums by token; occurrences of equal score keep their order."""
    values = found.values.astype(np.float64)
    order = np.lexsort((values, found.keys))
    keys, ordered = found.keys[order], values[order]
    starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))[: len(keys)]
    ends = np.append(starts[1:], len(keys))

    def sums(of: np.ndarray) -> np.ndarray:
        return np.add.reduceat(of, starts) if len(starts) else np.zeros(0)

    chosen = []
    for sign in (1, -1):
        strongest = np.argsort(-sign * values, kind="stable")[:top]
        marked = np.zeros(len(values))
        marked[strongest[sign * values[strongest] > 0]] = 1
        chosen.append(sums(marked[order]).astype(np.int64))
    positive = np.maximum(ordered, 0)
    return QuerySums(
        keys=keys[starts],
        n=ends - starts,
        total=sums(ordered),
        size=sums(np.abs(ordered)),
        raising=sums(positive),
        top_helpful=chosen[0],
        top_harmful=chosen[1],
        best=order[ends - 1],
        worst=order[starts],
        whole=(float(np.abs(values).sum()), float(positive.sum())),
    )


@dataclass(slots=True)
class TokenSums:
    """Sums over queries, an entry a token; what `TokenStatistic` is made of.

    Attributes:
        share, share_helpful, share_harmful: sums over queries of a token's share of the query's
            sizes, of what raises and of what lowers.
        best, worst: highest and lowest score, with their query, document and place.
    """

    n_keys: int
    n_queries: int = 0
    sums: dict[str, np.ndarray] = field(default_factory=dict)
    best: np.ndarray = field(init=False)
    worst: np.ndarray = field(init=False)
    best_at: np.ndarray = field(init=False)
    worst_at: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.sums = {name: np.zeros(self.n_keys) for name in SUMMED}
        self.best = np.full(self.n_keys, -np.inf)
        self.worst = np.full(self.n_keys, np.inf)
        self.best_at = np.full((self.n_keys, 3), -1, np.int64)
        self.worst_at = np.full((self.n_keys, 3), -1, np.int64)

    def add(self, found: Occurrences, sums: QuerySums) -> None:
        """Adds a query; one without any influence counts for nothing."""
        whole, raising = sums.whole
        if not whole or not np.isfinite(whole):
            return
        self.n_queries += 1
        keys, into = sums.keys, self.sums
        lowering = whole - raising
        for name, values in (
            ("n", sums.n),
            ("total", sums.total),
            ("size", sums.size),
            ("share", sums.size / whole),
            ("share_helpful", sums.raising / raising if raising else 0.0),
            ("share_harmful", (sums.size - sums.raising) / lowering if lowering > 0 else 0.0),
            ("top_helpful", sums.top_helpful),
            ("top_harmful", sums.top_harmful),
        ):
            into[name][keys] += values
        for at, best, best_at, better in (
            (sums.best, self.best, self.best_at, np.greater),
            (sums.worst, self.worst, self.worst_at, np.less),
        ):
            values = found.values[at].astype(np.float64)
            new = better(values, best[keys])
            best[keys[new]] = values[new]
            best_at[keys[new], 0] = found.query_id
            best_at[keys[new], 1] = found.docs[at[new]]
            best_at[keys[new], 2] = found.places[at[new]]

    def join(self, other: TokenSums) -> None:
        """Adds the queries of other sums over the same tokens."""
        self.n_queries += other.n_queries
        for name, values in other.sums.items():
            self.sums[name] += values
        new = other.best > self.best
        self.best[new], self.best_at[new] = other.best[new], other.best_at[new]
        new = other.worst < self.worst
        self.worst[new], self.worst_at[new] = other.worst[new], other.worst_at[new]


SUMMED: Final = (
    *("n", "total", "size", "share", "share_helpful", "share_harmful"),
    *("top_helpful", "top_harmful"),
)


@dataclass(frozen=True, slots=True)
class Example:
    """The occurrence of a token that raises, or lowers, a query most."""

    score: float
    query_id: int
    doc_id: int
    place: int


@dataclass(frozen=True, slots=True)
class TokenStatistic:
    """What one token does to a set of queries.

    Attributes:
        key: which token; place: of its class in `CLASSES`.
        n: occurrences, one for each document and query that it stands in, and each time.
        n_documents: different documents that it stands in.
        mean, mean_size: of an occurrence's score and of its size, nats.
        share: of the sizes of all tokens' scores, mean over queries; share_helpful of what
            raises, share_harmful of what lowers.
        class_share: of the share of its class.
        top_helpful, top_harmful: occurrences among the `TOP` of each query of that sign.
    """

    key: int
    place: int
    n: int
    n_documents: int
    mean: float
    mean_size: float
    share: float
    share_helpful: float
    share_harmful: float
    class_share: float
    top_helpful: int
    top_harmful: int
    helpful: Example
    harmful: Example


def measure(name: str, side: str, sums: TokenSums) -> np.ndarray:
    """[tokens] what tokens are ordered by, the highest first; NaN where there is none."""
    of = sums.sums
    n = np.where(of["n"] > 0, of["n"], np.nan)
    if name == "mean":
        return of["total"] / n * (1 if side == "helpful" else -1)
    if name == "size":
        return of["size"] / n
    return of[f"{name}_{side}"] + 0 * n


def kept_keys(
    sums: TokenSums,
    classes: np.ndarray,
    n_documents: np.ndarray,
    first: int = 0,
    listed: int = LISTED,
) -> np.ndarray:
    """Ascending keys of all tokens that a table may list.

    For every class, least frequency, order and side the `listed` first, so that a table of any
    of these, or of all classes, shows what it would show of all tokens.

    Args:
        classes: [tokens] place of the class; n_documents: [tokens] that hold it.
        first: the first key that is a token.
    """
    found: set[int] = set()
    for place in np.unique(classes).tolist():
        of_class = (classes == place) & (sums.sums["n"] > 0)
        of_class[:first] = False
        for least in FREQUENCIES:
            keys = np.flatnonzero(of_class & (n_documents >= least))
            for name in ORDERS:
                for side in ("helpful", "harmful"):
                    values = measure(name, side, sums)[keys]
                    found.update(keys[np.argsort(-values, kind="stable")[:listed]].tolist())
    return np.array(sorted(found), np.int64)


def token_statistics(
    sums: TokenSums, classes: np.ndarray, n_documents: np.ndarray, keys: Iterable[int]
) -> list[TokenStatistic]:
    """Statistics of some tokens.

    Args:
        classes: [tokens] place of the class; n_documents: [tokens].
    """
    of, queries = sums.sums, max(1, sums.n_queries)
    of_class = np.bincount(classes, of["share"], minlength=int(classes.max(initial=0)) + 1)
    found = []
    for key in keys:
        place, n = int(classes[key]), int(of["n"][key])
        found.append(
            TokenStatistic(
                key=int(key),
                place=place,
                n=n,
                n_documents=int(n_documents[key]),
                mean=float(of["total"][key] / n),
                mean_size=float(of["size"][key] / n),
                share=float(of["share"][key] / queries),
                share_helpful=float(of["share_helpful"][key] / queries),
                share_harmful=float(of["share_harmful"][key] / queries),
                class_share=float(of["share"][key] / of_class[place]) if of_class[place] else 0.0,
                top_helpful=int(of["top_helpful"][key]),
                top_harmful=int(of["top_harmful"][key]),
                helpful=Example(float(sums.best[key]), *map(int, sums.best_at[key])),
                harmful=Example(float(sums.worst[key]), *map(int, sums.worst_at[key])),
            )
        )
    return found


def ordered(
    sums: TokenSums, n_documents: np.ndarray, name: str, side: str, least: int
) -> list[int]:
    """Keys of the tokens in so many documents, the first of an order first."""
    chosen = np.flatnonzero((sums.sums["n"] > 0) & (n_documents >= least))
    values = measure(name, side, sums)[chosen]
    return [int(key) for key in chosen[np.argsort(-values, kind="stable")]]
