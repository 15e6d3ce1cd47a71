"""How high each method ranks the only document that states a fact: rows of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attribution_engine.findings.faithfulness import PLANTED, FaithfulnessRow
from attribution_engine.findings.intervals import (
    Estimate,
    bootstrap_interval,
    student_interval,
)
from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.planting import mean_reciprocal_rank, recall_at
from attribution_engine.store.lab_rows import PlantedRank

EXPERIMENT = "planted"
K = 10
RANK, RECALL = PLANTED
THIS_RUN = "this run"


def planted_rows(
    scores: Mapping[int, Mapping[str, np.ndarray]],
    nats: Mapping[int, np.ndarray],
    corpus: LabCorpus,
) -> list[FaithfulnessRow]:
    """Both figures of every method, per seed and over seeds.

    Args:
        scores: by seed and method [scored questions, documents], the plants' questions last.
        nats: by seed, −log p of every plant's answer under the model that gave the scores. A fact
            that is not learnt, or learnt to the full, is no fair test: they go with every figure.
    """
    rows = []
    of_plants = slice(corpus.explained, None)
    for method in next(iter(scores.values())):
        found = {seed: np.asarray(of_seed[method][of_plants]) for seed, of_seed in scores.items()}
        for quantity in (RANK, RECALL):
            values = {seed: _figure(quantity, each, corpus) for seed, each in found.items()}
            for seed, value in values.items():
                how = f"{_how(corpus, nats[seed])}; one seed"
                rows.append(_row(method, quantity, Estimate(value, None, None, corpus.plants), how,
                                 seed=seed))  # fmt: skip
            over = student_interval(list(values.values()))
            low = None if over.low is None else max(0.0, over.low)
            high = None if over.high is None else min(1.0, over.high)
            how = (
                f"{_how(corpus, np.concatenate(list(nats.values())))}; mean over {len(values)} "
                "seeds, Student's 95% interval over seeds, kept within 0 and 1"
            )
            both = Estimate(over.figure, low, high, corpus.plants)
            rows.append(_row(method, quantity, both, how))
    return rows


def own_planted_rows(ranks: Sequence[PlantedRank], method: str) -> list[FaithfulnessRow]:
    """Both figures from a run's own rankings, where its corpus has planted documents."""
    if not ranks:
        return []
    at = np.array([each.rank for each in ranks])
    how = (
        f"this run's own rankings of {ranks[0].n} documents for {len(ranks)} questions, each on a "
        "fact that one document states; 95% interval by bootstrap over questions"
    )
    return [
        _row(method, RANK, bootstrap_interval(1 / at), how, condition=THIS_RUN),
        _row(method, RECALL, bootstrap_interval(at <= K), how, condition=THIS_RUN),
    ]


def _figure(quantity: str, scores: np.ndarray, corpus: LabCorpus) -> float:
    if quantity == RANK:
        return mean_reciprocal_rank(scores, corpus.plant_columns)
    return recall_at(scores, corpus.plant_columns, K)


def _how(corpus: LabCorpus, nats: np.ndarray) -> str:
    low, middle, high = np.quantile(nats, (0.25, 0.5, 0.75))
    return (
        f"{corpus.plants} facts, each stated by one of {len(corpus.documents)} documents of the "
        f"lab; the lab models give their answers {middle:.2f} nats (median; quartiles {low:.2f} "
        f"and {high:.2f})"
    )


def _row(
    method: str,
    quantity: str,
    over: Estimate,
    how: str,
    *,
    seed: int | None = None,
    condition: str | None = None,
) -> FaithfulnessRow:
    return FaithfulnessRow(
        EXPERIMENT,
        method,
        quantity,
        "share" if quantity == RECALL else "mean of 1 ÷ rank",
        over.figure,
        over.n,
        how,
        seed=seed,
        condition=condition,
        low=over.low,
        high=over.high,
    )
