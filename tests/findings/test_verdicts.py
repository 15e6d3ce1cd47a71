"""Verdicts on a method follow from where intervals lie, and say so when it loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from attribution_engine.findings.behaviour_cut import effects
from attribution_engine.findings.faithfulness import EXPERIMENTS, FaithfulnessRow
from attribution_engine.findings.seed_rankings import seed_rankings
from attribution_engine.findings.verdicts import (
    behaviour_verdict,
    lds_verdict,
    planted_verdict,
    removal_verdict,
    stability_verdict,
    verdicts,
)

DROP = ("drop in log-probability", "nats")
LDS = ("LDS", "Spearman")


def row(
    experiment: str,
    method: str,
    about: tuple[str, str],
    figure: float,
    half: float | None = None,
    **more: Any,
) -> FaithfulnessRow:
    found = FaithfulnessRow(experiment, method, *about, figure, 20, "by hand")
    if half is not None:
        found = replace(found, low=figure - half, high=figure + half)
    return replace(found, **more)


MINUS = "EK-FAC minus this method: "
FIRST, RECALL = ("mean reciprocal rank", "share"), ("recall@10", "share")


def apart(
    experiment: str, about: tuple[str, str], differences: Mapping[str, float], **more: Any
) -> list[FaithfulnessRow]:
    """Paired differences to each method, with intervals of ± 0.1."""
    quantity = (f"{MINUS}{about[0]}", f"difference in {about[1]}")
    return [row(experiment, name, quantity, at, 0.1, **more) for name, at in differences.items()]


def removal(
    by_share: Mapping[str, Mapping[str, float]], half: float = 0.1
) -> list[FaithfulnessRow]:
    """Drops, and the differences between that of EK-FAC and the others."""
    found = []
    for share, figures in by_share.items():
        for method, figure in figures.items():
            found.append(row("removal", method, DROP, figure, half, condition=share))
        others = {
            method: figures["ek-fac"] - figure
            for method, figure in figures.items()
            if "ek-fac" in figures and method != "ek-fac"
        }
        found += apart("removal", DROP, others, condition=share)
    return found


def test_removal_ahead_everywhere() -> None:
    figures = {"ek-fac": 1.0, "bm25": 0.5, "random": 0.0}
    verdict = removal_verdict(removal({"10%": figures, "5%": figures}), "ek-fac")
    assert verdict.tone == "good"
    assert verdict.sentence == "EK-FAC is ahead of every other method at 5% and 10%."


def test_a_paired_difference_decides_where_the_intervals_overlap() -> None:
    """Queries differ by nats, methods on one query by little: two wide intervals say nothing."""
    shares = {"5%": {"ek-fac": 1.0, "bm25": 0.6, "random": 0.7}}
    assert removal_verdict(removal(shares, half=0.9), "ek-fac").tone == "good"
    assert removal_verdict(removal(shares, half=0.9), "bm25").tone == "bad"


def test_removal_behind_at_one_share_is_said() -> None:
    shares = {
        "1%": {"ek-fac": 0.2, "bm25": 0.9, "random": 0.15},
        "10%": {"ek-fac": 2.0, "bm25": 1.0},
    }
    verdict = removal_verdict(removal(shares), "ek-fac")
    assert verdict.tone == "bad" and verdict.standing == "behind another"
    assert "is behind BM25 and not separated from random at 1%" in verdict.sentence
    assert "ahead of BM25 at 10%" in verdict.sentence


@pytest.mark.parametrize(("at_ten", "standing"), [(0.45, "not separated"), (0.9, "partly ahead")])
def test_removal_whose_difference_holds_zero_somewhere_is_open(
    at_ten: float, standing: str
) -> None:
    shares = {"1%": {"ek-fac": 0.4, "bm25": 0.4}, "10%": {"ek-fac": at_ten, "bm25": 0.4}}
    verdict = removal_verdict(removal(shares), "ek-fac")
    assert (verdict.tone, verdict.standing) == ("open", standing)


def test_a_lead_without_a_drop_of_its_own_is_none() -> None:
    """All methods may raise the log-probability; the one that raises it least is not good."""
    shares = {"1%": {"ek-fac": 0.0, "bm25": -0.5}}
    verdict = removal_verdict(removal(shares), "ek-fac")
    assert (verdict.tone, verdict.standing) == ("open", "no drop seen")
    assert verdict.sentence.endswith("Its own drop is not above zero at 1%.")
    both = shares | {"5%": {"ek-fac": 1.0, "bm25": 0.2}}
    assert removal_verdict(removal(both), "ek-fac").standing == "partly ahead"


def test_without_paired_differences_nothing_is_decided() -> None:
    rows = [row("removal", name, DROP, at, 0.1) for name, at in (("ek-fac", 9.0), ("bm25", 0.5))]
    assert removal_verdict(rows, "ek-fac").standing == "not compared"
    rows.append(row("removal", "bm25", (f"{MINUS}{DROP[0]}", "nats"), 8.5))  # without an interval
    assert removal_verdict(rows, "ek-fac").standing == "not separated"


def test_the_ceiling_is_no_rival_and_that_of_single_seeds_is_named() -> None:
    rows = [
        row("lds", name, LDS, at, 0.02)
        for name, at in (("ek-fac", 0.3), ("bm25", 0.1), ("ceiling", 0.74))
    ]
    rows.insert(0, row("lds", "ceiling", LDS, 0.9, 0.02, condition="mean of seeds"))
    rows += apart("lds", LDS, {"bm25": 0.2})
    verdict = lds_verdict(rows, "ek-fac")
    assert verdict.tone == "good"
    assert "0.30 (0.28 to 0.32), where a perfect predictor" in verdict.sentence
    assert "would reach 0.74." in verdict.sentence


def test_differences_of_the_means_of_seeds_are_another_figure() -> None:
    rows = [row("lds", "ek-fac", LDS, 0.3, 0.02), *apart("lds", LDS, {"bm25": 0.2})]
    rows += apart("lds", LDS, {"bm25": -0.6}, condition="mean of seeds")
    assert lds_verdict(rows, "ek-fac").tone == "good"


@pytest.mark.parametrize(("figure", "said"), [(0.05, "holds zero"), (-0.3, "is wholly below zero")])
def test_a_score_that_is_not_above_zero_predicts_nothing(figure: float, said: str) -> None:
    rows = [row("lds", "ek-fac", LDS, figure, 0.06), *apart("lds", LDS, {"bm25": 0.4})]
    verdict = lds_verdict(rows, "ek-fac")
    assert verdict.tone == "bad" and verdict.sentence.endswith(f"its interval {said}.")


def planted(differences: Mapping[str, float], learnt: float | None) -> list[FaithfulnessRow]:
    rows = [row("planted", "ek-fac", about, 0.6, 0.05) for about in (FIRST, RECALL)]
    rows += apart("planted", FIRST, differences)
    if learnt is not None:
        rows.append(row("planted", "retraining", ("share of the nats learnt", "share"), learnt))
    return rows


def test_bm25_does_not_put_a_method_behind_in_planted_facts() -> None:
    verdict = planted_verdict(planted({"bm25": -0.3, "gradient-dot": 0.4}, 0.5), "ek-fac")
    assert verdict.tone == "good"
    assert "is behind BM25 and ahead of gradient product" in verdict.sentence
    assert "BM25 is not counted" in verdict.sentence and "Recall@10 is 0.60" in verdict.sentence
    behind = planted_verdict(planted({"bm25": 0.3, "gradient-dot": -0.4}, 0.5), "ek-fac")
    assert behind.tone == "bad"


@pytest.mark.parametrize(
    ("learnt", "standing"),
    [(0.09, "cannot tell"), (0.1, "ahead of all"), (0.9, "ahead of all"), (0.91, "cannot tell")],
)
def test_facts_that_are_not_learnt_or_fully_learnt_cannot_tell(
    learnt: float, standing: str
) -> None:
    assert planted_verdict(planted({"random": 0.5}, learnt), "ek-fac").standing == standing


def test_how_far_facts_were_learnt_is_said_or_said_to_be_unknown() -> None:
    about = ("nats of the answer", "nats")
    rows = planted({"random": 0.5}, 0.5)
    for figure, condition in ((4.0, "with its document"), (8.0, "without its document")):
        rows.append(row("planted", "retraining", about, figure, condition=condition))
    said = planted_verdict(rows, "ek-fac").sentence
    assert "8.00 nats without its document and 4.00 with it: 50% of the nats are learnt" in said
    assert "not measured" in planted_verdict(planted({"random": 0.5}, None), "ek-fac").sentence


def test_a_runs_own_rankings_have_no_rival() -> None:
    rows = planted({"random": 0.5}, 0.5)
    rows.append(row("planted", "ek-fac", FIRST, 0.5, 0.1, condition="this run"))
    assert planted_verdict(rows, "ek-fac").tone == "good"


@pytest.mark.parametrize(
    ("least", "standing"),
    [(0.9, "stable"), (0.89, "partly stable"), (0.7, "partly stable"), (0.69, "unstable")],
)
def test_stability_is_that_of_the_worst_pair(least: float, standing: str) -> None:
    about = ("Spearman of scores", "Spearman")
    rows = [
        row("stability", "ek-fac", about, 0.99, condition="damping"),
        row("stability", "ek-fac", about, least, condition="rank"),
        row("stability", "ek-fac", about, 0.1, condition="rank", query_id=3),
    ]
    assert stability_verdict(rows, "ek-fac").standing == standing


def cut(suite: str, change: float, predicted: float | None, half: float) -> list[FaithfulnessRow]:
    """A suite at −4 nats, and so much less after the cut; accuracy falls by a tenth."""
    about = ("log-probability", "nats per item")
    more: dict[str, Any] = {"suite": suite, "condition": "exploration cut"}
    uncut: dict[str, Any] = {"suite": suite, "condition": "nothing cut"}
    rows = [
        row("behaviour_cut", "ek-fac", about, -4, half, **uncut),
        row("behaviour_cut", "ek-fac", about, -4 + change, half, **more),
        row("behaviour_cut", "ek-fac", ("accuracy", "share"), 0.8, **uncut),
        row("behaviour_cut", "ek-fac", ("accuracy", "share"), 0.7, **more),
    ]
    if predicted is not None:
        about = ("predicted change", "nats per item")
        rows.append(row("behaviour_cut", "ek-fac", about, predicted, half, **more))
    return rows


def test_an_effect_is_the_change_against_nothing_cut() -> None:
    (effect,) = effects(cut("math", -0.5, -0.2, 0.1), "ek-fac")
    assert effect.real == pytest.approx(-0.5) and effect.predicted == -0.2
    assert effect.accuracy == pytest.approx(-0.1) and effect.separated and effect.agrees
    (small,) = effects(cut("math", -0.15, 0.2, 0.1), "ek-fac")
    assert not small.separated and not small.agrees


def test_a_prediction_of_another_method_is_not_taken() -> None:
    rows = [
        replace(each, method="bm25") if each.quantity == "predicted change" else each
        for each in cut("math", -0.5, -0.2, 0.1)
    ]
    assert effects(rows, "ek-fac")[0].predicted is None
    assert behaviour_verdict(rows, "ek-fac").tone == "open"


@pytest.mark.parametrize(
    ("parts", "standing"),
    [
        ([("a", -1, -0.3), ("b", 1, 0.3), ("c", -1, -0.4)], "as predicted"),
        ([("a", -1, -0.3), ("b", 1, -0.3), ("c", -1, -0.4)], "partly"),
        ([("a", -1, 0.3), ("b", 1, -0.3), ("c", -1, 0.4)], "not as predicted"),
        ([("a", -1, -0.3), ("b", 1, 0.3), ("c", -0.01, -0.4)], "cannot tell"),  # c: no change
        ([("a", -1, -0.3), ("b", 1, 0.3), ("c", -1, -0.05)], "cannot tell"),  # c: not foretold
        ([("a", -1, -0.3)], "cannot tell"),
    ],
)
def test_behaviour_counts_only_changes_beyond_the_intervals(
    parts: list[tuple[str, float, float]], standing: str
) -> None:
    rows = [each for part in parts for each in cut(*part, half=0.1)]
    assert behaviour_verdict(rows, "ek-fac").standing == standing


def test_the_order_of_methods_over_seeds() -> None:
    rows = removal({"5%": {"ek-fac": 1.0, "bm25": 0.5, "random": 0.1}})
    for seed, figures in enumerate([(0.9, 0.5, 0.1), (1.1, 0.2, 0.3), (0.4, 0.6, 0.0)]):
        for method, figure in zip(("ek-fac", "bm25", "random"), figures, strict=True):
            rows.append(row("removal", method, DROP, figure, condition="5%", seed=seed))
    (found,) = seed_rankings(rows, DROP[0], "ek-fac")
    assert (found.n_seeds, found.first, found.same_order) == (3, 2, 1)
    assert found.orders[2] == (2, ("bm25", "ek-fac", "random"))
    # Only EK-FAC before random in every seed; two seeds share two, two and one of three pairs.
    assert (found.kept, found.pairs) == (1, 3)
    assert found.tau == pytest.approx((1 / 3 + 1 / 3 - 1 / 3) / 3)


def test_the_datamodelling_score_has_an_order_by_seed_too() -> None:
    rows = [row("lds", "ek-fac", LDS, 0.3), row("lds", "bm25", LDS, 0.1)]
    rows += [row("lds", "ceiling", LDS, 0.9), *apart("lds", LDS, {"bm25": 0.2})]
    for seed in (0, 1):
        rows += [row("lds", "ek-fac", LDS, 0.3, seed=seed), row("lds", "bm25", LDS, 0.1, seed=seed)]
    (found,) = seed_rankings(rows, LDS[0], "ek-fac")
    assert (found.experiment, found.first, found.same_order) == ("lds", 2, 2)
    assert (found.kept, found.pairs, found.tau) == (1, 1, 1.0)


def test_what_was_not_tested_says_so() -> None:
    found = verdicts(removal({"1%": {"bm25": 1.0, "random": 0.0}}), "ek-fac")
    assert tuple(found) == EXPERIMENTS
    assert found["lds"].standing == "not tested"
    assert found["removal"].standing == "not of this method"
    assert {each.tone for each in found.values()} == {"untested"}
