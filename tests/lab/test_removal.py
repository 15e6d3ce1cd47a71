"""What is left out of which retraining, and what its rows say: on numbers made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.lab.lab_corpus import LabCorpus, Question
from attribution_engine.lab.lab_model import Vocabulary
from attribution_engine.lab.removal import measure_drops, plan_removals, removal_rows
from attribution_engine.lab.retraining import Example
from attribution_engine.lab.saved_retrainings import Measured

DOCUMENTS = 40
TOKENS = Example((1, 2, 3))


def corpus() -> LabCorpus:
    """Two explained queries of suites a and b, and a second question of suite a."""
    questions = [
        Question(7, "a", "text", 1, TOKENS),
        Question(9, "b", "text", 1, TOKENS),
        Question(8, "a", "text", 1, TOKENS),
    ]
    return LabCorpus(
        documents=[TOKENS, Example((1, 3, 2))] * (DOCUMENTS // 2),
        texts=["text"] * DOCUMENTS,
        doc_ids=list(range(DOCUMENTS)),
        questions=questions,
        explained=2,
        plants=0,
        cut=0,
        vocabulary=Vocabulary(4, 1, 0, 0),
    )


def scores() -> dict[str, np.ndarray]:
    upwards = np.arange(DOCUMENTS, dtype=float)
    return {"ek-fac": np.stack([upwards, -upwards]), "random": np.zeros((2, DOCUMENTS))}


def test_the_first_of_a_ranking_are_left_out_and_as_many_by_lot():
    removals, weights = plan_removals(scores(), (0.05, 0.1), draws=3, seed=0)
    assert [(each.fraction, each.query) for each in removals[:4]] == [
        (0.05, 0),
        (0.05, 1),
        (0.1, 0),
        (0.1, 1),
    ]
    assert np.flatnonzero(weights[0] == 0).tolist() == [38, 39]
    assert np.flatnonzero(weights[3] == 0).tolist() == [0, 1, 2, 3]
    by_lot = [row for row, each in enumerate(removals) if each.method == "random"]
    assert [int((weights[row] == 0).sum()) for row in by_lot] == [2, 2, 2, 4, 4, 4]
    assert {removals[row].query for row in by_lot} == {None}
    assert not np.array_equal(weights[by_lot[0]], weights[by_lot[1]])
    assert set(np.unique(weights)) == {0.0, 1.0}


def test_at_least_one_document_is_left_out():
    _, weights = plan_removals(scores(), (0.001,), draws=1, seed=0)
    assert (weights.sum(1) == DOCUMENTS - 1).all()


def drops_of(shift: float, reproduces: bool = True):
    """Queries 0 and 1 fall by 1 and 2 nats under their own rankings, and by a half by lot."""
    removals, _ = plan_removals(scores(), (0.1,), draws=2, seed=0)
    full = Measured(np.full((1, 3), -5.0), np.array([[reproduces, True, reproduces]]))
    said = np.full((4, 3), -100.0)  # of rankings of other queries: not looked at
    said[0, 0], said[1, 1] = -6.0 - shift, -7.0 - shift
    said[2:] = [[-5.0, -5.0, 0.0], [-6.0, -6.0, 0.0]]
    right = np.ones((4, 3), dtype=bool)
    right[0] = [False, True, True]  # one of two questions of suite a is lost
    return measure_drops(removals, Measured(said, right), full, corpus())


def test_drops_are_of_a_query_s_own_ranking_and_positive_where_it_fell():
    drops = drops_of(0.0)
    assert drops.nats["ek-fac"].tolist() == [[[1.0, 2.0]]]
    assert drops.nats["random"].tolist() == [[[0.0, 0.0], [1.0, 1.0]]]  # each draw
    assert drops.reproduced.tolist() == [1.0, 1.0]
    assert drops.accuracy["ek-fac"].tolist() == [[0.5, 0.0]]


def test_rows_are_means_over_seeds_and_queries():
    rows = removal_rows({0: drops_of(0.0), 1: drops_of(1.0)}, corpus(), (0.1,))
    nats = {
        (row.seed, row.query_id): row
        for row in rows
        if row.method == "ek-fac" and row.quantity == "drop in log-probability"
    }
    assert nats[None, 7].figure == pytest.approx(1.5)
    assert nats[None, 9].figure == pytest.approx(2.5)
    assert nats[0, None].figure == pytest.approx(1.5)
    assert nats[1, None].figure == pytest.approx(2.5)
    assert nats[None, None].figure == pytest.approx(2.0)
    assert {row.condition for row in rows} == {"10%"}
    shares = {
        row.suite: row.figure for row in rows if row.method == "ek-fac" and row.unit == "share"
    }
    assert shares == {"a": 0.5, "b": 0.0}


def test_differences_are_paired_query_by_query_and_seed_by_seed():
    rows = removal_rows({0: drops_of(0.0), 1: drops_of(1.0)}, corpus(), (0.1,))
    (apart,) = [row for row in rows if row.quantity.startswith("EK-FAC minus this method")]
    assert (apart.method, apart.condition, apart.unit) == ("random", "10%", "difference in nats")
    assert apart.figure == pytest.approx(2.0 - 0.5)
    assert apart.low < apart.figure < apart.high
    assert "over queries and over seeds at once" in apart.how and "draws by lot" in apart.how


def test_of_a_suite_that_is_never_reproduced_no_accuracy_is_written():
    never = removal_rows({0: drops_of(0.0, reproduces=False)}, corpus(), (0.1,))
    assert {row.suite for row in never if row.unit == "share"} == {"b"}
    once = {0: drops_of(0.0, reproduces=False), 1: drops_of(0.0)}
    found = removal_rows(once, corpus(), (0.1,))
    assert {row.suite for row in found if row.unit == "share"} == {"a", "b"}
