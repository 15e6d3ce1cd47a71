"""What the reader answers about answers: where they stand, and how often by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Part = Literal["top", "bottom", "corpus"]
PARTS: tuple[Part, ...] = ("top", "bottom", "corpus")
Completions = Literal["right", "all", "wrong"]


@dataclass(frozen=True, slots=True)
class AnswersAbout:
    """What was searched.

    Attributes:
        top: documents of either end; claim_k: those that the claims are over.
        n_queries: that anything was looked for of; n_without: single queries, nothing of which
            was known to look for; n_sets: means over suites, which ask nothing.
        n_judged, n_confirmed: places in top documents that a judge read, and found right.
        has_bottom: whether the other end means anything.
    """

    top: int
    claim_k: int
    n_documents: int
    n_queries: int
    n_without: int
    n_sets: int
    n_judged: int
    n_confirmed: int
    has_bottom: bool


@dataclass(frozen=True, slots=True)
class AnswerShare:
    """Share of the queries of a role or suite that are found.

    Attributes:
        group: a role (reasoning, factual, factual control …) or a suite; role: of its queries.
        measure: "answer", "all steps", or "as counted": steps of reasoning, answers of others.
        part: "top" = within the k most helpful documents, "corpus" = in any document.
        low, high: 95% Wilson interval over queries.
        chance: share that k random documents would find; None for the corpus.
    """

    group: str
    role: str
    measure: str
    part: str
    k: int
    n_found: int
    n: int
    share: float
    low: float
    high: float
    chance: float | None


@dataclass(frozen=True, slots=True)
class AnswerCurve:
    """Share of a role's queries found within the top k, for growing k, and by chance."""

    role: str
    n: int
    ks: tuple[int, ...]
    shares: tuple[float, ...]
    chances: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class AnswerQuery:
    """A query, and whether it is found.

    Attributes:
        measure: what counts of it, "answer" or "all steps".
        first_rank: by which it is found; None = not within the searched top.
        n_top: documents of the searched top that say its answer, or any of its steps the least
            often said; n_corpus: likewise outside the top, estimated where `about`.
        chance: probability of being found in k random documents.
        n_steps, n_steps_top, n_steps_corpus: known, said within the top k, said anywhere.
        answer_rank: of the first document that says the answer; None where none does.
    """

    query_id: int
    suite: str
    kind: str
    role: str
    correct: bool | None
    prompt: str
    measure: str
    found: bool
    in_corpus: bool
    first_rank: int | None
    n_top: int
    n_corpus: int
    about: bool
    chance: float
    n_steps: int
    n_steps_top: int
    n_steps_corpus: int
    answer_rank: int | None


@dataclass(frozen=True, slots=True)
class AnswerSought:
    """One thing that was looked for of a query, and how often it was found.

    Attributes:
        keywords: ways of writing it, any of which counts; beside: what has to stand near it, and
            `needed` how many of these.
        n_top, n_bottom, n_corpus: documents among the k most helpful, the k most harmful (None
            without a harmful side) and outside the top; the last estimated from `n_read` of
            `n_candidates` where these differ.
    """

    query_id: int
    what: str
    keywords: tuple[str, ...]
    beside: tuple[str, ...]
    needed: int
    n_top: int
    n_bottom: int | None
    n_corpus: int
    first_rank: int | None
    n_candidates: int
    n_read: int


@dataclass(frozen=True, slots=True)
class AnswerHit:
    """A place of a document that says it; the first of the document.

    Attributes:
        matched: the characters start to end of the text; confirmed: by the judge, None = not asked.
        rank: of the document for the query, 1 = most helpful.
        snippet: the text around the place, on one line; mark_start, mark_end: where in it the
            matched words are, equal where they are not.
    """

    query_id: int
    what: str
    part: str
    doc_id: int
    rank: int
    source: str
    matched: str
    start: int
    end: int
    confirmed: bool | None
    snippet: str
    mark_start: int
    mark_end: int
