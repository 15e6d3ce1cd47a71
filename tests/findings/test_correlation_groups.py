"""Means of correlations and their intervals, against numpy and against a plain bootstrap."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from attribution_engine.findings import correlation_relations as relations
from attribution_engine.findings.block_correlations import (
    block_sums,
    drawn_weights,
    pair_number,
    pairs_of,
    weighted,
)
from attribution_engine.findings.correlation_groups import (
    GroupedCorrelations,
    all_correlation_groups,
    pair_groups,
)
from attribution_engine.findings.correlation_relations import Measure
from attribution_engine.findings.correlations import centred_ranks
from tests.finding_stages.filled import asked

QUERIES = asked(
    [
        ("reasoning", "slopes", 3),
        ("reasoning", "sums", 3),
        ("factual", "capitals", 4),
        ("control", "factual_control", 2),
        ("control", "reasoning_control", 3),
    ],
    {
        "slopes": "What is the slope of the line",
        "sums": "Add these numbers up",
        "capitals": "Where is the river",
        "reasoning_control": "The slope is one: what is the slope of the line",
    },
)
IDS = {"slopes": [0, 1, 2], "sums": [3, 4, 5], "capitals": [6, 7, 8, 9], "fc": [10, 11],
       "rc": [12, 13, 14]}  # fmt: skip


def planted(n: int = 4000, within: float = 0.6, seed: int = 1, t: int = 5) -> np.ndarray:
    """Scores whose queries of one task share a part, so that they correlate with `within`."""
    random = np.random.default_rng(seed)
    shared = {task: random.standard_t(t, n) for task in dict.fromkeys(q.task for q in QUERIES)}
    rows = [
        np.sqrt(within) * shared[one.task] + np.sqrt(1 - within) * random.standard_t(t, n)
        for one in QUERIES
    ]
    return np.array(rows, np.float32)


def found(influence: np.ndarray, measure: Measure = "pearson") -> GroupedCorrelations:
    groups = all_correlation_groups(influence, QUERIES, blocks=100, draws=400, seed=0)
    return groups[measure]


@pytest.mark.parametrize("measure", ["pearson", "spearman"])
def test_means_are_those_of_numpy(measure: Measure) -> None:
    influence = np.round(planted(701), 1)  # with ties
    exact = influence.astype(float)
    matrix = (
        np.corrcoef(exact) if measure == "pearson" else stats.spearmanr(exact, axis=1).statistic
    )
    means = found(influence, measure)
    reasoning = IDS["slopes"] + IDS["sums"]
    expected = {
        (relations.WITHIN_TASK, "slopes", "slopes"): combinations(IDS["slopes"], 2),
        (relations.WITHIN_TASKS, "reasoning", "reasoning"): [
            *combinations(IDS["slopes"], 2), *combinations(IDS["sums"], 2)],
        (relations.ACROSS_TASKS, "reasoning", "reasoning"): product(IDS["slopes"], IDS["sums"]),
        (relations.WITHIN_KIND, "factual", "factual"): combinations(IDS["capitals"], 2),
        (relations.ACROSS_KINDS, "reasoning", "factual"): product(reasoning, IDS["capitals"]),
        (relations.KIND_CONTROL, "factual", "factual control"): product(IDS["capitals"], IDS["fc"]),
        (relations.KIND_CONTROL, "reasoning", "reasoning control"): product(reasoning, IDS["rc"]),
        (relations.OWN_CONTROLS, "reasoning", relations.OWN): product(IDS["slopes"], IDS["rc"]),
        (relations.WITHIN_CONTROLLED, "reasoning", "reasoning"): combinations(IDS["slopes"], 2),
        (relations.BETWEEN_CONTROLS, "factual control", "reasoning control"): product(
            IDS["fc"], IDS["rc"]),
        (relations.BETWEEN_TASKS, "slopes", "sums"): product(IDS["slopes"], IDS["sums"]),
        (relations.UNRELATED, relations.ALL, relations.ALL): [
            *product(IDS["slopes"], IDS["sums"]), *product(reasoning, IDS["capitals"])],
    }  # fmt: skip
    for key, pairs in expected.items():
        row = means.find(*key)
        values = [matrix[a, b] for a, b in pairs]
        assert row is not None, key
        assert row.n_pairs == len(values)
        assert row.mean == pytest.approx(np.mean(values), abs=1e-9)
        assert row.largest == pytest.approx(max(values), abs=1e-9)
        assert matrix[row.largest_a, row.largest_b] == pytest.approx(max(values), abs=1e-9)
        assert row.low is not None and row.high is not None and row.low <= row.mean <= row.high


def test_a_weighted_draw_is_the_correlation_of_the_drawn_documents() -> None:
    influence = planted(600)
    sums = block_sums(influence, 30, seed=5)
    weights = drawn_weights(30, 4, seed=9)
    shuffled = np.random.default_rng(5).permutation(600)
    first, second = pairs_of(len(influence))
    for draw, correlations in zip(weights, weighted(sums, weights), strict=True):
        blocks = np.repeat(np.arange(30), draw.astype(int))
        documents = np.concatenate([shuffled[block * 20 : block * 20 + 20] for block in blocks])
        exact = np.corrcoef(influence[:, documents].astype(float))
        assert np.allclose(correlations, exact[first, second], atol=1e-9)


@pytest.mark.parametrize("t", [3, 30])
def test_blocks_give_the_interval_of_single_documents(t: int) -> None:
    """A plain bootstrap over documents, ranks made anew, is as wide up to the draws' noise."""
    influence = planted(1500, t=t)
    random = np.random.default_rng(3)
    drawn: dict[Measure, list[float]] = {"pearson": [], "spearman": []}
    for _ in range(400):
        documents = random.integers(0, 1500, 1500)
        part = influence[:3, documents].astype(float)
        ranks = np.array([centred_ranks(row.astype(np.float32)) for row in part], float)
        upper = np.triu_indices(3, 1)
        drawn["pearson"].append(np.corrcoef(part)[upper].mean())
        drawn["spearman"].append(np.corrcoef(ranks)[upper].mean())
    for measure, values in drawn.items():
        row = found(influence, measure).find(relations.WITHIN_TASK, "slopes", "slopes")
        assert row is not None and row.low is not None and row.high is not None
        low, high = np.quantile(values, [0.025, 0.975])
        assert (row.high - row.low) / (high - low) == pytest.approx(1, abs=0.35)


def test_planted_correlations_are_recovered_within_their_intervals() -> None:
    hits = []
    for seed in range(12):
        row = found(planted(within=0.5, seed=seed)).find(relations.WITHIN_TASKS, *["reasoning"] * 2)
        assert row is not None and row.low is not None and row.high is not None
        hits.append(row.low <= 0.5 <= row.high)
    assert sum(hits) >= 9  # of a 95% interval


def test_a_difference_is_over_the_same_draws() -> None:
    means = found(planted())
    same = means.find(relations.WITHIN_TASKS, "reasoning", "reasoning")
    apart = means.find(relations.ACROSS_TASKS, "reasoning", "reasoning")
    assert same is not None and apart is not None
    gap, low, high = means.difference(same, apart)
    assert low is not None and high is not None
    assert gap == pytest.approx(same.mean - apart.mean) and low <= gap <= high
    assert 0.5 < low < high < 0.7
    zero, low, high = means.difference(same, same)
    assert zero == low == high == 0


def test_a_constant_query_is_left_out_everywhere() -> None:
    influence = planted(500)
    influence[1] = 0.25
    row = found(influence).find(relations.WITHIN_TASK, "slopes", "slopes")
    exact = np.corrcoef(influence[[0, 2]].astype(float))[0, 1]
    assert row is not None and row.n_pairs == 1 and row.mean == pytest.approx(exact, abs=1e-9)


@pytest.mark.parametrize(("n", "queries"), [(1, 15), (2, 15), (5, 15)])
def test_few_documents_fail_in_no_way(n: int, queries: int) -> None:
    for measure in relations.MEASURES:
        for row in found(planted(max(n, 1))[:queries], measure).rows:
            assert np.isfinite([row.mean, row.largest]).all() and n > 1
            for end in (row.low, row.high):
                assert end is None or np.isfinite(end)


def test_one_query_and_none() -> None:
    for n in (0, 1):
        groups = all_correlation_groups(planted(50)[:n], QUERIES[:n], blocks=10, draws=20, seed=0)
        assert all(not one.rows for one in groups.values())


def test_pairs_have_one_place_whichever_comes_first() -> None:
    first, second = pairs_of(9)
    assert np.array_equal(pair_number(first, second, 9), np.arange(45))
    assert np.array_equal(pair_number(second, first, 9), np.arange(45))


def test_every_pair_without_sets_is_within_or_across() -> None:
    groups = {(one.relation, one.group_a): one for one in pair_groups(QUERIES, [True] * 15)}
    within = len(groups[relations.WITHIN_TASKS, "reasoning"].a)
    across = len(groups[relations.ACROSS_TASKS, "reasoning"].a)
    assert within + across == len(groups[relations.WITHIN_KIND, "reasoning"].a) == 15


def test_draws_of_queries_weigh_pairs_as_drawn_queries_do() -> None:
    """A query that is drawn twice counts twice with others, and is no pair with itself."""
    influence = planted(900)
    groups = all_correlation_groups(influence, QUERIES, blocks=900, draws=600, seed=0)["pearson"]
    row = groups.find(relations.WITHIN_KIND, "factual", "factual")
    assert row is not None
    low, high = groups.interval(row)
    random = np.random.default_rng(8)
    means = []
    for _ in range(600):
        ids = random.choice(IDS["capitals"], 4)
        matrix = np.corrcoef(influence[:, random.integers(0, 900, 900)].astype(float))
        pairs = [matrix[a, b] for a, b in combinations(ids, 2) if a != b]
        means.append(np.mean(pairs) if pairs else np.nan)
    expected = np.nanquantile(means, [0.025, 0.975])
    assert low == pytest.approx(expected[0], abs=0.02)
    assert high == pytest.approx(expected[1], abs=0.02)
    assert row.low is not None and row.high is not None
    assert low is not None and high is not None and low <= row.low and row.high <= high
