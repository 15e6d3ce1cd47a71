"""Influence of every document on every query, and each document's gradient norm.

I = ∇fᵀ (G + λI)⁻¹ (−∇L) = −Σ_layers ⟨v, Σ_t ds_t āᵀ_t⟩, with L the document's summed NLL.
Positive = more weight on the document raises the completion's log-probability.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from attribution_engine.influence.capture import (
    Captured,
    backward_to_layers,
    log_probabilities,
    logits_of,
    recording,
)
from attribution_engine.influence.factors import chunks
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.query_gradients import LayerDirections
from attribution_engine.influence.tokens import Batch, TokenisedText, batches


def document_pass(
    model: nn.Module, layers: list[Layer], batch: Batch, device: torch.device
) -> list[Captured]:
    """Activations and gradients of Σ NLL of the documents' own tokens."""
    with recording(layers) as calls:
        logits = logits_of(model, batch, device)
    nll = -log_probabilities(logits, batch.targets.to(device))
    loss = nll[batch.has_loss.to(device)].sum()
    return backward_to_layers(loss, calls, layers, batch)


def document_scores(
    model: nn.Module,
    layers: list[Layer],
    directions: list[LayerDirections],
    documents: Sequence[TokenisedText],
    *,
    batch_tokens: int,
    device: torch.device,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores every document against every query in one pass over the corpus.

    Returns:
        influence [queries, documents] in nats, and gradient norms ‖∇L‖ [documents] over the
        tracked layers; both float64 on the CPU.
    """
    n_queries = directions[0].n_queries
    influence = torch.zeros(n_queries, len(documents), dtype=torch.float64)
    squared_norm = torch.zeros(len(documents), dtype=torch.float64)
    for batch in batches(documents, batch_tokens):
        rows = torch.tensor(batch.rows)
        for captured, direction in zip(
            document_pass(model, layers, batch, device), directions, strict=True
        ):
            start = 0
            for chunk in chunks(captured):
                gradient = chunk.per_text()  # [texts, out, in]
                at = rows[start : start + len(gradient)]
                influence[:, at] -= _products(direction, gradient, chunk).double().cpu()
                squared_norm[at] += gradient.square().sum((1, 2)).double().cpu()
                start += len(gradient)
        progress(len(batch.rows))
    return influence, squared_norm.sqrt()


def _products(direction: LayerDirections, gradient: torch.Tensor, chunk: Captured) -> torch.Tensor:
    """⟨v_q, gradient_d⟩ of one layer, [queries, texts]."""
    if direction.exact is not None:
        return direction.exact.flatten(1) @ gradient.flatten(1).T
    return position_products(direction, chunk).sum(-1)


def position_products(direction: LayerDirections, captured: Captured) -> torch.Tensor:
    """⟨v_q, ds_t āᵀ_t⟩ of one layer, [queries, texts, positions]."""
    if direction.exact is not None:
        pulled = captured.gradients @ direction.exact.unsqueeze(1)  # [queries, texts, t, in]
        return (pulled * captured.activations).sum(-1)
    assert direction.left is not None and direction.right is not None
    outputs = captured.gradients @ direction.left.unsqueeze(1)
    inputs = captured.activations @ direction.right.transpose(1, 2).unsqueeze(1)
    return (outputs * inputs).sum(-1)
