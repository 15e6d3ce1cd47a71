"""What the tests of a run's scores say: a rule a test, from its figures to a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from attribution_engine.findings.behaviour_cut import Effect, effects
from attribution_engine.findings.faithfulness import (
    CEILING,
    DROP,
    EXPERIMENTS,
    PLANTED,
    SPEARMAN,
    FaithfulnessRow,
    datamodelling_means,
    name_of,
    overall,
)

# Of the median Spearman over queries. Below the first the order of documents changes much.
UNSTABLE: Final = 0.7
STABLE: Final = 0.9

Tone = Literal["good", "open", "bad", "untested"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one test says of the run's method.

    Attributes:
        tone: "good" = for the method, "bad" = against it, "open" = not decided by this test.
        standing: the verdict in two or three words; sentence: in full.
    """

    experiment: str
    tone: Tone
    standing: str
    sentence: str


@dataclass(slots=True)
class Against:
    """The other methods by where their interval lies as seen from the method's own."""

    above: list[str] = field(default_factory=list)
    overlaps: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SeedRanking:
    """How the order of methods holds over seeds.

    Attributes:
        first: seeds in which the method is first; same_order: seeds that order all methods as
            their mean over seeds does.
    """

    condition: str
    n_seeds: int
    first: int
    same_order: int


def verdicts(rows: Sequence[FaithfulnessRow], method: str) -> dict[str, Verdict]:
    """The verdict of every test on a method, in the order of `EXPERIMENTS`."""
    rules = {
        "removal": removal_verdict,
        "lds": lds_verdict,
        "planted": planted_verdict,
        "stability": stability_verdict,
        "behaviour_cut": behaviour_verdict,
    }
    found = {}
    for experiment in EXPERIMENTS:
        of_test = [row for row in rows if row.experiment == experiment]
        if not of_test:
            found[experiment] = Verdict(experiment, "untested", "not tested", "Not tested.")
        elif not any(row.method == method for row in of_test):
            sentence = f"The test did not have {name_of(method)}, this run's method."
            found[experiment] = Verdict(experiment, "untested", "not of this method", sentence)
        else:
            found[experiment] = rules[experiment](of_test, method)
    return found


def removal_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Does removing the method's top documents cost more than removing those of any other?"""
    means = overall(rows, DROP)
    shares = sorted({row.condition or "" for row in means}, key=share_of)
    by_share = {
        share: against([row for row in means if (row.condition or "") == share], method)
        for share in shares
    }
    return _compared("removal", f"{name_of(method)}'s interval", by_share)


def lds_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Do the method's scores order retrainings better than those of any other?"""
    means = datamodelling_means(rows)
    own = next((row for row in means if row.method == method), None)
    if own is None:
        return Verdict("lds", "untested", "not of this method", "No mean over queries is stored.")
    others = [row for row in means if row.method != CEILING]
    found = _compared("lds", "Its interval", {"": against(others, method)})
    said = f"{name_of(method)}'s LDS is {_with_interval(own)}"
    ceiling = next((row.figure for row in means if row.method == CEILING), None)
    if ceiling is not None:
        said += f" where the same subsets with other seeds reach {ceiling:.2f}"
    if own.low is not None and own.low <= 0:
        return Verdict("lds", "bad", "not above zero", f"{said}: its interval holds zero.")
    return Verdict("lds", found.tone, found.standing, f"{said}. {found.sentence}")


def planted_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Does the method rank the only document with a fact higher than any other does?"""
    first, recall = PLANTED
    means = overall(rows, first)
    compared = {}
    for place in sorted({row.condition or "" for row in means}):
        found = against([row for row in means if (row.condition or "") == place], method)
        if found != Against():  # a run has rankings of its own method only
            compared[place] = found
    verdict = _compared(
        "planted",
        f"The interval of {name_of(method)}'s mean reciprocal rank",
        compared or {"": Against()},
        preposition="in",
    )
    shares = [row for row in overall(rows, recall) if row.method == method]
    within = _listed([_in(row) for row in shares])
    more = f" Recall@10 is {within}." if within else ""
    return replace(verdict, sentence=verdict.sentence + more)


def stability_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Does the order of documents survive choices that ought not to matter?"""
    medians = [row for row in overall(rows, SPEARMAN) if row.method == method]
    if not medians:
        return Verdict("stability", "untested", "not of this method", "No median is stored.")
    listed = ", ".join(f"{row.figure:.2f} for {row.condition}" for row in medians)
    least = min(row.figure for row in medians)
    said = f"Median Spearman over queries: {listed}."
    if least >= STABLE:
        return Verdict("stability", "good", "stable", f"{said} None is below {STABLE}.")
    if least >= UNSTABLE:
        return Verdict(
            "stability", "open", "partly stable", f"{said} The lowest is below {STABLE}."
        )
    return Verdict("stability", "bad", "unstable", f"{said} The lowest is below {UNSTABLE}.")


def behaviour_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Did the log-probability of the suites move as the influence of the cut text said?"""
    found = effects(rows, method)
    seen = [each for each in found if each.separated and each.predicted is not None]
    as_said = [each for each in seen if each.agrees]
    unseen = [each for each in found if each not in seen]
    said = f"{_cuts(len(seen))} changed a suite's log-probability beyond its intervals"
    wrong = [each for each in seen if not each.agrees]
    if seen:
        share = f"{len(as_said)} of them" if wrong else "all" if len(seen) > 1 else "and"
        said += f", {share} in the direction that {name_of(method)} predicted"
        said += f"; not {_listed([_where(each) for each in wrong])}" if wrong else ""
    if unseen and seen:
        said += f". {len(unseen)} more cannot be told from noise, or have no prediction"
    if not seen:
        return Verdict("behaviour_cut", "open", "no change seen", said + ".")
    good = not wrong
    standing = "as predicted" if good else "not as predicted" if not as_said else "partly"
    tone: Tone = "good" if good else "bad" if not as_said else "open"
    return Verdict("behaviour_cut", tone, standing, said + ".")


def seed_rankings(rows: Sequence[FaithfulnessRow], method: str) -> list[SeedRanking]:
    """Of every share removed: is the order of methods that of every seed?"""
    of_seeds = [
        row
        for row in rows
        if row.quantity == DROP and row.seed is not None and row.query_id is None and not row.suite
    ]
    found = []
    for share in sorted({row.condition or "" for row in of_seeds}, key=share_of):
        here = [row for row in of_seeds if (row.condition or "") == share]
        orders = [
            _order(row for row in here if row.seed == seed) for seed in {row.seed for row in here}
        ]
        mean = _order(row for row in overall(rows, DROP) if (row.condition or "") == share)
        first = sum(order[0] == method for order in orders)
        found.append(SeedRanking(share, len(orders), first, orders.count(mean)))
    return found


def against(rows: Iterable[FaithfulnessRow], method: str) -> Against:
    """Where the intervals of the others lie: wholly below the method's own, across it, above it.

    Two 95% intervals that do not overlap differ at a level well below 5%; two that do may differ
    all the same, which this rule leaves open. A figure without an interval is taken as open.
    """
    found = Against()
    by_method = {row.method: row for row in rows}
    own = by_method.pop(method, None)
    for name, other in by_method.items():
        if own is None or None in (own.low, own.high, other.low, other.high):
            found.overlaps.append(name)
        elif own.low > other.high:  # type: ignore[operator]
            found.above.append(name)
        elif own.high < other.low:  # type: ignore[operator]
            found.below.append(name)
        else:
            found.overlaps.append(name)
    return found


def share_of(condition: str) -> float:
    """The number in "5%", by which shares are put in order."""
    number = condition.removesuffix("%").strip()
    return float(number) if number.replace(".", "", 1).isdigit() else float("inf")


def _compared(
    experiment: str, what: str, by_condition: dict[str, Against], preposition: str = "at"
) -> Verdict:
    """A verdict from where a method stands in each condition."""
    by_outcome: dict[str, list[str]] = {}
    for condition, found in by_condition.items():
        by_outcome.setdefault(_outcome(found), []).append(condition)
    parts = [
        outcome + (f" {preposition} {_listed(conditions)}" if any(conditions) else "")
        for outcome, conditions in by_outcome.items()
    ]
    sentence = f"{what} {'; it '.join(parts)}."
    everywhere = list(by_condition.values())
    if any(each.below for each in everywhere):
        return Verdict(experiment, "bad", "behind another", sentence)
    if everywhere and all(each.above and not each.overlaps for each in everywhere):
        return Verdict(experiment, "good", "ahead of all", sentence)
    ahead = any(each.above and not each.overlaps for each in everywhere)
    return Verdict(experiment, "open", "partly ahead" if ahead else "not separated", sentence)


def _outcome(found: Against) -> str:
    """Where an interval lies, in words."""
    if found.above and not found.overlaps and not found.below:
        return "lies above every other method's"
    parts = [
        f"{words} {_listed([name_of(name) for name in names])}"
        for words, names in (
            ("lies below that of", found.below),
            ("overlaps that of", found.overlaps),
            ("lies above that of", found.above),
        )
        if names
    ]
    return _listed(parts) if parts else "stands alone: no other method was tested"


def _order(rows: Iterable[FaithfulnessRow]) -> list[str]:
    return [row.method for row in sorted(rows, key=lambda row: (-row.figure, row.method))]


def _with_interval(row: FaithfulnessRow) -> str:
    if row.low is None or row.high is None:
        return f"{row.figure:.2f}"
    return f"{row.figure:.2f} ({row.low:.2f} to {row.high:.2f})".replace("-", "−")


def _in(row: FaithfulnessRow) -> str:
    return f"{row.figure:.2f}" + (f" in {row.condition}" if row.condition else "")


def _cuts(n: int) -> str:
    return {0: "No cut", 1: "One cut"}.get(n, f"{n} cuts")


def _where(effect: Effect) -> str:
    return f"{effect.condition} in {effect.suite or 'all suites'}"


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
