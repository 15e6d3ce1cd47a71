"""Did cutting a behaviour out of the corpus move the suites as its influence said?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from attribution_engine.findings.faithfulness import (
    ACCURACY,
    LOG_PROBABILITY,
    PREDICTED,
    UNCUT,
    FaithfulnessRow,
)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one cut did to one suite, as the difference to training with nothing cut.

    Attributes:
        predicted: change of log-probability that the influence of the cut text says (nats per
            item); None where it was not computed.
        real: change of log-probability (nats per item); accuracy: change of accuracy (share).
        separated: whether the intervals of the log-probability with and without the cut are apart.
    """

    suite: str
    condition: str
    predicted: float | None
    real: float
    accuracy: float | None
    separated: bool

    @property
    def agrees(self) -> bool:
        """Whether both changes have the same sign."""
        return self.predicted is not None and self.predicted * self.real > 0


def effects(rows: Iterable[FaithfulnessRow], method: str) -> list[Effect]:
    """The effect of every cut on every suite, cuts of one suite side by side."""
    means: dict[tuple[str, str, str], FaithfulnessRow] = {}
    for row in rows:
        # Accuracies are nobody's ranking; predictions are the method's.
        other = row.quantity == PREDICTED and row.method != method
        if row.seed is None and row.query_id is None and not other:
            means[row.suite or "", row.condition or "", row.quantity] = row
    found = []
    for suite, condition, quantity in sorted(means):
        base = means.get((suite, UNCUT, LOG_PROBABILITY))
        if quantity != LOG_PROBABILITY or condition == UNCUT or base is None:
            continue
        cut = means[suite, condition, quantity]
        predicted = means.get((suite, condition, PREDICTED))
        right = [means.get((suite, arm, ACCURACY)) for arm in (condition, UNCUT)]
        found.append(
            Effect(
                suite,
                condition,
                predicted.figure if predicted else None,
                cut.figure - base.figure,
                right[0].figure - right[1].figure if right[0] and right[1] else None,
                _apart(cut, base),
            )
        )
    return found


def _apart(one: FaithfulnessRow, other: FaithfulnessRow) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low > other.high or one.high < other.low
