"""How many layers at a time fit in memory, stage by stage."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeVar

import torch

from attribution_engine.influence.factors import LARGE
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.output_head import CPU_LOGITS, GPU_LOGITS
from attribution_engine.records import InputError

Stage = Literal["covariances", "eigendecompositions", "eigenvalues", "query gradients", "scores"]
STAGES: Final[tuple[Stage, ...]] = (
    "covariances",
    "eigendecompositions",
    "eigenvalues",
    "query gradients",
    "scores",
)
SPARE: Final = 0.85  # of what is free: allocators keep some for themselves
FLOAT32: Final = 4


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


def layer_bytes(layer: Layer, owns_input: bool, stage: Stage, shape: Shape) -> int:
    """Bytes that a stage holds of one layer.

    Args:
        owns_input: False where another layer of the same group is fed the same input.
    """
    n, m = layer.in_features, layer.out_features
    numbers_in, numbers_out = (n * n if owns_input else 0), m * m
    if stage == "covariances":
        product = max(n * n, m * m) * FLOAT32  # of one batch, beside the sums
        return numbers_in * _sum_bytes(n) + numbers_out * _sum_bytes(m) + product
    if stage == "eigendecompositions":  # matrix, copy, vectors and workspace
        return 4 * max(n * n * _sum_bytes(n), m * m * _sum_bytes(m))
    bases = (numbers_in + numbers_out) * FLOAT32 if shape.fitted else 0
    values = n * m * FLOAT32 if shape.curved else 0
    if stage == "eigenvalues":
        return bases + 2 * values
    if stage == "query gradients":
        # One query's gradients are held for all layers of the group at once.
        return bases + values + 2 * n * m * FLOAT32 + direction_bytes(layer, shape)
    return direction_bytes(layer, shape)


def direction_bytes(layer: Layer, shape: Shape) -> int:
    """Bytes of all queries' directions in one layer."""
    n, m = layer.in_features, layer.out_features
    if shape.rank is None or shape.rank >= min(n, m):
        return shape.queries * n * m * FLOAT32
    return 2 * shape.queries * shape.rank * (n + m) * FLOAT32  # twice: laid out for one product


def pass_bytes(
    layers: Sequence[Layer],
    hidden: int,
    blocks: int,
    tokens: int,
    width: int,
    vocabulary: int,
    *,
    cuda: bool,
) -> int:
    """Bytes that one forward and backward pass over `tokens` tokens holds; an estimate.

    Args:
        width: bytes of a number of the model.
    """
    tracked = sum(layer.in_features + layer.out_features for layer in layers)
    logits = min(tokens * vocabulary, GPU_LOGITS if cuda else max(CPU_LOGITS, vocabulary)) * 8
    return int(tokens * width * (2.0 * tracked + 14 * hidden * blocks)) + logits


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
    held = 0
    for unit in units.values():
        need = sum(layer_bytes(layers[index], index == unit[0], stage, shape) for index in unit)
        if need > allowed:
            raise InputError(_too_large(layers[unit[0]], stage, shape, need, allowed))
        if not found or held + need > allowed:
            found.append([])
            held = 0
        found[-1] += unit
        held += need
    return [sorted(group) for group in found]


def _too_large(layer: Layer, stage: Stage, shape: Shape, need: int, allowed: int) -> str:
    mend = "use a device with more memory, or track fewer modules"
    if stage in ("query gradients", "scores") and direction_bytes(layer, shape) > need // 2:
        mend = "set influence.rank (32, say), or use fewer queries"
    return (
        f"{stage}: layer {layer.name} alone needs {need / 1e9:.1f} GB and {allowed / 1e9:.1f} GB "
        f"are there; {mend}"
    )


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
                        f"{what}: out of memory even with one text a batch ({_first(error)}); "
                        "set corpus.max_tokens lower, or use a device with more memory"
                    ) from error
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            self.tokens = max(1, self.tokens // 2)
            print(
                f"{what}: out of memory, going on with batches of {self.tokens} tokens", flush=True
            )


def _first(error: Exception) -> str:
    return (str(error).splitlines() or ["no memory"])[0][:120]
