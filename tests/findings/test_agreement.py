"""Agreement of two scorings against scipy's and counts made one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from attribution_engine.findings.agreement import (
    TopOverlap,
    in_order,
    pearson,
    shared_ranks,
    sizes_in_order,
    spearman,
    top_overlap,
)

PAIRS = st.lists(
    st.tuples(st.integers(-4, 4), st.floats(-1e3, 1e3, width=32)), min_size=3, max_size=40
)


@settings(max_examples=80, deadline=None)
@given(PAIRS)
def test_correlations_are_scipys_and_none_where_they_are_not_defined(
    pairs: list[tuple[int, float]],
) -> None:
    first, second = (np.array(one, dtype=np.float32) for one in zip(*pairs))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        assert spearman(first, second) is None
        return
    expected = stats.spearmanr(first, second).statistic
    assert spearman(first, second) == pytest.approx(expected, abs=1e-9)
    if np.std(second.astype(np.float64)) > 1e-3:
        wide = stats.pearsonr(first.astype(np.float64), second.astype(np.float64)).statistic
        assert pearson(first, second) == pytest.approx(wide, abs=1e-6)


def test_one_document_or_none_has_no_correlation() -> None:
    assert pearson(np.ones(1), np.ones(1)) is None
    assert spearman(np.empty(0), np.empty(0)) is None


def test_overlap_counts_documents_and_what_chance_would_give() -> None:
    first = np.array([9.0, 8.0, 7.0, 1.0, 0.0, 0.0])
    second = np.array([1.0, 9.0, 0.0, 8.0, 0.0, 0.0])
    ranks = [np.array([1, 2, 3, 4, 5, 6]), np.array([3, 1, 4, 2, 5, 6])]
    assert top_overlap(2, *ranks, first, second) == TopOverlap(2, 1, 4 / 6, 0, 0)
    # The fourth of the second scores 0, as do the two after it; the first's fourth stands alone.
    assert top_overlap(4, *ranks, first, second) == TopOverlap(4, 4, 16 / 6, 0, 3)
    # From the other end, where three share the lowest score of the second.
    ends = [7 - one for one in ranks]
    assert top_overlap(1, *ends, first, second) == TopOverlap(1, 1, 1 / 6, 2, 3)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(1, 25), st.randoms())
def test_a_tie_is_named_exactly_when_it_goes_on_below_k(values, k, random) -> None:
    scores = np.array(values, dtype=np.float32)
    order = sorted(range(len(values)), key=lambda at: (-values[at], at))
    ranks = np.empty(len(values), dtype=np.int64)
    ranks[order] = np.arange(1, len(values) + 1)
    shuffled = random.sample(range(1, len(values) + 1), len(values))
    found = top_overlap(k, ranks, np.array(shuffled), scores, np.array(shuffled))
    split = k < len(values) and values[order[k - 1]] == values[order[k]]
    assert found.tied_first == (values.count(values[order[k - 1]]) if split else 0)
    assert found.tied_second == 0
    both = {at for at in range(len(values)) if ranks[at] <= k and shuffled[at] <= k}
    assert found.n_both == len(both)


@pytest.mark.parametrize("levels", [3, 50, 10**6])
def test_known_ranks_give_what_sorting_gives(levels: int) -> None:
    generator = np.random.default_rng(levels)
    values = (generator.integers(-levels, levels, 4000) / 7).astype(np.float32)
    order = np.lexsort((np.arange(len(values)), -values))
    ranks = np.empty(len(values), np.int32)
    ranks[order] = np.arange(1, len(values) + 1)
    kept = np.sort(generator.choice(len(values), 3000, replace=False))
    for some in (np.arange(len(values)), kept, kept[:1], kept[:0]):
        rising = in_order(values[some], ranks[some])
        assert (shared_ranks(values[some], rising) == shared_ranks(values[some])).all()
        sizes = np.abs(values[some])
        by_size = sizes_in_order(values[some], rising)
        assert (shared_ranks(sizes, by_size) == shared_ranks(sizes)).all()
    wrong = ranks[::-1]
    assert (shared_ranks(values, in_order(values, wrong)) == shared_ranks(values)).all()
