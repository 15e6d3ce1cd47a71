"""A run: corpus + model + queries -> store, stage by stage; every stage can be resumed after."""

from __future__ import annotations

import os
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch

from attribution_engine.curvature_stages import Fitting, fit_curvature
from attribution_engine.cut_stages import cut_spans
from attribution_engine.influence.capture import NotFinite
from attribution_engine.influence.completions import (
    CompletedQuery,
    as_plain,
    complete_queries,
    count_completions,
    from_plain,
)
from attribution_engine.influence.memory import (
    SPARE,
    STAGES,
    OutOfMemory,
    Room,
    TokenBudget,
    first_line,
    in_words,
    room,
)
from attribution_engine.influence.model import resolve_device
from attribution_engine.influence.query_gradients import WeightedTexts
from attribution_engine.model_reports import read_reports
from attribution_engine.plan import needed, shape_of
from attribution_engine.preparation import (
    Prepared,
    check_places,
    coverage_line,
    forget_other_corpora,
    prepare,
    with_weights,
)
from attribution_engine.progress import progress
from attribution_engine.query_stages import Directions, find_directions
from attribution_engine.records import InputError, Query, RunConfig
from attribution_engine.run_lock import only_run_in
from attribution_engine.score_stages import Scoring, influence_shards, score_corpus
from attribution_engine.store_rows import Result, Term, fill_store
from attribution_engine.tails import Tails
from attribution_engine.text.bm25 import bm25_scores
from attribution_engine.token_stages import tail_tokens
from attribution_engine.workspace import Workspace, check_resumable


def run(config: RunConfig, *, device: str = "auto", resume: bool = False) -> None:
    """Computes a run and puts its store at `config.store`.

    Raises:
        InputError: anything wrong with configuration, model, corpus or queries.
    """
    check_places(config)
    try:
        with only_run_in(config.work):
            _run(config, device, resume)
    except OutOfMemory as error:
        raise InputError(
            f"{config.model.path}: out of memory ({first_line(error)}), and not for the size of "
            "batches; set influence.memory_gb lower and go on with --resume, or use a device with "
            "more memory"
        ) from error


def _run(config: RunConfig, device: str, resume: bool) -> None:
    if resume:
        check_resumable(config, resolve_device(device).type)  # before the corpus is read anew
    reports = read_reports(config.model.path)  # first, as it takes no time to fail here
    ready = prepare(config, device)
    print(coverage_line(ready), flush=True)
    work = Workspace(config, resume=resume, device=ready.device.type)
    forget_other_corpora(ready)
    try:
        if config.influence.method == "self-influence":
            completed, notes = [itself(ready)], ""
        else:
            completed, notes = completed_queries(ready, work)
        if config.influence.method == "bm25":
            result = _by_words(ready, work, completed)
        else:
            result = _by_gradients(ready, work, completed)
        fill_store(ready, work, result, notes, reports)
    except NotFinite as error:
        raise InputError(
            f"{config.model.path}: {error}, at document or query {error.row + 1}; check the "
            'weights, or try dtype = "float32"'
        ) from error
    print(f"store complete: {config.store}", flush=True)


def completed_queries(ready: Prepared, work: Workspace) -> tuple[list[CompletedQuery], str]:
    """Queries with completions, and a note on those that had to be left out."""

    def compute() -> dict[str, Any]:
        queries = ready.queries
        limits = {suite.suite: suite.max_new_tokens for suite in ready.config.suites}
        with progress("completions", count_completions(queries), "query") as step:
            kept, notes = complete_queries(
                queries, limits, ready.model, ready.tokenizer, ready.device, step
            )
        note = "".join(f" {each}" for each in notes)
        return {"completed": [as_plain(each) for each in kept], "note": note}

    result = work.stage("completions", compute)
    return [from_plain(row) for row in result["completed"]], result["note"]


def fitting_of(
    ready: Prepared, work: Workspace, completed: list[CompletedQuery], folder: str = ""
) -> Fitting:
    """What the stages are computed with, and how much memory factors may take.

    Raises:
        InputError: a layer does not fit, be it in the last stage.
    """
    options, tracked = ready.config.influence, ready.tracked
    of_queries = (part.n_positions for each in completed for part in each.parts)
    shared = kept_room(ready, work, max(int(ready.corpus.lengths.max()), *of_queries, 1))
    if shared.by_blocks:
        tracked = replace(tracked, most_at_once=shared.at_once)
    fitting = Fitting(
        tracked=tracked,
        texts=ready.corpus,
        options=options,
        work=work,
        budget=TokenBudget(min(options.batch_tokens, shared.at_once)),
        shape=shape_of(options, len(completed)),
        allowed=shared.allowed,
        folder=folder,
    )
    for stage in STAGES:
        if needed(stage, options.method):
            fitting.groups(stage)
    return fitting


def kept_room(ready: Prepared, work: Workspace, longest: int) -> Room:
    """How memory is shared out: as an earlier attempt did, where there is enough now.

    Sums over layers are rounded group by group, so other groups change the last digits.

    Args:
        longest: positions of the longest text, documents and queries.
    """
    asked = ready.config.influence.memory_gb
    now = room(
        ready.model,
        ready.tracked.layers,
        ready.config.influence,
        longest,
        ready.device,
    )
    name = f"room-{ready.device.type}"
    before = work.load(name) if work.has(name) else None
    if before is None or before["memory_gb"] != asked:
        if before is not None:
            print(
                f"influence.memory_gb has changed ({in_words(now.allowed)} for factors): layers go "
                "in other groups, which changes the last digits of scores",
                flush=True,
            )
        work.save(name, asdict(now) | {"memory_gb": asked})
        return now
    kept = Room(**{key: value for key, value in before.items() if key != "memory_gb"})
    if kept.allowed + kept.one_pass <= (now.allowed + now.one_pass) / SPARE:
        return kept
    print(
        f"less memory than before ({in_words(now.allowed)} for factors, {in_words(kept.allowed)} "
        "then): layers go in other groups, which changes the last digits of scores",
        flush=True,
    )
    return now


def _by_words(ready: Prepared, work: Workspace, completed: list[CompletedQuery]) -> Result:
    """BM25 of prompt and completion on every document."""
    corpus = ready.corpus

    def compute() -> dict[str, Any]:
        with progress("bm25", 2 * len(corpus)) as step:
            scores = bm25_scores(
                lambda: (document.text for document in corpus.documents_in(0, len(corpus))),
                [_words_of(each.query) for each in completed],
                progress=step,
            )
        return {"scores": torch.from_numpy(scores)}

    scores = work.stage("bm25", compute)["scores"].numpy()
    tails = Tails(len(completed), ready.config.influence.tail)
    tails.add(scores, np.arange(len(corpus)))
    return Result(completed, scores, None, tails, [])


def _words_of(query: Query) -> str:
    if query.items:
        return " ".join(f"{each.prompt} {each.completion}" for each in query.items if each.correct)
    return f"{query.prompt} {query.completion}"


def _by_gradients(ready: Prepared, work: Workspace, completed: list[CompletedQuery]) -> Result:
    """Every method that differentiates the model; TracIn sums over checkpoints."""
    options = ready.config.influence
    terms = [
        Term(f"checkpoint-{number}/", each.learning_rate, each.path)
        for number, each in enumerate(options.checkpoints)
    ] or [Term("", 1.0, None)]
    for term in terms:
        _score(_weights(ready, term), work, completed, term)
    influence = _combined(ready, work, terms, len(completed))
    tails = terms[0].tails
    if len(terms) > 1:
        tails = Tails(len(completed), options.tail)
        tails.add(influence, np.arange(len(ready.corpus)))
    assert tails is not None
    for term in terms:
        _look_closer(_weights(ready, term), work, completed, term, tails)
    return Result(completed, influence, _norms(terms), tails, terms)


def _norms(terms: list[Term]) -> np.ndarray:
    """‖∇L‖ of every document; of checkpoints that of all gradients, each times √learning rate.

    TracIn is the inner product of two such stacks of gradients.
    """
    norms = [term.scoring.document_norms for term in terms]
    if terms[0].path is None:
        assert norms[0] is not None
        return norms[0]
    squares = [abs(t.weight) * np.square(of) for t, of in zip(terms, norms) if of is not None]
    return np.sqrt(np.sum(squares, axis=0))


def _weights(ready: Prepared, term: Term) -> Prepared:
    if term.path is None:
        return ready
    if ready.device.type == "cuda":
        torch.cuda.empty_cache()  # of the checkpoint before
    return with_weights(ready, term.path)


def _scoring(
    ready: Prepared, work: Workspace, completed: list[CompletedQuery], term: Term
) -> Scoring:
    options = ready.config.influence
    fitting = fitting_of(ready, work, completed, term.folder)
    split = "span" in options.levels and term.path is None and options.method != "self-influence"
    return Scoring(
        work=work,
        options=options,
        folder=term.folder,
        corpus=ready.corpus,
        n_queries=len(completed),
        split=split,
        fitting=fitting,
        directions=Directions(fitting),
        cosine=options.method == "gradient-cosine",
    )


def _score(ready: Prepared, work: Workspace, completed: list[CompletedQuery], term: Term) -> None:
    """Curvature, directions and the one pass over the corpus."""
    scoring = _scoring(ready, work, completed, term)
    fit_curvature(scoring.fitting)
    if ready.config.influence.method != "self-influence":
        queries = [WeightedTexts(each.parts, each.weights) for each in completed]
        find_directions(scoring.fitting, queries)
    term.tails = score_corpus(scoring)
    # Of several checkpoints one at a time is in memory.
    term.scoring = scoring if term.path is None else scoring.results()


def _look_closer(
    ready: Prepared, work: Workspace, completed: list[CompletedQuery], term: Term, tails: Tails
) -> None:
    """Tokens and cut spans of the documents in the tails."""
    options, scoring = ready.config.influence, term.scoring
    if options.method == "self-influence":
        return
    if not isinstance(scoring, Scoring):
        scoring = _scoring(ready, work, completed, term)
        scoring.document_norms = term.scoring.document_norms
    if "token" in options.levels:
        tail_tokens(scoring, tails)
    if options.cut_documents:
        cut_spans(
            scoring,
            tails,
            ready.tokenizer,
            max_tokens=ready.config.corpus.max_tokens,
            context=ready.context,
            vocabulary=ready.vocabulary,
        )
    term.scoring = scoring.results()


def _combined(ready: Prepared, work: Workspace, terms: list[Term], n_queries: int) -> np.ndarray:
    """Influence [queries, documents], float32, on disk."""
    shape = (n_queries, len(ready.corpus))
    path = work.folder / "influence.f32"
    with path.open("wb") as file:  # a mapped file that grows on a full disk ends the process
        size = max(1, 4 * shape[0] * shape[1])
        file.truncate(size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
    influence = np.memmap(path, dtype=np.float32, mode="r+", shape=shape)
    for term in terms:
        for rows, part in influence_shards(term.scoring):
            influence[:, rows.start : rows.stop] += np.float32(term.weight) * part
    return influence


def itself(ready: Prepared) -> CompletedQuery:
    """The one query of a self-influence run: it stands for every document's own text."""
    query = Query(
        query_id=0,
        suite="self-influence",
        task="self-influence",
        kind="control",
        prompt="Each document itself",
        completion=": how much weight on it raises its own log-probability",
    )
    return CompletedQuery(query, ())
