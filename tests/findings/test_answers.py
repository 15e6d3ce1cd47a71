"""Shares of queries that are found, against scipy, and each standing of the claims by planting."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from attribution_engine.findings.answer_claims import answer_claims, claim_k
from attribution_engine.findings.answers import (
    Found,
    FoundOf,
    chance,
    estimated,
    fisher,
    ranks_of,
    share_found,
    share_in_corpus,
    tails_of_chance,
)
from attribution_engine.findings.claims import Claim

N, TOP = 100_000, 500


def query(
    query_id: int,
    kind: str = "factual",
    rank: int | None = None,
    elsewhere: int = 0,
    correct: bool | None = True,
    steps: int = 0,
) -> FoundOf:
    """A query all parts of which are found at `rank`, and in some documents elsewhere."""
    parts = [
        Found("answer" if not number else f"step {number}", rank, int(rank is not None), elsewhere)
        for number in range(steps + 1)
    ]
    return FoundOf(query_id, kind, correct, parts[0], tuple(parts[1:]), kind)


def claims_of(factual: list[FoundOf], reasoning: list[FoundOf]) -> list[Claim]:
    return answer_claims([*factual, *reasoning], N, TOP)


@pytest.mark.parametrize("k", [1, 2, 40, 99, 100])
@pytest.mark.parametrize("n_holding", [0, 1, 3, 60, 100])
def test_chance_is_hypergeometric(k: int, n_holding: int) -> None:
    assert chance(n_holding, 100, k) == pytest.approx(
        1 - stats.hypergeom.pmf(0, 100, n_holding, k), abs=1e-12
    )


def test_chance_is_what_random_documents_give() -> None:
    random = np.random.default_rng(0)
    hits = [(random.permutation(1000)[:50] < 30).any() for _ in range(4000)]
    assert np.mean(hits) == pytest.approx(chance(30, 1000, 50), abs=0.02)
    assert chance(3, 5_000_000, 500) == pytest.approx(0.0003, rel=1e-2)


@pytest.mark.parametrize(
    ("a", "n_a", "b", "n_b"),
    [(11, 20, 2, 27), (0, 5, 0, 7), (5, 5, 0, 7), (3, 9, 4, 8), (1, 3, 9, 9)],
)
def test_fisher_is_that_of_scipy(a: int, n_a: int, b: int, n_b: int) -> None:
    expected = stats.fisher_exact([[a, n_a - a], [b, n_b - b]]).pvalue
    assert fisher(a, n_a, b, n_b) == pytest.approx(expected, rel=1e-9)


def test_equal_chances_are_binomial() -> None:
    more, fewer = tails_of_chance(4, [0.2] * 11)
    assert more == pytest.approx(stats.binom.sf(3, 11, 0.2))
    assert fewer == pytest.approx(stats.binom.cdf(4, 11, 0.2))


def test_reasoning_counts_by_all_steps_and_facts_by_their_answer() -> None:
    steps = (Found("step 1", 3, 2, 1), Found("step 2", 40, 1, 0))
    reasoning = FoundOf(0, "reasoning", True, Found("answer", None, 0, 9), steps)
    assert reasoning.counts_by == "steps"
    assert [reasoning.is_found("steps", k) for k in (39, 40)] == [False, True]
    assert not reasoning.is_found("answer", 500) and reasoning.is_in_corpus("answer")
    assert reasoning.by_chance("steps", 10, 100) == pytest.approx(
        chance(3, 100, 10) * chance(1, 100, 10)
    )
    factual = FoundOf(1, "factual", True, Found("answer", 7, 1, 0), steps)
    assert factual.counts_by == "answer"
    nothing = FoundOf(2, "reasoning", True, None, ())
    assert nothing.counts_by is None
    share = share_found([reasoning, factual, nothing], None, 40, 1000)
    assert (share.n_found, share.n) == (2, 2)
    assert share_in_corpus([reasoning, factual, nothing], "answer").n == 2
    assert share_found([nothing], None, 40, 1000).figure is None


def test_unread_candidates_count_in_proportion() -> None:
    assert (estimated(3, 100, 1000), estimated(3, 50, 50), estimated(0, 0, 0)) == (30, 3, 0)
    assert ranks_of(500) == [1, 2, 5, 10, 20, 50, 100, 200, 500] and ranks_of(1) == [1]
    assert claim_k(500, 10_000) == 100 and claim_k(500, 10**6) == 500 and claim_k(12, 12) == 1


def test_facts_in_the_top_and_steps_elsewhere_replicate() -> None:
    found = claims_of(
        [query(i, rank=i + 1) for i in range(15)] + [query(15)],
        [query(20 + i, "reasoning", elsewhere=20, steps=2) for i in range(20)],
    )
    assert [one.standing for one in found] == ["replicates"] * 3
    assert "15 of 16 factual queries" in found[0].sentence
    assert "0 of 20 reasoning queries" in found[0].sentence
    assert found[0].n_queries == 36 and found[0].n_documents == N
    assert "top 500 of 100\u202f000 documents" in found[0].sentence


def test_the_other_way_round_does_not() -> None:
    found = claims_of(
        # Facts that a tenth of all documents says, but none of the top 500.
        [query(i, elsewhere=N // 10) for i in range(16)],
        [query(20 + i, "reasoning", rank=2, steps=2) for i in range(20)],
    )
    assert [one.standing for one in found] == ["cannot tell", "does not", "does not"]
    assert "too often to tell" in found[0].sentence
    assert "Of the 20 whose steps are in the corpus the top has those of 20" in found[1].sentence
    found = claims_of(
        [query(i, elsewhere=1) for i in range(16)],
        [query(20 + i, "reasoning", rank=2, steps=2) for i in range(20)],
    )
    assert found[0].standing == "does not" and found[2].standing == "cannot tell"


def test_absent_steps_do_not_replicate() -> None:
    found = claims_of([], [query(i, "reasoning", steps=2) for i in range(20)])
    assert [one.standing for one in found] == ["cannot tell", "does not", "cannot tell"]


@pytest.mark.parametrize(
    ("in_top", "elsewhere", "standing"),
    [(30, 24, "cannot tell"), (45, 9, "does not"), (6, 48, "replicates"), (0, 3, "does not")],
)
def test_answers_that_the_top_has_are_not_missing_from_it(
    in_top: int, elsewhere: int, standing: str
) -> None:
    """What is in the top is in the corpus too: that the corpus has more is no finding."""
    found = claims_of([], [
        *(query(i, "reasoning", rank=2, steps=2) for i in range(in_top)),
        *(query(100 + i, "reasoning", elsewhere=9, steps=2) for i in range(elsewhere)),
        *(query(200 + i, "reasoning", steps=2) for i in range(56 - in_top - elsewhere)),
    ])  # fmt: skip
    assert found[1].standing == standing, found[1].sentence


def test_the_papers_own_counts_replicate_by_the_rules() -> None:
    # 55 % of 20 factual, 2 of 27 reasoning queries; steps elsewhere for 13 of 20.
    found = answer_claims(
        [
            *(query(i, rank=3 if i < 11 else None, elsewhere=5) for i in range(20)),
            *(query(30 + i, "reasoning", 9 if i < 2 else None, 5 * (i < 18), steps=2)
              for i in range(27)),
        ],
        5_000_000,
        500,
    )  # fmt: skip
    assert [one.standing for one in found] == ["replicates"] * 3


def test_wrong_completions_do_not_count_and_few_queries_say_nothing() -> None:
    found = claims_of(
        [query(i, rank=1, correct=False) for i in range(30)] + [query(30, rank=1)],
        [query(40 + i, "reasoning", elsewhere=3, correct=None) for i in range(4)],
    )
    assert {one.standing for one in found} == {"cannot tell"}
    assert "There is 1 factual query with a known answer" in found[0].sentence
    assert "There are 4 reasoning queries" in found[0].sentence
    assert "There are 4 reasoning queries" in found[1].sentence
    assert all("`reference` or `keywords`" in one.sentence for one in found)


def test_a_small_corpus_is_searched_less_deep() -> None:
    # Found at rank 200 of 10,000 documents: that is not among the top 1 %.
    deep = [query(i, rank=200) for i in range(20)]
    reasoning = [query(30 + i, "reasoning", elsewhere=2, steps=1) for i in range(20)]
    (first, *_) = answer_claims([*deep, *reasoning], 10_000, 500)
    assert "0 of 20 factual" in first.sentence and "top 100 of 10\u202f000" in first.sentence
    assert first.standing == "cannot tell"


@pytest.mark.parametrize("queries", [[], [FoundOf(0, "factual", None, None, ())]])
def test_nothing_to_look_for(queries: list[FoundOf]) -> None:
    assert [one.standing for one in answer_claims(queries, 10, 10)] == ["cannot tell"] * 3
