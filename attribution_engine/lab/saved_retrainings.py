"""Retrainings in groups, each saved when it is done, under a record of what they depend on."""

from __future__ import annotations

import json
import math
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.retraining import LabSettings, Retrained, retrain, work
from attribution_engine.lab.worker_processes import WorkerProcesses, asked
from attribution_engine.records import InputError

INPUTS = "inputs.json"
FINISHED = ("*.npz", "*.pt")
OF_STAGE = {"stability": "stability.npz", "behaviour_cut": "cut-*.npz"}  # files of each
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
                check_finite(kept["parameters"], f"on all documents, seed {seed}")
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
            InputError: a retraining of the group diverged; the group is not kept.
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
            place = missing[at]
            check_finite(found, f"seed {seed}, group {paths[place].stem}")
            _save(paths[place], found)
            parts[place] = found

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
        return asked(self._train(weights, seed), self.corpus, start)

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


def open_folder(
    folder: Path, inputs: dict[str, Any], *, resume: bool = False, anew: bool = False
) -> None:
    """Makes the folder ready for retrainings with these inputs.

    With `resume`, a stage (an entry of inputs["stages"]) whose own inputs changed loses its own
    results and no others; what is kept of a stage that is not asked for stays, with its inputs.

    Args:
        anew: what is kept there is removed.

    Raises:
        InputError: something is kept there and neither `resume` nor `anew` is given; or, with
            `resume`, it was made with other inputs, or nothing says with which.
    """
    path = folder / INPUTS
    kept = [each for pattern in FINISHED for each in sorted(folder.glob(pattern))]
    stages = dict(inputs.get("stages", {}))
    if anew:
        for each in kept:
            each.unlink()
    elif kept and not resume:
        raise InputError(
            f"{folder}: holds {len(kept)} finished results; go on with --resume, or remove them "
            "and begin anew with --anew"
        )
    elif kept:
        before = _read_inputs(path)
        _check_same(folder, before, inputs)
        stages = _reconciled(folder, before.get("stages", {}), stages)
    for left in folder.glob("*.part"):
        left.unlink()
    written = json.dumps({**inputs, "stages": stages}, indent=1, sort_keys=True)
    _replace(path, lambda part: part.write_text(written, encoding="utf-8"))


def _read_inputs(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise InputError(
            f"{path}: does not say what the results beside it were made with; begin anew with "
            "--anew, or choose another folder with --work"
        )
    return found


def _check_same(folder: Path, before: dict[str, Any], inputs: dict[str, Any]) -> None:
    now = json.loads(json.dumps(inputs))  # tuples become lists, as in the file
    names = (before.keys() | now.keys()) - {"stages"}
    if changed := sorted(name for name in names if before.get(name) != now.get(name)):
        raise InputError(
            f"{folder}: what is kept there was made with another {', '.join(changed)}; "
            "begin anew with --anew, or choose another folder with --work"
        )


def _reconciled(folder: Path, before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """The stages' inputs as they are to be written; results of changed ones are removed."""
    for name, wanted in json.loads(json.dumps(now)).items():
        old = sorted(folder.glob(OF_STAGE[name]))
        if old and before.get(name) != wanted:
            print(f"{folder}: {name} was made with other settings, computing it anew", flush=True)
            for each in old:
                each.unlink()
    return {**before, **now}


def kept_result(
    folder: Path,
    name: str,
    compute: Callable[[], dict[str, Any]],
    check: Callable[[dict[str, Any]], None] = lambda found: None,
) -> dict[str, Any]:
    """A result of arrays: read back if it is there, else computed, checked and kept.

    What is computed carries "seconds", which results of earlier versions may lack.
    """
    path = folder / f"{name}.npz"
    found = _load(path)
    if found is None:
        start = time.perf_counter()
        found = {key: np.asarray(value) for key, value in compute().items()}
        check(found)
        found = {"seconds": np.array(time.perf_counter() - start)} | found
        _save(path, found)
    return found


def check_finite(found: Mapping[str, Any], whose: str) -> None:
    """Arrays or tensors of a training that did not diverge.

    Raises:
        InputError: one holds NaN or infinity.
    """
    for each in found.values():
        if not bool(torch.isfinite(torch.as_tensor(each)).all()):
            raise InputError(
                f"retraining {whose}: it diverged, its figures are not finite; lower learning_rate "
                "in the budget's settings"
            )


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
