"""What findings are computed from: a run's scores with what is known of queries and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

GROUPINGS: Final = ("source", "domain", "category", "difficulty")
NONE: Final = -1  # code of a document that states none


@dataclass(frozen=True, slots=True)
class QueryFacts:
    """A query without its tokens; `query_id` is its row of the scores.

    Attributes:
        kind: reasoning, factual or control; correct: None where no reference is known.
        nats: −log p of the completion, None or 0 where there is none.
        keywords: that its suite gave, answer and steps.
        is_set: whether it is the mean over the items of a suite.
    """

    query_id: int
    suite: str
    task: str
    kind: str
    correct: bool | None
    nats: float | None
    prompt: str
    completion: str
    reference: str | None
    keywords: tuple[str, ...]
    is_set: bool = False


@dataclass(frozen=True, slots=True)
class Grouping:
    """What documents state under one name.

    Attributes:
        names: the values, the one with most documents first.
        codes: [documents] int32, index into names; `NONE` where a document states none.
    """

    names: tuple[str, ...]
    codes: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """[names] documents."""
        return np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))


@dataclass(frozen=True, slots=True)
class RunScores:
    """A run's scores and what groups its queries and documents.

    Attributes:
        influence: [queries, documents] float32, as the store keeps it; may be a memory map.
        groupings: by name of `GROUPINGS`; those that no document states are left out.
        n_tokens: [documents].
        signed: whether the method's scores have a harmful side; of_nats: whether they are nats.
    """

    influence: np.ndarray
    queries: Sequence[QueryFacts]
    groupings: Mapping[str, Grouping]
    n_tokens: np.ndarray
    method: str
    signed: bool = True
    of_nats: bool = True

    @property
    def n_documents(self) -> int:
        """Documents of the run."""
        return int(self.influence.shape[1])

    def suites(self) -> dict[str, list[QueryFacts]]:
        """The queries of each suite, in the order of the store."""
        found: dict[str, list[QueryFacts]] = {}
        for query in self.queries:
            found.setdefault(query.suite, []).append(query)
        return found
