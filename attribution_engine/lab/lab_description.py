"""Optimiser and weight decay of the lab's models and the run's, and what the theory assumes."""

from __future__ import annotations

from typing import Any

from attribution_engine.lab.lab_model import LabSettings
from attribution_engine.lab.retraining import BETAS, MOMENTUM
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
