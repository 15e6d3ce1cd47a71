"""Multipliers of sources against plain counting, and planted ones recovered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from attribution_engine.findings.query_roles import roles
from attribution_engine.findings.run_scores import Grouping
from attribution_engine.findings.source_ks import claim_k, ks_of
from attribution_engine.findings.source_multipliers import (
    EndCounter,
    GroupCounts,
    group_counts,
    multipliers,
    query_groups,
)
from attribution_engine.findings.wilson import wilson_arrays
from tests.finding_stages.filled import asked, scores

QUERIES = asked(
    [("reasoning", "slopes", 4), ("factual", "facts", 3), ("control", "factual_control", 2),
     ("control", "reasoning_control", 1)]
)  # fmt: skip
SOURCES = ["web"] * 600 + ["wiki"] * 250 + ["code"] * 150 + [None] * 100


def planted(times: float = 4.0, seed: int = 0, n_queries: int = 10) -> np.ndarray:
    """Scores whose tails draw on code `times` as often as the corpus has it."""
    random = np.random.default_rng(seed)
    n = len(SOURCES)
    is_code = np.array([one == "code" for one in SOURCES])
    share = is_code.mean()
    rows = []
    for _ in range(n_queries):
        # Each place of the ranking takes code with `times` its share, until code runs out.
        code = list(random.permutation(np.flatnonzero(is_code)))
        rest = list(random.permutation(np.flatnonzero(~is_code)))
        order = []
        for place in range(n):
            wants = random.random() < times * share if place < 100 else not rest
            pool = code if (wants and code) or not rest else rest
            order.append(pool.pop())
        row = np.empty(n)
        row[order] = np.sort(random.standard_normal(n))[::-1]
        rows.append(row)
    return np.array(rows, np.float32)


def all_counts(influence: np.ndarray, ks: tuple[int, ...]) -> dict[Any, GroupCounts]:
    given = scores(influence, QUERIES, SOURCES)
    groups = query_groups(QUERIES, roles(QUERIES))
    found = group_counts(given.influence, given.groupings["source"], groups, ks)
    return {one.group.kind or f"suite {one.group.suite}": one for one in found}


def test_ks_are_log_spaced() -> None:
    assert ks_of(10_000) == (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
    assert ks_of(5_000_000)[-1] == 5_000_000 and 500_000 in ks_of(5_000_000)
    assert ks_of(12) == (1, 2, 5, 10)
    assert ks_of(1) == (1,)
    assert claim_k(ks_of(5_000_000), 5_000_000) == 500
    assert claim_k(ks_of(3200), 3200) == 100
    assert claim_k(ks_of(12), 12) == 1


def test_counts_are_those_of_plain_counting() -> None:
    influence = np.round(planted(), 2)  # with ties
    ks = ks_of(len(SOURCES))
    found = all_counts(influence, ks)
    assert list(found) == [
        "suite slopes", "suite facts", "suite factual_control", "suite reasoning_control",
        "reasoning", "factual", "control", "factual control", "reasoning control",
    ]  # fmt: skip
    names = ("web", "wiki", "code")
    for group in found.values():
        for at, query in enumerate(group.query_ids):
            order = np.argsort(-influence[query], kind="stable")
            for place, k in enumerate(ks):
                for side, part in enumerate((order[:k], order[-k:])):
                    counted = [sum(SOURCES[one] == name for one in part) for name in names]
                    assert group.counts[at, side, place].tolist() == counted
    for place, k in enumerate(ks):
        ends = [np.argsort(-influence[query], kind="stable") for query in range(4)]
        assert found["reasoning"].distinct[0, place] == len({d for e in ends for d in e[:k]})
        assert found["reasoning"].distinct[1, place] == len({d for e in ends for d in e[-k:]})


def test_multipliers_and_intervals() -> None:
    influence = planted()
    ks = ks_of(len(SOURCES))
    group = all_counts(influence, ks)["reasoning"]
    share = np.array([600, 250, 150]) / len(SOURCES)
    found = multipliers(group.counts, group.distinct, ks, share, draws=500, seed=0)
    at = ks.index(100)
    one = found[0, at, 2]
    tops = [np.argsort(-influence[query], kind="stable")[:100] for query in range(4)]
    shares = [np.mean([SOURCES[d] == "code" for d in top]) for top in tops]
    assert one.share == pytest.approx(np.mean(shares))
    assert one.multiplier == pytest.approx(np.mean(shares) / share[2])
    assert one.n_top == round(sum(shares) * 100)
    trials = len({d for top in tops for d in top})
    exact = [end / share[2] for end in wilson_arrays(np.array(one.share), np.array(trials))]
    assert [one.low, one.high] == pytest.approx(exact)
    assert one.queries_low is not None and one.queries_high is not None
    assert min(shares) / share[2] <= one.queries_low <= one.multiplier <= one.queries_high


@pytest.mark.parametrize(("hits", "n"), [(0, 10), (3, 10), (10, 10), (57, 1000)])
def test_wilson_is_that_of_scipy(hits: int, n: int) -> None:
    exact = binomtest(hits, n).proportion_ci(0.95, "wilson")
    low, high = wilson_arrays(np.array(hits / n), np.array(n))
    assert (float(low), float(high)) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_a_planted_source_is_recovered_within_its_interval() -> None:
    """Four times its share by construction, at the top; the bottom is not planted."""
    hits = []
    for seed in range(20):
        group = all_counts(planted(4.0, seed), (50, 100))["reasoning"]
        share = np.array([600, 250, 150]) / len(SOURCES)
        one = multipliers(group.counts, group.distinct, (50, 100), share, draws=300, seed=0)[
            0, 0, 2
        ]
        hits.append(one.both[0] <= 4.0 <= one.both[1])
        assert one.low > 2 and one.both[0] <= one.low <= one.multiplier <= one.high
    assert sum(hits) >= 17  # of intervals of 95%


def test_a_constant_query_has_no_top() -> None:
    influence = planted()
    influence[[1, 9]] = 0.5
    found = all_counts(influence, (10, 100))
    assert found["reasoning"].query_ids == (0, 2, 3) and len(found["reasoning"].counts) == 3
    assert found["reasoning control"].query_ids == found["suite reasoning_control"].query_ids == ()


def test_sources_beyond_the_most_count_as_none() -> None:
    codes = np.array([0, 1, 2, -1, 0, 5], np.int32)
    found = EndCounter(codes, 2, (1, 3, 6)).counts(np.arange(6, dtype=np.int32))
    assert found[0].tolist() == [[1, 0], [1, 1], [2, 1]]
    assert found[1].tolist() == [[0, 0], [1, 0], [2, 1]]


def test_one_query_has_no_resampled_interval() -> None:
    given = Grouping(("a", "b"), np.array([0, 1] * 10, np.int32))
    groups = query_groups(QUERIES[:1], roles(QUERIES[:1]))
    row = np.arange(20, dtype=np.float32)[None]
    for group in group_counts(row, given, groups, (5,)):
        one = multipliers(group.counts, group.distinct, (5,), np.array([0.5, 0.5]), draws=9, seed=0)
        assert one[0, 0, 0].queries_low is None
        assert one[0, 0, 0].both == (one[0, 0, 0].low, one[0, 0, 0].high)


def test_sources_without_effect_are_told_apart_seldom_though_queries_share_documents() -> None:
    random = np.random.default_rng(7)
    n, k, shared = 4000, 100, 0.4
    off = off_widest = 0
    for seed in range(150):
        is_source = random.random(n) < 0.2
        common = random.standard_normal(n)
        seen, counts = np.zeros(n, bool), []
        for _ in range(20):
            own = np.sqrt(1 - shared) * random.standard_normal(n)
            top = np.argpartition(-(np.sqrt(shared) * common + own), k)[:k]
            counts.append([[[is_source[top].sum()]]] * 2)
            seen[top] = True
        trials = np.full((2, 1), seen.sum())
        corpus = np.array([is_source.mean()])
        one = multipliers(np.array(counts), trials, [k], corpus, draws=200, seed=seed)[0, 0, 0]
        off += not one.both[0] <= 1 <= one.both[1]
        off_widest += not min(one.low, one.queries_low) <= 1 <= max(one.high, one.queries_high)
    assert off <= 12  # 5 % and the noise of so many trials
    assert off_widest > off  # of the wider interval alone
