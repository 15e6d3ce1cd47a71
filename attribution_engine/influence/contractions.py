"""Products of a layer's activations and gradients with directions, each the cheapest way.

For a layer of [out, in] and texts of t slots: forming a text's gradient costs t·in·out, Gram
matrices of its slots t²·(in + out), a direction of rank r at every slot t·r·(in + out).
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from attribution_engine.influence.capture import Captured
from attribution_engine.influence.directions import LayerDirections

# Formed gradients held at a time: a CPU wants them in its cache, a GPU wants large matrices.
CPU_NUMBERS, GPU_NUMBERS = 1 << 21, 1 << 27
# The same for tokens × queries × rank.
CPU_FACTORED, GPU_FACTORED = 1 << 22, 1 << 27


def chunks(captured: Captured) -> Iterator[tuple[slice, Captured]]:
    """The same texts a few at a time, so that their gradients [texts, out, in] are few."""
    numbers = captured.activations.shape[-1] * captured.gradients.shape[-1]
    allowed = GPU_NUMBERS if captured.activations.is_cuda else CPU_NUMBERS
    size = max(1, allowed // numbers)
    for start in range(0, captured.activations.shape[0], size):
        texts = slice(start, start + size)
        yield texts, captured.select(texts)


def sum_of_outer_products(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """leftᵀ right of [rows, m] and [rows, n], summed in float32 or better, [m, n]."""
    if left.dtype in (torch.float32, torch.float64):
        return left.T @ right
    if left.is_cuda:  # 16-bit factors, 32-bit sums
        return torch.mm(left.T, right, out_dtype=torch.float32)  # type: ignore[call-overload]
    return left.float().T @ right.float()


def gradients_per_text(captured: Captured) -> torch.Tensor:
    """[texts, out, in], summed in float32 or better."""
    left, right = captured.gradients.transpose(1, 2), captured.activations
    if left.dtype in (torch.float32, torch.float64):
        return left @ right
    if left.is_cuda:
        return torch.bmm(left, right, out_dtype=torch.float32)  # type: ignore[call-overload]
    return left.float() @ right.float()


def document_products(
    captured: Captured, directions: LayerDirections
) -> tuple[torch.Tensor, torch.Tensor]:
    """⟨v_q, Σ_t ds_t āᵀ_t⟩ [queries, texts] and ‖Σ_t ds_t āᵀ_t‖² [texts]."""
    slots, width = captured.activations.shape[1:]
    height = captured.gradients.shape[-1]
    at_slots = slots * directions.n_queries * (directions.rank or height) * (width + height)
    if directions.exact is None and at_slots < slots * width * height:
        return slot_products(captured, directions).sum(-1), squared_norms(captured)
    found, squared = [], []
    for _, chunk in chunks(captured):
        gradient = gradients_per_text(chunk)
        found.append(_matrix_products(directions, gradient))
        squared.append(_squares(gradient))
    return torch.cat(found, 1), torch.cat(squared)


def squared_norms(captured: Captured) -> torch.Tensor:
    """‖Σ_t ds_t āᵀ_t‖² [texts], by forming the gradient or by Gram matrices of the slots."""
    slots, width = captured.activations.shape[1:]
    height = captured.gradients.shape[-1]
    if slots * (width + height) < width * height:
        return squared_norms_by_gram(captured)
    return torch.cat([_squares(gradients_per_text(chunk)) for _, chunk in chunks(captured)])


def _squares(gradient: torch.Tensor) -> torch.Tensor:
    flat = gradient.flatten(1)
    return torch.linalg.vecdot(flat, flat)


def _matrix_products(directions: LayerDirections, gradient: torch.Tensor) -> torch.Tensor:
    """⟨v_q, gradient_d⟩ of formed gradients [texts, out, in], [queries, texts]."""
    if directions.exact is not None:
        return directions.exact.flatten(1).to(gradient.dtype) @ gradient.flatten(1).T
    left, right = directions.factors()  # [out, queries · rank], [in, queries · rank]
    pulled = left.T.to(gradient.dtype) @ gradient  # [texts, queries · rank, in]
    products = (pulled * right.T.to(gradient.dtype)).sum(-1)
    return products.view(len(gradient), directions.n_queries, -1).sum(-1).T


def slot_products(captured: Captured, directions: LayerDirections) -> torch.Tensor:
    """⟨v_q, ds_t āᵀ_t⟩ at every slot, [queries, texts, slots], in float32 or better."""
    texts, slots, _ = captured.activations.shape
    activations, gradients = captured.activations.flatten(0, 1), captured.gradients.flatten(0, 1)
    if directions.exact is not None:
        # 16-bit products would make a document's score depend on whether its tokens are asked for.
        kind = _sum_type(gradients)
        activations, gradients = activations.to(kind), gradients.to(kind)
        by_query = [((gradients @ one.to(kind)) * activations).sum(-1) for one in directions.exact]
        return torch.stack(by_query).view(-1, texts, slots)
    left, right = (each.to(gradients.dtype) for each in directions.factors())
    shares = gradients.new_empty(texts * slots, directions.n_queries, dtype=_sum_type(gradients))
    size = max(1, (GPU_FACTORED if gradients.is_cuda else CPU_FACTORED) // left.shape[1])
    for start in range(0, len(shares), size):
        rows = slice(start, start + size)
        outputs = gradients[rows] @ left  # [tokens, queries · rank]
        outputs *= activations[rows] @ right
        split = outputs.view(len(outputs), directions.n_queries, -1)
        torch.sum(split, -1, dtype=shares.dtype, out=shares[rows])
    return shares.T.reshape(-1, texts, slots)


def squared_norms_by_gram(captured: Captured) -> torch.Tensor:
    """‖Σ_t ds_t āᵀ_t‖² = Σ_tu (ds_t·ds_u)(ā_t·ā_u), [texts], without forming the gradient."""
    a, g = captured.activations, captured.gradients
    if a.dtype not in (torch.float32, torch.float64):
        a, g = a.float(), g.float()
    return ((g @ g.transpose(1, 2)) * (a @ a.transpose(1, 2))).sum((1, 2))


def _sum_type(tensor: torch.Tensor) -> torch.dtype:
    return torch.float64 if tensor.dtype == torch.float64 else torch.float32
