"""Scores of documents by gradients, all in memory: curvature, directions, one scoring pass.

A run keeps every stage of every layer in a file to go on from (`curvature_stages`, `query_stages`,
`score_stages`). A lab scores small models many times, so the same functions are called here
without files; several variants of the directions share the pass over the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from torch import nn

from attribution_engine.influence.curvature import Eigenbasis, LayerCurvature
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.factors import eigenpairs, fit_covariances, fit_eigenvalues
from attribution_engine.influence.layers import Layer, select_layers
from attribution_engine.influence.memory import Room, Shape, TokenBudget, groups, room
from attribution_engine.influence.query_gradients import WeightedTexts, query_directions
from attribution_engine.influence.scores import Scores, score_documents
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.influence.tracked import Tracked, track
from attribution_engine.records import InfluenceConfig, InputError

# Documents for the covariances and documents for the eigenvalues.
FactorRows = tuple[tuple[int, ...], tuple[int, ...]]
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to get from a query's gradient to its direction.

    Attributes:
        rows: documents that EK-FAC's curvature is fitted on; None = no curvature, v = ∇f.
        damping: λ of a layer = damping × mean(Λ of that layer).
        rank: of the direction by randomised SVD; None = exact.
    """

    rows: FactorRows | None
    damping: float = 0.1
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class GradientScores:
    """Scores of every variant and the norms that make cosines of dot products, all float64.

    Attributes:
        influence: [variants, queries, documents], nats per unit of weight on a document.
        query_norms: ‖∇f‖ over the tracked layers, [queries].
        document_norms: ‖∇L‖ over the tracked layers, [documents].
    """

    influence: np.ndarray
    query_norms: np.ndarray
    document_norms: np.ndarray

    def cosines(self, variant: int) -> np.ndarray:
        """A variant's scores divided by both norms, [queries, documents]; 0 where one is 0."""
        sizes = self.query_norms[:, None] * self.document_norms[None]
        dots = self.influence[variant]
        return np.divide(dots, sizes, out=np.zeros_like(dots), where=sizes > 0)


def gradient_scores(
    model: nn.Module,
    documents: Sequence[TokenisedText],
    queries: Sequence[WeightedTexts],
    variants: Sequence[Variant],
    *,
    modules: str,
    seed: int,
    device: torch.device,
    batch_tokens: int,
    progress: Progress = lambda done: None,
) -> GradientScores:
    """Scores documents against queries by every variant, the same numbers that a run gives.

    Layers are taken in as few groups as memory allows. Variants with the same `rows` share a fit,
    and all of them share the pass over the documents.

    Args:
        model: on `device`; it is put in eval mode without parameter gradients meanwhile.
        modules: the linear maps to track, see `layers.select_layers`.
        seed: of the labels drawn for the curvature, and of the randomised SVD.
        progress: is told of documents and queries gone through; see `work_of`.

    Returns:
        Scores, positive where more weight on the document raises the query's log-probability.

    Raises:
        InputError: a document has no gradient that is finite, or a layer does not fit in memory.
    """
    with frozen(model):
        tracked = track(model, select_layers(model, modules), device)
        shared = _room(tracked, documents, queries, batch_tokens)
        if shared.by_blocks:
            tracked = replace(tracked, most_at_once=shared.at_once)
        n_queries, n_documents = len(queries), len(documents)
        norms = np.zeros(n_queries)

        def score(tokens: int) -> Scores:
            norms[:] = 0.0
            finder = _Finder(tracked, documents, queries, variants, seed, tokens, norms, progress)
            return score_documents(
                tracked,
                [
                    (group, partial(finder.directions, group))
                    for group in _groups(tracked.layers, len(variants) * n_queries, shared.allowed)
                ],
                documents,
                range(n_documents),
                len(variants) * n_queries,
                tokens=False,
                batch_tokens=tokens,
                progress=progress,
            )

        scores = TokenBudget(min(batch_tokens, shared.at_once)).run(score, "scores")
    if not np.isfinite(scores.influence).all():
        row = int((~np.isfinite(scores.influence)).any(0).argmax())
        raise InputError(
            f"document {row + 1}: its influence is NaN or infinite; train the model with a smaller "
            "learning rate, or raise the damping"
        )
    return GradientScores(
        scores.influence.reshape(len(variants), n_queries, n_documents),
        np.sqrt(norms),
        np.sqrt(scores.squared_norms),
    )


def work_of(variants: Sequence[Variant], n_queries: int, n_documents: int) -> int:
    """What `progress` is told of in all, where all layers fit in memory at once."""
    fitted = {each.rows for each in variants if each.rows is not None}
    factors = sum(len(first) + len(second) for first, second in fitted)
    return factors + len(variants) * n_queries + n_documents


@contextmanager
def frozen(model: nn.Module) -> Iterator[None]:
    """While open the model is in eval mode and no parameter asks for gradients."""
    was_training = model.training
    asking = [each for each in model.parameters() if each.requires_grad]
    model.eval().requires_grad_(False)
    try:
        yield
    finally:
        model.train(was_training)
        for parameter in asking:
            parameter.requires_grad_(True)


def fit_curvatures(
    tracked: Tracked,
    documents: Sequence[TokenisedText],
    rows: FactorRows,
    *,
    seed: int,
    batch_tokens: int,
    progress: Progress = lambda done: None,
) -> dict[int, LayerCurvature]:
    """EK-FAC's curvature of every wanted layer (Grosse et al. 2308.03296, Eq. 11 to 21).

    Raises:
        InputError: a covariance is not finite or has no eigendecomposition.
    """
    first, second = rows
    found = fit_covariances(
        tracked, documents, rows=first, batch_tokens=batch_tokens, seed=seed, progress=progress
    )
    double = next(tracked.model.parameters()).dtype == torch.float64
    kind = torch.float64 if double else torch.float32
    of_inputs: dict[int, torch.Tensor] = {}  # layers that share an input share its eigenvectors
    bases = {}
    try:
        for index, each in found.items():
            layer, owner = tracked.layers[index], tracked.layers[index].input_of
            if owner not in of_inputs:
                of_inputs[owner] = eigenpairs(each.activations, layer, "inputs")[1].to(kind)
            vectors = eigenpairs(each.gradients, layer, "gradients")[1].to(kind)
            bases[index] = Eigenbasis(of_inputs[owner], vectors)
    except ArithmeticError as error:
        raise InputError(f"{error}; check the model's weights") from error
    found.clear()
    values = fit_eigenvalues(
        tracked,
        bases,
        documents,
        rows=second,
        batch_tokens=batch_tokens,
        seed=seed,
        progress=progress,
    )
    return {index: LayerCurvature(bases[index], values[index]) for index in tracked.wanted}


@dataclass(slots=True)
class _Finder:
    """Finds the directions of all variants; ‖∇f‖² of the queries adds up in `norms`."""

    tracked: Tracked
    documents: Sequence[TokenisedText]
    queries: Sequence[WeightedTexts]
    variants: Sequence[Variant]
    seed: int
    batch_tokens: int
    norms: np.ndarray
    progress: Progress

    def directions(self, group: Sequence[int]) -> dict[int, LayerDirections]:
        """v [variants × queries, out, in] of some layers."""
        part = self.tracked.only(group)
        found: list[dict[int, LayerDirections]] = [{} for _ in self.variants]
        for rows in dict.fromkeys(each.rows for each in self.variants):
            curvatures = self._curvatures(part, rows)
            for number, variant in enumerate(self.variants):
                if variant.rows != rows:
                    continue
                found[number], squared = query_directions(
                    part,
                    curvatures,
                    self.queries,
                    damping=variant.damping,
                    rank=variant.rank,
                    seed=self.seed,
                    batch_tokens=self.batch_tokens,
                    progress=self.progress,
                )
                if number == 0:  # a rotation changes no norm: every variant gives the same
                    self.norms += torch.stack(list(squared.values())).sum(0).numpy()
        return {
            index: LayerDirections(torch.cat([_exact(each.pop(index)) for each in found]))
            for index in group
        }

    def _curvatures(self, part: Tracked, rows: FactorRows | None) -> dict[int, LayerCurvature]:
        if rows is None:
            return {index: LayerCurvature(Eigenbasis(None, None), None) for index in part.wanted}
        return fit_curvatures(
            part,
            self.documents,
            rows,
            seed=self.seed,
            batch_tokens=self.batch_tokens,
            progress=self.progress,
        )


def _exact(directions: LayerDirections) -> torch.Tensor:
    """[queries, out, in], so that variants of any rank go through one pass."""
    if directions.exact is not None:
        return directions.exact
    assert directions.left is not None and directions.right is not None
    return directions.left @ directions.right


def _room(
    tracked: Tracked,
    documents: Sequence[TokenisedText],
    queries: Sequence[WeightedTexts],
    batch_tokens: int,
) -> Room:
    of_queries = (part.n_positions for query in queries for part in query.parts)
    longest = max(1, *(text.n_positions for text in documents), *of_queries)
    options = InfluenceConfig(batch_tokens=batch_tokens)
    return room(tracked.model, tracked.layers, options, longest, tracked.device)


def _groups(layers: Sequence[Layer], n_directions: int, allowed: int) -> list[list[int]]:
    """Layers whose covariances fit in half of the memory and all variants' directions in half.

    Both must be there at once, as one fit follows another while directions are kept.
    """
    shape = Shape(queries=n_directions, rank=None)
    together: dict[tuple[int, int], list[int]] = {}
    of_factors, of_directions = (
        {index: number for number, group in enumerate(found) for index in group}
        for found in (
            groups(layers, "covariances", shape, allowed // 2),
            groups(layers, "query gradients", shape, allowed // 2),
        )
    )
    for index in range(len(layers)):
        together.setdefault((of_factors[index], of_directions[index]), []).append(index)
    return list(together.values())
