"""Shares of relations and the claim of Procedural's finding 4."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attribution_engine.findings.relations import (
    RelationsOf,
    by_chance,
    procedure_claim,
    suite_shares,
    top_of,
)

ONE = RelationsOf(0, "slopes", "reasoning", None, "(1 - 2) / 3", {"formula": 1}, {}, 1, 0)
NONE = replace(ONE, top={}, n_stating=0)


def standing(found: list[RelationsOf]) -> str:
    return procedure_claim(found, 100, 500, 10_000).standing


def test_most_queries_replicate_and_few_do_not() -> None:
    assert standing([ONE] * 16 + [NONE] * 4) == "replicates"
    assert standing([ONE] * 2 + [NONE] * 18) == "does not"
    assert standing([ONE] * 6 + [NONE] * 5) == "cannot tell"


def test_what_random_documents_say_as_well_tells_nothing() -> None:
    often = [replace(one, n_stating_random=50) for one in [ONE] * 16 + [NONE] * 4]
    claim = procedure_claim(often, 100, 500, 10_000)
    assert claim.standing == "cannot tell" and "too often to tell" in claim.sentence


@pytest.mark.parametrize(
    "other", [{"kind": "factual"}, {"correct": False}, {"procedure": ""}], ids=str
)
def test_only_reasoning_that_is_not_wrong_and_known_counts(other: dict[str, object]) -> None:
    found = [ONE] * 4 + [replace(ONE, **other)] * 30  # type: ignore[arg-type]
    claim = procedure_claim(found, 100, 500, 10_000)
    assert claim.standing == "cannot tell" and claim.n_queries == 4
    assert "are needed" in claim.sentence


def test_chance_is_that_of_a_simulation() -> None:
    draws = np.random.default_rng(0).random((20_000, 30)) < 0.02
    assert by_chance(10, 500, 30) == pytest.approx(draws.any(axis=1).mean(), abs=0.01)


def test_shares_are_means_over_the_queries_of_a_suite() -> None:
    found = [
        replace(ONE, top={"code": 10}, random={"code": 5}),
        replace(ONE, top={"code": 30}, procedure=""),
        replace(ONE, suite="facts"),
    ]
    shares = {(one.suite, one.relation): one for one in suite_shares(found, ["code"], 100, 500)}
    slopes = shares["slopes", "code"]
    assert (slopes.n_queries, slopes.n_known) == (2, 1)
    assert slopes.share == pytest.approx(0.2) and slopes.share_random == pytest.approx(0.005)
    assert slopes.low is not None and slopes.high is not None
    assert 0.1 <= slopes.low <= 0.2 <= slopes.high <= 0.3
    assert shares["facts", "code"].low is None


@pytest.mark.parametrize(("n", "k"), [(1, 1), (99, 1), (3_200, 32), (10_000, 100), (10**6, 100)])
def test_the_top_is_a_hundredth_of_the_corpus_at_most(n: int, k: int) -> None:
    assert top_of(n) == k
