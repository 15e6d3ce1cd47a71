"""Where the model of a store's run is: a lab takes its tokenizer, stability its weights."""

from __future__ import annotations

import json
from pathlib import Path

from attribution_engine.records import InputError, ModelConfig
from attribution_engine.store.lab_rows import LabRows


def run_model(rows: LabRows, instead: str | None) -> ModelConfig:
    """The model that a run was computed with; `instead` names where it is now.

    Raises:
        InputError: the store does not say.
    """
    section = json.loads(rows.run().config or "{}").get("model") or {}
    path = instead or section.get("path")
    if not path:
        raise InputError(f"{rows.path}: does not name its model; name its folder with --model")
    if not instead and not Path(path).exists() and path.startswith((".", "/", "~", "data/")):
        raise InputError(
            f"{rows.path}: its model {path} is not there, and a lab needs its tokenizer; name the "
            "model's folder with --model"
        )
    names = ("dtype", "tokenizer", "adapter")
    return ModelConfig(path, **{name: section[name] for name in names if section.get(name)})
