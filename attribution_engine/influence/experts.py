"""Fused expert weights of mixture-of-experts models, one expert at a time and recordable.

transformers 5 keeps all experts of a block in one 3-D parameter a map, and lets the way they are
computed be chosen by name. The way registered here runs each expert on the rows routed to it,
gives the same result as transformers' own, and shows what each expert's two maps read and wrote.
It has no in-place operation, so forward-mode differentiation (and vmap over it) passes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from attribution_engine.influence.calls import Call

if TYPE_CHECKING:
    from attribution_engine.influence.layers import Layer

IMPLEMENTATION = "one_by_one"
FIRST_MAPS = ("gate_up_proj", "up_proj")  # the second is that of experts without a gate
SECOND_MAP = "down_proj"


class _Recorder:
    """Where the calls of one experts module go."""

    def __init__(self, calls: list[Call]) -> None:
        self.calls = calls
        self.layer_of: dict[tuple[str, int], int] = {}  # (parameter, expert) -> index of the layer

    def add(
        self, parameter: str, expert: int, inputs: torch.Tensor, output: torch.Tensor, places: Any
    ) -> None:
        index = self.layer_of.get((parameter, expert))
        if index is None:
            return
        if not output.requires_grad:
            output.requires_grad_()
        self.calls.append(Call(index, inputs.detach(), output, places))


_open: dict[nn.Module, _Recorder] = {}  # modules that are being recorded


def are_fused_experts(module: nn.Module) -> bool:
    """Whether transformers dispatches this module's forward by name, and it has the usual maps."""
    return (
        hasattr(module, "_apply_gate")
        and hasattr(module, "is_transposed")
        and _is_fused(module, first_map(module))
        and _is_fused(module, SECOND_MAP)
    )


def first_map(module: nn.Module) -> str:
    """The parameter that reads the hidden states."""
    return FIRST_MAPS[0] if getattr(module, "has_gate", True) else FIRST_MAPS[1]


def fused_maps(module: nn.Module) -> list[tuple[str, int, int, int, bool]]:
    """(parameter, expert, inputs, outputs, has a bias) of every map of an experts module."""
    maps = []
    for expert in range(getattr(module, first_map(module)).shape[0]):
        for parameter in (first_map(module), SECOND_MAP):
            outputs, inputs = getattr(module, parameter).shape[1:]
            if module.is_transposed:
                inputs, outputs = outputs, inputs
            has_bias = bool(module.has_bias)
            maps.append((parameter, expert, int(inputs), int(outputs), has_bias))
    return maps


def compute_one_by_one(model: nn.Module) -> None:
    """Makes every fused experts module of the model compute as here; results stay the same."""
    for module in model.modules():
        if are_fused_experts(module):
            module.config._experts_implementation_internal = IMPLEMENTATION  # type: ignore


@contextmanager
def record_experts(
    layers: Sequence[Layer], calls: list[Call], wanted: Iterable[int] | None = None
) -> Iterator[None]:
    """While open, each map of an expert that is wanted and gets rows appends a `Call`.

    `Call.places` tells the rows' texts and positions. An expert without rows has no call. The
    model must have gone through `compute_one_by_one`, as `select_layers` sees to.

    Args:
        layers: all tracked layers; those that are no experts' are passed over.
        calls: what is appended to.
        wanted: indices of the layers to record; all by default.
    """
    recorders: dict[nn.Module, _Recorder] = {}
    for index in range(len(layers)) if wanted is None else wanted:
        layer = layers[index]
        if layer.expert is not None:
            recorder = recorders.setdefault(layer.module, _Recorder(calls))
            recorder.layer_of[layer.parameter, layer.expert] = index
    outer = {module: _open[module] for module in recorders if module in _open}
    _open.update(recorders)
    try:
        yield
    finally:
        for module in recorders:
            del _open[module]
        _open.update(outer)


def one_by_one(
    self: Any, hidden_states: torch.Tensor, top_k_index: torch.Tensor, top_k_weights: torch.Tensor
) -> torch.Tensor:
    """Forward pass of an experts module.

    Args:
        self: the experts module.
        hidden_states: [rows, hidden].
        top_k_index: [rows, k], the experts of each row; an index of `n_experts` or more is none.
        top_k_weights: [rows, k].

    Returns:
        [rows, hidden], the weighted sum of each row's experts.
    """
    if hidden_states.is_meta:  # a skeleton routes nothing
        return torch.empty_like(hidden_states)
    chosen = top_k_index.flatten()
    by_expert = chosen.argsort(stable=True)
    rows = by_expert // top_k_index.shape[-1]
    n_experts = getattr(self, SECOND_MAP).shape[0]
    counts = torch.bincount(chosen, minlength=n_experts)[:n_experts].tolist()
    outputs, start = [], 0
    for expert, count in enumerate(counts):
        if count:
            places = rows[start : start + count]
            outputs.append(_one_expert(self, expert, hidden_states[places], places))
            start += count
    if start < len(rows) or not outputs:  # routed to no expert
        outputs.append(hidden_states.new_zeros(len(rows) - start, hidden_states.shape[-1]))
    of_rows = torch.cat(outputs)[by_expert.argsort()].unflatten(0, top_k_index.shape)
    return (of_rows * top_k_weights.unsqueeze(-1)).sum(1).to(hidden_states.dtype)


def _one_expert(
    module: Any, expert: int, inputs: torch.Tensor, places: torch.Tensor
) -> torch.Tensor:
    projected = _apply_map(module, first_map(module), expert, inputs, places)
    gated = module._apply_gate(projected) if module.has_gate else module.act_fn(projected)
    output = _apply_map(module, SECOND_MAP, expert, gated, places)
    if getattr(module, "has_post_expert_norm", False):
        output = module.post_expert_norm(output)
    return output


def _apply_map(
    module: Any, parameter: str, expert: int, inputs: torch.Tensor, places: torch.Tensor
) -> torch.Tensor:
    weight = getattr(module, parameter)[expert]
    bias = getattr(module, f"{parameter}_bias")[expert] if module.has_bias else None
    output = nn.functional.linear(inputs, weight.T if module.is_transposed else weight, bias)
    if module in _open:
        _open[module].add(parameter, expert, inputs, output, places)
    return output


def _is_fused(module: nn.Module, parameter: str) -> bool:
    weight = getattr(module, parameter, None)
    if not isinstance(weight, torch.Tensor) or weight.ndim != 3:
        return False
    return weight.is_floating_point() and weight.element_size() > 1  # not quantised


ALL_EXPERTS_FUNCTIONS.register(IMPLEMENTATION, one_by_one)
