"""What the results that a lab keeps depend on: retrainings, and the stages on their own."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine import __version__
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.lab_scores import METHODS
from attribution_engine.lab.stability_rows import uses_own_model
from attribution_engine.model_reports import read_training
from attribution_engine.records import ModelConfig
from attribution_engine.store.lab_rows import LabRows

MODULES = "linear"  # linear maps of a lab model whose gradients count
DAMPING = 0.1
# Of a budget; the other sizes are of a stage alone and leave retrainings valid.
OF_RETRAININGS = ("size", "settings", "seeds", "halves", "random_draws", "fractions")
WEIGHTS = ("*.safetensors", "*.bin")
READ_AT_ONCE = 1 << 24  # bytes


def lab_inputs(
    rows: LabRows,
    tokenizer: PreTrainedTokenizerBase,
    config: ModelConfig,
    budget: Budget,
    *,
    seed: int,
    device: str,
    stages: Collection[str],
) -> dict[str, Any]:
    """What is written as `inputs.json`: that of the retrainings, and of each stage.

    Args:
        device: its type.
        stages: "stability" and "behaviour_cut", those that will be done.

    Returns:
        JSON-able; under "stages" what only that stage's results depend on.
    """
    run = rows.run()
    sizes = asdict(budget)
    base = (read_training(config.path) or {}).get("base")
    own = weights_hash(config.path) if uses_own_model(rows, torch.device(device)) else None
    of_stages = {
        "stability": {"documents": budget.stability_documents, "weights of the run's model": own},
        "behaviour_cut": {
            "traces": budget.traces,
            "items": budget.cut_items,
            "epochs": budget.cut_epochs,
            "weights of the base model": weights_hash(base) if base else None,
        },
    }
    return {
        "run": [run.run_id, run.n_documents, len(rows.answered())],
        "budget": {name: sizes[name] for name in OF_RETRAININGS},
        "seed": seed,
        "device": device,
        "engine": f"{__version__}, torch {torch.__version__}",
        "tokenizer": tokenizer_hash(tokenizer),
        "scores": {"methods": list(METHODS), "modules": MODULES, "damping": DAMPING},
        "stages": {name: of_stages[name] for name in of_stages if name in stages},
    }


def tokenizer_hash(tokenizer: PreTrainedTokenizerBase) -> str:
    """SHA-256 of the tokenizer's vocabulary, merges and steps."""
    whole: Any = getattr(tokenizer, "backend_tokenizer", None)
    said = whole.to_str() if whole is not None else repr(sorted(tokenizer.get_vocab().items()))
    return hashlib.sha256(said.encode()).hexdigest()


def weights_hash(folder: str) -> str | None:
    """SHA-256 of the weights that lie in a folder; None where there are none."""
    paths = sorted(path for pattern in WEIGHTS for path in Path(folder).glob(pattern))
    found = hashlib.sha256()
    for path in paths:
        found.update(path.name.encode())
        with path.open("rb") as file:
            while part := file.read(READ_AT_ONCE):
                found.update(part)
    return found.hexdigest() if paths else None
