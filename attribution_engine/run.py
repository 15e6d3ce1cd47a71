"""A run: corpus + model + queries -> store, stage by stage; every stage can be resumed after."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import torch

from attribution_engine.influence.capture import NotFinite
from attribution_engine.influence.completions import CompletedQuery, complete_queries
from attribution_engine.influence.factors import (
    Eigenbasis,
    LayerFactors,
    eigenbases,
    fit_covariances,
    fit_eigenvalues,
)
from attribution_engine.influence.query_gradients import (
    LayerDirections,
    query_directions,
)
from attribution_engine.influence.scores import document_scores
from attribution_engine.influence.token_scores import predicted_scores, update_scores
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.preparation import Prepared, check_places, factor_rows, prepare
from attribution_engine.progress import progress
from attribution_engine.records import InputError, Query, RunConfig
from attribution_engine.store.writer import building, ranked
from attribution_engine.store_rows import document_rows, insert_curves, query_rows, run_row
from attribution_engine.workspace import Workspace

Pair = tuple[torch.Tensor, torch.Tensor]  # of activations, of gradients


def run(config: RunConfig, *, device: str = "auto", resume: bool = False) -> None:
    """Computes a run and puts its store at `config.store`.

    Raises:
        InputError: anything wrong with configuration, model, corpus or queries.
    """
    check_places(config)
    ready = prepare(config, device)
    work = Workspace(config, resume=resume)
    try:
        _compute(ready, work)
    except NotFinite as error:
        raise InputError(
            f"{config.model.path}: {error}, at document or query {error.row + 1}; check the "
            'weights, or try dtype = "float32"'
        ) from error
    print(f"store complete: {config.store}", flush=True)


def _compute(ready: Prepared, work: Workspace) -> None:
    config = ready.config
    completed, notes = completed_queries(ready, work)
    queries = [each.query for each in completed]
    query_texts = [each.tokens for each in completed]
    factors = fitted_factors(ready, work)
    directions = preconditioned(ready, work, factors, query_texts)
    scores = work.stage("scores", lambda: _scores(ready, directions))
    influence, norms = scores["influence"].numpy(), scores["norms"].numpy()
    tokens = work.stage("tokens", lambda: _token_scores(ready, directions, influence))
    with progress("store", len(queries), "query") as step, building(config.store) as store:
        store.insert("run", [run_row(ready, queries, work, notes)])
        store.insert("documents", document_rows(ready, norms))
        store.insert("queries", query_rows(queries, query_texts, ready))
        store.insert_influence(influence, norms)
        store.insert("token_influence", tokens)
        insert_curves(store, influence, step)


def completed_queries(ready: Prepared, work: Workspace) -> tuple[list[CompletedQuery], str]:
    """Queries with completions, and a note on those that had to be left out."""

    def compute() -> dict[str, Any]:
        queries = ready.queries
        limits = {suite.suite: suite.max_new_tokens for suite in ready.config.suites}
        with progress("completions", len(queries), "query") as step:
            kept, empty = complete_queries(
                queries, limits, ready.model, ready.tokenizer, ready.device, step
            )
        note = "".join(f" Left out, the model answers nothing: {each.where}." for each in empty)
        return {"completed": [asdict(each) for each in kept], "note": note}

    result = work.stage("completions", compute)
    completed = [
        CompletedQuery(Query(**row["query"]), TokenisedText(**row["tokens"]))
        for row in result["completed"]
    ]
    return completed, result["note"]


def fitted_factors(ready: Prepared, work: Workspace) -> list[LayerFactors]:
    """Covariances, eigenbases and corrected eigenvalues, each a stage of its own."""
    options, rows = ready.config.influence, factor_rows(ready)

    def covariances() -> list[Pair]:
        with progress("covariances", len(rows)) as step:
            return fit_covariances(
                ready.model, ready.layers, ready.texts, options, rows, ready.device, step
            )

    def bases() -> list[Pair]:
        # Called for in here: once there are eigenvectors the covariances are not needed again.
        sums = work.stage("covariances", covariances)
        kind = torch.float64 if ready.config.model.dtype == "float64" else torch.float32
        with progress("eigendecompositions", len(sums), "layer") as step:
            found = eigenbases(_moved(sums, ready.device), kind, step)
        sums.clear()  # they can be larger than all else that a run holds
        return [(basis.activations.cpu(), basis.gradients.cpu()) for basis in found]

    kept = _moved(work.stage("eigendecompositions", bases), ready.device)
    found = [Eigenbasis(*pair) for pair in kept]

    def eigenvalues() -> list[torch.Tensor]:
        with progress("eigenvalues", len(rows)) as step:
            fitted = fit_eigenvalues(
                ready.model, ready.layers, found, ready.texts, options, rows, ready.device, step
            )
        return [layer.eigenvalues.cpu() for layer in fitted]

    values = work.stage("eigenvalues", eigenvalues)
    return [
        LayerFactors(basis, value.to(ready.device))
        for basis, value in zip(found, values, strict=True)
    ]


def preconditioned(
    ready: Prepared, work: Workspace, factors: list[LayerFactors], texts: list[TokenisedText]
) -> list[LayerDirections]:
    """The preconditioned direction of every query in every layer."""
    options = ready.config.influence

    def compute() -> list[dict[str, torch.Tensor | None]]:
        with progress("query gradients", len(texts), "query") as step:
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
    with progress("document scores", len(ready.texts)) as step:
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
        where = ready.documents[row].where
        raise InputError(f"{where}: its influence is NaN or infinite; raise influence.damping")
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
        with progress("token scores (predicted)", sum(map(len, tails))) as step:
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
        with progress("token scores (update)", len(wanted)) as step:
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


def _moved(pairs: list[Pair], device: torch.device) -> list[Pair]:
    return [(first.to(device), second.to(device)) for first, second in pairs]
