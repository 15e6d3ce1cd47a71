"""What lies beside a model's weights: how right it answers, and how it was trained."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attribution_engine.records import InputError

ACCURACY = "accuracy.json"
TRAINING = "training.json"
COUNTED = ("n", "right", "accuracy")
ROUNDING = 1e-6  # by which a stated accuracy may miss right ÷ n


@dataclass(frozen=True, slots=True)
class ModelReports:
    """What is known of a model; None where nothing is."""

    accuracy: dict[str, dict[str, float]] | None
    training: dict[str, Any] | None


def read_reports(model: str) -> ModelReports:
    """Both reports of a model.

    Raises:
        InputError: one of the files is not what it should be.
    """
    return ModelReports(read_accuracy(model), read_training(model))


def read_accuracy(model: str) -> dict[str, dict[str, float]] | None:
    """Of every suite how many questions were asked and answered right; None if not measured.

    Args:
        model: folder of the model, or a hub id, beside which nothing lies.

    Raises:
        InputError: `accuracy.json` is not what `lab.accuracy` writes.
    """
    found = _read(Path(model) / ACCURACY)
    if found is None:
        return None
    path, suites = Path(model) / ACCURACY, found.get("suites")
    mend = "measure it again, or take the file away"
    if not isinstance(suites, dict):
        raise InputError(f"{path}: has no object `suites`; {mend}")
    for name, counts in suites.items():
        if not isinstance(counts, dict) or not _are_counts(*map(counts.get, COUNTED)):
            raise InputError(
                f'{path}: suite "{name}" needs n > 0, right from 0 to n and accuracy = right ÷ n; '
                f"{mend}"
            )
    return {str(name): {key: counts[key] for key in COUNTED} for name, counts in suites.items()}


def read_training(model: str) -> dict[str, Any] | None:
    """How the model was trained: plain values and groups of them, no histories; None if unknown.

    Raises:
        InputError: `training.json` is not a JSON object.
    """
    found = _read(Path(model) / TRAINING)
    if found is None:
        return None
    return {key: _without_lists(value) for key, value in found.items() if _is_short(value)}


def _read(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: is not JSON ({error}); write it anew or take it away") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: is not a JSON object; write it anew or take it away")
    return found


def _are_counts(n: Any, right: Any, accuracy: Any) -> bool:
    if type(n) is not int or type(right) is not int or not isinstance(accuracy, int | float):
        return False
    return 0 <= right <= n and n > 0 and abs(accuracy - right / n) <= ROUNDING


def _without_lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: inner for key, inner in value.items() if not isinstance(inner, list | dict)}


def _is_short(value: Any) -> bool:
    return not isinstance(value, list)
