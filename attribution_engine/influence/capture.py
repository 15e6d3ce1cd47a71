"""What one forward and backward pass shows of the tracked layers, handed on layer by layer.

No parameter gradient is ever formed by the pass: a layer's gradient on a document is
Σ_t ds_t āᵀ_t, with its input activations ā (a 1 appended where the layer has a bias) and the
gradient ds of its output, so those two are all that is kept, and only until they are consumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from attribution_engine.influence.calls import Call
from attribution_engine.influence.experts import record_experts
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.tokens import Batch
from attribution_engine.influence.tracked import Tracked


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
    """What a pass leaves of one layer.

    A slot is one position of one text at one call of the layer.

    Attributes:
        activations: ā, [texts, slots, in_features].
        gradients: ds of a scalar of the outputs, [texts, slots, out_features]; zero at padding.
        positions: [texts, slots], the position each slot stands for; None = slot t is position t.
        padded: [texts, slots], True where a slot holds no token of the text; None = nowhere.
    """

    activations: torch.Tensor
    gradients: torch.Tensor
    positions: torch.Tensor | None = None
    padded: torch.Tensor | None = None

    def per_text(self) -> torch.Tensor:
        """The layer's gradient on each text, [texts, out_features, in_features]."""
        return self.gradients.transpose(1, 2) @ self.activations

    def tokens(self) -> tuple[torch.Tensor, torch.Tensor]:
        """ā [tokens, in] and ds [tokens, out] of all texts, padding left out."""
        if self.padded is None:
            return self.activations.flatten(0, 1), self.gradients.flatten(0, 1)
        return self.activations[~self.padded], self.gradients[~self.padded]

    def of_positions(self, shares: torch.Tensor, n_positions: int) -> torch.Tensor:
        """Sums shares [..., texts, slots] that belong to the same position."""
        if self.positions is None:
            return shares
        total = shares.new_zeros(*shares.shape[:-1], n_positions)
        return total.scatter_add_(-1, self.positions.expand_as(shares), shares)

    def select(self, texts: slice) -> Captured:
        """The same layer, some of the texts."""
        return Captured(
            self.activations[texts],
            self.gradients[texts],
            None if self.positions is None else self.positions[texts],
            None if self.padded is None else self.padded[texts],
        )


# Takes a layer's index and what was captured of it; each layer comes once a pass.
Consume = Callable[[int, Captured], None]


@contextmanager
def recording(tracked: Tracked) -> Iterator[list[Call]]:
    """While open, every call of a wanted layer is appended.

    The first recorded output becomes the root of the graph, so nothing before it is
    differentiated. A layer that is called twice is recorded twice.
    """
    calls: list[Call] = []

    def hook(index: int):
        def record(_module: nn.Module, args: tuple, output: torch.Tensor) -> torch.Tensor:
            if not output.requires_grad:
                output.requires_grad_()
            calls.append(Call(index, args[0].detach(), output))
            return output

        return record

    handles = [
        tracked.layers[index].module.register_forward_hook(hook(index))
        for index in tracked.wanted
        if tracked.layers[index].expert is None
    ]
    try:
        with record_experts(tracked.layers, calls, tracked.wanted):
            yield calls
    finally:
        for handle in handles:
            handle.remove()


class Collector:
    """Hands each layer on as soon as the backward pass has reached all its calls."""

    def __init__(self, calls: list[Call], tracked: Tracked, batch: Batch, consume: Consume) -> None:
        self._layers, self._batch, self._consume = tracked.layers, batch, consume
        self._attended = None if batch.full else batch.attended.to(tracked.device)
        self._waiting: dict[int, list[tuple[Call, torch.Tensor]]] = {}
        self._missing: dict[int, int] = {}
        for call in calls:
            self._missing[call.layer] = self._missing.get(call.layer, 0) + 1
        self._handles = [call.output.register_hook(self._arrival(call)) for call in calls]
        self._leaves = [call.output for call in calls if call.output.is_leaf]
        calls.clear()  # inputs live on in the hooks, and there only until they are consumed

    def _arrival(self, call: Call):
        kept: list[Call] = [call]

        def arrived(gradient: torch.Tensor) -> None:
            if kept:
                self._add(kept.pop(), gradient)

        return arrived

    def _add(self, call: Call, gradient: torch.Tensor) -> None:
        waiting = self._waiting.setdefault(call.layer, [])
        waiting.append((call, gradient.detach()))
        self._missing[call.layer] -= 1
        if not self._missing[call.layer]:
            del self._waiting[call.layer]
            with torch.no_grad():
                self._consume(call.layer, self._captured(self._layers[call.layer], waiting))

    def finish(self) -> None:
        """Hands on layers some of whose calls no loss depends on; lets go of all tensors."""
        for index in sorted(self._waiting, reverse=True):
            with torch.no_grad():
                self._consume(index, self._captured(self._layers[index], self._waiting[index]))
        self._waiting.clear()
        for handle in self._handles:
            handle.remove()
        for leaf in self._leaves:
            leaf.grad = None

    def _captured(self, layer: Layer, calls: list[tuple[Call, torch.Tensor]]) -> Captured:
        parts = [
            _dense(call, gradient, layer, self._batch.inputs.shape, self._attended)
            if call.places is None
            else _gathered(call, gradient, layer, self._batch, self._attended)
            for call, gradient in calls
        ]
        return parts[0] if len(parts) == 1 else _side_by_side(parts)


def _dense(
    call: Call,
    gradient: torch.Tensor,
    layer: Layer,
    shape: torch.Size,
    attended: torch.Tensor | None,
) -> Captured:
    # Some models flatten texts and positions, or put an axis of one between them.
    return Captured(
        with_bias(call.inputs.reshape(*shape, -1), layer),
        gradient.reshape(*shape, -1),
        None,
        None if attended is None else ~attended,
    )


def _gathered(
    call: Call,
    gradient: torch.Tensor,
    layer: Layer,
    batch: Batch,
    attended: torch.Tensor | None,
) -> Captured:
    """Rows routed to an expert, put together by text: [texts, most rows of a text, ...]."""
    assert call.places is not None
    texts, width = batch.inputs.shape
    text = call.places // width
    order = torch.argsort(text, stable=True)
    counts = torch.bincount(text, minlength=texts)
    starts = counts.cumsum(0) - counts
    text = text[order]
    slot = torch.arange(len(order), device=order.device) - starts[text]
    shape = (texts, int(counts.max()) if len(order) else 0)

    def spread(rows: torch.Tensor) -> torch.Tensor:
        dense = rows.new_zeros(*shape, *rows.shape[1:])
        dense[text, slot] = rows[order]
        return dense

    position = call.places % width
    padded = torch.ones(shape, dtype=torch.bool, device=order.device)
    padded[text, slot] = False
    if attended is not None:
        padded |= ~attended.gather(1, spread(position))
    return Captured(
        spread(with_bias(call.inputs, layer)), spread(gradient), spread(position), padded
    )


def _side_by_side(parts: list[Captured]) -> Captured:
    """Calls of the same layer, one after another along the slots."""
    positions, padded = [], []
    for part in parts:
        shape = part.activations.shape[:2]
        device = part.activations.device
        every = torch.arange(shape[1], device=device).expand(shape)
        positions.append(every if part.positions is None else part.positions)
        none = torch.zeros(shape, dtype=torch.bool, device=device)
        padded.append(none if part.padded is None else part.padded)
    return Captured(
        torch.cat([part.activations for part in parts], 1),
        torch.cat([part.gradients for part in parts], 1),
        torch.cat(positions, 1),
        torch.cat(padded, 1) if any(part.padded is not None for part in parts) else None,
    )


def with_bias(activations: torch.Tensor, layer: Layer) -> torch.Tensor:
    """Activations with a column of ones where the layer has a bias."""
    if not layer.has_bias:
        return activations
    return nn.functional.pad(activations, (0, 1), value=1.0)
