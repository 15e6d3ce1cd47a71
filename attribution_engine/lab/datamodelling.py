"""Retraining on random halves: the linear datamodelling score of every method, and its ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from attribution_engine.findings.datamodelling import (
    DatamodellingScore,
    Outcomes,
    datamodelling_score,
)
from attribution_engine.findings.faithfulness import CEILING, LDS, FaithfulnessRow
from attribution_engine.findings.intervals import Estimate
from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.lab_scores import datamodel_predictions

EXPERIMENT, UNIT = "lds", "Spearman"
MEAN_OF_SEEDS = "mean of seeds"
HOW = (
    "Spearman, over random halves of the documents, between the log-probability of a completion "
    "in the lab model retrained on the half and the sum of the half's scores; 95% interval by "
    "bootstrap over halves"
)
HOW_CEILING = (
    "Spearman between the log-probabilities of two seeds retrained on the same halves, mean over "
    "pairs of seeds: what noise of the seed leaves to be predicted; 95% interval by bootstrap over "
    "halves"
)


def draw_halves(documents: int, halves: int, seed: int) -> np.ndarray:
    """Weights [halves, documents]: 1 for each of a random half, the rest 0."""
    rng = np.random.default_rng((seed, documents, halves))
    weights = np.zeros((halves, documents))
    for row in weights:
        row[rng.permutation(documents)[: documents // 2]] = 1.0
    return weights


def datamodelling_rows(
    real: Mapping[int, np.ndarray],
    scores: Mapping[int, Mapping[str, np.ndarray]],
    weights: np.ndarray,
    corpus: LabCorpus,
) -> list[FaithfulnessRow]:
    """LDS of every method: per seed, over seeds, of the means of seeds; and the ceiling.

    Args:
        real: by seed, log-probabilities [halves, questions].
        scores: by seed and method [scored questions, documents].
        weights: [halves, documents], the same for every seed.
    """
    explained = corpus.explained
    outcomes = {seed: found[:, :explained] for seed, found in real.items()}
    rows = []
    for method in next(iter(scores.values())):
        repeats = {
            seed: Outcomes(
                datamodel_predictions(scores[seed][method][:explained], weights), outcomes[seed]
            )
            for seed in outcomes
        }
        over = datamodelling_score(list(repeats.values()))
        rows += query_rows(method, over, corpus, f"{HOW}; mean over {len(repeats)} seeds")
        rows.append(_row(method, over.mean, f"{HOW}; mean over queries and seeds"))
        for seed, repeat in repeats.items():
            alone = datamodelling_score([repeat]).mean
            rows.append(_row(method, alone, f"{HOW}; mean over queries", seed=seed))
        together = datamodelling_score([_mean(list(repeats.values()))]).mean
        how = f"{HOW}; of log-probabilities and scores that are means over seeds; mean over queries"
        rows.append(_row(method, together, how, condition=MEAN_OF_SEEDS))
    pairs = [Outcomes(outcomes[one], outcomes[other]) for one, other in combinations(outcomes, 2)]
    if pairs:
        ceiling = datamodelling_score(pairs)
        rows += query_rows(CEILING, ceiling, corpus, HOW_CEILING)
        rows.append(_row(CEILING, ceiling.mean, f"{HOW_CEILING}; mean over queries"))
    return rows


def query_rows(
    method: str, over: DatamodellingScore, corpus: LabCorpus, how: str
) -> list[FaithfulnessRow]:
    """A row for every query of the store; of a set, its first item that the lab asked."""
    rows, seen = [], set()
    for question, estimate in zip(corpus.questions, over.queries, strict=False):
        if question.query_id not in seen:
            seen.add(question.query_id)
            rows.append(
                _row(method, estimate, how, query_id=question.query_id, suite=question.suite)
            )
    return rows


def _mean(repeats: list[Outcomes]) -> Outcomes:
    return Outcomes(
        np.mean([repeat.predicted for repeat in repeats], 0),
        np.mean([repeat.real for repeat in repeats], 0),
    )


def _row(
    method: str,
    over: Estimate,
    how: str,
    *,
    seed: int | None = None,
    query_id: int | None = None,
    suite: str | None = None,
    condition: str | None = None,
) -> FaithfulnessRow:
    return FaithfulnessRow(
        EXPERIMENT,
        method,
        LDS,
        UNIT,
        over.figure,
        over.n,
        how,
        seed=seed,
        query_id=query_id,
        suite=suite,
        condition=condition,
        low=over.low,
        high=over.high,
    )
