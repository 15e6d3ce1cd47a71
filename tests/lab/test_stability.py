"""Spearman between scorings that should agree: 1 for identical ones, known values otherwise."""

from __future__ import annotations

import math

import numpy as np
import pytest

from attribution_engine.findings.agreement import spearman
from attribution_engine.lab.lab_scores import score_lab
from attribution_engine.lab.stability import (
    DISJOINT,
    compared,
    disjoint_samples,
    largest_smaller_side,
    stability,
    summarise,
)
from attribution_engine.lab.stability_rows import about_stability, stability_rows
from attribution_engine.records import InputError
from tests.influence.tiny_models import tiny_model, tiny_texts


@pytest.fixture(scope="module")
def tiny():
    """A float64 model, sixteen documents, three queries."""
    return tiny_model("llama"), tiny_texts(16), tiny_texts(3, seed=5)


def figures(rows, condition):
    return [row.spearman for row in rows if row.condition == condition]


def test_conditions_that_change_nothing_give_one(tiny):
    rows = stability(*tiny, dampings=(0.1, 0.1), ranks=())
    assert figures(rows, "damping 0.1 against 0.1") == pytest.approx([1.0] * 3)


def test_a_rank_that_leaves_every_layer_exact_is_not_tested(tiny):
    # The tiny model's matrices have 8 rows or columns.
    assert largest_smaller_side(tiny[0], "mlp") == 8
    rows = stability(*tiny, ranks=(8, 7))
    ranks = [name for name in dict.fromkeys(row.condition for row in rows) if "rank" in name]
    assert ranks == ["rank 7 against exact"]


def test_figures_say_how_many_documents_the_factors_had():
    figures = {
        "conditions": np.array([DISJOINT, "damping 0.1 against 0.01"]),
        "queries": np.array([4, 4]),
        "spearman": np.array([0.5, 0.9]),
        "n": np.array([11, 11]),
        "whose": np.array("the run's own model"),
    }
    apart, same = (row for row in stability_rows(figures, {4: "s"}, 0) if row.query_id is None)
    assert "3 + 3 documents (covariances + eigenvalues) against those of 3 + 2" in apart.how
    assert "the same 6 + 5 documents" in same.how
    said = about_stability(figures, 0)
    assert said["documents of each disjoint factor sample"] == [6, 5]


def test_identical_samples_give_one(tiny):
    same = score_lab(*tiny, methods=("ek-fac",), factor_rows=(range(8), range(8)))["ek-fac"]
    again = score_lab(*tiny, methods=("ek-fac",), factor_rows=(range(8), range(8)))["ek-fac"]
    assert [row.spearman for row in compared("same", same, again)] == pytest.approx([1.0] * 3)
    reverse = compared("reverse", same, -same)
    assert [row.spearman for row in reverse] == pytest.approx([-1.0] * 3)
    assert [row.query for row in reverse] == [0, 1, 2] and reverse[0].n == 16


def test_each_condition_compares_the_scores_that_its_name_says(tiny):
    rows = stability(*tiny, dampings=(0.1, 0.01), ranks=(2, 1), seed=4)
    names = list(dict.fromkeys(row.condition for row in rows))
    assert names == [
        DISJOINT,
        "damping 0.1 against 0.01",
        "rank 2 against exact",
        "rank 1 against exact",
    ]

    def scored(**options):
        return score_lab(*tiny, methods=("ek-fac",), modules="mlp", seed=4, **options)["ek-fac"]

    one, other = disjoint_samples(16, 1, 4)
    usual = scored()
    for name, first, second in (
        (names[0], scored(factor_rows=one), scored(factor_rows=other)),
        (names[1], usual, scored(damping=0.01)),
        (names[2], usual, scored(rank=2)),
        (names[3], usual, scored(rank=1)),
    ):
        expected = [spearman(a, b) for a, b in zip(first, second, strict=True)]
        assert figures(rows, name) == pytest.approx(expected)
        assert min(expected) < 1 - 1e-6


def test_the_two_samples_share_no_document_and_hold_all():
    one, other = disjoint_samples(11, 1, 0)
    parts = [*one, *other]
    assert sorted(row for part in parts for row in part) == list(range(11))
    assert all(parts)
    one, other = disjoint_samples(11, 2, 0)
    assert one[0] == one[1] and other[0] == other[1]
    assert sorted(one[0] + other[0]) == list(range(11))
    assert disjoint_samples(11, 1, 1) != disjoint_samples(11, 1, 0)


def test_a_summary_is_median_and_quartiles_of_what_is_defined():
    varied = np.array([[1.0, 2, 3, 4, 5]] * 4)
    other = np.array([[1.0, 2, 3, 4, 5], [2, 1, 3, 4, 5], [5, 4, 3, 2, 1], [7, 7, 7, 7, 7]])
    rows = compared("a", varied, other) + compared("b", varied[:1], other[3:])
    assert [row.spearman for row in rows] == [1.0, pytest.approx(0.9), -1.0, None, None]
    first, second = summarise(rows)
    assert (first.condition, first.n) == ("a", 3)
    assert first.median == pytest.approx(0.9)
    assert (first.lower_quartile, first.upper_quartile) == pytest.approx((-0.05, 0.95))
    assert second.n == 0 and math.isnan(second.median)


def test_too_little_is_told(tiny):
    model, documents, queries = tiny
    with pytest.raises(InputError, match="3 documents and 3 queries"):
        stability(model, documents[:3], queries)
    with pytest.raises(InputError, match="16 documents and 0 queries"):
        stability(model, documents, [])
