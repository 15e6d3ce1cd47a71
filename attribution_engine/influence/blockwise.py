"""Gradient checkpointing for long texts: blocks are computed again, one at a time, on the way back.

Kept in between are the inputs of every block only; a block's own activations live while its
layers are consumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from attribution_engine.influence.capture import Collector, Consume, recording
from attribution_engine.influence.tokens import Batch
from attribution_engine.influence.tracked import Tracked, blocks_of


@dataclass(slots=True)
class _Saved:
    """How a block was called."""

    hidden: torch.Tensor
    others: tuple[Any, ...]
    named: dict[str, Any]


def backward_by_blocks(
    tracked: Tracked,
    batch: Batch,
    consume: Consume,
    backward: Callable[[torch.Tensor], None],
) -> None:
    """The same as a plain pass, in the memory of one block and of every block's input.

    Args:
        backward: differentiates the loss from the trunk's last hidden states.
    """
    assert tracked.trunk is not None
    blocks = blocks_of(tracked.trunk)
    within = _layers_within(tracked, blocks)
    saved: list[_Saved] = []
    last: list[torch.Tensor] = []
    with _watching(blocks, saved, last):
        ids = batch.inputs.to(tracked.device)
        hidden = tracked.trunk(input_ids=ids, use_cache=False).last_hidden_state
    backward(hidden)
    gradient = last[0].grad
    first = min((at for at, indices in enumerate(within) if indices), default=len(blocks))
    for at in reversed(range(first, len(blocks))):
        call, part = saved.pop(), tracked.only(within[at])
        entry = call.hidden.detach().requires_grad_(at > first)
        with recording(part) as calls:
            output = _tensor(blocks[at](entry, *call.others, **call.named))
        collector = Collector(calls, part, batch, consume)
        try:
            torch.autograd.backward(output, gradient)
        finally:
            collector.finish()
        gradient = entry.grad


@contextmanager
def _watching(
    blocks: nn.ModuleList, saved: list[_Saved], last: list[torch.Tensor]
) -> Iterator[None]:
    """Keeps every block's arguments; what follows the last block is differentiated."""

    def before(_module: nn.Module, args: tuple, named: dict[str, Any]) -> None:
        saved.append(_Saved(args[0].detach(), args[1:], named))

    def after(_module: nn.Module, _args: tuple, output: Any) -> Any:
        root = _tensor(output).detach().requires_grad_()
        last.append(root)
        return (root, *output[1:]) if isinstance(output, tuple) else root

    handles = [block.register_forward_pre_hook(before, with_kwargs=True) for block in blocks]
    handles.append(blocks[-1].register_forward_hook(after))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _layers_within(tracked: Tracked, blocks: nn.ModuleList) -> list[list[int]]:
    """The wanted layers of each block."""
    owners: list[list[int]] = []
    for block in blocks:
        modules = {id(module) for module in block.modules()}
        owners.append([i for i in tracked.wanted if id(tracked.layers[i].module) in modules])
    return owners


def _tensor(output: Any) -> torch.Tensor:
    return output[0] if isinstance(output, tuple) else output
