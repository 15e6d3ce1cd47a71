"""Planted facts on numbers made by hand: intervals over facts, differences, what is learnt."""

from __future__ import annotations

import numpy as np
import pytest

from attribution_engine.lab.lab_corpus import LabCorpus, Question
from attribution_engine.lab.lab_model import Vocabulary
from attribution_engine.lab.planted_rows import learnt_rows, planted_rows
from attribution_engine.lab.retraining import Example

TOKENS = Example((1, 2, 3))
DOCUMENTS, PLANTS = 12, 4


def corpus() -> LabCorpus:
    """One explained query, then four facts that the last four of twelve documents state."""
    asked = [Question(7, "a", "text", 1, TOKENS)]
    asked += [Question(None, "facts", "text", 1, TOKENS)] * PLANTS
    return LabCorpus(
        documents=[TOKENS] * DOCUMENTS,
        texts=["text"] * DOCUMENTS,
        doc_ids=[*range(DOCUMENTS - PLANTS), *[None] * PLANTS],
        questions=asked,
        explained=1,
        plants=PLANTS,
        cut=0,
        vocabulary=Vocabulary(4, 1, 0, 0),
    )


def scores(ranks: list[int]) -> np.ndarray:
    """Scores under which the documents of the facts have these ranks, from 1."""
    found = np.zeros((1 + PLANTS, DOCUMENTS))
    for fact, rank in enumerate(ranks):
        column = DOCUMENTS - PLANTS + fact
        others = [each for each in range(DOCUMENTS) if each != column]
        found[1 + fact, others] = np.arange(DOCUMENTS - 1, 0, -1) * 2.0
        found[1 + fact, column] = 2.0 * (DOCUMENTS - rank) + 1.0
    return found


def halves() -> tuple[np.ndarray, np.ndarray]:
    """Four halves: an answer costs 6 nats with its document and 8 without."""
    weights = np.ones((4, DOCUMENTS))
    weights[:2, -PLANTS:] = 0.0
    said = np.full((4, 1 + PLANTS), -6.0)
    said[:2] = -8.0
    return said, weights


def test_the_interval_is_over_facts_and_not_over_seeds():
    """Seeds that agree would leave Student's interval over seeds without any width."""
    of_seed = {"ek-fac": scores([1, 1, 4, 11]), "random": scores([4, 4, 11, 11])}
    nats = np.full(PLANTS, 5.0)
    rows = planted_rows({0: of_seed, 1: of_seed}, {0: nats, 1: nats}, corpus())
    over = {(row.method, row.quantity): row for row in rows if row.seed is None}
    own = over["ek-fac", "mean reciprocal rank"]
    assert own.figure == pytest.approx((1 + 1 + 1 / 4 + 1 / 11) / 4)
    assert own.low < own.figure - 0.2 and own.high > own.figure + 0.2 and own.n == PLANTS
    assert over["ek-fac", "recall@10"].figure == 0.75
    apart = over["random", "EK-FAC minus this method: mean reciprocal rank"]
    assert apart.figure == pytest.approx(own.figure - over["random", "mean reciprocal rank"].figure)
    assert not any(row.method == "retraining" for row in rows)


def test_the_share_learnt_is_that_of_the_nats_without_the_document():
    said, weights = halves()
    rows = learnt_rows({0: said, 1: said - 2.0}, weights, corpus())
    found = {(row.quantity, row.condition): row.figure for row in rows}
    assert found == {
        ("nats of the answer", "with its document"): pytest.approx(7.0),
        ("nats of the answer", "without its document"): pytest.approx(9.0),
        ("share of the nats learnt", None): pytest.approx(2 / 9),
    }


def test_what_was_learnt_goes_with_every_figure():
    said, weights = halves()
    nats = {0: np.full(PLANTS, 5.0)}
    of_seed = {0: {"ek-fac": scores([1, 1, 1, 1])}}
    rows = planted_rows(of_seed, nats, corpus(), {0: said}, weights)
    how = [row.how for row in rows if row.method == "ek-fac"]
    assert all("with its document 6.00; without its document 8.00" in each for each in how)


def test_a_fact_that_every_half_holds_says_nothing():
    said, weights = halves()
    assert learnt_rows({0: said}, np.ones_like(weights), corpus()) == []
