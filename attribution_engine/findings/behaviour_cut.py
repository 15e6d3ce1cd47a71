"""Did cutting a behaviour out of the corpus move the suites as its influence said?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from attribution_engine.findings.faithfulness import (
    ACCURACY,
    LOG_PROBABILITY,
    PREDICTED,
    UNCUT,
    FaithfulnessRow,
    name_of,
)
from attribution_engine.findings.verdict import Tone, Verdict, listed

EXPERIMENT: Final = "behaviour_cut"
CHANGED: Final = "change of log-probability"  # against the same seed with nothing cut
DIFFERENCE: Final = "exploration cut minus equal length cut"
PLAIN: Final = "completions that do not explore"
EXPLORING: Final = "completions that explore"
FEWEST: Final = 3  # separated effects of cuts, from which the test says anything


@dataclass(frozen=True, slots=True)
class Effect:
    """What one cut did to one suite or a part of it, as the difference to nothing cut.

    Attributes:
        suite: of the run, or a part of one by the name that `part_of_suite` gives.
        condition: the cut; `DIFFERENCE` = one cut less the other.
        predicted: change of log-probability that the influence of the cut text says (nats per
            item); None where it was not computed.
        real: change of log-probability (nats per item); accuracy: change of accuracy (share).
        separated: whether the interval of the change, paired by seed, is off zero; where only
            the log-probabilities have intervals, whether these are apart.
        foretold: whether the interval of the prediction is off zero.
    """

    suite: str
    condition: str
    predicted: float | None
    real: float
    accuracy: float | None
    separated: bool
    foretold: bool = False

    @property
    def agrees(self) -> bool:
        """Whether both changes have the same sign."""
        return self.predicted is not None and self.predicted * self.real > 0


def part_of_suite(suite: str, explores: bool) -> str:
    """The suite of rows about those completions only that explore, or that do not."""
    return f"{suite}: {EXPLORING if explores else PLAIN}"


def effects(rows: Iterable[FaithfulnessRow], method: str) -> list[Effect]:
    """The effect of every cut on every suite and part of one, cuts side by side."""
    means: dict[tuple[str, str, str], FaithfulnessRow] = {}
    for row in rows:
        # Accuracies are nobody's ranking; predictions are the method's.
        other = row.quantity == PREDICTED and row.method != method
        if row.seed is None and row.query_id is None and not other:
            means[row.suite or "", row.condition or "", row.quantity] = row
    arms = dict.fromkeys((suite, condition) for suite, condition, _ in sorted(means))
    found = []
    for suite, condition in arms:
        change = _change(means, suite, condition)
        if condition == UNCUT or change is None:
            continue
        predicted = means.get((suite, condition, PREDICTED))
        right = [means.get((suite, arm, ACCURACY)) for arm in (condition, UNCUT)]
        found.append(
            Effect(
                suite,
                condition,
                predicted.figure if predicted else None,
                change[0],
                right[0].figure - right[1].figure if right[0] and right[1] else None,
                change[1],
                predicted is not None and _off_zero(predicted),
            )
        )
    return found


def behaviour_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Did the log-probability of the suites move as the influence of the cut text said?

    Counted are changes, paired by seed, whose interval is off zero and whose prediction's is, on
    completions that do not explore (where the rows tell these apart: text that explores becomes
    less likely when exploration is cut whatever else happens). One cut less the other is no
    third observation: it can speak against the method, and is not counted for it. Below `FEWEST`
    the test cannot tell.
    """
    every = effects(rows, method)
    parts = [each for each in every if each.suite.endswith(PLAIN)]
    found = parts or every
    seen = [each for each in found if each.separated and each.foretold]
    counted = [each for each in seen if each.condition != DIFFERENCE]
    wrong = [each for each in seen if not each.agrees]
    as_said = [each for each in counted if each.agrees]
    on = f" on {PLAIN}" if parts else ""
    cuts = len([each for each in found if each.condition != DIFFERENCE])
    said = (
        f"Of {cuts} effects of a cut{on}, {len(counted)} lie with their prediction off zero, "
        f"{len(as_said)} of them in the direction that {name_of(method)} predicted"
    )
    if wrong:
        said += f"; against it: {listed([_where(each) for each in wrong])}"
    said += "." + _accuracy_words(every)
    if len(counted) < FEWEST:
        return Verdict(
            EXPERIMENT, "open", "cannot tell", f"{said} Fewer than {FEWEST} cannot tell."
        )
    standing = "partly" if wrong and as_said else "not as predicted" if wrong else "as predicted"
    tones: dict[str, Tone] = {"as predicted": "good", "not as predicted": "bad", "partly": "open"}
    return Verdict(EXPERIMENT, tones[standing], standing, said)


def _change(
    means: dict[tuple[str, str, str], FaithfulnessRow], suite: str, condition: str
) -> tuple[float, bool] | None:
    """The change (nats) and whether it is off zero; None where it was not measured."""
    paired = means.get((suite, condition, CHANGED))
    if paired is not None:
        return paired.figure, _off_zero(paired)
    cut, base = (means.get((suite, arm, LOG_PROBABILITY)) for arm in (condition, UNCUT))
    return (cut.figure - base.figure, _apart(cut, base)) if cut and base else None


def _accuracy_words(found: Sequence[Effect]) -> str:
    """How often accuracy moved as the log-probability was predicted to, over whole suites."""
    moved = [each for each in found if each.accuracy and each.foretold and each.predicted]
    if not moved:
        return ""
    same = sum((each.accuracy or 0) * (each.predicted or 0) > 0 for each in moved)
    return (
        f" Accuracy moved in {len(moved)} cases with a prediction off zero, {same} of them that "
        "way (not held against noise)."
    )


def _off_zero(row: FaithfulnessRow) -> bool:
    return row.low is not None and row.high is not None and (row.low > 0 or row.high < 0)


def _apart(one: FaithfulnessRow, other: FaithfulnessRow) -> bool:
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return False
    return one.low > other.high or one.high < other.low


def _where(effect: Effect) -> str:
    return f"{effect.condition} in {effect.suite or 'all suites'}"
