"""What the reader answers about the finding exploration."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BehaviourSpan:
    """A span of a behaviour under a query.

    Attributes:
        side: end of the query's ranking that the document is at.
        n_tokens: of the span, those with a loss.
        influence: sum of its token scores; cut_influence: None where it was not computed.
        control_…: text of equal length that does not explore, its influence scaled to the span's
            tokens; None where there is none.
        text: of the span, its beginning in a list.
        marked_end: behind its last character that is not white space, which a link marks.
    """

    query_id: int
    suite: str
    doc_id: int
    start: int
    end: int
    detector: str
    behaviour: str
    side: str
    n_tokens: int
    influence: float
    cut_influence: float | None
    control_doc_id: int | None
    control_start: int | None
    control_end: int | None
    control_influence: float | None
    text: str = ""
    marked_end: int = 0


@dataclass(frozen=True, slots=True)
class BehaviourSpans:
    """Some of the spans of a list, and how many there are."""

    total: int
    spans: tuple[BehaviourSpan, ...]


@dataclass(frozen=True, slots=True)
class ReadingScore:
    """A reader of behaviours against labels by hand that it was not written on.

    Attributes:
        behaviour: what is told; n_labels, n_found, n_right: spans labelled so, read so, and both;
        n_spans: that were read.
        precision: n_right of n_found; recall: n_right of n_labels; None where that is none.
    """

    reader: str
    behaviour: str
    n_labels: int
    n_found: int
    n_right: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    recall: float | None
    recall_low: float | None
    recall_high: float | None
    n_spans: int
