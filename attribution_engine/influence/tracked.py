"""A model with its tracked layers, taken apart into trunk and output head where that is exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import nn

from attribution_engine.influence.layers import Layer
from attribution_engine.records import InputError

ENLARGED: Final = 1e3


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
        most_at_once: positions of a batch beyond which blocks are computed again, one at a time,
            on the way back; None = never.
    """

    model: nn.Module
    layers: Sequence[Layer]
    device: torch.device
    trunk: nn.Module | None
    head: nn.Linear | None
    wanted: tuple[int, ...]
    most_at_once: int | None = None

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
    seen: list[torch.Tensor] = []

    def enlarge(_module: nn.Module, _args: tuple, output: Any) -> Any:
        # Large states, as small ones hardly show a soft cap on the logits.
        output.last_hidden_state = output.last_hidden_state * ENLARGED
        seen.append(output.last_hidden_state)
        return output

    handle = trunk.register_forward_hook(enlarge)
    try:
        whole = model(input_ids=ids, use_cache=False).logits
    finally:
        handle.remove()
    if not seen:
        return None, None
    apart = head(seen[0])
    alike = (whole.shape, whole.dtype) == (apart.shape, apart.dtype)
    close = 1e-2 if whole.dtype in (torch.bfloat16, torch.float16) else 1e-4
    scale = float(apart.abs().nan_to_num().max())  # a NaN is told of where it is met
    same = alike and torch.allclose(whole, apart, rtol=close, atol=close * scale, equal_nan=True)
    return (trunk, head) if same else (None, None)


def blocks_of(trunk: nn.Module) -> nn.ModuleList:
    """The blocks that a trunk runs one after another.

    Raises:
        InputError: it has no list of blocks.
    """
    lists = [module for module in trunk.modules() if isinstance(module, nn.ModuleList)]
    if not lists:
        raise InputError(
            f"{type(trunk).__name__}: has no list of blocks, so long texts cannot be computed "
            "block by block; set corpus.max_tokens lower"
        )
    return max(lists, key=lambda each: sum(p.numel() for p in each.parameters()))
