"""Tracked layers, and what one forward and backward pass shows of them.

No parameter gradient is ever formed here: a layer's gradient on a document is
Σ_t ds_t āᵀ_t, with its input activations ā (a 1 appended where the layer has a bias) and the
gradient ds of its output, so those two are all that is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from attribution_engine.influence.layers import Layer
from attribution_engine.influence.tokens import Batch
from attribution_engine.records import InputError


class NotFinite(Exception):
    """A NaN or infinity at a layer.

    Attributes:
        row: the text in which it turned up, as numbered by the batch.
    """

    def __init__(self, layer: str, what: str, row: int) -> None:
        super().__init__(f"NaN or infinity in the {what} of layer {layer}")
        self.row = row


@dataclass(slots=True)
class Captured:
    """What a pass leaves of one layer, float32 or better.

    Attributes:
        activations: ā, [texts, positions, in_features], zero at padding.
        gradients: ds of a scalar of the outputs, [texts, positions, out_features].
    """

    activations: torch.Tensor
    gradients: torch.Tensor

    def per_text(self) -> torch.Tensor:
        """The layer's gradient on each text, [texts, out_features, in_features]."""
        return self.gradients.transpose(1, 2) @ self.activations


@contextmanager
def recording(layers: list[Layer]) -> Iterator[list[tuple[int, torch.Tensor, torch.Tensor]]]:
    """While open, every call of a tracked layer appends (layer index, input, output).

    The first tracked layer's output becomes the root of the graph, so nothing before it is
    differentiated. A layer that is called twice is recorded twice.
    """
    calls: list[tuple[int, torch.Tensor, torch.Tensor]] = []

    def hook(index: int):
        def record(_module: nn.Module, args: tuple, output: torch.Tensor) -> torch.Tensor:
            if not output.requires_grad:
                output.requires_grad_()
            calls.append((index, args[0].detach(), output))
            return output

        return record

    handles = [
        layer.module.register_forward_hook(hook(index)) for index, layer in enumerate(layers)
    ]
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def logits_of(model: nn.Module, batch: Batch, device: torch.device) -> torch.Tensor:
    """Logits [texts, positions, vocabulary], float32 or better."""
    logits = model(
        input_ids=batch.inputs.to(device),
        attention_mask=batch.attended.to(device).long(),
        use_cache=False,
    ).logits
    return logits if logits.dtype == torch.float64 else logits.float()


def log_probabilities(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """log p of each label in nats, [texts, positions]."""
    chosen = logits.gather(-1, labels.unsqueeze(-1)).squeeze(-1)
    return chosen - logits.logsumexp(-1)


def backward_to_layers(
    scalar: torch.Tensor,
    calls: list[tuple[int, torch.Tensor, torch.Tensor]],
    layers: list[Layer],
    batch: Batch,
) -> list[Captured]:
    """Differentiates `scalar` with respect to every recorded output.

    Args:
        scalar: a sum over texts, so that each text's part depends on that text alone.
        batch: what was passed through the model.

    Returns:
        One `Captured` a layer; calls of the same layer stand one after another along positions.

    Raises:
        NotFinite: an activation or gradient is NaN or infinite.
    """
    outputs = [output for _, _, output in calls]
    gradients = torch.autograd.grad(scalar, outputs, allow_unused=True, materialize_grads=True)
    attended = batch.attended.to(scalar.device)
    captured = []
    for index, layer in enumerate(layers):
        inputs, outs = [], []
        for (at, activations, _), gradient in zip(calls, gradients, strict=True):
            if at == index:
                inputs.append(_with_bias(activations, layer, attended))
                outs.append(
                    _at_least_float32(gradient)
                )  # zero at padding: nothing there has a loss
        if not inputs:
            raise InputError(f"layer {layer.name} was not used in the forward pass")
        captured.append(Captured(torch.cat(inputs, 1), torch.cat(outs, 1)))
        _check_finite(captured[-1], layer, batch)
    return captured


def _check_finite(captured: Captured, layer: Layer, batch: Batch) -> None:
    for what, tensor in (("activation", captured.activations), ("gradient", captured.gradients)):
        bad = ~torch.isfinite(tensor).flatten(1).all(1)
        if bool(bad.any()):
            raise NotFinite(layer.name, what, batch.rows[int(bad.nonzero()[0])])


def _with_bias(activations: torch.Tensor, layer: Layer, attended: torch.Tensor) -> torch.Tensor:
    """Activations in float32, a column of ones for the bias, zero at padding."""
    activations = _at_least_float32(activations)
    if layer.has_bias:
        activations = nn.functional.pad(activations, (0, 1), value=1.0)
    # Padding must count neither in the covariance nor, through NaN, anywhere else.
    return activations.masked_fill(~attended.unsqueeze(-1), 0.0)


def _at_least_float32(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.dtype == torch.float64 else tensor.float()
