"""Which linear maps of a model are tracked, and how each one's weights are laid out."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from attribution_engine.records import InputError


@dataclass(frozen=True, slots=True)
class Layer:
    """One tracked linear map y = W x + b.

    `in_features` counts the bias as one more input. A gradient of the layer is a matrix
    [out_features, in_features] whatever the layout of the module's own weight.
    """

    name: str
    module: nn.Module
    in_features: int
    out_features: int
    has_bias: bool

    @property
    def shape(self) -> tuple[int, int]:
        return self.out_features, self.in_features

    def parameters_of(self, direction: torch.Tensor) -> dict[str, torch.Tensor]:
        """A matrix [out_features, in_features] as tangents of the module's own parameters."""
        weight = direction[:, :-1] if self.has_bias else direction
        if isinstance(self.module, Conv1D):
            weight = weight.T  # Conv1D keeps [in, out]
        tangents = {f"{self.name}.weight": weight.contiguous()}
        if self.has_bias:
            tangents[f"{self.name}.bias"] = direction[:, -1].contiguous()
        return tangents


def tracked_layers(model: nn.Module) -> list[Layer]:
    """The linear maps of every MLP block, in the model's order.

    Raises:
        InputError: the model has none, or is a mixture of experts.
    """
    if any(
        name.split(".")[-1] in ("experts", "shared_expert") for name, _ in model.named_modules()
    ):
        raise InputError(
            f"{type(model).__name__}: mixture-of-experts layers cannot be tracked; use a model "
            "with one MLP a block"
        )
    layers = []
    for name, module in model.named_modules():
        if "mlp" not in name.split(".") or not isinstance(module, (nn.Linear, Conv1D)):
            continue
        out_features, in_features = module.weight.shape
        if isinstance(module, Conv1D):
            in_features, out_features = module.weight.shape
        has_bias = module.bias is not None
        layers.append(Layer(name, module, in_features + int(has_bias), out_features, has_bias))
    if not layers:
        raise InputError(
            f"{type(model).__name__}: no tracked layer: no linear map inside a module called "
            "'mlp'; Llama-, Qwen-, Mistral- and GPT-2-style models have them"
        )
    return layers
