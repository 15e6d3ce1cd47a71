"""Retrainings in groups, each saved when it is done, under a record of what they depend on."""

from __future__ import annotations

import json
import math
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.retraining import LabSettings, Retrained, retrain, work
from attribution_engine.lab.worker_processes import WorkerProcesses
from attribution_engine.records import InputError

INPUTS = "inputs.json"
DAMAGED = (zipfile.BadZipFile, EOFError, ValueError, KeyError, RuntimeError)


class TimeUp(Exception):
    """The time that was given is spent; what is finished is kept."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What retrained models say: log-probability (nats) and greedy success.

    Attributes:
        log_probabilities: float64 [models, questions].
        exact: bool [models, questions].
    """

    log_probabilities: np.ndarray
    exact: np.ndarray


@dataclass(slots=True)
class SavedRetrainings:
    """Trains models of one lab, group by group.

    Attributes:
        folder: where groups are kept.
        step: told of retrainings done, those read back included.
        until: `time.monotonic` after which no further group is begun; None = no limit.
        workers: processes that train several groups at a time; None = this one does.
        seconds: spent on the groups, those of earlier attempts included, all processes together.
        trained: retrainings done in this process; trained_seconds: and what they took.
    """

    corpus: LabCorpus
    settings: LabSettings
    folder: Path
    device: str
    step: Callable[[int], None]
    until: float | None = None
    workers: WorkerProcesses | None = None
    seconds: float = 0.0
    trained: int = 0
    trained_seconds: float = 0.0
    models: dict[int, Retrained] = field(default_factory=dict)

    def full(self, seed: int) -> Retrained:
        """The model on all documents; kept with its weights."""
        if seed not in self.models:
            path = self.folder / f"full-{seed}.pt"
            kept = _load_weights(path)
            if kept is None:
                start = time.perf_counter()
                model = self._train(np.ones((1, len(self.corpus.documents))), seed)
                kept = {
                    "parameters": {name: value.cpu() for name, value in model.parameters.items()},
                    "seconds": time.perf_counter() - start,
                }
                _replace(path, lambda part: torch.save(kept, part))
            else:
                self.step(1)
            self.seconds += kept["seconds"]
            on_device = {name: each.to(self.device) for name, each in kept["parameters"].items()}
            self.models[seed] = Retrained(on_device, self.settings, self.corpus.vocabulary)
        return self.models[seed]

    def measured(self, name: str, weights: np.ndarray, seed: int) -> Measured:
        """What models trained with `weights` say of every question.

        Args:
            name: of this set of retrainings; the same name and seed always has the same weights.
            weights: [models, documents].

        Raises:
            TimeUp: before a group that is not done yet.
        """
        size = self.settings.at_once
        groups = [weights[first : first + size] for first in range(0, len(weights), size)]
        paths = [
            self.folder / f"{name}-{seed}-{first}.npz" for first in range(0, len(weights), size)
        ]
        parts = [
            _load(path, len(group), len(self.corpus.questions))
            for path, group in zip(paths, groups, strict=True)
        ]
        self.step(sum(len(group) for group, part in zip(groups, parts, strict=True) if part))
        missing = [place for place, part in enumerate(parts) if part is None]

        def done(at: int, found: dict[str, Any]) -> None:
            _save(paths[missing[at]], found)
            parts[missing[at]] = found

        workers = self.workers
        if workers is not None and len(missing) > 1:

            def told(at: int, found: dict[str, Any]) -> None:
                done(at, found)
                self.trained += len(groups[missing[at]])
                self.trained_seconds += float(found["seconds"]) / workers.count
                self.step(len(groups[missing[at]]))

            wanted = [groups[place] for place in missing]
            if not workers.train(wanted, seed, told, self._time_is_up):
                raise TimeUp
        else:
            for at, place in enumerate(missing):
                done(at, self._ask(groups[place], seed))
        found = [part for part in parts if part is not None]
        self.seconds += sum(float(part["seconds"]) for part in found)
        return Measured(
            np.concatenate([part["log_probabilities"] for part in found]),
            np.concatenate([part["exact"] for part in found]),
        )

    def _time_is_up(self) -> bool:
        return self.until is not None and time.monotonic() > self.until

    def _ask(self, weights: np.ndarray, seed: int) -> dict[str, Any]:
        start = time.perf_counter()
        said = self._train(weights, seed).measure(self.corpus.examples)
        return {
            "log_probabilities": said[0].numpy(),
            "exact": said[1].numpy(),
            "seconds": np.array(time.perf_counter() - start),
        }

    def _train(self, weights: np.ndarray, seed: int) -> Retrained:
        """Train a group; progress counts whole retrainings, as parts of them are passed."""
        if self._time_is_up():
            raise TimeUp
        total = work(self.corpus.documents, len(weights), self.settings, seed)
        told = 0

        def passed(tokens: int) -> None:
            nonlocal told
            done = len(weights) * tokens // total
            self.step(done - told)
            told = done

        start = time.perf_counter()
        model = retrain(
            self.corpus.documents,
            torch.from_numpy(weights).float(),
            self.settings,
            self.corpus.vocabulary,
            seed,
            device=self.device,
            step=passed,
        )
        self.trained += len(weights)
        self.trained_seconds += time.perf_counter() - start
        return model


def open_folder(folder: Path, inputs: dict[str, Any], *, resume: bool) -> None:
    """Makes the folder ready for retrainings with these inputs.

    Without `resume` what is kept there is removed.

    Raises:
        InputError: with `resume`, when what is kept there was made with other inputs.
    """
    kept = folder / INPUTS
    written = json.dumps(inputs, indent=1, sort_keys=True)
    if resume and kept.is_file():
        before = json.loads(kept.read_text(encoding="utf-8"))
        now = json.loads(written)
        changed = sorted(
            name for name in before.keys() | now.keys() if before.get(name) != now.get(name)
        )
        if changed:
            raise InputError(
                f"{folder}: what is kept there was made with another {', '.join(changed)}; "
                "leave --resume out to begin anew, or choose another folder with --work"
            )
    else:
        for pattern in ("*.npz", "*.pt", "*.part"):
            for old in folder.glob(pattern):
                old.unlink()
    for left in folder.glob("*.part"):
        left.unlink()
    _replace(kept, lambda part: part.write_text(written, encoding="utf-8"))


def kept_result(folder: Path, name: str, compute: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A result of arrays: read back if it is there, else computed and kept."""
    path = folder / f"{name}.npz"
    found = _load(path)
    if found is None:
        found = {key: np.asarray(value) for key, value in compute().items()}
        _save(path, found)
    return found


def remaining_words(seconds: float) -> str:
    """A time in words, for a message."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    return f"{math.ceil(seconds / 60)} minutes"


def _load_weights(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except DAMAGED:
        print(f"{path.name}: damaged, computing it again", flush=True)
        return None


def _load(path: Path, models: int = 0, questions: int = 0) -> dict[str, Any] | None:
    """Arrays of a finished group; None if it is not there, damaged or of another shape."""
    if not path.is_file():
        return None
    try:
        with np.load(path) as file:
            found = {name: file[name] for name in file.files}
    except DAMAGED:
        print(f"{path.name}: damaged, computing it again", flush=True)
        return None
    if models and found["log_probabilities"].shape != (models, questions):
        return None
    return found


def _save(path: Path, arrays: dict[str, Any]) -> None:
    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, **arrays)

    _replace(path, write)


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Writes beside `path`, then moves it there."""
    part = path.with_name(path.name + ".part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
