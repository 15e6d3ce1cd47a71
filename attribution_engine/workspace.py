"""The work folder of a run: what was finished, so that `--resume` goes on from there."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq
import torch

from attribution_engine.records import InputError, RunConfig
from attribution_engine.run_inputs import check_unchanged, inputs_of

Result = TypeVar("Result")
KEPT_SUFFIXES = (".pt", ".json", ".f32", ".part")  # of the files that a run keeps beside folders
PARTS = (".part", ".part.json")  # what these names end is not complete
INPUTS = "inputs.json"
NOTED_EVERY = 1.0  # seconds after which the time spent is put on disk again


@dataclass(slots=True)
class _Timer:
    """A stage that is running, and until when its time is counted already."""

    name: str
    since: float


class Workspace:
    """Results as files and folders that are complete or absent, under a record of their inputs.

    Results are tensors, numbers, strings and lists or dicts of them.

    Attributes:
        seconds: time spent in each stage, over all attempts; a kill loses a second of it or so.
    """

    def __init__(self, config: RunConfig, *, resume: bool, device: str = "cpu") -> None:
        """Opens the folder; without `resume`, what an earlier run kept there is removed.

        Args:
            device: "cpu" or "cuda", what the results are computed on.

        Raises:
            InputError: with `resume`, when configuration, corpus, queries or model have changed,
                or it is not known whether they have.
        """
        self.folder = _results_of(config)
        self.seconds: dict[str, float] = {}
        self._timers: list[_Timer] = []
        self._written = time.monotonic()
        inputs = inputs_of(config, device)
        kept = self.folder / INPUTS
        if resume and _holds_results(self.folder):
            check_unchanged(config, _read_json(kept), inputs)
            self.seconds = _read_json(self.folder / "seconds.json")
        else:
            _discard_results(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in (*self.folder.rglob("*.part"), *self.folder.rglob("*.part.json")):
            shutil.rmtree(old) if old.is_dir() else old.unlink(missing_ok=True)
        _write_text(kept, json.dumps(inputs, indent=1))

    def stage(self, name: str, compute: Callable[[], Result]) -> Result:
        """The stage's result: read back if an earlier run finished it, else computed and kept."""
        if self.has(name):
            try:
                result = torch.load(self._file(name), map_location="cpu", weights_only=True)
            except (RuntimeError, EOFError, pickle.UnpicklingError):
                print(f"{name}: the kept result is damaged, computing it again", flush=True)
            else:
                print(f"{name}: done before ({self.seconds.get(name, 0.0):.1f} s)", flush=True)
                return result
        with self.timed(name):
            result = compute()
            self.save(name, result)
        return result

    def has(self, name: str) -> bool:
        """Whether a result is there, complete; one that a fault of the disk cut is removed."""
        path = self._file(name)
        if not path.exists():
            return False
        if zipfile.is_zipfile(path):  # looks at the end of the file only
            return True
        print(f"{name}: the kept result is damaged, computing it again", flush=True)
        path.unlink()
        return False

    def save(self, name: str, result: Any) -> None:
        """Keeps a result, complete or not at all.

        Raises:
            OSError: the disk is full, or cannot be written.
        """
        path = self._file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            _write_tensors(result, part)
            _replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)  # gives back what the half file took
            raise
        self._note_time()

    def load(self, name: str, device: torch.device | str = "cpu") -> Any:
        """A result that is there.

        Raises:
            InputError: its file is damaged; it is removed.
        """
        path = self._file(name)
        try:
            return torch.load(path, map_location=device, weights_only=True)
        except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
            if isinstance(error, RuntimeError) and "PytorchStreamReader" not in str(error):
                raise  # the file is not to blame: memory, or the device
            path.unlink(missing_ok=True)
            raise InputError(f"{path}: was damaged and is removed; go on with --resume") from error

    def drop(self, name: str) -> None:
        """Removes a result that is not needed again."""
        self._file(name).unlink(missing_ok=True)

    def shard(self, name: str) -> Path | None:
        """The folder of a finished shard, or None; one that a fault of the disk cut is removed."""
        path = self.folder / name
        if not path.is_dir():
            return None
        files = list(path.iterdir())
        if files and all(_is_whole(file) for file in files):
            return path
        print(f"{name}: the kept shard is damaged, computing it again", flush=True)
        _discard(path)
        return None

    @contextmanager
    def writing_shard(self, name: str) -> Iterator[Path]:
        """An empty folder to write files into; it becomes the shard when all is on disk.

        Raises:
            OSError: the disk is full, or cannot be written.
        """
        path = self.folder / name
        part = path.with_name(path.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            yield part
            for file in (*part.iterdir(), part):
                _sync(file)
            os.replace(part, path)
            _sync(path.parent)
        except BaseException as error:
            shutil.rmtree(part, ignore_errors=True)  # gives back what the half shard took
            if isinstance(error, OSError):
                reason = error.strerror or error
                raise OSError(f"{path}: cannot be written ({reason})") from error
            raise
        self._note_time()

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Adds the time spent inside, less that of stages inside, to the stage's seconds."""
        self._count_time()
        self._timers.append(_Timer(name, time.monotonic()))
        try:
            yield
        finally:
            self._count_time()
            self._timers.pop()
            self._write_seconds()

    def _count_time(self) -> None:
        """Gives the time since the last count to the innermost stage."""
        now = time.monotonic()
        if self._timers:
            timer = self._timers[-1]
            self.seconds[timer.name] = round(
                self.seconds.get(timer.name, 0.0) + now - timer.since, 3
            )
        for each in self._timers:
            each.since = now

    def _note_time(self) -> None:
        """Keeps the time spent so far along with what was computed in it."""
        self._count_time()
        if time.monotonic() - self._written > NOTED_EVERY:
            self._write_seconds()

    def _write_seconds(self) -> None:
        _write_text(self.folder / "seconds.json", json.dumps(self.seconds))
        self._written = time.monotonic()

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pt"


def check_resumable(config: RunConfig, device: str) -> None:
    """Whether the folder may be opened with `resume`; touches nothing.

    Raises:
        InputError: as `Workspace` does.
    """
    folder = _results_of(config)
    if _holds_results(folder):
        check_unchanged(config, _read_json(folder / INPUTS), inputs_of(config, device))


def _results_of(config: RunConfig) -> Path:
    return config.work / "stages"


def _holds_results(folder: Path) -> bool:
    """Whether there is anything in the folder but what a killed start left."""
    return folder.is_dir() and any(not path.name.endswith(PARTS) for path in folder.iterdir())


def _discard_results(folder: Path) -> None:
    """Removes what a run kept; other files that somebody put there stay.

    The record of inputs goes last: killed meanwhile, what is left is still known for what it is.
    """
    for path in list(folder.iterdir()) if folder.is_dir() else []:
        if path.is_dir():
            _discard(path)
        elif path.suffix in KEPT_SUFFIXES and path.name != INPUTS:
            path.unlink()
    (folder / INPUTS).unlink(missing_ok=True)


def _discard(folder: Path) -> None:
    """Removes a folder that may be there; killed meanwhile, no half of it passes for complete."""
    if folder.exists():
        aside = _discarded(folder)
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(folder, aside)
        shutil.rmtree(aside, ignore_errors=True)


def _discarded(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.discarded.part")


def _is_whole(file: Path) -> bool:
    """Whether a file of a shard has the end that it was written with."""
    try:
        return file.suffix != ".parquet" or pq.read_metadata(file).num_rows >= 0
    except (pa.ArrowInvalid, OSError):
        return False


def _write_tensors(result: Any, path: Path) -> None:
    try:
        torch.save(result, path)
    except RuntimeError as error:  # torch's own way to say that the disk is full
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise OSError(f"{path}: cannot be written, the disk may be full") from error


def _write_text(path: Path, text: str) -> None:
    part = path.with_suffix(".part.json")
    part.write_text(text, encoding="utf-8")
    _replace(part, path)


def _replace(part: Path, path: Path) -> None:
    """Moves a finished file into place, its content first: power may fail between the two."""
    _sync(part)
    os.replace(part, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty if the file is absent or damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
