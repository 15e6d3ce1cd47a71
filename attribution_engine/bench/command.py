"""`python -m attribution_engine bench`: every stage as a ratio to a training pass T."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

from attribution_engine.bench import peers
from attribution_engine.bench.agreement import agreement
from attribution_engine.bench.own_stages import EXACT, FACTORS, PREDICTED, TOKENS, Bench, Timings
from attribution_engine.bench.setting import VOCABULARY, Setting, setting
from attribution_engine.bench.training_pass import training_pass
from attribution_engine.influence.layers import select_layers
from attribution_engine.influence.model import (
    DTYPES,
    context_length,
    load_model,
    resolve_device,
    vocabulary_size,
)
from attribution_engine.plan import matrix_rate, typical_widths
from attribution_engine.records import InputError, ModelConfig

# Hidden size, layers, MLP size, vocabulary, heads and key heads of known shapes; weights random.
SHAPES: Final = {
    "1b": (2048, 16, 8192, 128_256, 32, 8),
    "7b": (3584, 28, 18_944, 152_064, 28, 4),
}
# The ratios to reach on two CPU cores, in the setting of the default options.
REACH: Final = {FACTORS: 1.25, EXACT: 0.9, TOKENS.format(rank=32): 1.1, PREDICTED: 1.0}
RAGGED_REACH: Final = 0.95
QUERY_TOKENS: Final = 64
LEAST: Final = {"documents": 2, "tokens": 2, "queries": 1, "rank": 1, "repeats": 1}


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """What the command line says."""

    device: str = "auto"
    model: str | None = None
    shape: str | None = None
    blocks: int | None = None
    dtype: str = "float32"
    documents: int = 512
    tokens: int = 256
    queries: int = 20
    rank: int = 32
    repeats: int = 3
    batch_tokens: int = 4096
    peers: bool = False
    ragged: bool = True


def bench(options: BenchOptions) -> None:
    """Measures and prints.

    Raises:
        InputError: an option that leaves nothing to measure, or a model that does not load.
    """
    _check(options)
    device = resolve_device(options.device)
    torch.backends.cuda.matmul.allow_tf32 = options.dtype == "tf32"
    even = _setting(options, device)
    _print_head(options, even, device)
    own = Bench(even, options.batch_tokens, options.rank)
    timings = own.rounds(options.repeats)
    _print_own(timings, options)
    _print_rates(timings, own)
    if timings.exact is not None and timings.low_rank is not None:
        _print_agreement(f"rank {options.rank} against exact", timings.exact, timings.low_rank)
    if options.ragged:
        documents = _spread(_texts(options, _shortest(options)).documents, even.model)
        uneven = Bench(replace(even, documents=documents), options.batch_tokens, options.rank)
        print(f"\ndocuments of ragged length ({_shortest(options)} to {options.tokens} tokens):")
        _print_own(uneven.rounds(options.repeats, (EXACT,)), options, ragged=True)
    if options.peers:
        _compare(options, even, timings)


def _check(options: BenchOptions) -> None:
    for name, least in LEAST.items():
        if getattr(options, name) < least:
            raise InputError(f"--{name} {getattr(options, name)}: must be {least} or more")
    if options.dtype not in DTYPES:
        raise InputError(f"--dtype {options.dtype}: choose one of {', '.join(DTYPES)}")
    if options.model is not None and options.shape is not None:
        raise InputError("--model and --shape: give one of them, not both")


def _setting(options: BenchOptions, device: torch.device) -> Setting:
    """Documents of one length, and the model that is asked for."""
    if options.model is None and options.shape is None:
        made = setting(
            n_documents=options.documents,
            n_tokens=options.tokens,
            n_queries=options.queries,
            query_tokens=QUERY_TOKENS,
            device=device,
        )
        made.model.to(DTYPES[options.dtype])
        return made
    model = _model(options, device)
    longest = max(options.tokens, QUERY_TOKENS)
    if longest > context_length(model):
        raise InputError(
            f"--tokens {options.tokens}: documents or queries of {longest} tokens do not fit in "
            f"the context of {options.model}, which holds {context_length(model)}"
        )
    texts = _texts(options)
    return replace(
        texts,
        model=model,
        documents=_spread(texts.documents, model),
        queries=[(_spread([ids], model)[0], prompt) for ids, prompt in texts.queries],
        modules=tuple(layer.name for layer in select_layers(model, "mlp")),
    )


def _texts(options: BenchOptions, shortest: int | None = None) -> Setting:
    """Documents and queries of the small setting, beside a model that is not used."""
    return setting(
        hidden=32,
        layers=1,
        inner=32,
        training_steps=0,
        n_documents=options.documents,
        n_tokens=options.tokens,
        n_queries=options.queries,
        query_tokens=QUERY_TOKENS,
        shortest=shortest,
    )


def _spread(documents: list[list[int]], model: torch.nn.Module) -> list[list[int]]:
    """The same documents, their words spread over a vocabulary of another size."""
    size = vocabulary_size(model)
    if size == VOCABULARY:
        return documents
    return [[(word * 7919) % size for word in ids] for ids in documents]


def _model(options: BenchOptions, device: torch.device) -> torch.nn.Module:
    if options.model is not None:
        return load_model(ModelConfig(options.model, options.dtype), device)
    if options.shape not in SHAPES:
        raise InputError(f"--shape {options.shape}: choose one of {', '.join(SHAPES)}")
    hidden, layers, inner, vocabulary, heads, key_heads = SHAPES[options.shape]
    layers = layers if options.blocks is None else max(1, min(options.blocks, layers))
    config: Any = AutoConfig.for_model(
        "llama",
        hidden_size=hidden,
        num_hidden_layers=layers,
        intermediate_size=inner,
        vocab_size=vocabulary,
        num_attention_heads=heads,
        num_key_value_heads=key_heads,
        max_position_embeddings=max(options.tokens, 128),
    )
    with torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=DTYPES[options.dtype])
    return model.requires_grad_(False).eval()


def _shortest(options: BenchOptions) -> int:
    return max(2, options.tokens // 16)


def _print_head(options: BenchOptions, made: Setting, device: torch.device) -> None:
    n_parameters = sum(p.numel() for p in made.model.parameters())
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu()
    print(f"{where}; torch {torch.__version__}, transformers {transformers.__version__}")
    print(
        f"{type(made.model).__name__} of {n_parameters:,} parameters, {options.dtype}; "
        f"{len(made.documents)} documents × {options.tokens} tokens, {len(made.queries)} queries; "
        f"batches of {options.batch_tokens} tokens; {options.repeats} rounds"
    )
    print("T = a training pass (forward and backward) over the same documents, beside each stage\n")


def _cpu() -> str:
    return f"{torch.get_num_threads()} CPU threads ({platform.machine()})"


def _print_own(timings: Timings, options: BenchOptions, *, ragged: bool = False) -> None:
    print(f"{'work':60}{'median':>8}{'spread':>16}{'memory':>10}{'reach':>8}")
    for stage in timings.ratios:
        if ragged and stage == FACTORS:
            continue
        low, high = timings.spread(stage)
        wanted = RAGGED_REACH if ragged else REACH.get(stage)
        reach = f"≤ {wanted:.2f}" if wanted is not None and _is_default(options) else ""
        spread = f"{low:.2f} to {high:.2f}"
        print(
            f"{stage:60}{timings.median(stage):6.2f} T{spread:>16}"
            f"{timings.added_mb[stage]:7.0f} MB{reach:>8}"
        )


def _is_default(options: BenchOptions) -> bool:
    """Whether documents and model are those that the ratios to reach were set for."""
    names = ("model", "shape", "dtype", "documents", "tokens", "queries")
    return all(getattr(options, name) == getattr(BenchOptions(), name) for name in names)


def _print_rates(timings: Timings, own: Bench) -> None:
    """Tokens a second, and the part of the matrix rate that a pass reaches."""
    model: Any = own.setting.model
    dtype = next(model.parameters()).dtype
    rate = matrix_rate(own.setting.device, typical_widths(model), dtype)
    n_tokens = sum(len(ids) - 1 for ids in own.setting.documents)
    embedding = model.get_input_embeddings().weight
    tied = model.get_output_embeddings().weight is embedding
    used = sum(p.numel() for p in model.parameters()) - (0 if tied else embedding.numel())
    print(f"\nmatrix rate here {rate / 1e12:.2f} TFLOP/s; passes, counting 4 operations a weight:")
    for stage, seconds in timings.seconds.items():
        fastest = min(seconds)
        print(
            f"{stage:60}{n_tokens / fastest:10,.0f} tokens/s"
            f"{4.0 * used * n_tokens / fastest / rate:8.0%} of it"
        )
    unit = min(timings.training_seconds)
    share = 6.0 * used * n_tokens / unit / rate
    print(f"{'T, counting 6':60}{n_tokens / unit:10,.0f} tokens/s{share:8.0%} of it")


def _compare(options: BenchOptions, made: Setting, timings: Timings) -> None:
    how = peers.PeerOptions(options.batch_tokens, options.rank)
    for name in peers.PEERS:
        unit = training_pass(made, options.batch_tokens)
        with tempfile.TemporaryDirectory() as folder:
            report = peers.run_peer(name, made, how, Path(folder))
        if report is None:
            print(f"\n{name}: not installed")
            continue
        _print_peer(report, unit.seconds)
        theirs = report.scores.get(peers.EXACT)
        if theirs is not None and timings.exact is not None:
            _print_agreement(f"ours against {name}, {peers.EXACT}", timings.exact, theirs)


def _print_peer(report: peers.PeerReport, unit: float) -> None:
    print(f"\n{report.name} {report.version}:")
    for stage, found in report.stages.items():
        added = found.peak_mb - found.start_mb
        print(f"{stage:60}{found.seconds / unit:6.2f} T{added:23.0f} MB")
    for note in report.notes:
        print(f"  {note}")


def _print_agreement(what: str, first: Any, second: Any) -> None:
    found = agreement(first, second)
    print(
        f"{what}: Pearson {found.pearson:.4f} (worst query {found.worst_pearson:.4f}), "
        f"Spearman {found.spearman:.4f}, top-10 overlap {found.overlap:.2f}, "
        f"slope {found.scale:.3f}"
    )
