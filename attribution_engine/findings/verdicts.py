"""What the tests of a run's scores say: a rule a test, from its figures to a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attribution_engine.findings.behaviour_cut import behaviour_verdict
from attribution_engine.findings.faithfulness import (
    ANSWER_NATS,
    CEILING,
    DROP,
    EXPERIMENTS,
    LDS,
    LEARNT,
    PLANTED,
    RETRAINING,
    SPEARMAN,
    WITH_DOCUMENT,
    WITHOUT_DOCUMENT,
    FaithfulnessRow,
    datamodelling_means,
    name_of,
    overall,
)
from attribution_engine.findings.paired_differences import (
    Compared,
    compared,
    conditions_in_words,
    share_of,
    standing_words,
)
from attribution_engine.findings.verdict import Verdict, listed

# Of the median Spearman over queries. Below the first the order of documents changes much.
UNSTABLE: Final = 0.7
STABLE: Final = 0.9
# Share of an answer's nats that its document teaches. Below the first the models hold nothing that
# came from the document; above the second no gradient of the fact is left (see `lab.planting`).
LEAST_LEARNT: Final = 0.1
MOST_LEARNT: Final = 0.9
WORDS_ONLY: Final = "bm25"  # finds a planted fact by its rare words, whatever a model learnt


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
    """Does removing the method's top documents cost more than removing those of any other?

    A share at which the method's own drop is not above zero counts as no lead.
    """
    own = [row for row in overall(rows, DROP) if row.method == method]
    none = sorted(
        (row.condition or "" for row in own if row.low is not None and row.low <= 0), key=share_of
    )
    found = compared(rows, DROP, method)
    verdict = _compared("removal", name_of(method), found, without_lead=none)
    if not none:
        return verdict
    said = f"{verdict.sentence} Its own drop is not above zero{_at(none)}."
    if verdict.tone == "open" and len(none) == len(own):
        return Verdict("removal", "open", "no drop seen", said)
    return Verdict("removal", verdict.tone, verdict.standing, said)


def lds_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Do the method's scores order retrainings better than those of any other?

    The figure, its ceiling and its differences are all those against single seeds.
    """
    means = datamodelling_means(rows)
    own = next((row for row in means if row.method == method), None)
    if own is None:
        return Verdict("lds", "untested", "not of this method", "No mean over queries is stored.")
    found = compared(rows, LDS, method).get("", Compared())
    verdict = _compared("lds", "It", {"": found})
    said = f"{name_of(method)}'s LDS is {_with_interval(own)}"
    ceiling = next((row.figure for row in means if row.method == CEILING), None)
    if ceiling is not None:
        said += (
            f", where a perfect predictor of what seeds have in common would reach {ceiling:.2f}"
        )
    if own.high is not None and own.high < 0:
        return Verdict("lds", "bad", "below zero", f"{said}: its interval is wholly below zero.")
    if own.low is not None and own.low <= 0:
        return Verdict("lds", "bad", "not above zero", f"{said}: its interval holds zero.")
    return Verdict("lds", verdict.tone, verdict.standing, f"{said}. {verdict.sentence}")


def planted_verdict(rows: Sequence[FaithfulnessRow], method: str) -> Verdict:
    """Does the method rank the only document with a fact higher than any other does?

    BM25 is not counted: it finds shared rare words by nature. Where the models learnt next to
    nothing of the facts, or all of them, the test cannot tell.
    """
    first, recall = PLANTED
    found = compared(rows, first, method).get("", Compared())
    words = f"By mean reciprocal rank {name_of(method)} {standing_words(found)}."
    counted = Compared(*([name for name in names if name != WORDS_ONLY] for names in
                         (found.ahead, found.open, found.behind)))  # fmt: skip
    if counted != found:
        words += " BM25 is not counted: it finds shared rare words by nature."
    shares = [row for row in overall(rows, recall) if row.method == method]
    if shares:
        words += f" Recall@10 is {listed([_in(row) for row in shares])}."
    verdict = _compared("planted", name_of(method), {"": counted})
    learnt = next((row for row in rows if (row.method, row.quantity) == (RETRAINING, LEARNT)), None)
    if learnt is None:
        said = f"{words} How much of the facts the lab's models learn was not measured."
        return Verdict("planted", verdict.tone, verdict.standing, said)
    said = f"{words} {_learnt(rows, learnt)}"
    if LEAST_LEARNT <= learnt.figure <= MOST_LEARNT:
        return Verdict("planted", verdict.tone, verdict.standing, said)
    bound = (
        f"less than {LEAST_LEARNT:.0%}"
        if learnt.figure < LEAST_LEARNT
        else f"more than {MOST_LEARNT:.0%}"
    )
    return Verdict("planted", "open", "cannot tell", f"{said} With {bound} this test cannot tell.")


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


def _compared(
    experiment: str,
    subject: str,
    by_condition: Mapping[str, Compared],
    without_lead: Sequence[str] = (),
) -> Verdict:
    """A verdict from where a method stands in each condition."""
    everywhere = list(by_condition.values())
    if not any(each != Compared() for each in everywhere):
        sentence = f"{subject} was compared with no other method in pairs."
        return Verdict(experiment, "open", "not compared", sentence)
    words = [(condition, standing_words(found)) for condition, found in by_condition.items()]
    sentence = f"{subject} {conditions_in_words(words)}."
    if any(each.behind for each in everywhere):
        return Verdict(experiment, "bad", "behind another", sentence)
    leads = [
        each.ahead_of_all and condition not in without_lead
        for condition, each in by_condition.items()
    ]
    if all(leads):
        return Verdict(experiment, "good", "ahead of all", sentence)
    standing = "partly ahead" if any(leads) else "not separated"
    return Verdict(experiment, "open", standing, sentence)


def _learnt(rows: Sequence[FaithfulnessRow], learnt: FaithfulnessRow) -> str:
    """What an answer costs with and without its document, in words."""
    nats = {
        row.condition: f"{row.figure:.2f}"
        for row in overall(rows, ANSWER_NATS)
        if row.method == RETRAINING
    }
    if nats.keys() >= {WITH_DOCUMENT, WITHOUT_DOCUMENT}:
        return (
            f"An answer costs the lab's models {nats[WITHOUT_DOCUMENT]} nats without its document "
            f"and {nats[WITH_DOCUMENT]} with it: {learnt.figure:.0%} of the nats are learnt."
        )
    return f"The lab's models learn {learnt.figure:.0%} of an answer's nats from its document."


def _with_interval(row: FaithfulnessRow) -> str:
    if row.low is None or row.high is None:
        return f"{row.figure:.2f}".replace("-", "−")
    return f"{row.figure:.2f} ({row.low:.2f} to {row.high:.2f})".replace("-", "−")


def _in(row: FaithfulnessRow) -> str:
    return f"{row.figure:.2f}" + (f" in {row.condition}" if row.condition else "")


def _at(conditions: Sequence[str]) -> str:
    return f" at {listed(conditions)}" if any(conditions) else ""
