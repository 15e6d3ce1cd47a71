"""What a run will need, stage by stage, before it starts: time, memory, disk."""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from attribution_engine.corpora.suites import read_suites
from attribution_engine.curvature_stages import factor_rows
from attribution_engine.influence.curvature import FITTED
from attribution_engine.influence.experts import are_fused_experts
from attribution_engine.influence.layers import Layer, coverage, select_layers
from attribution_engine.influence.memory import (
    STAGES,
    Shape,
    Stage,
    direction_bytes,
    free_memory,
    group_bytes,
    groups,
    in_words,
    layer_bytes,
    room,
    share_of_tokens,
)
from attribution_engine.influence.model import (
    context_length,
    load_skeleton,
    load_tokenizer,
    resolve_device,
    vocabulary_size,
)
from attribution_engine.preparation import check_places, read_corpus
from attribution_engine.prepared_corpus import PreparedCorpus
from attribution_engine.records import InfluenceConfig, InputError, RunConfig
from attribution_engine.run_lock import only_run_in

EFFICIENCY = 0.4  # of the matrix rate, that a whole pass reaches
EIGEN_SHARE = 0.01  # of another device's matrix rate, that eigendecompositions reach
EIGEN_OPERATIONS = 9  # times n³, for eigenvalues and vectors of a symmetric matrix
FLOAT32, TOKEN_BYTES = 4, 6  # bytes of a number; of a token score on disk, compressed
QUERY_TOKENS = 256  # of a query whose completion is not there yet


@dataclass(frozen=True, slots=True)
class StagePlan:
    """What a stage needs.

    Attributes:
        seconds: an estimate; memory: bytes on the device beside the model's weights; disk: bytes
            in the work folder; passes: times that the stage goes over its documents.
    """

    name: str
    seconds: float
    memory: int
    disk: int
    passes: int


@dataclass(frozen=True, slots=True)
class Work:
    """What the plan is made from."""

    layers: Sequence[Layer]
    shares: Sequence[float]  # of all tokens, that go through each layer
    options: InfluenceConfig
    shape: Shape
    pass_operations: float  # of forward and backward, a token
    lengths: Sequence[int]  # tokens of each document
    n_spans: int  # of all documents, 0 where influence is not split over them
    pass_memory: int
    allowed: int
    rate: float  # operations a second in matrix products
    eigen_rate: float  # in eigendecompositions


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A device to plan for that is not this one.

    Attributes:
        memory: bytes of it, None = this one's; rate: operations a second in matrix products.
    """

    memory: int | None = None
    rate: float | None = None


def print_plan(config: RunConfig, device: str, elsewhere: Elsewhere = Elsewhere()) -> None:
    """Reads the corpus, looks at the model's shapes without its weights, and prints the plan.

    Raises:
        InputError: as `run` would.
    """
    check_places(config)
    chosen = resolve_device(device)
    queries = read_suites(config.suites)
    tokenizer = load_tokenizer(config.model)
    model = load_skeleton(config.model)
    layers = select_layers(model, config.influence.modules)
    with only_run_in(config.work):  # what is read is kept there for the run
        corpus = read_corpus(config, tokenizer, context_length(model), vocabulary_size(model))
    covered = coverage(model, layers)
    weights = sum(p.numel() * p.element_size() for p in model.parameters())
    longest = int(corpus.lengths.max())
    budget = room(model, layers, config.influence, longest, chosen, weights, elsewhere.memory)
    sets = sum(1 for query in queries if query.items)
    print(
        f"model: {covered.all_parameters:,} parameters, {in_words(weights)}; "
        f"{covered.n_maps_tracked} of {covered.n_linear_maps} linear maps tracked, "
        f"{covered.tracked_parameters / covered.all_parameters:.0%} of the parameters"
    )
    print(f"corpus: {len(corpus):,} documents, {corpus.n_tokens:,} tokens")
    print(f"queries: {len(queries)}" + (f", {sets} of them sets" if sets else ""))
    free = free_memory(chosen) if elsewhere.memory is None else elsewhere.memory
    print(
        f"device: {chosen.type if elsewhere.rate is None else 'another'}, {in_words(free)}; "
        f"{in_words(budget.allowed)} of it for factors; a pass over "
        f"{budget.at_once:,} tokens takes about {in_words(budget.one_pass)}"
        + (", longer texts block by block" if budget.by_blocks else "")
    )
    if elsewhere.rate is None:
        rate = matrix_rate(chosen, typical_widths(model), next(model.parameters()).dtype)
        eigen_rate = eigen_rate_of(chosen)
        print(f"measured here: {rate / 1e9:,.0f} billion operations a second in matrix products")
    else:
        rate, eigen_rate = elsewhere.rate, elsewhere.rate * EIGEN_SHARE
        print(f"as told: {rate / 1e9:,.0f} billion operations a second in matrix products")
    work = Work(
        layers=layers,
        shares=[share_of_tokens(model, layer.module) for layer in layers],
        options=config.influence,
        shape=shape_of(
            config.influence, 1 if config.influence.method == "self-influence" else len(queries)
        ),
        pass_operations=_pass_operations(model),
        lengths=corpus.lengths.tolist(),
        n_spans=_spans_summed(corpus, config.influence),
        pass_memory=budget.one_pass,
        allowed=budget.allowed,
        rate=rate,
        eigen_rate=eigen_rate,
    )
    stages = plan(work)
    _print_table(stages, weights)
    _print_disk(stages, config, here=elsewhere.memory is None)


def plan(work: Work) -> list[StagePlan]:
    """The stages that the method needs, in order.

    Raises:
        InputError: one layer of a stage does not fit.
    """
    options, n_tokens = work.options, sum(work.lengths)
    first, second = factor_rows(options, len(work.lengths))
    of_stage = {
        "covariances": sum(work.lengths[row] for row in first),
        "eigenvalues": sum(work.lengths[row] for row in second),
        "query gradients": work.shape.queries * QUERY_TOKENS,
        "scores": n_tokens,
    }
    stages = []
    for stage in STAGES:
        if not needed(stage, options.method):
            continue
        parts = groups(work.layers, stage, work.shape, work.allowed)
        held = max(group_bytes(work.layers, group, stage, work.shape) for group in parts)
        terms = max(1, len(options.checkpoints))
        passes = 1 if stage == "eigendecompositions" else len(parts) * terms
        operations = terms * _extra_operations(work, stage, of_stage.get(stage, 0))
        seconds = operations / (work.eigen_rate if stage == "eigendecompositions" else work.rate)
        tokens = of_stage.get(stage, 0)
        seconds += passes * tokens * work.pass_operations / (EFFICIENCY * work.rate)
        memory = held + (0 if stage == "eigendecompositions" else work.pass_memory)
        stages.append(StagePlan(stage, seconds, memory, terms * _disk(work, stage), passes))
    if "token" in options.levels and options.method not in ("self-influence", "bm25"):
        stages.append(_tokens(work, n_tokens))
    return stages


def matrix_rate(device: torch.device, widths: tuple[int, int], dtype: torch.dtype) -> float:
    """Operations a second of a product [2048, n] [n, m] on the device, best of a few."""
    n, m = (min(width, 8192) for width in widths)
    left = torch.randn(2048, n, device=device, dtype=dtype)
    right = torch.randn(n, m, device=device, dtype=dtype)
    best = 0.0
    for _ in range(6):
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        started = time.perf_counter()
        left @ right
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = max(best, 2.0 * 2048 * n * m / (time.perf_counter() - started))
    return best


def eigen_rate_of(device: torch.device) -> float:
    """Operations a second of an eigendecomposition, counting 9 n³."""
    n = 1024
    matrix = torch.randn(n, n, device=device, dtype=torch.float64)
    matrix = matrix + matrix.T
    started = time.perf_counter()
    float(torch.linalg.eigvalsh(matrix[:64, :64]).sum())  # libraries load on first use
    started = time.perf_counter()
    float(torch.linalg.eigh(matrix).eigenvalues.sum())
    return EIGEN_OPERATIONS * float(n) ** 3 / (time.perf_counter() - started)


def needed(stage: Stage, method: str) -> bool:
    """Whether the method has the stage."""
    if stage in ("covariances", "eigendecompositions"):
        return method in ("ek-fac", "k-fac", "self-influence")
    if stage == "eigenvalues":
        return method in (*FITTED, "self-influence") and method != "k-fac"
    return not (stage == "query gradients" and method == "self-influence") and method != "bm25"


def shape_of(options: InfluenceConfig, n_queries: int) -> Shape:
    """What the memory of the method's stages depends on."""
    return Shape(
        queries=n_queries,
        rank=options.rank,
        fitted=options.method in ("ek-fac", "k-fac", "self-influence"),
        curved=options.method in (*FITTED, "self-influence"),
    )


def _disk(work: Work, stage: Stage) -> int:
    """Bytes that the stage leaves in the work folder."""
    total = 0
    for index, layer in enumerate(work.layers):
        n, m, owns = layer.in_features, layer.out_features, layer.input_of == index
        if stage == "covariances":  # gone as soon as the bases are there
            total += layer_bytes(layer, owns, stage, work.shape)
        elif stage == "eigendecompositions":
            total += (n * n * owns + m * m) * FLOAT32
        elif stage == "eigenvalues":
            total += n * m * FLOAT32
        elif stage == "query gradients":
            exact = work.shape.rank is None or work.shape.rank >= min(n, m)
            total += direction_bytes(layer, work.shape) // (1 if exact else 2)
    if stage == "scores":
        shards_and_union = 2 * len(work.lengths)
        total = work.shape.queries * (shards_and_union + work.n_spans) * FLOAT32
    return total


def _spans_summed(corpus: PreparedCorpus, options: InfluenceConfig) -> int:
    """Spans whose sums the scoring pass keeps."""
    if "span" not in options.levels or options.checkpoints or options.method == "self-influence":
        return 0
    return sum(len(corpus.spans(row)) for row in range(len(corpus)))


def _extra_operations(work: Work, stage: Stage, all_tokens: int) -> float:
    """Beside the passes: what is done with activations and gradients."""
    queries, rank = work.shape.queries, work.shape.rank
    split = "span" in work.options.levels
    total = 0.0
    for index, layer in enumerate(work.layers):
        n, m, owns = layer.in_features, layer.out_features, layer.input_of == index
        tokens = all_tokens * work.shares[index]
        squares = 2.0 * (n * n * owns + m * m)
        if stage == "covariances":
            total += tokens * squares
        elif stage == "eigendecompositions":
            total += EIGEN_OPERATIONS * (float(n) ** 3 * owns + float(m) ** 3)
        elif stage == "eigenvalues":
            total += tokens * (squares + 2.0 * n * m)
        elif stage == "query gradients":
            total += tokens * squares + queries * 4.0 * n * m * (2 * (rank or n) + 8)
        else:
            low = 2.0 * queries * rank * (n + m) if rank is not None else 2.0 * queries * n * m
            total += tokens * ((low if split else min(low, 2.0 * n * m)) + 2.0 * n * m)
    return total


def _tokens(work: Work, n_tokens: int) -> StagePlan:
    """`predicted` scores of the tails: a forward-mode pass for each document of each tail."""
    per_document = n_tokens / max(1, len(work.lengths))
    documents = work.shape.queries * min(2 * work.options.tail, len(work.lengths))
    seconds = documents * per_document * 1.5 * work.pass_operations / (EFFICIENCY * work.rate)
    weights = sum(layer.in_features * layer.out_features for layer in work.layers) * FLOAT32
    disk = int(documents * per_document * TOKEN_BYTES * len(work.options.alignments))
    return StagePlan("token scores", seconds, work.pass_memory + weights, disk, 1)


def _pass_operations(model: nn.Module) -> float:
    """Forward and backward to activations, a token: twice two operations a weight used."""
    embeddings: Any = model.get_input_embeddings()  # type: ignore[operator]
    head: Any = model.get_output_embeddings()  # type: ignore[operator]
    used = sum(p.numel() for p in model.parameters()) - embeddings.weight.numel()
    if head is not None and head.weight is embeddings.weight:
        used += embeddings.weight.numel()
    idle = sum(
        (1.0 - share_of_tokens(model, module)) * sum(p.numel() for p in module.parameters())
        for module in model.modules()
        if are_fused_experts(module)
    )
    return 4.0 * (used - idle)


def typical_widths(model: nn.Module) -> tuple[int, int]:
    """Hidden size and MLP size, for a matrix product typical of the model."""
    config: Any = model.config.get_text_config()  # type: ignore[operator,union-attr]
    return int(config.hidden_size), int(getattr(config, "intermediate_size", 0) or 4096)


def _print_table(stages: list[StagePlan], weights: int) -> None:
    print(f"\n{'stage':22}{'time':>12}{'memory':>12}{'disk':>12}  passes over its documents")
    for each in stages:
        print(
            f"{each.name:22}{_duration(each.seconds):>12}{in_words(weights + each.memory):>12}"
            f"{in_words(each.disk):>12}  {each.passes}"
        )
    print(f"{'in all':22}{_duration(sum(each.seconds for each in stages)):>12}")
    print("Times are estimates from the matrix rate, good to a factor of about two.")
    print(f"Memory is the device's, with the model's {in_words(weights)}.")


def _print_disk(stages: list[StagePlan], config: RunConfig, *, here: bool) -> None:
    # Covariances are gone before the eigenvalues come.
    first = sum(each.disk for each in stages if each.name == "covariances")
    needed = max(first, sum(each.disk for each in stages) - first)
    if not here:
        print(f"disk: {in_words(needed)} in {config.work}")
        return
    free = shutil.disk_usage(config.work.parent if config.work.parent.exists() else ".").free
    print(f"disk: {in_words(needed)} in {config.work}, {in_words(free)} free there")
    if needed > free:
        raise InputError(
            f"{config.work}: {in_words(needed)} are needed and {in_words(free)} free; choose "
            "another place as output.work"
        )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
