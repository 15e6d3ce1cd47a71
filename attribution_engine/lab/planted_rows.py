"""How high each method ranks the only document that states a fact: rows of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from attribution_engine.findings.faithfulness import (
    ANSWER_NATS,
    LEARNT,
    PLANTED,
    REFERENCE,
    RETRAINING,
    WITH_DOCUMENT,
    WITHOUT_DOCUMENT,
    FaithfulnessRow,
    difference_of,
    name_of,
)
from attribution_engine.findings.intervals import (
    Estimate,
    bootstrap_interval,
    percentiles,
    resamples,
)
from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.planting import target_ranks
from attribution_engine.store.lab_rows import PlantedRank

EXPERIMENT = "planted"
K = 10
RANK, RECALL = PLANTED
THIS_RUN = "this run"
HOW_FACTS = "95% interval by bootstrap over facts"
UNITS = {RANK: "mean of 1 ÷ rank", RECALL: "share", LEARNT: "share", ANSWER_NATS: "nats"}


def planted_rows(
    scores: Mapping[int, Mapping[str, np.ndarray]],
    nats: Mapping[int, np.ndarray],
    corpus: LabCorpus,
    real: Mapping[int, np.ndarray] | None = None,
    weights: np.ndarray | None = None,
) -> list[FaithfulnessRow]:
    """Both figures of every method per seed and over seeds, their differences, what is learnt.

    Args:
        scores: by seed and method [scored questions, documents], the plants' questions last.
        nats: by seed, −log p of every plant's answer under the model that gave the scores. A fact
            that is not learnt, or learnt to the full, is no fair test: they go with every figure.
        real: by seed, log-probabilities [halves, questions] of models retrained on halves, the
            plants' questions last; without them nothing is said of how much was learnt.
        weights: [halves, documents] of those models, the plants' documents last; 1 = trained on.
    """
    learnt = learnt_rows(real, weights, corpus) if real and weights is not None else []
    told = "".join(f"; {row.condition} {row.figure:.2f}" for row in learnt if row.condition)
    more = f" (trained on random halves{told})" if told else ""
    rows: list[FaithfulnessRow] = []
    figures = {method: _figures(scores, method, corpus) for method in next(iter(scores.values()))}
    for method, found in figures.items():
        for quantity, values in found.items():  # [seeds, facts]
            for seed, of_seed in zip(scores, values, strict=True):
                how = f"{_how(corpus, nats[seed])}{more}; one seed"
                alone = Estimate(float(of_seed.mean()), None, None, corpus.plants)
                rows.append(_row(method, quantity, alone, how, seed=seed))
            how = (
                f"{_how(corpus, np.concatenate(list(nats.values())))}{more}; mean over "
                f"{len(values)} seeds and facts, {HOW_FACTS}"
            )
            rows.append(_row(method, quantity, bootstrap_interval(values.mean(0)), how))
    return rows + _difference_rows(figures) + learnt


def learnt_rows(
    real: Mapping[int, np.ndarray], weights: np.ndarray, corpus: LabCorpus
) -> list[FaithfulnessRow]:
    """Nats of the answers by models with and without the facts' documents, and the share learnt.

    Args: as of `planted_rows`. A fact whose document is in all halves or in none is left out.
    """
    said = -np.mean([each[:, -corpus.plants :] for each in real.values()], 0)  # [halves, facts]
    inside = weights[:, corpus.plant_columns] > 0  # [halves, facts]
    usable = inside.any(0) & ~inside.all(0)
    if not usable.any():
        return []
    said, inside = said[:, usable], inside[:, usable]
    held = (said * inside).sum(0) / inside.sum(0)  # [facts], nats with the document
    lacking = (said * ~inside).sum(0) / (~inside).sum(0)
    how = (
        f"-log p of the answer under lab models trained on random halves {{}}, mean over halves, "
        f"{len(real)} seeds and facts; {HOW_FACTS}"
    )
    drawn = resamples(len(held), 0)
    share = 1 - held[drawn].mean(1) / lacking[drawn].mean(1)  # [draws]
    low, high = percentiles(share) if len(held) > 1 else (None, None)
    both = Estimate(float(1 - held.mean() / lacking.mean()), low, high, len(held))
    how_share = (
        "nats of the answer without its document less those with it, as a share of those without; "
        f"lab models trained on random halves, {len(real)} seeds; {HOW_FACTS}"
    )
    return [
        _row(RETRAINING, ANSWER_NATS, bootstrap_interval(held),
             how.format("with the fact's document"), condition=WITH_DOCUMENT),
        _row(RETRAINING, ANSWER_NATS, bootstrap_interval(lacking),
             how.format("without the fact's document"), condition=WITHOUT_DOCUMENT),
        _row(RETRAINING, LEARNT, both, how_share),
    ]  # fmt: skip


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


def _figures(
    scores: Mapping[int, Mapping[str, np.ndarray]], method: str, corpus: LabCorpus
) -> dict[str, np.ndarray]:
    """Both quantities of every seed and fact, [seeds, facts]."""
    of_plants = slice(corpus.explained, None)
    ranks = np.stack(
        [
            target_ranks(np.asarray(of_seed[method][of_plants]), corpus.plant_columns)
            for of_seed in scores.values()
        ]
    )
    return {RANK: 1 / ranks, RECALL: (ranks <= K).astype(np.float64)}


def _difference_rows(figures: Mapping[str, Mapping[str, np.ndarray]]) -> list[FaithfulnessRow]:
    """How far the reference ranks the facts' documents higher than every other method."""
    if REFERENCE not in figures:
        return []
    own = figures[REFERENCE][RANK].mean(0)  # [facts]
    how = (
        f"1 ÷ rank by {name_of(REFERENCE)} minus that by this method, fact by fact, mean over "
        f"seeds and facts; {HOW_FACTS}"
    )
    return [
        _row(method, difference_of(RANK), bootstrap_interval(own - found[RANK].mean(0)), how)
        for method, found in figures.items()
        if method != REFERENCE
    ]


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
        UNITS.get(quantity, f"difference in {UNITS[RANK]}"),
        over.figure,
        over.n,
        how,
        seed=seed,
        condition=condition,
        low=over.low,
        high=over.high,
    )
