"""How far a run's scores may be believed: the stages of `trust`, each resumable, in order."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.findings.faithfulness import FaithfulnessRow
from attribution_engine.influence.model import load_tokenizer, resolve_device
from attribution_engine.lab.behaviour_cut import behaviour_cut
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.datamodelling import datamodelling_rows, draw_halves
from attribution_engine.lab.lab_corpus import LabCorpus, build_corpus
from attribution_engine.lab.lab_description import describe, describe_attempt
from attribution_engine.lab.lab_inputs import DAMPING, MODULES, lab_inputs
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
    about_stability,
    lab_sample,
    own_sample,
    stability_figures,
    stability_rows,
)
from attribution_engine.lab.worker_processes import WorkerProcesses
from attribution_engine.progress import progress
from attribution_engine.records import InputError, ModelConfig
from attribution_engine.run_lock import only_run_in
from attribution_engine.store.faithfulness import write_faithfulness
from attribution_engine.store.lab_rows import LabRows

RETRAINED = ("removal", "lds", "planted")  # need lab models
OF_ITEMS = ("removal", "lds", "stability")  # have rows of single queries
LEFT_OUT = "left out by --experiments"
NOT_REACHED = "the time given was spent before it; go on with --resume"


@dataclass(frozen=True, slots=True)
class TrustOptions:
    """What the command was told.

    Attributes:
        budget_name: of `budgets.BUDGETS`.
        minutes: no further retraining is begun after them; None = no limit.
        resume: go on with what is kept; anew: remove it first.
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
    anew: bool = False
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
    stopped: str = NOT_REACHED
    seconds: dict[str, float] = field(default_factory=dict)
    scores: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)

    @property
    def halves(self) -> np.ndarray:
        return draw_halves(len(self.corpus.documents), self.budget.halves, self.options.seed)


def trust(store: Path, budget: Budget, options: TrustOptions) -> list[FaithfulnessRow]:
    """Tests a run's kind of scores by retraining, and writes what was found into its store.

    What the store has of experiments that were not done now stays in it. A test that fails is
    named under "not tested" with its reason, and costs the others nothing.

    Returns:
        The rows that were written.

    Raises:
        InputError: the store cannot be read, its tokenizer is not there, or it has too few
            documents or no right completion; with `resume`, other settings than before; without
            it, results in the work folder and no `anew`.
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
            lab.found = _with_items(lab)
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
    inputs = _inputs(rows, tokenizer, config, budget, options, device)
    open_folder(folder, inputs, resume=options.resume, anew=options.anew)
    until = None if options.minutes is None else time.monotonic() + 60 * options.minutes
    retrainings = SavedRetrainings(
        corpus, budget.settings, folder, device.type, lambda done: None, until
    )
    if device.type == "cpu" and options.workers > 1:
        retrainings.workers = WorkerProcesses(corpus, budget.settings, options.workers)
    return _Lab(
        store, rows, budget, options, folder, device, config, tokenizer, corpus, retrainings
    )


def _inputs(
    rows: LabRows,
    tokenizer: PreTrainedTokenizerBase,
    config: ModelConfig,
    budget: Budget,
    options: TrustOptions,
    device: torch.device,
) -> dict[str, Any]:
    return lab_inputs(
        rows,
        tokenizer,
        config,
        budget,
        seed=options.seed,
        device=device.type,
        stages=set(options.experiments) - set(RETRAINED),
    )


def inputs_of(store: Path, budget: Budget, options: TrustOptions) -> dict[str, Any]:
    """What `trust` would write as `inputs.json` of a store's work folder."""
    device = resolve_device(options.device)
    with closing(LabRows(store)) as rows:
        config = run_model(rows, options.model)
        tokenizer = load_tokenizer(config)
        return _inputs(rows, tokenizer, config, budget.on(device.type), options, device)


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
    explained = corpus.questions[: corpus.explained]
    suites = {question.suite for question in explained}
    distinct = len({question.query_id for question in explained})
    items = f" ({distinct} with the items of a set as one)" if distinct < len(explained) else ""
    print(
        f"lab of {lab.store}: {len(corpus.documents) - corpus.plants} documents drawn by lot and "
        f"{corpus.plants} planted, {corpus.explained} queries{items} of {len(suites)} suites, "
        f"models of {parameters:,} parameters\n"
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
        except InputError as wrong:
            lab.stopped = str(wrong)
            print(f"\nno further retraining: {wrong}", flush=True)
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

    def removal(lab: _Lab) -> None:
        lab.found += removal_rows(drops, lab.corpus, lab.budget.fractions)

    def datamodelling(lab: _Lab) -> None:
        scores = {seed: lab.scores[seed] for seed in real}
        lab.found += datamodelling_rows(real, scores, lab.halves, lab.corpus)

    for name, add, done in (
        ("removal", removal, bool(drops)),
        ("lds", datamodelling, bool(real)),
        ("planted", lambda lab: _planted(lab, real), bool(lab.scores)),
    ):
        if name in lab.options.experiments and done:
            _attempt(lab, name, add)
        elif name in lab.options.experiments:
            lab.missing[name] = lab.stopped
    lab.lab["baseline"] = _baseline(lab)
    lab.lab["seeds"] = {"removal": list(drops), "lds": list(real), "planted": list(lab.scores)}


def _planted(lab: _Lab, real: dict[int, np.ndarray]) -> None:
    found = own_planted_rows(lab.rows.planted_ranks(), lab.rows.run().method)
    if lab.corpus.plants:
        asked = [question.example for question in lab.corpus.scored[lab.corpus.explained :]]
        nats = {
            seed: completion_nats_of(lab.retrainings.full(seed).model(0), asked)
            for seed in lab.scores
        }
        found = planted_rows(lab.scores, nats, lab.corpus, real, lab.halves) + found
    lab.found += found


def _with_items(lab: _Lab) -> list[FaithfulnessRow]:
    """The rows; those of a set query say which of its items stand for it."""
    items = lab.corpus.items_of()
    found = []
    for row in lab.found:
        asked = items.get(row.query_id) if row.query_id is not None else None
        if asked and row.experiment in OF_ITEMS:
            # Removal is a mean over them; elsewhere the first one stands for the set.
            named = asked if row.experiment == "removal" else asked[:1]
            word = "items" if len(named) > 1 else "item"
            said = f"{word} {', '.join(map(str, named))} of the set"
            row = replace(row, how=f"{row.how}; {said}")
        found.append(row)
    return found


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
    started = time.perf_counter()
    _attempt(lab, name, add)
    lab.seconds.setdefault(name, time.perf_counter() - started)


def _attempt(lab: _Lab, name: str, add: Callable[[_Lab], None]) -> None:
    """Adds the rows of an experiment, or says why there are none."""
    try:
        add(lab)
    except TimeUp:
        lab.missing[name] = NOT_REACHED
    except InputError as wrong:
        lab.missing[name] = str(wrong)
        print(f"{name}: not tested: {wrong}", flush=True)


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
    lab.found += stability_rows(figures, suites, lab.options.seed)
    lab.lab["stability"] = about_stability(figures, lab.options.seed)
    if "seconds" in figures:
        lab.seconds["stability"] = float(figures["seconds"])


def _behaviour_cut(lab: _Lab) -> None:
    found, about, seconds = behaviour_cut(
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
        if seconds is not None:
            lab.seconds["behaviour_cut"] = seconds
    else:
        lab.missing["behaviour_cut"] = str(about["missing"])


def _parameters(lab: _Lab) -> int:
    model = lab_model(lab.budget.settings, lab.corpus.vocabulary, 0)
    return sum(parameter.numel() for parameter in model.parameters())


def _describe(lab: _Lab, seconds: float) -> None:
    """What whoever reads the figures has to know of the lab, and of each experiment's attempt."""
    lab.lab |= describe(
        lab.corpus,
        lab.budget,
        lab.config,
        budget_name=lab.options.budget_name,
        seed=lab.options.seed,
        device=lab.device,
    )
    lab.lab |= {
        "seconds": {
            "this attempt": round(seconds, 1),
            "retrainings, all attempts": round(lab.retrainings.seconds, 1),
        },
        "retrainings": _counts(lab),
        "parameters": _parameters(lab),
        "methods": {"modules": MODULES, "damping": DAMPING, "factors": "two halves of the lab"},
        "not tested": lab.missing,
    }
    retrained = dict.fromkeys(RETRAINED, lab.retrainings.seconds)
    spent = retrained | lab.seconds
    lab.lab["experiments"] = {
        name: describe_attempt(lab.lab, spent.get(name))
        for name in dict.fromkeys(row.experiment for row in lab.found)
    }
