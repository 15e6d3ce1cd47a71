"""A model with its tracked layers, taken apart into trunk and output head where that is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from attribution_engine.influence.layers import Layer


@dataclass(frozen=True, slots=True)
class Tracked:
    """What every pass needs.

    Attributes:
        model: the causal language model, in eval mode.
        layers: all tracked linear maps; a pass may record some of them only.
        device: where the model is.
        trunk: the model without its output head; None where trunk and head do not make up the
            model (soft-capped logits, say) or the head itself is tracked.
        head: the output head, a linear map to the vocabulary.
        wanted: indices of the layers that passes record.
    """

    model: nn.Module
    layers: Sequence[Layer]
    device: torch.device
    trunk: nn.Module | None
    head: nn.Linear | None
    wanted: tuple[int, ...]

    def only(self, wanted: Sequence[int]) -> Tracked:
        """The same model with passes that record these layers."""
        return replace(self, wanted=tuple(wanted))


def track(model: nn.Module, layers: Sequence[Layer], device: torch.device) -> Tracked:
    """Looks once whether the head can be differentiated by formula."""
    trunk, head = _trunk_and_head(model, device)
    if head is not None and any(layer.module is head for layer in layers):
        trunk = head = None
    return Tracked(model, tuple(layers), device, trunk, head, tuple(range(len(layers))))


@torch.no_grad()
def _trunk_and_head(
    model: nn.Module, device: torch.device
) -> tuple[nn.Module | None, nn.Linear | None]:
    trunk, head = getattr(model, "base_model", None), model.get_output_embeddings()  # type: ignore[operator]
    if not isinstance(trunk, nn.Module) or trunk is model or not isinstance(head, nn.Linear):
        return None, None
    ids = torch.arange(4, device=device).unsqueeze(0) % head.weight.shape[0]
    whole = model(input_ids=ids, use_cache=False).logits
    apart = head(trunk(input_ids=ids, use_cache=False).last_hidden_state)
    same = whole.shape == apart.shape and torch.allclose(whole, apart, rtol=1e-5, atol=1e-6)
    return (trunk, head) if same else (None, None)
