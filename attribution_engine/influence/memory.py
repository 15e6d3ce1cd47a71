"""How many layers at a time fit in memory, stage by stage."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

import torch
from torch import nn

from attribution_engine.influence.experts import SECOND_MAP, are_fused_experts
from attribution_engine.influence.factors import LARGE
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.output_head import CPU_LOGITS, GPU_LOGITS
from attribution_engine.records import InfluenceConfig, InputError

Stage = Literal[
    "covariances",
    "eigendecompositions",
    "eigenvalues",
    "query gradients",
    "scores",
    "token scores",  # the `predicted` ones; they take less than their query's gradients
]
# Those that scores of documents need.
STAGES: Final[tuple[Stage, ...]] = (
    "covariances",
    "eigendecompositions",
    "eigenvalues",
    "query gradients",
    "scores",
)
SPARE: Final = 0.85  # of what is free: allocators keep some for themselves
FLOAT32: Final = 4
FEWEST_TOKENS: Final = 256  # a pass is not made smaller than this


@dataclass(frozen=True, slots=True)
class Shape:
    """What the memory of a stage depends on beside the layers.

    Attributes:
        queries: number of queries.
        rank: of their directions; None = exact.
        fitted: whether the method has a basis (EK-FAC, K-FAC).
        curved: whether it has eigenvalues (those and diagonal).
    """

    queries: int
    rank: int | None
    fitted: bool = True
    curved: bool = True


def free_memory(device: torch.device) -> int:
    """Bytes that can be had on the device now."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2


def group_bytes(layers: Sequence[Layer], group: Sequence[int], stage: Stage, shape: Shape) -> int:
    """Bytes that a stage takes for some layers at once."""
    held = sum(layer_bytes(layers[i], layers[i].input_of == i, stage, shape) for i in group)
    return held + max(_passing_bytes(layers[i], stage, shape) for i in group)


def _passing_bytes(layer: Layer, stage: Stage, shape: Shape) -> int:
    """What is there for one layer at a time, beside what is held of every layer."""
    if stage == "query gradients" and _is_exact(layer, shape):
        return direction_bytes(layer, shape)  # the queries' directions being put together
    if stage != "covariances":
        return 0
    return max(layer.in_features, layer.out_features) ** 2 * FLOAT32


def layer_bytes(layer: Layer, owns_input: bool, stage: Stage, shape: Shape) -> int:
    """Bytes that a stage holds of one layer as long as its group is worked on.

    Args:
        owns_input: False where another layer of the same group is fed the same input.
    """
    n, m = layer.in_features, layer.out_features
    numbers_in, numbers_out = (n * n if owns_input else 0), m * m
    if stage == "covariances":
        return numbers_in * _sum_bytes(n) + numbers_out * _sum_bytes(m)
    if stage == "eigendecompositions":  # matrix, copy, vectors and workspace
        return 4 * max(n * n * _sum_bytes(n), m * m * _sum_bytes(m))
    bases = (numbers_in + numbers_out) * FLOAT32 if shape.fitted else 0
    values = n * m * FLOAT32 if shape.curved else 0
    if stage == "eigenvalues":
        return bases + 2 * values
    if stage == "query gradients":
        # One query's gradients are held for all layers of the group at once.
        return bases + values + 2 * n * m * FLOAT32 + direction_bytes(layer, shape)
    if stage == "token scores":  # one query's direction and the tangents of the weights
        return 2 * n * m * FLOAT32 + direction_bytes(layer, replace(shape, queries=1))
    return direction_bytes(layer, shape)


def direction_bytes(layer: Layer, shape: Shape) -> int:
    """Bytes of all queries' directions in one layer."""
    n, m = layer.in_features, layer.out_features
    if shape.rank is None or _is_exact(layer, shape):
        return shape.queries * n * m * FLOAT32
    return 2 * shape.queries * shape.rank * (n + m) * FLOAT32  # twice: laid out for one product


def _is_exact(layer: Layer, shape: Shape) -> bool:
    return shape.rank is None or shape.rank >= min(layer.shape)


@dataclass(frozen=True, slots=True)
class Room:
    """How a device's memory is shared out.

    Attributes:
        one_pass: bytes of one forward and backward pass over `at_once` tokens, an estimate.
        by_blocks: whether longer texts than that are computed block by block.
        allowed: bytes that are left for factors and directions.
    """

    one_pass: int
    at_once: int
    by_blocks: bool
    allowed: int


def room(
    model: nn.Module,
    layers: Sequence[Layer],
    options: InfluenceConfig,
    longest: int,
    device: torch.device,
    weights: int = 0,
    memory: int | None = None,
) -> Room:
    """Shares out the memory of a device.

    Args:
        longest: tokens of the longest text.
        weights: bytes that the model will take, where it is not on the device yet.
        memory: bytes of the device; None = what is free.

    Raises:
        InputError: there is no memory left beside the model and a pass.
    """
    whole = free_memory(device) if memory is None else memory
    free = int(SPARE * whole) - weights
    at_once = max(options.batch_tokens, longest)
    while at_once > FEWEST_TOKENS and _pass_bytes(model, layers, at_once, device) > free / 3:
        at_once //= 2
    by_blocks = at_once < longest
    one_pass = _pass_bytes(model, layers, at_once, device)
    if by_blocks:
        one_pass = max(one_pass, _block_pass_bytes(model, layers, longest))
    allowed = free - one_pass
    if options.memory_gb is not None:
        allowed = int(options.memory_gb * 1e9)
    if allowed <= 0:
        long = by_blocks and free > 0
        mend = "set corpus.max_tokens lower" if long else "a smaller model or dtype"
        raise InputError(
            f"of {in_words(whole)} of memory the model and a pass "
            f"({in_words(weights + one_pass)}) leave nothing for factors; use a device with more "
            f"memory, or {mend}"
        )
    return Room(one_pass, at_once, by_blocks, allowed)


def _pass_bytes(
    model: nn.Module, layers: Sequence[Layer], tokens: int, device: torch.device
) -> int:
    """What a pass holds: inputs and outputs of tracked maps, what blocks keep for backward."""
    config: Any = model.config.get_text_config()  # type: ignore[operator,union-attr]
    width = next(model.parameters()).element_size()
    blocks = 12 * int(config.hidden_size) * int(config.num_hidden_layers)
    vocabulary = int(config.vocab_size)
    chunk = GPU_LOGITS if device.type == "cuda" else max(CPU_LOGITS, vocabulary)
    held = int(tokens * width * (1.3 * _features(model, layers) + blocks))
    return held + 8 * min(tokens * vocabulary, chunk)


def _block_pass_bytes(model: nn.Module, layers: Sequence[Layer], tokens: int) -> int:
    """The inputs of every block, and one block's own."""
    config: Any = model.config.get_text_config()  # type: ignore[operator,union-attr]
    width, n_blocks = next(model.parameters()).element_size(), int(config.num_hidden_layers)
    per_block = int(1.3 * _features(model, layers)) // n_blocks + 12 * int(config.hidden_size)
    return tokens * width * (int(config.hidden_size) * n_blocks + per_block)


def _features(model: nn.Module, layers: Sequence[Layer]) -> float:
    """Numbers a token that tracked maps read and write; a shared input counts once."""
    total = 0.0
    for index, layer in enumerate(layers):
        read = layer.in_features if layer.input_of == index else 0
        total += share_of_tokens(model, layer.module) * (read + layer.out_features)
    return total


def share_of_tokens(model: nn.Module, module: nn.Module) -> float:
    """The part of all tokens that a map of this module gets: of an expert what is routed to it."""
    if not are_fused_experts(module):
        return 1.0
    config: Any = model.config.get_text_config()  # type: ignore[operator,union-attr]
    n_experts = getattr(module, SECOND_MAP).shape[0]
    return min(1.0, (getattr(config, "num_experts_per_tok", None) or n_experts) / n_experts)


def groups(layers: Sequence[Layer], stage: Stage, shape: Shape, allowed: int) -> list[list[int]]:
    """The layers in as few groups as fit; layers that share their input stay together.

    Raises:
        InputError: one layer alone does not fit.
    """
    units: dict[int, list[int]] = {}
    for index, layer in enumerate(layers):
        units.setdefault(layer.input_of, []).append(index)
    if stage == "eigendecompositions":
        return [[index] for index in range(len(layers))]
    found: list[list[int]] = []
    held = passing = 0
    for unit in units.values():
        more = sum(layer_bytes(layers[i], layers[i].input_of == i, stage, shape) for i in unit)
        largest = max(_passing_bytes(layers[i], stage, shape) for i in unit)
        if more + largest > allowed:
            each = [layers[index] for index in unit]
            raise InputError(_too_large(each, stage, shape, more + largest, allowed))
        if not found or held + more + max(passing, largest) > allowed:
            found.append([])
            held = passing = 0
        found[-1] += unit
        held, passing = held + more, max(passing, largest)
    return [sorted(group) for group in found]


def _too_large(unit: list[Layer], stage: Stage, shape: Shape, need: int, allowed: int) -> str:
    mend = "use a device with more memory, or track fewer modules"
    directions = sum(direction_bytes(layer, shape) for layer in unit)
    directions += max(_passing_bytes(layer, stage, shape) for layer in unit)
    if stage in ("query gradients", "scores") and directions > need // 2:
        mend = "set influence.rank lower (32, say), or use fewer queries"
    alone = "alone needs" if len(unit) == 1 else "and what shares its input need"
    return (
        f"{stage}: layer {unit[0].name} {alone} {in_words(need)} and {in_words(allowed)} are "
        f"there; {mend}"
    )


def in_words(size: float) -> str:
    """Bytes as a reader says them."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(size) < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} PB"


def _sum_bytes(features: int) -> int:
    return 8 if features <= LARGE else FLOAT32


Result = TypeVar("Result")

# Raised by work that ran out of a GPU's memory.
OutOfMemory = torch.OutOfMemoryError


class TokenBudget:
    """Tokens a batch may hold, halved whenever a device's memory does not do."""

    def __init__(self, tokens: int) -> None:
        self.tokens = tokens

    def run(self, work: Callable[[int], Result], what: str) -> Result:
        """`work(tokens)`, from its beginning again with half the tokens after running out.

        Raises:
            InputError: not even batches of one token each fit.
        """
        while True:
            try:
                return work(self.tokens)
            except OutOfMemory as error:
                if self.tokens <= 1:
                    raise InputError(
                        f"{what}: out of memory even with one text a batch ({first_line(error)}); "
                        "set influence.memory_gb or corpus.max_tokens lower, or use a device with "
                        "more memory"
                    ) from error
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            self.tokens = max(1, self.tokens // 2)
            print(
                f"{what}: out of memory, going on with batches of {self.tokens} tokens", flush=True
            )


def first_line(error: Exception) -> str:
    """What an error says, in one line."""
    return (str(error).splitlines() or ["no memory"])[0][:120]
