"""What a lab was: sizes, machine and command, optimiser and weight decay, what is assumed."""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import torch

from attribution_engine import __version__
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.lab_model import LabSettings
from attribution_engine.lab.retraining import BETAS, MOMENTUM
from attribution_engine.lab.training import machine
from attribution_engine.model_reports import read_training
from attribution_engine.records import ModelConfig

ASSUMPTIONS = (
    "Influence functions ask how the minimum of a loss moves when a document's weight changes. "
    "They assume that training has come to a minimum; models stopped before it have none. EK-FAC "
    "with damping stands for training that starts near it and ends early (Bae et al. 2022). They "
    "assume that weight decay is a part of the loss, an L2 penalty, with damping as its curvature; "
    "AdamW's decay is decoupled from the loss. They assume steps along the gradient; AdamW divides "
    "each coordinate by the size of its own gradients, which the scores know nothing of. So scores "
    "here are of a direction of change under AdamW and not of its size, which is why removal is "
    "compared between methods and LDS is of ranks."
)

OF_ATTEMPT = ("command", "date", "engine", "device", "budget", "seed")


def describe(
    corpus: LabCorpus,
    budget: Budget,
    config: ModelConfig,
    *,
    budget_name: str,
    seed: int,
    device: torch.device,
) -> dict[str, Any]:
    """Command, machine, budget, documents and queries of a lab, and its models; JSON-able."""
    explained = corpus.questions[: corpus.explained]
    facts, known = corpus.known_facts()
    gpu = {"gpu": torch.cuda.get_device_name()} if device.type == "cuda" else {}
    return {
        "command": shlex.join(["python", *sys.orig_argv[1:]]),
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        "engine": __version__,
        "device": device.type,
        "machine": machine() | gpu,
        "budget": budget_name,
        "budget in full": asdict(budget),
        "seed": seed,
        "documents": {
            "of the store": len(corpus.documents) - corpus.plants,
            "planted": corpus.plants,
            "cut to the context": corpus.cut,
            "tokens with loss": sum(len(x.tokens) - x.start for x in corpus.documents),
        },
        "queries": {
            "explained": corpus.explained,
            "distinct": len({question.query_id for question in explained}),
            "asked": len(corpus.questions),
            "factual": facts,
            "factual, with subject and answer in a document of the lab": known,
        },
        "settings": asdict(budget.settings),
        "vocabulary": corpus.vocabulary.size,
        **describe_models(budget.settings, config),
    }


def describe_attempt(lab: dict[str, Any], seconds: float | None) -> dict[str, Any]:
    """What one experiment's figures were made with; `seconds` None = not known."""
    known = {} if seconds is None else {"seconds": round(seconds, 1)}
    return {name: lab[name] for name in OF_ATTEMPT} | known


def describe_models(settings: LabSettings, config: ModelConfig) -> dict[str, Any]:
    """Optimiser, weight decay, and what influence functions assume of both.

    Args:
        settings: of the lab's models.
        config: of the run's model; beside its weights may lie a report of its training.
    """
    adam = settings.optimiser == "adamw"
    named = f"AdamW, betas {BETAS}" if adam else f"SGD, momentum {MOMENTUM}"
    report = read_training(config.path) or {}
    trained = report.get("settings") or {}
    return {
        "optimiser": {"lab": named, "run": report.get("optimiser", "not known")},
        "weight decay": {
            "lab": settings.weight_decay,
            "lab, kind": "decoupled" if adam else "L2 penalty",
            "run": trained.get("weight_decay", "not known"),
        },
        "learning rate": {
            "lab": settings.learning_rate,
            "run": trained.get("learning_rate", "not known"),
        },
        "what the theory assumes": ASSUMPTIONS,
    }
