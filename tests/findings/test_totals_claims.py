"""Every claim of the totals comes out each way on planted queries, by its written rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attribution_engine.findings.claims import Claim
from attribution_engine.findings.totals import QueryTotals
from attribution_engine.findings.totals_claims import Behind, number, totals_claims

LARGER, NEGATIVE, STEADIER, COVERS, DENSER, LAW, CORRECT, WRONG = range(8)


def planted(
    seed: int = 0, n: int = 20, **of_kind: dict[str, tuple[float, float]]
) -> list[QueryTotals]:
    """Queries whose figures scatter about planted means: quantity -> (mean, deviation) by kind."""
    random = np.random.default_rng(seed)
    queries = []
    for kind in ("factual", "reasoning"):
        plan = {"per_nat": (5.0, 1.0), "top_1": (0.08, 0.01), "slope": (-0.35, 0.03),
                "ks_p": (0.5, 0.0), **of_kind.get(kind, {})}  # fmt: skip
        for at in range(n):
            drawn = {name: random.normal(*law) for name, law in plan.items()}
            for side in ("helpful", "harmful"):
                queries.append(
                    QueryTotals(
                        len(queries), side, kind, kind, ("correct", "wrong")[at % 2], 2.0,
                        {1.0: drawn["per_nat"] / 5, 100.0: 2 * drawn["per_nat"]},
                        {1.0: drawn["top_1"], 100.0: 1.0},
                        drawn["slope"], 2.8, drawn["ks_p"],
                    )
                )  # fmt: skip
    return queries


def judged(queries: list[QueryTotals], **run: object) -> list[Claim]:
    return list(totals_claims(queries, Behind(1000, **{"draws": 500, **run})))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("which", "factual", "reasoning", "standing"),
    [
        (LARGER, {"per_nat": (9, 1)}, {"per_nat": (4, 1)}, "replicates"),
        (LARGER, {"per_nat": (4, 1)}, {"per_nat": (9, 1)}, "does not"),
        (LARGER, {"per_nat": (9, 1)}, {"per_nat": (9, 1)}, "cannot tell"),
        (NEGATIVE, {"per_nat": (9, 1)}, {"per_nat": (4, 1)}, "replicates"),
        (NEGATIVE, {"per_nat": (4, 1)}, {"per_nat": (9, 1)}, "does not"),
        (STEADIER, {"per_nat": (20, 4)}, {"per_nat": (20, 1)}, "replicates"),
        (STEADIER, {"per_nat": (20, 1)}, {"per_nat": (20, 4)}, "does not"),
        (STEADIER, {"per_nat": (20, 2)}, {"per_nat": (20, 2)}, "cannot tell"),
        (STEADIER, {"per_nat": (20, 2)}, {"per_nat": (20, 0)}, "cannot tell"),
        (COVERS, {"top_1": (0.072, 0.01)}, {"top_1": (0.10, 0.01)}, "replicates"),
        (COVERS, {"top_1": (0.072, 0.01)}, {"top_1": (0.45, 0.01)}, "does not"),
        (COVERS, {"top_1": (0.012, 0.001)}, {"top_1": (0.012, 0.001)}, "does not"),
        (COVERS, {"top_1": (0.072, 0.01)}, {"top_1": (0.2, 0.05)}, "cannot tell"),
        (DENSER, {"top_1": (0.072, 0.01)}, {"top_1": (0.10, 0.01)}, "replicates"),
        (DENSER, {"top_1": (0.10, 0.01)}, {"top_1": (0.072, 0.01)}, "does not"),
        (DENSER, {"top_1": (0.067, 0.01)}, {"top_1": (0.067, 0.01)}, "cannot tell"),
        (LAW, {"ks_p": (0.5, 0)}, {"ks_p": (0.06, 0)}, "replicates"),
        (LAW, {"ks_p": (0.001, 0)}, {"ks_p": (0.04, 0)}, "does not"),
        (LAW, {"ks_p": (0.001, 0)}, {"ks_p": (0.5, 0)}, "cannot tell"),
        (CORRECT, {"slope": (-0.30, 0.03)}, {"slope": (-0.40, 0.03)}, "replicates"),
        (CORRECT, {"slope": (-0.40, 0.03)}, {"slope": (-0.30, 0.03)}, "does not"),
        (CORRECT, {"slope": (-0.35, 0.001)}, {"slope": (-0.33, 0.1)}, "cannot tell"),
        (WRONG, {"slope": (-0.30, 0.03)}, {"slope": (-0.40, 0.03)}, "replicates"),
        (WRONG, {"slope": (-0.40, 0.03)}, {"slope": (-0.30, 0.03)}, "does not"),
        (WRONG, {"slope": (-0.35, 0.0)}, {"slope": (-0.35, 0.0)}, "cannot tell"),
    ],
)
def test_what_was_planted_is_what_the_claim_says(
    which: int,
    factual: dict[str, tuple[float, float]],
    reasoning: dict[str, tuple[float, float]],
    standing: str,
) -> None:
    claim = judged(planted(factual=factual, reasoning=reasoning))[which]
    assert claim.standing == standing, claim.sentence
    assert claim.finding == "totals" and claim.n_documents == 1000
    assert claim.n_queries == (20 if which in (CORRECT, WRONG) else 40)
    assert claim.sentence.endswith(".") and claim.rule.endswith(".")


def test_a_law_that_fails_over_a_large_part_of_the_corpus_may_hold_in_the_tail() -> None:
    poor = planted(factual={"ks_p": (0.001, 0)}, reasoning={"ks_p": (0.001, 0)})
    assert judged(poor, tail=10)[LAW].standing == "does not"
    claim = judged(poor, tail=11)[LAW]
    assert claim.standing == "cannot tell" and "1\u202f100 documents would tell" in claim.sentence
    assert judged(planted(), tail=500)[LAW].standing == "replicates"


def test_spreads_of_a_few_long_tailed_queries_are_seldom_told_apart() -> None:
    random = np.random.default_rng(4)
    told = 0
    for _ in range(60):
        queries = [
            replace(one, totals={1.0: 0.1, 100.0: float(random.lognormal(0, 1))})
            for one in planted(n=12)
        ]
        told += judged(queries, draws=200)[STEADIER].standing != "cannot tell"
    assert told <= 7  # by the bootstrap alone it was every fourth


def test_the_sentence_has_the_figures_of_its_rule() -> None:
    queries = planted(factual={"per_nat": (9, 1)}, reasoning={"per_nat": (4, 1)})
    claim = judged(queries)[LARGER]
    per_nat = {
        kind: [
            one.totals[100.0] / 2 for one in queries if (one.kind, one.side) == (kind, "helpful")
        ]
        for kind in ("factual", "reasoning")
    }
    means = {kind: number(float(np.mean(values))) for kind, values in per_nat.items()}
    assert f"{means['factual']} nats per nat over 20 factual" in claim.sentence
    assert f"{means['reasoning']} over 20 reasoning" in claim.sentence


def test_too_few_queries_of_a_kind_cannot_tell_and_say_what_would_supply_them() -> None:
    queries = [one for one in planted() if one.kind == "reasoning" or one.query_id < 8]
    claims = judged(queries)
    for which in (LARGER, NEGATIVE, STEADIER, COVERS, DENSER):
        assert claims[which].standing == "cannot tell"
        assert "There are 4 factual queries to go by, 5 are needed" in claims[which].sentence
    assert "There are 2 correct factual queries with a slope; 3 are" in claims[CORRECT].sentence
    none = judged([one for one in planted() if one.kind == "reasoning"])
    assert "There are no factual queries" in none[LARGER].sentence
    assert judged([])[LAW].standing == "cannot tell"


def test_scores_without_nats_or_sign_cannot_tell() -> None:
    lacking = judged(planted(), lacks="No nats. This would supply it.")
    assert [one.standing for one in lacking[:3]] == ["cannot tell"] * 3
    assert lacking[LARGER].sentence == "No nats. This would supply it."
    assert lacking[COVERS].standing == "replicates"
    unsigned = judged(planted(), unsigned="No sign. This would supply it.")
    assert {one.standing for one in unsigned} == {"cannot tell"}
    assert {one.sentence for one in unsigned} == {"No sign. This would supply it."}


def test_sets_of_queries_are_left_out() -> None:
    queries = planted()
    odd = [replace(one, query_id=900, is_set=True, totals={100.0: 1e9}) for one in queries]
    assert judged([*queries, *odd]) == judged(queries)


def test_numbers_have_three_digits_and_no_exponent() -> None:
    assert [number(one) for one in (0.04012, 3.9712, 1_782_000.0, -1234.0, float("inf"))] == [
        "0.0401", "3.97", "1\u202f780\u202f000", "−1\u202f230", "unbounded",
    ]  # fmt: skip
