"""Rows of the behaviour cut: what every training said, how it changed, what scores had said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from attribution_engine.findings.behaviour_cut import CHANGED, DIFFERENCE, PLAIN
from attribution_engine.findings.faithfulness import (
    ACCURACY,
    LOG_PROBABILITY,
    PREDICTED,
    FaithfulnessRow,
)
from attribution_engine.findings.intervals import student_interval
from attribution_engine.lab.trace_lab import (
    CONDITIONS,
    ELSEWHERE,
    EXPLORING,
    NOTHING,
    Beginning,
    TraceLab,
)

EXPERIMENT, METHOD = "behaviour_cut", "ek-fac"
BATCHES = (
    "a cut makes texts shorter, and so what stands together in a batch and the order of batches "
    "change with it"
)

Found = dict[tuple[int, str], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Part:
    """A suite, or the part of it whose completions explore or do not.

    Attributes:
        at: place of the suite among all; places: of the part among its right items.
        whole: whether these are all of them.
    """

    name: str
    suite: str
    at: int
    places: list[int]
    whole: bool

    def nats(self, found: dict[str, Any]) -> float:
        """Mean log-probability, nats an item."""
        return float(found[f"nats {self.suite}"][self.places].mean())

    def predicted(self, found: dict[str, Any], condition: str) -> tuple[float, bool]:
        """What scores under the uncut model say, nats; and whether they are of this very set."""
        own = found.get(f"change {condition} of {self.name}")
        if own is not None:
            return float(own), True
        return float(found[f"change {condition}"][self.at]), self.whole


def cut_rows(
    found: Found, lab: TraceLab, begin: Beginning, seeds: list[int]
) -> list[FaithfulnessRow]:
    """Accuracy and log-probability of every condition and suite, and what scores had said.

    A suite has rows of its own, and its completions that explore and that do not have theirs:
    without exploration in the traces, text that explores is less likely for no other reason.

    Args:
        found: by seed and condition, the arrays of a training.
    """
    trained = (
        f"trained on {len(lab.documents[NOTHING])} traces, beginning at {begin.words}; exploration "
        f"stands in {len(lab.cut)} of them; {BATCHES}"
    )
    interval = f"mean over {len(seeds)} seeds, Student's 95% interval over seeds"
    rows = []
    for at, suite in enumerate(lab.suites):
        n_right = len(lab.right(suite))
        parts = [_Part(suite, suite, at, list(range(n_right)), True)]
        for name, places in lab.splits(suite).items():
            parts.append(_Part(name, suite, at, places, len(places) == n_right))
        if suite in lab.judged:
            rows += _accuracies(found, suite, seeds, trained, interval)
        for part in parts:
            rows += _changes(found, part, lab, seeds, trained, interval)
    return rows


def _accuracies(
    found: Found, suite: str, seeds: list[int], trained: str, interval: str
) -> list[FaithfulnessRow]:
    rows = []
    for condition in CONDITIONS:
        right = [found[seed, condition][f"right {suite}"] for seed in seeds]
        how = f"{trained}; greedy answers to {len(right[0])} questions; {interval}"
        values = [float(each.mean()) for each in right]
        rows.append(_row(condition, suite, ACCURACY, "share", values, len(right[0]), how))
    return rows


def _changes(
    found: Found, part: _Part, lab: TraceLab, seeds: list[int], trained: str, interval: str
) -> list[FaithfulnessRow]:
    """Log-probabilities, changes paired by seed, and predictions; then one cut less the other."""
    n, rows = len(part.places), []
    items = f"mean over {n} right completions{_which(part)}, nats an item"
    nats = {
        condition: np.array([part.nats(found[seed, condition]) for seed in seeds])
        for condition in CONDITIONS
    }
    changed, predicted, own = {}, {}, True
    for condition in CONDITIONS:
        how = f"{trained}; {items}; {interval}"
        rows.append(_row(condition, part.name, LOG_PROBABILITY, "nats", nats[condition], n, how))
        if condition == NOTHING:
            continue
        changed[condition] = nats[condition] - nats[NOTHING]
        how = f"{trained}; {items}, less that of the same seed with nothing cut; {interval}"
        rows.append(_row(condition, part.name, CHANGED, "nats", changed[condition], n, how))
        said = [part.predicted(found[seed, NOTHING], condition) for seed in seeds]
        predicted[condition] = np.array([value for value, _ in said])
        own = own and all(of_this for _, of_this in said)
        how = (
            "sum over cut traces of their influence without the text less that with it, "
            f"÷ {len(lab.documents[NOTHING])} traces, on the set of {_set(part)} under "
            f"the model of the uncut traces; positive = the cut raises log-probability; {interval}"
        )
        if own:  # a prediction for the whole suite is none for a part of it
            rows.append(_row(condition, part.name, PREDICTED, "nats", predicted[condition], n, how))
    how = f"{trained}; {items}, one cut less the other of the same seed; {interval}"
    differs = changed[EXPLORING] - changed[ELSEWHERE]
    rows.append(_row(DIFFERENCE, part.name, CHANGED, "nats", differs, n, how))
    how = (
        "the predicted change of one cut less that of the other, of the same seed, on the set of "
        f"{_set(part)}; {interval}"
    )
    if own:
        differs = predicted[EXPLORING] - predicted[ELSEWHERE]
        rows.append(_row(DIFFERENCE, part.name, PREDICTED, "nats", differs, n, how))
    return rows


def _which(part: _Part) -> str:
    if part.name == part.suite:
        return ""
    without = part.name.endswith(PLAIN)
    return f" that {'hold none' if without else 'hold one'} of the traces' wordings of exploration"


def _set(part: _Part) -> str:
    return f"{len(part.places)} right completions{_which(part)}"


def _row(
    condition: str,
    suite: str,
    quantity: str,
    unit: str,
    values: Sequence[float] | np.ndarray,
    n: int,
    how: str,
) -> FaithfulnessRow:
    over = student_interval(values)
    return FaithfulnessRow(
        EXPERIMENT,
        METHOD,
        quantity,
        unit,
        over.figure,
        n,
        how,
        suite=suite,
        condition=condition,
        low=over.low,
        high=over.high,
    )
