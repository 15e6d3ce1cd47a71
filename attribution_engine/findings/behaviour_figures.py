"""The figures of the finding exploration: what spans of one behaviour do, by scope and end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Level = Literal["tokens", "cut", "tokens of cut"]
End = Literal["both", "helpful", "harmful"]
LEVELS: Final[tuple[Level, ...]] = ("tokens", "cut", "tokens of cut")
ENDS: Final[tuple[End, ...]] = ("both", "helpful", "harmful")
AFTER: Final = "explores_after_answer"
OTHER: Final = "other"  # spans of which a reader names no behaviour


def explores(behaviour: str) -> bool:
    """Whether spans of a behaviour explore, before an answer or after."""
    return behaviour.lower().startswith("explor")


@dataclass(frozen=True, slots=True)
class BehaviourRow:
    """What the spans of one behaviour do to the queries of a scope, at one end or both.

    Attributes:
        level: "tokens" = sum of the span's token scores; "cut" = the document scored again
            without the span; "tokens of cut" = the former of those spans that have the latter.
        n: spans, each counted under each query; n_spans, n_documents, n_queries: different ones.
        mean: influence (nats) of a span on a query; low, high: its 95% interval by resampling
            documents, None where these are too few.
        mean_per_token: nats; mean_tokens: tokens of a span; share_helpful: of `n`, 0 to 1.
        n_control: spans that have a control; control_mean: of the controls, each scaled to the
            tokens of its span; difference: spans less their controls; all with 95% intervals.
    """

    suite: str | None
    domain: str
    detector: str
    behaviour: str
    side: End
    level: Level
    n: int
    n_spans: int
    n_documents: int
    n_queries: int
    mean: float
    low: float | None
    high: float | None
    mean_per_token: float
    mean_tokens: float
    share_helpful: float
    n_control: int = 0
    control_mean: float | None = None
    control_low: float | None = None
    control_high: float | None = None
    difference: float | None = None
    difference_low: float | None = None
    difference_high: float | None = None
