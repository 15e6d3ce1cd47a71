"""Means, parts and ends of groups against plain numpy, and planted means in their intervals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from attribution_engine.findings.document_groups import grouped_documents
from attribution_engine.findings.group_cells import cells_of
from attribution_engine.findings.group_means import Draws
from attribution_engine.findings.group_rows import GroupMeasures, GroupRow
from attribution_engine.findings.group_tops import end_rows
from attribution_engine.findings.run_scores import RunScores
from attribution_engine.findings.suite_domains import suite_domains
from attribution_engine.findings.wilson import wilson
from tests.findings.planted_groups import planted, query


def rows_of(scores: RunScores, top: int = 100, seed: int = 0, near=None) -> list[GroupRow]:
    draws = Draws.of(scores.n_documents, near, 200, 400, seed)
    measures = GroupMeasures(
        scores,
        grouped_documents(scores.groupings, scores.n_tokens),
        cells_of(scores.groupings, scores.n_documents),
        draws,
        suite_domains(scores.queries),
        top,
    )
    return list(measures.rows())


def row_of(
    rows: list[GroupRow], suite: str | None, value: str, side=None, k=None, **more
) -> GroupRow:
    (found,) = [
        row
        for row in rows
        if (row.suite, row.value, row.side, row.k) == (suite, value, side, k)
        and all(getattr(row, name) == wanted for name, wanted in more.items())
    ]
    return found


def test_figures_are_those_of_plain_numpy() -> None:
    scores = planted(code={("math", "hard", ""): 0.3})
    rows = rows_of(scores)
    of_math = scores.groupings["domain"].codes == scores.groupings["domain"].names.index("math")
    influence = scores.influence[6:].astype(float)
    row = row_of(rows, "mbpp", "math")
    assert (
        row.n == of_math.sum() and row.n_queries == 6 and row.share_corpus == pytest.approx(1 / 3)
    )
    assert row.mean == pytest.approx(influence[:, of_math].mean())
    assert row.per_nat == pytest.approx(influence[:, of_math].mean() / 4)
    standard = (influence[:, of_math].mean(1) / influence.std(1)).mean()
    assert row.standard == pytest.approx(standard)
    positive = np.maximum(influence, 0)
    share = (positive[:, of_math].sum(1) / positive.sum(1)).mean()
    part = row_of(rows, "mbpp", "math", "helpful")
    assert part.share == pytest.approx(share) and part.multiplier == pytest.approx(share * 3)
    for side, sign in (("helpful", -1), ("harmful", 1)):
        top = np.argsort(sign * influence, axis=1)[:, :100]
        end = row_of(rows, "mbpp", "math", side, 100)
        assert end.n_top == of_math[top].sum() and end.share == pytest.approx(of_math[top].mean())
        assert end.n_different == len(np.unique(top))
        low, high = wilson(end.share, end.n_different)
        assert (end.low, end.high) == pytest.approx(
            (low / end.share_corpus, high / end.share_corpus)
        )


def test_rows_of_a_kind_are_over_all_its_queries() -> None:
    scores = planted()
    queries = [
        replace(one, kind="control") if i > 8 else one for i, one in enumerate(scores.queries)
    ]
    rows = rows_of(replace(scores, queries=tuple(queries)))
    easy = scores.groupings["difficulty"].codes == scores.groupings["difficulty"].names.index(
        "easy"
    )
    row = row_of(rows, None, "easy", kind="reasoning", grouping="difficulty")
    assert row.n_queries == 9 and row.mean == pytest.approx(
        scores.influence[:9, easy].mean(), abs=1e-6
    )


def test_shares_sum_to_one() -> None:
    rows = rows_of(planted())
    sums: dict[tuple, float] = {}
    for row in rows:
        if row.side:
            key = (row.suite, row.kind, row.grouping, row.side, row.k)
            sums[key] = sums.get(key, 0.0) + row.share
    assert sums and all(total == pytest.approx(1) for total in sums.values())


def test_planted_means_are_within_their_intervals() -> None:
    inside = 0
    for seed in range(20):
        scores = planted(600, seed, code={("code", "easy", ""): 0.5})
        row = row_of(rows_of(scores, seed=seed), "mbpp", "code · easy")
        inside += row.mean_low < 0.5 < row.mean_high
        assert row.mean_low > 0
    assert inside >= 16  # of 20, where 19 are expected


def test_near_duplicates_are_drawn_together() -> None:
    """Twenty copies of each of few documents: the interval is that of the few."""
    scores = planted(600)
    few = scores.influence[:, :30]
    copied = replace(scores, influence=np.tile(few, 20))
    near = np.tile(np.arange(30), 20)
    apart, together = (row_of(rows_of(copied, near=one), "mbpp", "math") for one in (None, near))
    assert apart.mean == pytest.approx(together.mean)
    assert together.mean_high - together.mean_low > 2 * (apart.mean_high - apart.mean_low)


@pytest.mark.parametrize(
    "change",
    [
        {"influence": np.zeros((12, 1_200), np.float32)},
        {"influence": -np.ones((12, 1_200), np.float32)},
        {"groupings": {}},
        {"queries": tuple(query(i, "one" if i == 0 else "rest", nats=None) for i in range(12))},
    ],
    ids=["zero", "constant", "no groups", "one query, no nats"],
)
def test_odd_runs_have_no_numbers_that_are_none(change) -> None:
    for row in rows_of(replace(planted(), **change)):
        for name in GroupRow.__slots__:
            value = getattr(row, name)
            assert value is None or isinstance(value, str) or np.isfinite(value), (name, row)


def test_a_single_document_has_no_interval() -> None:
    scores = planted(3)
    row = row_of(rows_of(scores), "mbpp", "math")
    assert row.n == 1 and row.mean is not None and row.mean_low is None


def test_ends_are_the_first_and_last_ranks() -> None:
    scores = np.array([3.0, 1.0, 3.0, 2.0, 1.0, 1.0, 0.0, 3.0])
    order = np.argsort(-scores, kind="stable")
    found = end_rows(scores, 3)
    assert sorted(found["helpful"]) == sorted(order[:3])
    assert sorted(found["harmful"]) == sorted(order[-3:])
    # Most of the end is one tie: nothing is said of it.
    assert end_rows(np.array([5.0, 0, 0, 0, 0, 0]), 2) == {"helpful": None, "harmful": None}


@pytest.mark.parametrize(("hits", "n"), [(0, 7), (3, 7), (7, 7), (250, 1_000)])
def test_wilson(hits: int, n: int) -> None:
    known = binomtest(hits, n).proportion_ci(method="wilson")
    assert wilson(hits / n, n) == pytest.approx((known.low, known.high), abs=1e-9)
