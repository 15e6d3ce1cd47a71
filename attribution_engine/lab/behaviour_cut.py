"""Behaviour cut: retrained on traces without exploration, does a model change as scores say?"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.findings.faithfulness import (
    ACCURACY,
    LOG_PROBABILITY,
    PREDICTED,
    FaithfulnessRow,
)
from attribution_engine.findings.intervals import student_interval
from attribution_engine.influence.query_gradients import WeightedTexts
from attribution_engine.lab.accuracy import complete
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.lab_scores import as_texts, score_lab
from attribution_engine.lab.retraining import Retrained, retrain
from attribution_engine.lab.saved_retrainings import TimeUp, kept_result
from attribution_engine.lab.trace_lab import (
    CONDITIONS,
    NOTHING,
    Beginning,
    TraceLab,
    beginning,
    build_traces,
)
from attribution_engine.progress import progress
from attribution_engine.records import ModelConfig
from attribution_engine.store.lab_rows import LabRows

EXPERIMENT, METHOD = "behaviour_cut", "ek-fac"
CHANGED = "change of log-probability"
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
) -> tuple[list[FaithfulnessRow], dict[str, Any]]:
    """Trains on the traces as they are, without exploration, and without as much text elsewhere.

    Args:
        folder: where each training's answers are kept.
        until: `time.monotonic` after which no further training is begun.

    Returns:
        The rows and what the lab was; no rows and why (`missing`) where it cannot be tested.

    Raises:
        TimeUp: before a training that is not done yet.
    """
    if not rows.has_marks():
        return [], {"missing": NO_MARKS}
    begin = beginning(config, budget, tokenizer)
    lab = build_traces(rows, tokenizer, budget, begin.settings.context, seed)
    if not lab.cut:
        return [], {"missing": NO_EXPLORATION}
    if not lab.suites:
        return [], {"missing": NO_RIGHT}
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
                found[each, condition] = kept_result(folder, name, work.compute)
                step(1)
    return cut_rows(found, lab, begin, seeds), about_cut(lab, begin)


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
        """Arrays by name: "nats SUITE", "right SUITE" and, of the uncut, "change CONDITION"."""
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

    def log_probabilities(self, trained: Retrained) -> dict[str, Any]:
        """Of every right completion, nats [items]."""
        return {
            f"nats {suite}": trained.log_probabilities(
                [item.example for item in items if item.example is not None]
            )[0].numpy()
            for suite, items in self.lab.suites.items()
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
        """What scores under this model say each cut will change, nats [suites].

        A cut trace takes the place of the whole one: Σ (I(cut) − I(whole)) / N over the traces
        that are cut, to first order, for the mean log-probability of a suite's right completions.
        """
        whole, cut = self.lab.documents[NOTHING], self.lab.cut
        versions = [condition for condition in CONDITIONS if condition != NOTHING]
        others = [self.lab.documents[condition][place] for condition in versions for place in cut]
        rows = np.arange(len(whole))
        scores = score_lab(
            torch.nn.Module.to(trained.model(0), self.device),
            [*whole, *others],
            [self.set_query(suite) for suite in self.lab.suites],
            methods=(METHOD,),
            modules=self.modules,
            factor_rows=(rows[::2].tolist(), rows[1::2].tolist()),
            seed=self.seed,
            device=self.device,
        )[METHOD]  # [suites, traces and cut traces]
        before = scores[:, cut].sum(1)
        return {
            f"change {condition}": (
                scores[:, len(whole) + at * len(cut) : len(whole) + (at + 1) * len(cut)].sum(1)
                - before
            )
            / len(whole)
            for at, condition in enumerate(versions)
        }

    def set_query(self, suite: str) -> WeightedTexts:
        """The mean log-probability over the right completions of a suite."""
        right = [item.example for item in self.lab.suites[suite] if item.example is not None]
        texts = as_texts(right)
        return WeightedTexts(tuple(texts), (1 / len(texts),) * len(texts))


def cut_rows(
    found: dict[tuple[int, str], dict[str, Any]],
    lab: TraceLab,
    begin: Beginning,
    seeds: list[int],
) -> list[FaithfulnessRow]:
    """Accuracy and log-probability of every condition and suite, and what scores had said."""
    trained = (
        f"trained on {len(lab.documents[NOTHING])} traces, beginning at {begin.words}; exploration "
        f"stands in {len(lab.cut)} of them"
    )
    interval = f"mean over {len(seeds)} seeds, Student's 95% interval over seeds"
    rows = []
    for condition in CONDITIONS:
        for at, (suite, items) in enumerate(lab.suites.items()):
            n_right = sum(item.example is not None for item in items)
            answers = [found[seed, condition] for seed in seeds]
            if suite in lab.judged:
                right = [answer[f"right {suite}"] for answer in answers]
                how = f"{trained}; greedy answers to {len(right[0])} questions; {interval}"
                values = [float(each.mean()) for each in right]
                rows.append(_row(condition, suite, ACCURACY, "share", values, len(right[0]), how))
            nats = [float(answer[f"nats {suite}"].mean()) for answer in answers]
            how = f"{trained}; mean over {n_right} right completions, nats an item; {interval}"
            rows.append(_row(condition, suite, LOG_PROBABILITY, "nats", nats, n_right, how))
            if condition != NOTHING:
                before = [float(found[seed, NOTHING][f"nats {suite}"].mean()) for seed in seeds]
                changed = [after - whole for after, whole in zip(nats, before, strict=True)]
                how = (
                    f"{trained}; mean over {n_right} right completions, nats an item, less that of "
                    f"the same seed with nothing cut; {interval}"
                )
                rows.append(_row(condition, suite, CHANGED, "nats", changed, n_right, how))
                said = [float(found[seed, NOTHING][f"change {condition}"][at]) for seed in seeds]
                how = (
                    f"sum over cut traces of their influence without the text less that with it, "
                    f"÷ {len(lab.documents[NOTHING])} traces, on the set of {n_right} right "
                    f"completions under the model of the uncut traces; positive = the cut raises "
                    f"log-probability; {interval}"
                )
                rows.append(_row(condition, suite, PREDICTED, "nats", said, n_right, how))
    return rows


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
        "suites without accuracy": [name for name in lab.suites if name not in lab.judged],
    }


def _row(
    condition: str,
    suite: str,
    quantity: str,
    unit: str,
    values: list[float],
    n: int,
    how: str,
) -> FaithfulnessRow:
    over = student_interval(values)
    return FaithfulnessRow(
        EXPERIMENT,
        METHOD,
        quantity,
        unit,
        over.figure,
        n,
        how,
        suite=suite,
        condition=condition,
        low=over.low,
        high=over.high,
    )
