"""The claims about groups come out as planted: replicates, does not, cannot tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attribution_engine.findings.claims import Claim
from attribution_engine.findings.document_groups import grouped_documents
from attribution_engine.findings.group_cells import cells_of
from attribution_engine.findings.group_claims import CLAIMS, contrasts, group_claims
from attribution_engine.findings.group_means import Draws
from attribution_engine.findings.group_rows import GroupMeasures
from attribution_engine.findings.run_scores import RunScores
from attribution_engine.findings.suite_domains import suite_domains
from tests.findings.planted_groups import grouping, planted, query


def claims_of(scores: RunScores) -> dict[str, Claim]:
    cells = cells_of(scores.groupings, scores.n_documents)
    measures = GroupMeasures(
        scores,
        grouped_documents(scores.groupings, scores.n_tokens),
        cells,
        Draws.of(scores.n_documents, None, 200, 300, 0),
        suite_domains(scores.queries),
        50,
    )
    assert list(measures.rows()) or not scores.groupings
    found = contrasts(measures.about, cells)
    return {one.claim: one for one in group_claims(scores, found, measures.about, cells)}


# Claim, on which suites, and what is planted for it to replicate; the reverse speaks against it.
PLANTED = {
    "In-domain documents lead on math suites": ("math", {("math", "", ""): 0.5}),
    "In-domain documents lead on code suites": ("code", {("code", "", ""): 0.5}),
    "Math documents help code suites": ("code", {("math", "", ""): 0.5}),
    "Code documents help math suites": ("math", {("code", "", ""): 0.5}),
    "Symbolic or formal math helps code more than word problems do": (
        "code", {("math", "", "algebra"): 0.5},
    ),
    "Hard math helps code more than easy math": ("code", {("math", "hard", ""): 0.5}),
    "Hard math helps math more than easy math": ("math", {("math", "hard", ""): 0.5}),
    "Easy code helps code most": ("code", {("code", "easy", ""): 0.8}),
}  # fmt: skip


def test_every_claim_is_planted() -> None:
    assert set(PLANTED) == {asked.claim for asked in CLAIMS}


@pytest.mark.parametrize("claim", PLANTED)
def test_all_standings(claim: str) -> None:
    suites, shifts = PLANTED[claim]
    for sign, standing in ((1, "replicates"), (-1, "does not")):
        scores = planted(**{suites: {group: sign * shift for group, shift in shifts.items()}})
        found = claims_of(scores)[claim]
        assert found.standing == standing, found.sentence
        assert found.n_queries == 6 and found.n_documents >= 200
    noise = claims_of(planted(seed=3))[claim]
    assert noise.standing in ("cannot tell", "does not") and "None" not in noise.sentence


def test_noise_replicates_nothing_more_often_than_its_level_says() -> None:
    standings = [
        one.standing for seed in range(8) for one in claims_of(planted(seed=seed)).values()
    ]
    assert standings.count("replicates") <= 6  # 2.5% of 64 at each end, and some room


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"groupings": {}}, "set `domain` in [corpus]"),
        ({"method": "bm25", "signed": False}, "have no sign"),
        (
            {"queries": tuple(query(i, "facts", "factual") for i in range(12))},
            "No suite of this run",
        ),
    ],
    ids=["no groups", "no sign", "only facts"],
)
def test_what_is_missing_is_said(change, words: str) -> None:
    for claim in claims_of(replace(planted(), **change)).values():
        assert claim.standing == "cannot tell" and words in claim.sentence


def test_missing_levels_and_categories_are_said() -> None:
    scores = planted()
    only = {"domain": scores.groupings["domain"]}
    found = claims_of(replace(scores, groupings=only))
    assert "`difficulty` in [corpus]" in found["Easy code helps code most"].sentence
    assert "`difficulty` in [corpus]" in found["Hard math helps code more than easy math"].sentence
    symbolic = found["Symbolic or formal math helps code more than word problems do"]
    assert symbolic.standing == "cannot tell" and "`category`" in symbolic.sentence
    unordered = grouping(["red" if i % 2 else "blue" for i in range(1_200)])
    found = claims_of(replace(scores, groupings={**only, "difficulty": unordered}))
    assert found["Hard math helps math more than easy math"].standing == "cannot tell"
    general = {"domain": grouping(["general"] * 1_200)}
    for claim in claims_of(replace(scores, groupings=general)).values():
        assert claim.standing == "cannot tell" and "documents state the domain" in claim.sentence


def test_set_queries_count_only_where_there_is_nothing_else() -> None:
    scores = planted(math={("math", "", ""): 0.5})
    queries = list(scores.queries)
    queries[5] = replace(queries[5], suite="gsm8k_set", is_set=True)
    found = claims_of(replace(scores, queries=tuple(queries)))
    assert found["In-domain documents lead on math suites"].n_queries == 5
    sets = [replace(one, is_set=True) for one in queries]
    found = claims_of(replace(scores, queries=tuple(sets)))
    assert found["In-domain documents lead on math suites"].n_queries == 6
