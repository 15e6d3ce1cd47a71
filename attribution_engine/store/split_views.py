"""What the reader answers about the parts of things: items of a set, spans, token classes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QueryItem:
    """One item of a set query.

    Attributes:
        item: row of the suite, from 1.
        in_set: answered correctly, and so one of the items whose mean log p is explained.
        nats: −log p of its own completion; None where it has no token to explain.
    """

    item: int
    prompt: str
    completion: str
    reference: str | None
    correct: bool | None
    nats: float | None
    n_tokens: int
    in_set: bool


@dataclass(frozen=True, slots=True)
class SpanScore:
    """A span of a document and what it does to a query.

    Attributes:
        start, end: characters of the document.
        influence: sum of its tokens' scores.
        cut_influence: influence of the whole document less that without the span; None where it
            was not computed.
        bar: `influence` ÷ the largest size among the document's spans, −1 to 1.
    """

    span_id: int
    start: int
    end: int
    kind: str
    behaviour: str
    influence: float
    cut_influence: float | None
    bar: float


@dataclass(frozen=True, slots=True)
class DocumentSpans:
    """The spans of a document in the order of its text, in one token alignment."""

    alignment: str
    spans: tuple[SpanScore, ...]


@dataclass(frozen=True, slots=True)
class SpanRow:
    """A span as a row of a file; its numbers are those of `SpanScore`."""

    span_id: int
    start: int
    end: int
    kind: str
    behaviour: str
    alignment: str
    influence: float
    cut_influence: float | None
    text: str


@dataclass(frozen=True, slots=True)
class ClassShare:
    """What the tokens of one class do to a query, over all documents, alignment `update`.

    Attributes:
        domain: of the documents; empty where the corpus names none; None = all documents.
        mean: a token.
        share: sum ÷ sum of the sizes of all classes and domains; −1 to 1.
        bar: `share` ÷ the largest size among the rows it is listed with.
    """

    domain: str | None
    token_class: str
    n_tokens: int
    mean: float
    share: float
    bar: float
