"""How far EK-FAC's rankings depend on what they should not: factor sample, damping, rank.

For each query, Spearman's correlation over documents between the scores of two ways to compute
them. Works on a lab's model and on a run's own, over a sample of its documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import nn

from attribution_engine.curvature_stages import factor_rows
from attribution_engine.findings.agreement import spearman
from attribution_engine.influence.layers import select_layers
from attribution_engine.lab.gradient_scores import FactorRows, Variant, gradient_scores, work_of
from attribution_engine.lab.lab_scores import BATCH_TOKENS, Asked, Text, as_queries, as_texts
from attribution_engine.progress import progress
from attribution_engine.records import InfluenceConfig, InputError

DISJOINT: Final = "disjoint factor samples"
FEWEST_DOCUMENTS: Final = 4  # two samples, each of a document for either stage


@dataclass(frozen=True, slots=True)
class StabilityRow:
    """One query under one condition.

    Attributes:
        query: number of the query, from 0.
        spearman: over the documents; None where it is not defined (all scores alike).
        n: documents that were scored.
    """

    condition: str
    query: int
    spearman: float | None
    n: int


@dataclass(frozen=True, slots=True)
class StabilitySummary:
    """One condition: median and quartiles over the queries for which Spearman is defined.

    Attributes:
        n: those queries; with none of them the figures are NaN.
    """

    condition: str
    median: float
    lower_quartile: float
    upper_quartile: float
    n: int


def stability(
    model: nn.Module,
    documents: Sequence[Text],
    queries: Sequence[Asked],
    *,
    modules: str = "mlp",
    dampings: tuple[float, float] = (0.1, 0.01),
    ranks: Sequence[int] = (16, 4),
    factor_passes: int = 1,
    seed: int = 0,
    device: str | torch.device = "cpu",
    batch_tokens: int = BATCH_TOKENS,
) -> list[StabilityRow]:
    """Scores the documents anew under each condition and compares, query by query.

    - two disjoint factor samples: each a half of `documents`, damping `dampings[0]`, exact;
    - the two dampings: factors of all documents, exact;
    - each rank against exact: factors of all documents, damping `dampings[0]`.

    A rank that is no lower than a layer's smaller side leaves that layer exact, as in a run; one
    that would leave every layer exact is not tested.

    Args:
        model: a causal language model on `device`.
        documents: those scored, which are also what factors are fitted on.
        factor_passes: as in `InfluenceConfig`: 1 = covariances on one half of a sample and
            eigenvalues on the other, 2 = both on all of it.
        seed: draws the samples, and the labels of the curvature.

    Returns:
        A row a condition and query, conditions in the order above.

    Raises:
        InputError: fewer than four documents, no query, or influence that is not finite.
    """
    if len(documents) < FEWEST_DOCUMENTS or not queries:
        raise InputError(
            f"stability: {len(documents)} documents and {len(queries)} queries; give "
            f"{FEWEST_DOCUMENTS} documents and a query at least"
        )
    largest = largest_smaller_side(model, modules)
    ranks = [rank for rank in ranks if rank < largest]
    variants, pairs = _plan(len(documents), dampings, ranks, factor_passes, seed)
    with progress("stability", work_of(variants, len(queries), len(documents)), "text") as step:
        scores = gradient_scores(
            model,
            as_texts(documents),
            as_queries(queries),
            variants,
            modules=modules,
            seed=seed,
            device=torch.device(device),
            batch_tokens=batch_tokens,
            progress=step,
        ).influence
    return [
        row
        for condition, first, second in pairs
        for row in compared(condition, scores[first], scores[second])
    ]


def compared(condition: str, first: np.ndarray, second: np.ndarray) -> list[StabilityRow]:
    """Spearman between two scorings [queries, documents], query by query."""
    return [
        StabilityRow(condition, query, spearman(one, other), len(one))
        for query, (one, other) in enumerate(zip(first, second, strict=True))
    ]


def summarise(rows: Sequence[StabilityRow]) -> list[StabilitySummary]:
    """Median and quartiles over queries of every condition, in the order of the rows."""
    found = []
    for condition in dict.fromkeys(row.condition for row in rows):
        kept = [r.spearman for r in rows if r.condition == condition and r.spearman is not None]
        low, middle, high = (
            np.quantile(kept, (0.25, 0.5, 0.75)).tolist() if kept else [float("nan")] * 3
        )
        found.append(StabilitySummary(condition, middle, low, high, len(kept)))
    return found


def largest_smaller_side(model: nn.Module, modules: str) -> int:
    """Of the tracked maps' gradients [out, in], the largest smaller side."""
    return max(
        min(layer.in_features, layer.out_features) for layer in select_layers(model, modules)
    )


def disjoint_samples(n_documents: int, factor_passes: int, seed: int) -> tuple[FactorRows, ...]:
    """Two halves of the documents, drawn with the seed, each as a run splits its factor sample."""
    halves = factor_rows(InfluenceConfig(seed=seed), n_documents)
    if factor_passes == 2:
        return tuple((tuple(half), tuple(half)) for half in halves)
    return tuple((tuple(half[::2]), tuple(half[1::2])) for half in halves)


def _plan(
    n_documents: int,
    dampings: tuple[float, float],
    ranks: Sequence[int],
    factor_passes: int,
    seed: int,
) -> tuple[list[Variant], list[tuple[str, int, int]]]:
    """What to compute, and which two of it each condition compares."""
    options = InfluenceConfig(seed=seed, factor_passes=factor_passes)
    first, second = factor_rows(options, n_documents)
    every = tuple(first), tuple(second)
    one, other = disjoint_samples(n_documents, factor_passes, seed)
    usual, lower = dampings
    variants = [
        Variant(every, usual),
        Variant(every, lower),
        *(Variant(every, usual, rank) for rank in ranks),
        Variant(one, usual),
        Variant(other, usual),
    ]
    last = len(variants) - 1
    return variants, [
        (DISJOINT, last - 1, last),
        (f"damping {usual:g} against {lower:g}", 0, 1),
        *((f"rank {rank} against exact", 2 + at, 0) for at, rank in enumerate(ranks)),
    ]
