"""One forward and backward pass over a batch: Σ weight · NLL, differentiated to tracked layers."""

from __future__ import annotations

from collections.abc import Callable

import torch

from attribution_engine.influence.blockwise import backward_by_blocks
from attribution_engine.influence.capture import (
    Collector,
    Consume,
    recording,
)
from attribution_engine.influence.output_head import (
    Labels,
    chunks_of_rows,
    hidden_gradient,
    probabilities,
)
from attribution_engine.influence.sampling import document_uniforms, sample_labels
from attribution_engine.influence.tokens import Batch
from attribution_engine.influence.tracked import Tracked

OwnOrDrawn = Callable[[Batch], Labels]  # what counts as the right label at each position


def own_labels(batch: Batch) -> Labels:
    """The data's own next tokens."""
    targets = batch.targets[batch.has_loss]
    return lambda p, rows: targets[rows].to(p.device)


def drawn_labels(seed: int, purpose: int) -> OwnOrDrawn:
    """Labels drawn from the model, as the Fisher matrix asks; each document has its own draw."""

    def of(batch: Batch) -> Labels:
        uniforms = document_uniforms(seed, purpose, batch.rows, batch.inputs.shape[1])
        chosen = uniforms[batch.has_loss]
        return lambda p, rows: sample_labels(p, chosen[rows].to(p.device))

    return of


def backward_pass(
    tracked: Tracked,
    batch: Batch,
    consume: Consume,
    *,
    labels: OwnOrDrawn = own_labels,
    weights: torch.Tensor | None = None,
) -> None:
    """Σ over texts of weight · Σ NLL over positions with loss, differentiated.

    Padding stands to the right and attention looks to the left only, so no mask is needed: what
    a real position computes does not depend on it.

    Args:
        consume: is handed every wanted layer once, from the last to the first.
        weights: [texts]; all 1 by default.
    """
    ids, has_loss = batch.inputs.to(tracked.device), batch.has_loss.to(tracked.device)
    row_weights = None
    if weights is not None:
        row_weights = weights.unsqueeze(1).expand(batch.has_loss.shape)[batch.has_loss]
        row_weights = row_weights.to(tracked.device)
    chosen = labels(batch)

    def forward() -> torch.Tensor:
        if tracked.trunk is not None:
            return tracked.trunk(input_ids=ids, use_cache=False).last_hidden_state
        return tracked.model(input_ids=ids, use_cache=False).logits

    def backward(output: torch.Tensor) -> None:
        if tracked.trunk is not None:
            _from_hidden(tracked, output, has_loss, chosen, row_weights)
        else:
            _from_logits(output, has_loss, chosen, row_weights)

    if tracked.most_at_once is not None and ids.numel() > tracked.most_at_once:
        backward_by_blocks(tracked, batch, consume, forward, backward)
        return
    with recording(tracked) as calls:
        output = forward()
    if not calls:
        return
    collector = Collector(calls, tracked, batch, consume)
    try:
        backward(output)
    finally:
        collector.finish()


def _from_hidden(
    tracked: Tracked,
    hidden: torch.Tensor,
    has_loss: torch.Tensor,
    labels: Labels,
    weights: torch.Tensor | None,
) -> None:
    assert tracked.head is not None
    with torch.no_grad():
        everywhere = bool(has_loss.all())
        states = hidden.detach()
        rows = states.flatten(0, 1) if everywhere else states[has_loss]
        found = hidden_gradient(tracked.head, rows, labels, weights)
        if everywhere:
            gradient = found.view_as(states)
        else:
            gradient = torch.zeros_like(states)
            gradient[has_loss] = found
    torch.autograd.backward(hidden, gradient)


def _from_logits(
    logits: torch.Tensor,
    has_loss: torch.Tensor,
    labels: Labels,
    weights: torch.Tensor | None,
) -> None:
    """The same through the graph of the whole model, for heads that are no plain linear map."""
    kept = logits[has_loss]
    kept = kept if kept.dtype == torch.float64 else kept.float()
    with torch.no_grad():
        # In the same chunks as by formula, so that drawn labels are the same.
        chosen = torch.cat(
            [labels(probabilities(kept[r]), r) for r in chunks_of_rows(kept, kept.shape[-1])]
        )
    nll = torch.nn.functional.cross_entropy(kept, chosen, reduction="none")
    torch.autograd.backward((nll if weights is None else nll * weights.to(nll.dtype)).sum())
