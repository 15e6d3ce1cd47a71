"""How far a run's scores may be believed: the stages of `trust`, each resumable, in order."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine import __version__
from attribution_engine.findings.faithfulness import FaithfulnessRow
from attribution_engine.influence.model import load_tokenizer, resolve_device
from attribution_engine.lab.behaviour_cut import behaviour_cut
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.datamodelling import datamodelling_rows, draw_halves
from attribution_engine.lab.lab_corpus import LabCorpus, build_corpus
from attribution_engine.lab.lab_description import describe_models
from attribution_engine.lab.lab_model import lab_model
from attribution_engine.lab.lab_scores import METHODS, score_lab
from attribution_engine.lab.planted_rows import own_planted_rows, planted_rows
from attribution_engine.lab.planting import completion_nats_of
from attribution_engine.lab.removal import Drops, measure_drops, plan_removals, removal_rows
from attribution_engine.lab.run_model import run_model
from attribution_engine.lab.saved_retrainings import (
    Measured,
    SavedRetrainings,
    TimeUp,
    kept_result,
    open_folder,
    remaining_words,
)
from attribution_engine.lab.stability_rows import (
    lab_sample,
    own_sample,
    stability_figures,
    stability_rows,
)
from attribution_engine.lab.training import machine
from attribution_engine.lab.worker_processes import WorkerProcesses
from attribution_engine.progress import progress
from attribution_engine.records import ModelConfig
from attribution_engine.run_lock import only_run_in
from attribution_engine.store.faithfulness import write_faithfulness
from attribution_engine.store.lab_rows import LabRows

MODULES = "linear"  # linear maps of a lab model whose gradients count
DAMPING = 0.1
RETRAINED = ("removal", "lds", "planted")  # need lab models
LEFT_OUT = "left out by --experiments"
NOT_REACHED = "the time given was spent before it; go on with --resume"


@dataclass(frozen=True, slots=True)
class TrustOptions:
    """What the command was told.

    Attributes:
        budget_name: of `budgets.BUDGETS`.
        minutes: no further retraining is begun after them; None = no limit.
        work: folder of what is kept; None = data/work/trust-NAME.
        model: folder of the run's model, if it is no longer where the run says.
        seed: decides the sample, the halves and what is drawn by lot.
        workers: processes that retrain at a time on a CPU, a thread each.
        experiments: those to do; the others are said to be left out.
    """

    budget_name: str = "standard"
    minutes: float | None = None
    device: str = "auto"
    resume: bool = False
    seed: int = 0
    work: Path | None = None
    model: str | None = None
    workers: int = 1
    experiments: tuple[str, ...] = ("removal", "lds", "planted", "stability", "behaviour_cut")


@dataclass(slots=True)
class _Lab:
    """One lab at work, and what was found so far."""

    store: Path
    rows: LabRows
    budget: Budget
    options: TrustOptions
    folder: Path
    device: torch.device
    config: ModelConfig
    tokenizer: PreTrainedTokenizerBase
    corpus: LabCorpus
    retrainings: SavedRetrainings
    found: list[FaithfulnessRow] = field(default_factory=list)
    lab: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    scores: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)

    @property
    def halves(self) -> np.ndarray:
        return draw_halves(len(self.corpus.documents), self.budget.halves, self.options.seed)


def trust(store: Path, budget: Budget, options: TrustOptions) -> list[FaithfulnessRow]:
    """Tests a run's kind of scores by retraining, and writes what was found into its store.

    Returns:
        The rows that were written.

    Raises:
        InputError: the store cannot be read, its tokenizer is not there, or it has too few
            documents or no right completion; with `resume`, other settings than before.
    """
    started = time.perf_counter()
    device = resolve_device(options.device)
    budget = budget.on(device.type)
    rows = LabRows(store)
    folder = options.work or Path("data/work") / f"trust-{store.stem}"
    folder.mkdir(parents=True, exist_ok=True)
    lab: _Lab | None = None
    with only_run_in(folder):
        try:
            lab = _open_lab(store, rows, budget, options, folder, device)
            _announce(lab)
            if set(RETRAINED) & set(options.experiments):
                _retrain_all(lab)
            lab.missing |= dict.fromkeys(set(RETRAINED) - set(options.experiments), LEFT_OUT)
            _stage(lab, "stability", _stability)
            _stage(lab, "behaviour_cut", _behaviour_cut)
            _describe(lab, time.perf_counter() - started)
        finally:
            rows.close()
            if lab is not None and lab.retrainings.workers is not None:
                lab.retrainings.workers.close()
        write_faithfulness(store, lab.found, lab.lab)
    print(f"{store}: {len(lab.found)} rows of faithfulness written", flush=True)
    return lab.found


def _open_lab(
    store: Path,
    rows: LabRows,
    budget: Budget,
    options: TrustOptions,
    folder: Path,
    device: torch.device,
) -> _Lab:
    config = run_model(rows, options.model)
    tokenizer = load_tokenizer(config)
    corpus = build_corpus(rows, tokenizer, budget.size, options.seed)
    run = rows.run()
    inputs = {
        "run": [run.run_id, run.n_documents, len(rows.answered())],
        "budget": asdict(budget),
        "seed": options.seed,
        "device": device.type,
        "engine": f"{__version__}, torch {torch.__version__}",
        "model": config.path,
    }
    open_folder(folder, inputs, resume=options.resume)
    until = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    retrainings = SavedRetrainings(
        corpus, budget.settings, folder, device.type, lambda done: None, until
    )
    if device.type == "cpu" and options.workers > 1:
        retrainings.workers = WorkerProcesses(corpus, budget.settings, options.workers)
    return _Lab(
        store, rows, budget, options, folder, device, config, tokenizer, corpus, retrainings
    )


def _counts(lab: _Lab) -> dict[str, int]:
    """Retrainings of each kind."""
    budget, seeds, chosen = lab.budget, lab.budget.seeds, lab.options.experiments
    ranked = len([method for method in METHODS if method != "random"]) * lab.corpus.explained
    return {
        "on all documents": seeds * bool(set(RETRAINED) & set(chosen)),
        "on random halves": seeds * budget.halves * ("lds" in chosen),
        "without documents": seeds
        * len(budget.fractions)
        * (ranked + budget.random_draws)
        * ("removal" in chosen),
    }


def _announce(lab: _Lab) -> None:
    """Says what will be done before it is."""
    corpus, counts = lab.corpus, _counts(lab)
    parameters = _parameters(lab)
    suites = {question.suite for question in corpus.questions[: corpus.explained]}
    print(
        f"lab of {lab.store}: {len(corpus.documents) - corpus.plants} documents drawn by lot and "
        f"{corpus.plants} planted, {corpus.explained} queries of {len(suites)} suites, models of "
        f"{parameters:,} parameters\n"
        f"{sum(counts.values())} retrainings: "
        + ", ".join(f"{count} {what}" for what, count in counts.items()),
        flush=True,
    )


def _retrain_all(lab: _Lab) -> None:
    """All retrainings, seed by seed, and the rows of the seeds that are complete."""
    real: dict[int, np.ndarray] = {}
    drops: dict[int, Drops] = {}
    seeds = [lab.options.seed + number for number in range(lab.budget.seeds)]
    total = sum(_counts(lab).values())
    with progress("retrainings", total, "retraining") as step:
        lab.retrainings.step = _with_estimate(lab, step, total)
        try:
            for seed in seeds:
                _score(lab, seed)
                if "lds" in lab.options.experiments:
                    said = lab.retrainings.measured("halves", lab.halves, seed)
                    real[seed] = said.log_probabilities
            for seed in seeds if "removal" in lab.options.experiments else ():
                drops[seed] = _remove(lab, seed)
        except TimeUp:
            print(f"\n{lab.options.minutes:g} minutes are spent", flush=True)
    _add_rows(lab, real, drops)


def _with_estimate(lab: _Lab, step: Callable[[int], None], total: int) -> Callable[[int], None]:
    """Counts retrainings, and says once, after the first on halves, how long all will take."""
    done = 0
    said = False

    def count(more: int) -> None:
        nonlocal done, said
        step(more)
        done += more
        ready = lab.retrainings.trained > lab.budget.settings.at_once
        if ready and not said:
            said = True
            each = lab.retrainings.trained_seconds / lab.retrainings.trained
            left = remaining_words(each * (total - done))
            print(f"\none retraining takes {each:.2g} s: about {left} to go", flush=True)

    return count


def _score(lab: _Lab, seed: int) -> None:
    """Scores of every method from the seed's model on all documents, and the plants' nats."""
    model = _model(lab, seed)
    corpus = lab.corpus

    def compute() -> dict[str, Any]:
        return score_lab(
            model,
            corpus.documents,
            [question.example for question in corpus.scored],
            corpus.lab_texts(),
            METHODS,
            modules=MODULES,
            damping=DAMPING,
            seed=seed,
            device=lab.device,
        )

    kept = kept_result(lab.folder, f"scores-{seed}", compute)
    lab.scores[seed] = {method: kept[method] for method in METHODS}


def _model(lab: _Lab, seed: int) -> nn.Module:
    """The seed's model on all documents, on the lab's device."""
    return nn.Module.to(lab.retrainings.full(seed).model(0), lab.device)


def _full(lab: _Lab, seed: int) -> Measured:
    said = lab.retrainings.full(seed).measure(lab.corpus.examples)
    return Measured(said[0].numpy(), said[1].numpy())


def _remove(lab: _Lab, seed: int) -> Drops:
    """Retrainings of one seed without what each method ranks first."""
    explained = {name: each[: lab.corpus.explained] for name, each in lab.scores[seed].items()}
    removals, weights = plan_removals(
        explained, lab.budget.fractions, lab.budget.random_draws, seed
    )
    without = lab.retrainings.measured("removal", weights, seed)
    return measure_drops(removals, without, _full(lab, seed), lab.corpus)


def _add_rows(lab: _Lab, real: dict[int, np.ndarray], drops: dict[int, Drops]) -> None:
    """Rows of removal, LDS and planted facts, of the seeds that are complete."""
    if drops:
        lab.found += removal_rows(drops, lab.corpus, lab.budget.fractions)
    else:
        lab.missing["removal"] = NOT_REACHED
    if real:
        scores = {seed: lab.scores[seed] for seed in real}
        lab.found += datamodelling_rows(real, scores, lab.halves, lab.corpus)
    else:
        lab.missing["lds"] = NOT_REACHED
    lab.lab["baseline"] = _baseline(lab)
    lab.lab["seeds"] = {"removal": list(drops), "lds": list(real), "planted": list(lab.scores)}
    if "planted" not in lab.options.experiments:
        return
    if lab.scores and lab.corpus.plants:
        asked = [question.example for question in lab.corpus.scored[lab.corpus.explained :]]
        nats = {
            seed: completion_nats_of(lab.retrainings.full(seed).model(0), asked)
            for seed in lab.scores
        }
        lab.found += planted_rows(lab.scores, nats, lab.corpus)
    else:
        lab.missing["planted"] = NOT_REACHED
    lab.found += own_planted_rows(lab.rows.planted_ranks(), lab.rows.run().method)


def _baseline(lab: _Lab) -> dict[str, Any]:
    """What the models on all documents can do: nats a completion and accuracy, by suite."""
    if not lab.scores:
        return {}
    said = [_full(lab, seed) for seed in lab.scores]
    nats = -np.mean([each.log_probabilities[0] for each in said], 0)  # [questions]
    right = np.mean([each.exact[0] for each in said], 0)
    return {
        suite: {
            "questions": len(places),
            "nats": round(float(nats[places].mean()), 3),
            "reproduced": round(float(right[places].mean()), 3),
        }
        for suite, places in lab.corpus.suites().items()
    }


def _stage(lab: _Lab, name: str, add: Callable[[_Lab], None]) -> None:
    """A stage after the retrainings, unless the time is spent."""
    if name not in lab.options.experiments:
        lab.missing[name] = LEFT_OUT
        return
    until = lab.retrainings.until
    if until is not None and time.monotonic() > until:
        lab.missing[name] = NOT_REACHED
        return
    try:
        add(lab)
    except TimeUp:
        lab.missing[name] = NOT_REACHED


def _stability(lab: _Lab) -> None:
    def compute() -> dict[str, Any]:
        documents = lab.budget.stability_documents
        sample = own_sample(
            lab.rows,
            lab.corpus,
            lab.config,
            lab.tokenizer,
            documents=documents,
            seed=lab.options.seed,
            device=lab.device,
        )
        if sample is None:
            model = _model(lab, lab.options.seed)
            sample = lab_sample(model, lab.corpus, documents=documents, modules=MODULES)
        return stability_figures(sample, seed=lab.options.seed, device=lab.device)

    figures = kept_result(lab.folder, "stability", compute)
    explained = lab.corpus.questions[: lab.corpus.explained]
    suites = {each.query_id: each.suite for each in explained if each.query_id is not None}
    lab.found += stability_rows(figures, suites)


def _behaviour_cut(lab: _Lab) -> None:
    found, about = behaviour_cut(
        lab.rows,
        lab.tokenizer,
        lab.config,
        lab.budget,
        lab.folder,
        seed=lab.options.seed,
        device=lab.device,
        until=lab.retrainings.until,
    )
    lab.found += found
    if found:
        lab.lab["behaviour_cut"] = about
    else:
        lab.missing["behaviour_cut"] = str(about["missing"])


def _parameters(lab: _Lab) -> int:
    model = lab_model(lab.budget.settings, lab.corpus.vocabulary, 0)
    return sum(parameter.numel() for parameter in model.parameters())


def _describe(lab: _Lab, seconds: float) -> None:
    """What whoever reads the figures has to know of the lab."""
    corpus, budget = lab.corpus, lab.budget
    lab.lab |= {
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "engine": __version__,
        "device": lab.device.type,
        "machine": machine()
        | ({"gpu": torch.cuda.get_device_name()} if lab.device.type == "cuda" else {}),
        "seconds": {
            "this attempt": round(seconds, 1),
            "retrainings, all attempts": round(lab.retrainings.seconds, 1),
        },
        "budget": lab.options.budget_name,
        "seed": lab.options.seed,
        "documents": {
            "of the store": len(corpus.documents) - corpus.plants,
            "planted": corpus.plants,
            "cut to the context": corpus.cut,
            "tokens with loss": sum(len(x.tokens) - x.start for x in corpus.documents),
        },
        "queries": {"explained": corpus.explained, "asked": len(corpus.questions)},
        "retrainings": _counts(lab),
        "settings": asdict(budget.settings),
        "vocabulary": corpus.vocabulary.size,
        "parameters": _parameters(lab),
        "methods": {"modules": MODULES, "damping": DAMPING, "factors": "two halves of the lab"},
        "not tested": lab.missing,
        **describe_models(budget.settings, lab.config),
    }
