"""How well a reader of behaviours agrees with labels given by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from attribution_engine.findings.wilson import wilson
from attribution_engine.text.behaviours import BEHAVIOURS, EXPLORATION

# The row in which exploration before and after an answer are one behaviour.
ANY_EXPLORATION: Final = "any exploration"


@dataclass(frozen=True, slots=True)
class ReadingScore:
    """Precision and recall of one behaviour, with 95% intervals; None where nothing is counted.

    Intervals are Wilson's, over spans as independent draws: spans of one trace are not quite, so
    they are somewhat too narrow.

    Attributes:
        behaviour: one of BEHAVIOURS, or ANY_EXPLORATION.
        n_labels: spans that the labels give it; n_found: that the reader gives it; n_right: both.
        n_spans: that were read.
        precision: n_right ÷ n_found; recall: n_right ÷ n_labels.
    """

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


def reading_scores(
    labels: Sequence[str | None], found: Sequence[str | None]
) -> Iterator[ReadingScore]:
    """Scores of every behaviour, and of exploration of either kind.

    Args:
        labels: by hand, of all spans of all traces; found: by the reader, of the same spans.

    Raises:
        ValueError: they are not equally many.
    """
    if len(labels) != len(found):
        raise ValueError(f"{len(labels)} labels, but the reader gave {len(found)}")
    for behaviour in BEHAVIOURS:
        yield _score(behaviour, {behaviour}, labels, found)
    yield _score(ANY_EXPLORATION, EXPLORATION, labels, found)


def _score(
    name: str,
    counted: Collection[str],
    labels: Sequence[str | None],
    found: Sequence[str | None],
) -> ReadingScore:
    n_labels = sum(one in counted for one in labels)
    n_found = sum(one in counted for one in found)
    n_right = sum(
        one in counted and other in counted for one, other in zip(labels, found, strict=True)
    )
    return ReadingScore(
        name,
        n_labels,
        n_found,
        n_right,
        *_share(n_right, n_found),
        *_share(n_right, n_labels),
        len(labels),
    )


def _share(n_right: int, n: int) -> tuple[float | None, float | None, float | None]:
    if not n:
        return None, None, None
    return n_right / n, *wilson(n_right / n, n)
