"""Correlations of queries against numpy's and scipy's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from attribution_engine.findings import correlations
from attribution_engine.findings.correlations import centred_ranks, query_correlations


def scores(n_queries: int = 7, n_documents: int = 501) -> np.ndarray:
    random = np.random.default_rng(3)
    shared = random.standard_t(3, n_documents)
    rows = [shared * weight + random.standard_t(3, n_documents) for weight in range(n_queries)]
    # Ties, as scores that are kept to some digits have.
    return np.round(np.array(rows) * 1e-3, 4).astype(np.float32)


@pytest.mark.parametrize("block", [1, 1000, 10_000_000])
def test_they_are_those_of_scipy(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(correlations, "BLOCK_NUMBERS", block)
    influence = scores()
    done: list[int] = []
    found = list(query_correlations(influence, done.append))
    assert [(each.query_a, each.query_b) for each in found] == [
        (a, b) for a in range(7) for b in range(a + 1, 7)
    ]
    assert sum(done) == 7
    for each in found:
        one, other = influence[each.query_a].astype(float), influence[each.query_b].astype(float)
        assert each.n == 501
        assert each.pearson == pytest.approx(np.corrcoef(one, other)[0, 1], abs=1e-12)
        assert each.spearman == pytest.approx(stats.spearmanr(one, other).statistic, abs=1e-12)


def test_a_large_mean_costs_no_digits() -> None:
    influence = scores() * np.float32(1e-3) + np.float32(1.0)
    for each in query_correlations(influence):
        one, other = (influence[at].astype(float) for at in (each.query_a, each.query_b))
        assert each.pearson == pytest.approx(np.corrcoef(one, other)[0, 1], abs=1e-9)


def test_a_constant_query_has_none() -> None:
    influence = scores(3)
    influence[1] = 0.1
    found = {(each.query_a, each.query_b): each for each in query_correlations(influence)}
    assert found[0, 1].pearson is found[0, 1].spearman is found[1, 2].pearson is None
    assert found[0, 2].pearson is not None


def test_equal_and_opposite_queries_are_at_the_ends() -> None:
    row = scores(1)[0]
    (found,) = query_correlations(np.array([row, row]))
    assert found.pearson == pytest.approx(1, abs=1e-12) and found.pearson <= 1
    (found,) = query_correlations(np.array([row, -row]))
    assert found.spearman == pytest.approx(-1, abs=1e-12) and found.spearman >= -1


@pytest.mark.parametrize("shape", [(0, 5), (1, 5), (3, 0)])
def test_nothing_to_compare(shape: tuple[int, int]) -> None:
    assert list(query_correlations(np.zeros(shape, np.float32))) == []


def test_a_memory_map_is_read_in_blocks(tmp_path: Path) -> None:
    influence = scores()
    mapped = np.memmap(tmp_path / "scores", np.float32, "w+", shape=influence.shape)
    mapped[:] = influence
    assert list(query_correlations(mapped, scratch=tmp_path)) == list(query_correlations(influence))
    assert [path.name for path in tmp_path.iterdir()] == ["scores"]


def test_ranks_of_ties_are_their_mean() -> None:
    values = np.array([3, 1, 3, 2, 3], np.float32)
    assert centred_ranks(values).tolist() == (stats.rankdata(values) - 3).tolist()
