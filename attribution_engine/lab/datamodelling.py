"""Retraining on random halves: the linear datamodelling score of every method, and its ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import numpy as np

from attribution_engine.findings.datamodelling import (
    DatamodellingScore,
    Outcomes,
    ceiling_of,
    datamodelling_score,
    mean_difference,
)
from attribution_engine.findings.faithfulness import (
    AGREEMENT,
    CEILING,
    LDS,
    MEAN_OF_SEEDS,
    REFERENCE,
    FaithfulnessRow,
    difference_of,
)
from attribution_engine.findings.intervals import Estimate
from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.lab_scores import datamodel_predictions

EXPERIMENT, UNIT = "lds", "Spearman"
HOW = (
    "Spearman, over random halves of the documents, between the log-probability of a completion "
    "in the lab model retrained on the half and the sum of the half's scores; 95% interval by "
    "bootstrap over halves"
)
HOW_MEAN = f"{HOW}; of log-probabilities and scores that are means over seeds; mean over queries"
HOW_AGREEMENT = (
    "Spearman between the log-probabilities of two seeds retrained on the same halves, mean over "
    "pairs of seeds; 95% interval by bootstrap over halves"
)
HOW_CEILING = (
    "what a perfect predictor of the part that seeds share would reach: root of the reliability "
    "(correction for attenuation) of {whose}, from r = Spearman between two seeds on the same "
    "halves, r below 0 taken as 0; scores from a seed's own model can exceed it; 95% interval by "
    "bootstrap over halves"
)
HOW_DIFFERENCE = (
    "difference of the two scores on the same halves, queries and seeds, mean over queries{whose}; "
    "95% interval by bootstrap over halves, the same draws for both methods"
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
    """LDS of every method: per seed, over seeds, of the means of seeds; differences; ceilings.

    Args:
        real: by seed, log-probabilities [halves, questions].
        scores: by seed and method [scored questions, documents].
        weights: [halves, documents], the same for every seed.
    """
    explained = corpus.explained
    outcomes = {seed: found[:, :explained] for seed, found in real.items()}
    rows = []
    singly: dict[str, DatamodellingScore] = {}
    together: dict[str, DatamodellingScore] = {}
    for method in next(iter(scores.values())):
        repeats = {
            seed: Outcomes(
                datamodel_predictions(scores[seed][method][:explained], weights), outcomes[seed]
            )
            for seed in outcomes
        }
        singly[method] = over = datamodelling_score(list(repeats.values()))
        rows += query_rows(method, over, corpus, f"{HOW}; mean over {len(repeats)} seeds")
        rows.append(_row(method, over.mean, f"{HOW}; mean over queries and seeds"))
        for seed, repeat in repeats.items():
            alone = datamodelling_score([repeat]).mean
            rows.append(_row(method, alone, f"{HOW}; mean over queries", seed=seed))
        together[method] = datamodelling_score([_mean(list(repeats.values()))])
        rows.append(_row(method, together[method].mean, HOW_MEAN, condition=MEAN_OF_SEEDS))
    rows += _difference_rows(singly, " and seeds", None)
    rows += _difference_rows(together, " of means over seeds", MEAN_OF_SEEDS)
    return rows + ceiling_rows(outcomes, corpus)


def ceiling_rows(outcomes: Mapping[int, np.ndarray], corpus: LabCorpus) -> list[FaithfulnessRow]:
    """How far seeds agree, and what can be reached of one seed and of their mean.

    Args:
        outcomes: by seed, log-probabilities [halves, explained questions]; of one seed there are
            no rows.
    """
    pairs = [Outcomes(outcomes[one], outcomes[other]) for one, other in combinations(outcomes, 2)]
    if not pairs:
        return []
    agreement = datamodelling_score(pairs)
    whose = f"the mean of {len(outcomes)} seeds (Spearman-Brown)"
    rows = []
    for over, how, quantity, condition in (
        (agreement, HOW_AGREEMENT, AGREEMENT, None),
        (ceiling_of(agreement), HOW_CEILING.format(whose="one seed"), LDS, None),
        (
            ceiling_of(agreement, len(outcomes)),
            HOW_CEILING.format(whose=whose),
            LDS,
            MEAN_OF_SEEDS,
        ),
    ):
        rows += query_rows(CEILING, over, corpus, how, quantity=quantity, condition=condition)
        how = f"{how}; mean over queries"
        rows.append(_row(CEILING, over.mean, how, quantity=quantity, condition=condition))
    return rows


def _difference_rows(
    scores: Mapping[str, DatamodellingScore], whose: str, condition: str | None
) -> list[FaithfulnessRow]:
    """How far the reference is above every other method."""
    if REFERENCE not in scores:
        return []
    return [
        _row(
            method,
            mean_difference(scores[REFERENCE], score),
            HOW_DIFFERENCE.format(whose=whose),
            quantity=difference_of(LDS),
            unit=f"difference in {UNIT}",
            condition=condition,
        )
        for method, score in scores.items()
        if method != REFERENCE
    ]


def query_rows(
    method: str,
    over: DatamodellingScore,
    corpus: LabCorpus,
    how: str,
    *,
    quantity: str = LDS,
    condition: str | None = None,
) -> list[FaithfulnessRow]:
    """A row for every query of the store; of a set, its first item that the lab asked."""
    rows, seen = [], set()
    for question, estimate in zip(corpus.questions, over.queries, strict=False):
        if question.query_id not in seen:
            seen.add(question.query_id)
            rows.append(
                _row(
                    method,
                    estimate,
                    how,
                    query_id=question.query_id,
                    suite=question.suite,
                    quantity=quantity,
                    condition=condition,
                )
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
    quantity: str = LDS,
    unit: str = UNIT,
) -> FaithfulnessRow:
    return FaithfulnessRow(
        EXPERIMENT,
        method,
        quantity,
        unit,
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
