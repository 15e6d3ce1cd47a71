"""Verdicts on a method follow from where intervals lie, and say so when it loses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from attribution_engine.findings.behaviour_cut import effects
from attribution_engine.findings.faithfulness import EXPERIMENTS, FaithfulnessRow
from attribution_engine.findings.verdicts import (
    against,
    behaviour_verdict,
    lds_verdict,
    planted_verdict,
    removal_verdict,
    seed_rankings,
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


def removal(
    by_share: Mapping[str, Mapping[str, float]], half: float = 0.1
) -> list[FaithfulnessRow]:
    return [
        row("removal", method, DROP, figure, half, condition=share)
        for share, figures in by_share.items()
        for method, figure in figures.items()
    ]


def test_intervals_that_touch_are_not_separated() -> None:
    rows = [row("lds", name, LDS, at, 0.1) for name, at in (("a", 0.5), ("b", 0.3), ("c", 0.29))]
    found = against(rows, "a")
    assert found.overlaps == ["b"] and found.above == ["c"] and found.below == []
    assert against(rows, "c").below == ["a"]


def test_a_figure_without_an_interval_decides_nothing() -> None:
    rows = [row("lds", "a", LDS, 0.9), row("lds", "b", LDS, 0.1, 0.01)]
    assert against(rows, "a").overlaps == ["b"]


def test_removal_ahead_everywhere() -> None:
    figures = {"ek-fac": 1.0, "bm25": 0.5, "random": 0.0}
    verdict = removal_verdict(removal({"10%": figures, "5%": figures}), "ek-fac")
    assert verdict.tone == "good"
    assert verdict.sentence == "EK-FAC's interval lies above every other method's at 5% and 10%."


def test_removal_behind_at_one_share_is_said() -> None:
    shares = {
        "1%": {"ek-fac": 0.2, "bm25": 0.9, "random": 0.15},
        "10%": {"ek-fac": 2.0, "bm25": 1.0},
    }
    verdict = removal_verdict(removal(shares), "ek-fac")
    assert verdict.tone == "bad" and verdict.standing == "behind another"
    assert "lies below that of BM25 and overlaps that of random at 1%" in verdict.sentence
    assert "above every other method's at 10%" in verdict.sentence


@pytest.mark.parametrize(("at_ten", "standing"), [(0.45, "not separated"), (0.9, "partly ahead")])
def test_removal_that_overlaps_somewhere_is_open(at_ten: float, standing: str) -> None:
    shares = {"1%": {"ek-fac": 0.4, "bm25": 0.4}, "10%": {"ek-fac": at_ten, "bm25": 0.4}}
    verdict = removal_verdict(removal(shares), "ek-fac")
    assert (verdict.tone, verdict.standing) == ("open", standing)


def test_the_ceiling_is_no_rival() -> None:
    rows = [
        row("lds", name, LDS, at, 0.02)
        for name, at in (("ek-fac", 0.3), ("bm25", 0.1), ("ceiling", 0.6))
    ]
    verdict = lds_verdict(rows, "ek-fac")
    assert verdict.tone == "good"
    assert "0.30 (0.28 to 0.32) where the same subsets with other seeds reach 0.60" in (
        verdict.sentence
    )


def test_the_means_of_seeds_are_another_figure() -> None:
    rows = [row("lds", "ek-fac", LDS, 0.3, 0.02), row("lds", "bm25", LDS, 0.1, 0.02)]
    rows.append(row("lds", "bm25", LDS, 0.6, 0.02, condition="mean of seeds"))
    assert lds_verdict(rows, "ek-fac").tone == "good"


def test_a_score_whose_interval_holds_zero_predicts_nothing() -> None:
    rows = [row("lds", "ek-fac", LDS, 0.05, 0.06), row("lds", "bm25", LDS, -0.4, 0.01)]
    verdict = lds_verdict(rows, "ek-fac")
    assert verdict.tone == "bad" and "holds zero" in verdict.sentence


def test_planted_facts_below_bm25() -> None:
    first, recall = ("mean reciprocal rank", "share"), ("recall@10", "share")
    rows = [
        row("planted", name, quantity, at, 0.05)
        for name, at in (("ek-fac", 0.6), ("bm25", 0.9))
        for quantity in (first, recall)
    ]
    verdict = planted_verdict(rows, "ek-fac")
    assert verdict.tone == "bad"
    assert "lies below that of BM25" in verdict.sentence and "Recall@10 is 0.60" in verdict.sentence


def test_a_runs_own_rankings_have_no_rival() -> None:
    first = ("mean reciprocal rank", "share")
    rows = [row("planted", name, first, at, 0.05) for name, at in (("ek-fac", 0.9), ("bm25", 0.6))]
    rows.append(row("planted", "ek-fac", first, 0.5, 0.1, condition="this run"))
    verdict = planted_verdict(rows, "ek-fac")
    assert verdict.tone == "good" and "alone" not in verdict.sentence


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
        rows.append(row("behaviour_cut", "ek-fac", about, predicted, **more))
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
        ([("a", -1, -0.1), ("b", 1, 0.3)], "as predicted"),
        ([("a", -1, -0.1), ("b", 1, -0.3)], "partly"),
        ([("a", -1, 0.1)], "not as predicted"),
        ([("a", -0.01, 0.1)], "no change seen"),
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
    (found,) = seed_rankings(rows, "ek-fac")
    assert (found.n_seeds, found.first, found.same_order) == (3, 2, 1)


def test_what_was_not_tested_says_so() -> None:
    found = verdicts(removal({"1%": {"bm25": 1.0, "random": 0.0}}), "ek-fac")
    assert tuple(found) == EXPERIMENTS
    assert found["lds"].standing == "not tested"
    assert found["removal"].standing == "not of this method"
    assert {each.tone for each in found.values()} == {"untested"}
