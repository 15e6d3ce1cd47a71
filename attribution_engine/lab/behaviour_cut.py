"""Behaviour cut: retrained on traces without exploration, does a model change as scores say?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.findings.faithfulness import (
    FaithfulnessRow,
)
from attribution_engine.influence.query_gradients import WeightedTexts
from attribution_engine.lab.accuracy import complete
from attribution_engine.lab.behaviour_cut_rows import METHOD, cut_rows
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.lab_scores import as_texts, score_lab
from attribution_engine.lab.retraining import Retrained, retrain
from attribution_engine.lab.saved_retrainings import TimeUp, check_finite, kept_result
from attribution_engine.lab.trace_lab import (
    CONDITIONS,
    NOTHING,
    Beginning,
    Item,
    TraceLab,
    beginning,
    build_traces,
)
from attribution_engine.progress import progress
from attribution_engine.records import ModelConfig
from attribution_engine.store.lab_rows import LabRows

NO_MARKS = "the corpus names no behaviour of any passage"
NO_EXPLORATION = "none of the traces that were drawn explores"
NO_RIGHT = "no question of a suite was answered right"


def behaviour_cut(
    rows: LabRows,
    tokenizer: PreTrainedTokenizerBase,
    config: ModelConfig,
    budget: Budget,
    folder: Path,
    *,
    seed: int,
    device: torch.device,
    until: float | None,
) -> tuple[list[FaithfulnessRow], dict[str, Any], float | None]:
    """Trains on the traces as they are, without exploration, and without as much text elsewhere.

    Args:
        folder: where each training's answers are kept.
        until: `time.monotonic` after which no further training is begun.

    Returns:
        The rows, what the lab was, and the seconds of all trainings (None where one was kept
        without them); no rows and why (`missing`) where it cannot be tested.

    Raises:
        TimeUp: before a training that is not done yet.
        InputError: a training diverged.
    """
    if not rows.has_marks():
        return [], {"missing": NO_MARKS}, None
    begin = beginning(config, budget, tokenizer)
    lab = build_traces(rows, tokenizer, budget, begin.settings.context, seed)
    if not lab.cut:
        return [], {"missing": NO_EXPLORATION}, None
    if not lab.suites:
        return [], {"missing": NO_RIGHT}, None
    modules = rows.run().modules or "mlp"
    seeds = [seed + number for number in range(budget.seeds)]
    found: dict[tuple[int, str], dict[str, Any]] = {}
    with progress("behaviour cut", len(seeds) * len(CONDITIONS), "training") as step:
        for each in seeds:
            for condition in CONDITIONS:
                work = _Training(lab, begin, tokenizer, budget, modules, condition, each, device)
                name = f"cut-{CONDITIONS.index(condition)}-{each}"
                if until is not None and time.monotonic() > until and not _has(folder, name):
                    raise TimeUp
                found[each, condition] = kept_result(folder, name, work.compute, work.check)
                step(1)
    spent = [float(each["seconds"]) for each in found.values() if "seconds" in each]
    seconds = sum(spent) if len(spent) == len(found) else None
    return cut_rows(found, lab, begin, seeds), about_cut(lab, begin), seconds


def _has(folder: Path, name: str) -> bool:
    return (folder / f"{name}.npz").is_file()


class _Training:
    """One condition and seed: trained, asked and, where nothing is cut, scored."""

    def __init__(
        self,
        lab: TraceLab,
        begin: Beginning,
        tokenizer: PreTrainedTokenizerBase,
        budget: Budget,
        modules: str,
        condition: str,
        seed: int,
        device: torch.device,
    ) -> None:
        self.lab, self.begin, self.tokenizer, self.budget = lab, begin, tokenizer, budget
        self.modules, self.condition, self.seed, self.device = modules, condition, seed, device

    def compute(self) -> dict[str, Any]:
        """Arrays by name: "nats SUITE" [right items], "right SUITE" [questions].

        Of the uncut also "change CONDITION" [suites], and for every part of a suite that is not
        all of it "change CONDITION of PART" [].
        """
        documents = self.lab.documents[self.condition]
        trained = retrain(
            documents,
            torch.ones(1, len(documents)),
            self.begin.settings,
            self.begin.vocabulary,
            self.seed,
            device=self.device.type,
            start=self.begin.start,
        )
        found = self.log_probabilities(trained) | self.answers(trained)
        if self.condition == NOTHING:
            found |= self.predicted(trained)
        return found

    def check(self, found: dict[str, Any]) -> None:
        """Raises InputError where the training diverged."""
        check_finite(found, f"of the behaviour cut, {self.condition}, seed {self.seed}")

    def log_probabilities(self, trained: Retrained) -> dict[str, Any]:
        """Of every right completion, nats [items]."""
        return {
            f"nats {suite}": trained.log_probabilities(
                [item.example for item in self.lab.right(suite) if item.example is not None]
            )[0].numpy()
            for suite in self.lab.suites
        }

    def answers(self, trained: Retrained) -> dict[str, Any]:
        """Whether the model's own greedy answer is right, by suite [items]."""
        model = torch.nn.Module.to(trained.model(0), self.device)
        return {
            f"right {suite}": np.array(
                [
                    bool(is_correct(complete(model, self.tokenizer, item.prompt), item.reference))  # type: ignore[arg-type]
                    for item in self.lab.suites[suite][: self.budget.cut_items]
                ]
            )
            for suite in self.lab.judged
        }

    def predicted(self, trained: Retrained) -> dict[str, Any]:
        """What scores under this model say each cut will change, nats, for suites and parts.

        A cut trace takes the place of the whole one: Σ (I(cut) − I(whole)) / N over the traces
        that are cut, to first order, for the mean log-probability of a suite's right completions.
        """
        whole, cut = self.lab.documents[NOTHING], self.lab.cut
        versions = [condition for condition in CONDITIONS if condition != NOTHING]
        others = [self.lab.documents[condition][place] for condition in versions for place in cut]
        rows = np.arange(len(whole))
        suites = list(self.lab.suites)
        parts = {
            name: [self.lab.right(suite)[place] for place in places]
            for suite in suites
            for name, places in self.lab.splits(suite).items()
            if len(places) < len(self.lab.right(suite))
        }
        scores = score_lab(
            torch.nn.Module.to(trained.model(0), self.device),
            [*whole, *others],
            [set_query(items) for items in (*map(self.lab.right, suites), *parts.values())],
            methods=(METHOD,),
            modules=self.modules,
            factor_rows=(rows[::2].tolist(), rows[1::2].tolist()),
            seed=self.seed,
            device=self.device,
        )[METHOD]  # [suites and parts, traces and cut traces]
        before = scores[:, cut].sum(1)
        changes = {
            condition: (
                scores[:, len(whole) + at * len(cut) : len(whole) + (at + 1) * len(cut)].sum(1)
                - before
            )
            / len(whole)
            for at, condition in enumerate(versions)
        }
        found = {f"change {name}": each[: len(suites)] for name, each in changes.items()}
        for condition, each in changes.items():
            for name, value in zip(parts, each[len(suites) :], strict=True):
                found[f"change {condition} of {name}"] = value
        return found


def set_query(items: Sequence[Item]) -> WeightedTexts:
    """The mean log-probability over the right completions of some items."""
    texts = as_texts([item.example for item in items if item.example is not None])
    return WeightedTexts(tuple(texts), (1 / len(texts),) * len(texts))


def about_cut(lab: TraceLab, begin: Beginning) -> dict[str, Any]:
    """What the trainings were."""
    return {
        "traces": len(lab.documents[NOTHING]),
        "traces that explore": len(lab.cut),
        "characters cut": {name: n for name, n in lab.characters.items() if name != NOTHING},
        "too short to cut elsewhere": lab.kept_whole,
        "begins at": begin.words,
        "epochs": begin.settings.epochs,
        "learning rate": begin.settings.learning_rate,
        "weight decay": begin.settings.weight_decay,
        "completions that explore": {
            suite: sum(item.explores for item in lab.right(suite)) for suite in lab.suites
        },
        "suites without accuracy": [name for name in lab.suites if name not in lab.judged],
    }
