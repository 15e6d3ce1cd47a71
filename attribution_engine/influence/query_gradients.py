"""The preconditioned direction of every query: v = (G + λI)⁻¹ ∇f, f = Σ weight · log p."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from attribution_engine.influence.capture import Captured
from attribution_engine.influence.contractions import sum_of_outer_products
from attribution_engine.influence.curvature import LayerCurvature
from attribution_engine.influence.directions import LayerDirections, stacked
from attribution_engine.influence.output_head import chunks_of_rows
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.tokens import TokenisedText, batches, collate
from attribution_engine.influence.tracked import Tracked


@dataclass(frozen=True, slots=True)
class WeightedTexts:
    """A query as the model sees it: f = Σ over parts of weight · log p(part with loss)."""

    parts: tuple[TokenisedText, ...]
    weights: tuple[float, ...]


def query_directions(
    tracked: Tracked,
    curvatures: dict[int, LayerCurvature],
    queries: Sequence[WeightedTexts],
    *,
    damping: float,
    rank: int | None,
    seed: int,
    batch_tokens: int,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[dict[int, LayerDirections], dict[int, torch.Tensor]]:
    """v of every query in every wanted layer, exact or compressed by randomised SVD.

    Returns:
        By layer: the directions; and ‖∇f‖², [queries], float64.
    """
    kept: dict[int, list[tuple[torch.Tensor, ...]]] = {index: [] for index in tracked.wanted}
    squared = {i: torch.zeros(len(queries), dtype=torch.float64) for i in tracked.wanted}
    for number, query in enumerate(queries):
        gradients = rotated_gradients(tracked, curvatures, query, batch_tokens)
        for index in tracked.wanted:
            curvature = curvatures[index]
            gradient = gradients.pop(index, None)
            if gradient is None:  # an expert that no token of the query went to
                gradient = _nothing(tracked, index)
            squared[index][number] = float(torch.linalg.vector_norm(gradient)) ** 2
            divided = curvature.divide(gradient, damping)
            if rank is None or rank >= min(divided.shape):
                kept[index].append((_whole(curvature, divided),))
            else:
                mixed = (seed * 1_000_003 + number) % (1 << 62)
                kept[index].append(curvature.out_of_basis(*randomised_svd(divided, rank, mixed)))
        progress(1)
    # One layer at a time: both the parts and their stack would be twice all directions.
    return {index: stacked(kept.pop(index)) for index in tracked.wanted}, squared


def rotated_gradients(
    tracked: Tracked,
    curvatures: dict[int, LayerCurvature],
    query: WeightedTexts,
    batch_tokens: int,
) -> dict[int, torch.Tensor]:
    """∇f [out, in] of every layer that it depends on, in that layer's basis."""
    sums: dict[int, torch.Tensor] = {}

    def consume(index: int, captured: Captured) -> None:
        activations, gradients = (
            captured.activations.flatten(0, 1),
            captured.gradients.flatten(0, 1),
        )
        # f is a log-probability, the pass differentiates its negative.
        rotated = curvatures[index].into_basis(activations, -gradients)
        gradient = sum_of_outer_products(rotated[1], rotated[0])
        sums[index] = sums[index] + gradient if index in sums else gradient

    for batch in batches(query.parts, batch_tokens):
        weights = torch.tensor([query.weights[row] for row in batch.rows], dtype=torch.float64)
        plain = bool((weights == 1.0).all())
        backward_pass(tracked, batch, consume, weights=None if plain else weights)
    return sums


def _whole(curvature: LayerCurvature, divided: torch.Tensor) -> torch.Tensor:
    """A direction [out, in] back from the basis."""
    left, right = curvature.basis.gradients, curvature.basis.activations
    direction = divided if left is None else left.to(divided.dtype) @ divided
    return direction if right is None else direction @ right.to(divided.dtype).T


def _nothing(tracked: Tracked, index: int) -> torch.Tensor:
    kind = next(tracked.model.parameters()).dtype
    kind = kind if kind == torch.float64 else torch.float32
    return torch.zeros(tracked.layers[index].shape, dtype=kind, device=tracked.device)


def randomised_svd(
    matrix: torch.Tensor, rank: int, seed: int, oversampling: int = 8, passes: int = 2
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rank-`rank` factors left [out, rank] and right [rank, in] (Halko et al. 2011, alg. 4.4)."""
    generator = torch.Generator().manual_seed(seed)
    width = min(rank + oversampling, *matrix.shape)
    probe = torch.randn(matrix.shape[1], width, generator=generator, dtype=torch.float64)
    image = matrix @ probe.to(matrix)
    for _ in range(passes):  # power iterations: the spectrum of a gradient falls slowly
        image = matrix @ torch.linalg.qr(matrix.T @ image).Q
    basis = torch.linalg.qr(image).Q
    within = basis.T @ matrix  # [width, in]
    # Its left singular vectors from a small eigenproblem; strongest last.
    vectors = torch.linalg.eigh((within @ within.T).double()).eigenvectors[:, -rank:].to(matrix)
    return basis @ vectors, vectors.T @ within


def completion_nats(tracked: Tracked, query: TokenisedText) -> tuple[float, list[float]]:
    """−log p(completion | prompt) in nats, and its part for each text token (prompt tokens 0)."""
    batch = collate([query], [0])
    ids, has_loss = batch.inputs.to(tracked.device), batch.has_loss[0].to(tracked.device)
    targets = batch.targets[0].to(tracked.device)[has_loss]
    trunk, head = tracked.trunk, tracked.head
    with torch.no_grad():
        if trunk is not None and head is not None:
            states = trunk(input_ids=ids, use_cache=False).last_hidden_state[0]
            vocabulary = head.weight.shape[0]
        else:
            states, head = tracked.model(input_ids=ids, use_cache=False).logits[0], None
            vocabulary = states.shape[-1]
        states = states[has_loss]
        found = torch.zeros(len(states), dtype=torch.float64, device=tracked.device)
        for rows in chunks_of_rows(states, vocabulary):  # all logits of a long query are too many
            logits = states[rows] if head is None else head(states[rows])
            logits = logits if logits.dtype == torch.float64 else logits.float()
            own = logits.gather(-1, targets[rows].unsqueeze(-1)).squeeze(-1)
            found[rows] = (logits.logsumexp(-1) - own).double()
    nats = torch.zeros(has_loss.shape, dtype=torch.float64, device=tracked.device)
    nats[has_loss] = found
    per_token = [0.0] * (1 - query.starts) + nats.tolist()
    return float(found.sum()), per_token
