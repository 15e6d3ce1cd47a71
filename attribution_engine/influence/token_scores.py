"""Influence at the level of tokens, in two alignments; both sum to the document's influence.

`predicted`: each target token's own loss term, d/dε log p(z_t | z_<t; θ + εv), by forward-mode
differentiation: one pass gives it for all tokens of a document.
`update`: the position at which the weight update happens (Grosse et al., Eq. 30–31), which is the
token before the predicted one. The start token's own share is counted on the first text token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import nn

from attribution_engine.influence.capture import log_probabilities
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.query_gradients import LayerDirections
from attribution_engine.influence.scores import document_pass, position_products
from attribution_engine.influence.tokens import Batch, TokenisedText, batches

Scores = dict[int, list[float]]  # document row -> one number (nats) a text token
Progress = Callable[[int], None]


def predicted_scores(
    model: nn.Module,
    layers: list[Layer],
    directions: list[LayerDirections],
    query: int,
    documents: Sequence[TokenisedText],
    rows: Sequence[int],
    *,
    batch_tokens: int,
    device: torch.device,
    progress: Progress = lambda done: None,
) -> Scores:
    """Change of each token's log-probability along the query's direction, for some documents."""
    dtype = next(model.parameters()).dtype
    tangents: dict[str, torch.Tensor] = {}
    for layer, direction in zip(layers, directions, strict=True):
        tangents |= layer.parameters_of(direction.of(query).to(dtype))
    primals = {name: model.get_parameter(name).detach() for name in tangents}
    result: Scores = {}
    for batch in batches(documents, batch_tokens, rows):
        changes = _directional_change(model, primals, tangents, batch, device)
        changes = changes.masked_fill(~batch.has_loss.to(device), 0.0).double().cpu()
        for at, row in enumerate(batch.rows):
            text = documents[row]
            of_targets = changes[at, : text.n_positions].tolist()
            # Without a start token nothing predicts the first token.
            result[row] = of_targets if text.starts else [0.0, *of_targets]
        progress(len(batch.rows))
    return result


def _directional_change(
    model: nn.Module,
    primals: dict[str, torch.Tensor],
    tangents: dict[str, torch.Tensor],
    batch: Batch,
    device: torch.device,
) -> torch.Tensor:
    """d/dε log p(target; θ + ε·tangents) at ε = 0, [texts, positions]."""
    inputs, attended = batch.inputs.to(device), batch.attended.to(device).long()
    targets = batch.targets.to(device)

    def log_p(parameters: dict[str, torch.Tensor]) -> torch.Tensor:
        output = torch.func.functional_call(
            model,
            parameters,
            kwargs={"input_ids": inputs, "attention_mask": attended, "use_cache": False},
        )
        logits = output.logits
        return log_probabilities(
            logits if logits.dtype == torch.float64 else logits.float(), targets
        )

    with torch.no_grad():
        return torch.func.jvp(log_p, (primals,), (tangents,))[1]


def update_scores(
    model: nn.Module,
    layers: list[Layer],
    directions: list[LayerDirections],
    wanted: dict[int, list[int]],
    documents: Sequence[TokenisedText],
    *,
    batch_tokens: int,
    device: torch.device,
    progress: Progress = lambda done: None,
) -> dict[tuple[int, int], list[float]]:
    """Shares of the positions where the update happens.

    Args:
        wanted: document row -> the queries that want its tokens.

    Returns:
        (query, document row) -> one number a text token (nats).
    """
    result: dict[tuple[int, int], list[float]] = {}
    for batch in batches(documents, batch_tokens, sorted(wanted)):
        captured = document_pass(model, layers, batch, device)
        for at, row in enumerate(batch.rows):
            queries, text = wanted[row], documents[row]
            total = torch.zeros(len(queries), text.n_positions, dtype=torch.float64)
            for layer, direction in zip(captured, directions, strict=True):
                one = type(layer)(layer.activations[at : at + 1], layer.gradients[at : at + 1])
                products = position_products(_of_queries(direction, queries), one)[:, 0]
                total -= _fold_calls(products, batch.inputs.shape[1], text.n_positions)
            for query, shares in zip(queries, total.tolist(), strict=True):
                result[query, row] = _on_text_tokens(shares, text)
        progress(len(batch.rows))
    return result


def _of_queries(direction: LayerDirections, queries: list[int]) -> LayerDirections:
    if direction.exact is not None:
        return LayerDirections(direction.exact[queries])
    assert direction.left is not None and direction.right is not None
    return LayerDirections(None, direction.left[queries], direction.right[queries])


def _fold_calls(products: torch.Tensor, width: int, n_positions: int) -> torch.Tensor:
    """Sums the calls of a layer that was used more than once; cuts the padding off."""
    products = products.double().cpu()
    return products.reshape(products.shape[0], -1, width).sum(1)[:, :n_positions]


def _on_text_tokens(shares: list[float], text: TokenisedText) -> list[float]:
    """Shares of input positions (start token first, last token absent) as text tokens'."""
    if not text.starts:
        return [*shares, 0.0]
    if text.n_tokens == 1:
        return [shares[0]]
    return [shares[0] + shares[1], *shares[2:], 0.0]
