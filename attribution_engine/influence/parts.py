"""Which part of a language model a module belongs to, by where it stands and what it is called."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

from torch import nn
from transformers.pytorch_utils import Conv1D

# "mixer": a sequence mixer that is no attention (Mamba, short convolution, recurrence).
# "outside": not in a block (output head, projections of embeddings).
Part = Literal["mlp", "attention", "mixer", "router", "other", "outside"]

ATTENTION: Final = re.compile(r"attn|attention", re.I)
MIXER: Final = re.compile(r"mixer|mamba|ssm|rwkv|recurrent|delta_?net|conv|rnn|lru|retention", re.I)
MLP_NAME: Final = re.compile(r"mlp|ffn|feed_?forward|(^|_)ff(_|$)|moe|expert|glu", re.I)
# Only at the end of a class name: in a mixture of experts every class has "Moe" in its name.
MLP_CLASS: Final = re.compile(r"(MLP|Mlp|FFN|FeedForward|M[oO]E|M[oO]EBlock|Experts?|GLU)$")
ROUTER: Final = re.compile(r"router|(^|_)gate$", re.I)


def parts_of(model: nn.Module, names: Iterable[str]) -> dict[str, Part]:
    """The part of the model that each of some modules belongs to.

    A block is the module that stands first under a number ("model.layers.3"). What is in a block
    and neither attention nor another sequence mixer nor a router is its MLP: what is called so,
    and where nothing is (OPT's fc1 and fc2), all that is left.
    """
    modules = dict(model.named_modules())
    names = list(names)
    blocks = {name: _block(name) for name in names}
    if not any(blocks.values()):  # a model of a single block, without a list of blocks
        head = _output_head(model)
        blocks = {name: "" if modules[name] is not head else None for name in names}
    parts: dict[str, Part] = {}
    for name in names:
        block = blocks[name]
        parts[name] = "outside" if block is None else _part_in_block(modules, block, name)
    with_mlp = {blocks[name] for name in names if parts[name] == "mlp"}
    for name in names:
        if parts[name] == "other" and blocks[name] not in with_mlp:
            parts[name] = "mlp"
    return parts


def _block(name: str) -> str | None:
    components = name.split(".")
    for at, component in enumerate(components[:-1]):
        if component.isdigit():
            return ".".join(components[: at + 1])
    return None


def _part_in_block(modules: dict[str, nn.Module], block: str, name: str) -> Part:
    """Read from the innermost module outwards; the first that tells decides."""
    path = [name]
    while "." in path[-1] and path[-1].rpartition(".")[0] != block:
        path.append(path[-1].rpartition(".")[0])
    if any(_is_router(modules, at) for at in path):
        return "router"
    for at in path:
        label, kind = at.rpartition(".")[2], type(modules[at]).__name__
        if at == name and isinstance(modules[at], (nn.Linear, Conv1D)):
            continue  # a single map's own name tells its role, not its part
        if ATTENTION.search(label) or ATTENTION.search(kind):
            return "attention"
        if MLP_CLASS.search(kind):
            return "mlp"
        if MIXER.search(label) or MIXER.search(kind):
            return "mixer"
        if MLP_NAME.search(label):
            return "mlp"
    return "other"


def _is_router(modules: dict[str, nn.Module], name: str) -> bool:
    """A gate is a router where it stands beside experts; elsewhere it is a map like others."""
    parent, _, label = name.rpartition(".")
    if not ROUTER.search(label):
        return False
    return "router" in label.lower() or any(
        "expert" in child for child, _ in modules[parent].named_children()
    )


def _output_head(model: nn.Module) -> nn.Module | None:
    getter = getattr(model, "get_output_embeddings", None)
    return getter() if getter else None
