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
from attribution_engine.records import InputError


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
    forward: Callable[[], torch.Tensor],
    backward: Callable[[torch.Tensor], None],
) -> None:
    """The same as a plain pass, in the memory of one block and of every block's input.

    Args:
        forward: the batch through the trunk, or through the whole model.
        backward: differentiates the loss from what `forward` gave.

    Raises:
        InputError: the model is no plain chain of blocks that hold all wanted layers.
    """
    blocks = blocks_of(tracked.model if tracked.trunk is None else tracked.trunk)
    within = _layers_within(tracked, blocks)
    saved: list[_Saved] = []
    last: list[torch.Tensor] = []
    with _watching(blocks, saved, last):
        output = forward()
    if len(saved) != len(blocks):
        raise InputError(_not_by_blocks(tracked, "its blocks do not run once each"))
    backward(output)
    del output  # logits may be the largest of all
    gradient = last.pop().grad
    first = min((at for at, indices in enumerate(within) if indices), default=len(blocks))
    for at in reversed(range(first, len(blocks))):
        call, part = saved.pop(), tracked.only(within[at])
        entry = call.hidden.detach().requires_grad_(at > first)
        with recording(part) as calls:
            hidden = _tensor(blocks[at](entry, *call.others, **call.named))
        collector = Collector(calls, part, batch, consume)
        try:
            torch.autograd.backward(hidden, gradient)
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
    """The wanted layers of each block; each has to be consumed once, so in one block only."""
    modules = [{id(module) for module in block.modules()} for block in blocks]
    for index in tracked.wanted:
        layer = tracked.layers[index]
        n_owners = sum(id(layer.module) in each for each in modules)
        if n_owners != 1:
            raise InputError(_not_by_blocks(tracked, f"{layer.name} is in {n_owners} blocks"))
    return [[i for i in tracked.wanted if id(tracked.layers[i].module) in each] for each in modules]


def _not_by_blocks(tracked: Tracked, why: str) -> str:
    return (
        f"{type(tracked.model).__name__}: {why}, so long texts cannot be computed block by block; "
        "set corpus.max_tokens lower, or influence.modules to maps of single blocks"
    )


def _tensor(output: Any) -> torch.Tensor:
    return output[0] if isinstance(output, tuple) else output
