"""A run: corpus + model + queries -> store, stage by stage; every stage can be resumed after."""

from __future__ import annotations

import json
import platform
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine import __version__
from attribution_engine.corpora.documents import count_documents, read_documents
from attribution_engine.corpora.suites import read_suites
from attribution_engine.findings.rank_curves import SIDES, rank_curve, rank_fit
from attribution_engine.influence.capture import Layer, tracked_layers
from attribution_engine.influence.completions import complete_queries
from attribution_engine.influence.factors import (
    Eigenbasis,
    LayerFactors,
    eigenbases,
    fit_covariances,
    fit_eigenvalues,
)
from attribution_engine.influence.model import (
    context_length,
    load_model,
    load_tokenizer,
    resolve_device,
)
from attribution_engine.influence.query_gradients import (
    LayerDirections,
    completion_nats,
    query_directions,
)
from attribution_engine.influence.scores import document_scores
from attribution_engine.influence.token_scores import predicted_scores, update_scores
from attribution_engine.influence.tokens import TokenisedText, tokenise
from attribution_engine.records import Document, InputError, Query, RunConfig
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN
from attribution_engine.store.writer import StoreWriter, building, ranked
from attribution_engine.workspace import Workspace

Pair = tuple[torch.Tensor, torch.Tensor]  # of activations, of gradients


@dataclass(slots=True)
class Prepared:
    """Everything that is read and loaded before the first computation."""

    config: RunConfig
    device: torch.device
    model: nn.Module
    tokenizer: PreTrainedTokenizerBase
    layers: list[Layer]
    documents: list[Document]
    texts: list[TokenisedText]


def run(config: RunConfig, *, device: str = "auto", resume: bool = False) -> None:
    """Computes a run and puts its store at `config.store`.

    Raises:
        InputError: anything wrong with configuration, model, corpus or queries.
    """
    ready = prepare(config, device)
    work = Workspace(config, resume=resume)
    queries, notes = completed_queries(ready, work)
    query_texts = [_query_text(query, ready) for query in queries]
    factors = fitted_factors(ready, work)
    directions = preconditioned(ready, work, factors, query_texts)
    scores = work.stage("scores", lambda: _scores(ready, directions))
    influence, norms = scores["influence"].numpy(), scores["norms"].numpy()
    tokens = work.stage("tokens", lambda: _token_scores(ready, directions, influence))
    with _progress("store", len(queries), "query") as step, building(config.store) as store:
        store.insert("run", [_run_row(ready, queries, work, notes)])
        store.insert("documents", _document_rows(ready, norms))
        store.insert("queries", _query_rows(queries, query_texts, ready))
        store.insert_influence(influence, norms)
        store.insert("token_influence", tokens)
        _insert_curves(store, influence, step)
    print(f"store complete: {config.store}", flush=True)


def prepare(config: RunConfig, device: str) -> Prepared:
    """Loads the model, reads and tokenises the corpus."""
    if config.influence.method != "ek-fac" or config.influence.modules != "mlp":
        raise InputError(f"{config.source}: [influence] knows method 'ek-fac' and modules 'mlp'")
    chosen = resolve_device(device)
    tokenizer = load_tokenizer(config.model)
    model = load_model(config.model, chosen)
    context = context_length(model)
    longest = config.corpus.max_tokens
    if longest is not None and longest > context:
        raise InputError(
            f"{config.source}: corpus.max_tokens = {longest}, and the model's context holds "
            f"{context}; set max_tokens to {context} or less"
        )
    documents, texts = [], []
    with _progress("read corpus", count_documents(config.corpus)) as step:
        for document in read_documents(config.corpus):
            where = f"{config.corpus.path}, row {document.doc_id + 1}"
            documents.append(document)
            texts.append(
                tokenise(
                    document.text,
                    tokenizer,
                    loss_from=document.prompt_chars,
                    max_tokens=longest,
                    context=context,
                    where=where,
                )
            )
            step(1)
    return Prepared(config, chosen, model, tokenizer, tracked_layers(model), documents, texts)


def completed_queries(ready: Prepared, work: Workspace) -> tuple[list[Query], str]:
    """Queries with completions, and a note on those that had to be left out."""

    def compute() -> dict[str, Any]:
        queries = read_suites(ready.config.suites)
        limits = {suite.suite: suite.max_new_tokens for suite in ready.config.suites}
        with _progress("completions", len(queries), "query") as step:
            kept, empty = complete_queries(
                queries, limits, ready.model, ready.tokenizer, ready.device, step
            )
        note = "".join(
            f" Left out, empty completion: {query.suite}, query {query.query_id + 1}."
            for query in empty
        )
        return {"queries": [asdict(query) for query in kept], "note": note}

    result = work.stage("completions", compute)
    return [Query(**row) for row in result["queries"]], result["note"]


def fitted_factors(ready: Prepared, work: Workspace) -> list[LayerFactors]:
    """Covariances, eigenbases and corrected eigenvalues, each a stage of its own."""
    options, rows = ready.config.influence, factor_rows(ready)

    def covariances() -> list[Pair]:
        with _progress("covariances", len(rows)) as step:
            return fit_covariances(
                ready.model, ready.layers, ready.texts, options, rows, ready.device, step
            )

    # Once there are eigenvectors the covariances are not needed again.
    done = work.finished("eigendecompositions")
    sums: list[Pair] = [] if done else work.stage("covariances", covariances)

    def bases() -> list[Pair]:
        kind = torch.float64 if ready.config.model.dtype == "float64" else torch.float32
        with _progress("eigendecompositions", len(sums), "layer") as step:
            found = eigenbases(_moved(sums, ready.device), kind, step)
        return [(basis.activations.cpu(), basis.gradients.cpu()) for basis in found]

    kept = _moved(work.stage("eigendecompositions", bases), ready.device)
    found = [Eigenbasis(*pair) for pair in kept]

    def eigenvalues() -> list[torch.Tensor]:
        with _progress("eigenvalues", len(rows)) as step:
            fitted = fit_eigenvalues(
                ready.model, ready.layers, found, ready.texts, options, rows, ready.device, step
            )
        return [layer.eigenvalues.cpu() for layer in fitted]

    values = work.stage("eigenvalues", eigenvalues)
    return [
        LayerFactors(basis, value.to(ready.device))
        for basis, value in zip(found, values, strict=True)
    ]


def factor_rows(ready: Prepared) -> list[int]:
    """Documents that the factors are fitted on: all, or a sample drawn with the seed."""
    wanted, total = ready.config.influence.factor_documents, len(ready.documents)
    if wanted is None or wanted >= total:
        return list(range(total))
    generator = np.random.default_rng(ready.config.influence.seed)
    return sorted(int(row) for row in generator.choice(total, wanted, replace=False))


def preconditioned(
    ready: Prepared, work: Workspace, factors: list[LayerFactors], texts: list[TokenisedText]
) -> list[LayerDirections]:
    """The preconditioned direction of every query in every layer."""
    options = ready.config.influence

    def compute() -> list[dict[str, torch.Tensor | None]]:
        with _progress("query gradients", len(texts), "query") as step:
            found = query_directions(
                ready.model,
                ready.layers,
                factors,
                texts,
                damping=options.damping,
                rank=options.rank,
                seed=options.seed,
                device=ready.device,
                progress=step,
            )
        return [{"exact": d.exact, "left": d.left, "right": d.right} for d in found]

    rows = work.stage("query_gradients", compute)
    return [
        LayerDirections(
            **{name: None if t is None else t.to(ready.device) for name, t in row.items()}
        )
        for row in rows
    ]


def tail_rows(scores: np.ndarray, k: int) -> list[int]:
    """The k most helpful and the k most harmful documents of one query, each once."""
    order, _ = ranked(scores)
    return sorted({int(row) for row in (*order[:k], *order[-k:])}) if k else []


def _scores(ready: Prepared, directions: list[LayerDirections]) -> dict[str, torch.Tensor]:
    with _progress("document scores", len(ready.texts)) as step:
        influence, norms = document_scores(
            ready.model,
            ready.layers,
            directions,
            ready.texts,
            batch_tokens=ready.config.influence.batch_tokens,
            device=ready.device,
            progress=step,
        )
    if not bool(torch.isfinite(influence).all()):
        row = int((~torch.isfinite(influence)).any(0).nonzero()[0])
        raise FloatingPointError(f"document {row + 1}: its influence is NaN or infinite")
    return {"influence": influence, "norms": norms}


def _token_scores(
    ready: Prepared, directions: list[LayerDirections], influence: np.ndarray
) -> list[dict[str, Any]]:
    """Rows of `token_influence` for the tails of every query, ordered by query and document."""
    options = ready.config.influence
    tails = [tail_rows(scores, options.tail) for scores in influence]
    settings: dict[str, Any] = {"batch_tokens": options.batch_tokens, "device": ready.device}
    found: dict[tuple[int, int, str], list[float]] = {}
    if "predicted" in options.alignments:
        with _progress("token scores (predicted)", sum(map(len, tails))) as step:
            for query, rows in enumerate(tails):
                scores = predicted_scores(
                    ready.model,
                    ready.layers,
                    directions,
                    query,
                    ready.texts,
                    rows,
                    progress=step,
                    **settings,
                )
                found |= {(query, row, "predicted"): one for row, one in scores.items()}
    if "update" in options.alignments:
        wanted: dict[int, list[int]] = {}
        for query, rows in enumerate(tails):
            for row in rows:
                wanted.setdefault(row, []).append(query)
        with _progress("token scores (update)", len(wanted)) as step:
            shares = update_scores(
                ready.model,
                ready.layers,
                directions,
                wanted,
                ready.texts,
                progress=step,
                **settings,
            )
        found |= {(query, row, "update"): one for (query, row), one in shares.items()}
    return [
        {"query_id": query, "doc_id": row, "alignment": alignment, "scores": scores}
        for (query, row, alignment), scores in sorted(found.items())
    ]


def _query_text(query: Query, ready: Prepared) -> TokenisedText:
    assert query.completion is not None
    return tokenise(
        query.prompt + query.completion,
        ready.tokenizer,
        loss_from=len(query.prompt),
        max_tokens=None,
        context=context_length(ready.model),
        where=f"suite {query.suite}, query {query.query_id + 1}",
        mend="shorten its prompt or completion, or lower max_new_tokens",
    )


def _run_row(ready: Prepared, queries: list[Query], work: Workspace, notes: str) -> dict[str, Any]:
    config, options = ready.config, ready.config.influence
    return {
        "run_id": uuid.uuid4().hex[:12],
        "name": config.name,
        "created_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "schema_version": SCHEMA_VERSION,
        "engine_version": __version__,
        "model": config.model.path,
        "n_parameters": sum(parameter.numel() for parameter in ready.model.parameters()),
        "n_tracked_parameters": sum(a * b for a, b in (layer.shape for layer in ready.layers)),
        "corpus": str(config.corpus.path),
        "method": options.method,
        "config": config.raw,
        "sign": SIGN,
        "damping": options.damping,
        "rank": options.rank,
        "token_alignment": ",".join(options.alignments),
        "device": f"{ready.device.type}: {_device_name(ready.device)}",
        "stage_seconds": work.seconds,
        "notes": (config.notes + notes).strip(),
        "n_documents": len(ready.documents),
        "n_queries": len(queries),
        "n_tokens": sum(text.n_tokens for text in ready.texts),
        "factor_documents": len(factor_rows(ready)),
        "tracked_layers": [layer.name for layer in ready.layers],
        "tail": options.tail,
        "truncated_documents": sum(text.cut for text in ready.texts),
    }


def _document_rows(ready: Prepared, norms: np.ndarray) -> Iterator[dict[str, Any]]:
    for document, text, norm in zip(ready.documents, ready.texts, norms, strict=True):
        yield asdict(document) | {
            "n_tokens": text.n_tokens,
            "gradient_norm": float(norm),
            "token_ends": text.token_ends,
        }


def _query_rows(
    queries: list[Query], texts: list[TokenisedText], ready: Prepared
) -> Iterator[dict[str, Any]]:
    for query, text in zip(queries, texts, strict=True):
        nats, token_nats = completion_nats(ready.model, text, ready.device)
        row = asdict(query) | {
            "nats": nats,
            "n_tokens": sum(text.has_loss),
            "token_ends": text.token_ends,
            "token_nats": token_nats,
        }
        yield row | {"keywords": json.dumps(query.keywords, ensure_ascii=False)}


def _insert_curves(store: StoreWriter, influence: np.ndarray, step: Callable[[int], None]) -> None:
    curves: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    for query, scores in enumerate(influence.astype(np.float32)):
        for side in SIDES:
            key = {"query_id": query, "side": side}
            curves += [key | asdict(each) for each in rank_curve(scores, side)]
            fits.append(key | asdict(rank_fit(scores, side)))
        step(1)
    store.insert("rank_curve", curves)
    store.insert("rank_fit", fits)


def _moved(pairs: list[Pair], device: torch.device) -> list[Pair]:
    return [(first.to(device), second.to(device)) for first, second in pairs]


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} threads, {platform.machine()}"


@contextmanager
def _progress(stage: str, total: int, unit: str = "document") -> Iterator[Callable[[int], None]]:
    """A progress bar with rate and time left; the function it gives counts things done."""
    with tqdm(total=total, desc=stage, unit=unit, smoothing=0.05) as bar:

        def step(done: int) -> None:
            bar.update(done)

        yield step
