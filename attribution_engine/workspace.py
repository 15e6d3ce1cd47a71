"""The work folder of a run: what was finished, so that `--resume` goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch

from attribution_engine import __version__
from attribution_engine.influence.adapters import base_and_adapter
from attribution_engine.records import CorpusConfig, InputError, RunConfig
from attribution_engine.store.schema import SCHEMA_VERSION

Result = TypeVar("Result")
NOT_COMPUTED_FROM = ("output", "notes")  # sections that no result depends on


class Workspace:
    """Results as files and folders that are complete or absent, under a record of their inputs.

    Results are tensors, numbers, strings and lists or dicts of them.

    Attributes:
        seconds: time spent in each stage, interrupted attempts included where they left something.
    """

    def __init__(self, config: RunConfig, *, resume: bool) -> None:
        """Opens the folder.

        Raises:
            InputError: with `resume`, when configuration, corpus, queries or model have changed.
        """
        self.folder = config.work / "stages"
        self.seconds: dict[str, float] = {}
        inputs = inputs_of(config)
        kept = self.folder / "inputs.json"
        if resume and self.folder.exists():
            changed = _changed(_read_json(kept), inputs)
            if changed:
                raise InputError(
                    f"{config.work}: cannot resume, changed since: {'; '.join(changed)}; change it "
                    "back, or run without --resume to start anew"
                )
            self.seconds = _read_json(self.folder / "seconds.json")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        for old in (*self.folder.rglob("*.part"), *self.folder.rglob("*.part.json")):
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        _write_text(kept, json.dumps(inputs, indent=1))

    def stage(self, name: str, compute: Callable[[], Result]) -> Result:
        """The stage's result: read back if an earlier run finished it, else computed and kept."""
        if self.has(name):
            try:
                result = torch.load(self._file(name), map_location="cpu", weights_only=True)
            except (RuntimeError, EOFError, OSError, pickle.UnpicklingError):
                print(f"{name}: the kept result is damaged, computing it again", flush=True)
            else:
                print(f"{name}: done before ({self.seconds.get(name, 0.0):.1f} s)", flush=True)
                return result
        with self.timed(name):
            result = compute()
            self.save(name, result)
        return result

    def has(self, name: str) -> bool:
        """Whether a result is there, complete."""
        return self._file(name).exists()

    def save(self, name: str, result: Any) -> None:
        """Keeps a result, complete or not at all."""
        path = self._file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        torch.save(result, part)
        _replace(part, path)

    def load(self, name: str, device: torch.device | str = "cpu") -> Any:
        """A result that is there.

        Raises:
            InputError: its file is damaged; it is removed.
        """
        path = self._file(name)
        try:
            return torch.load(path, map_location=device, weights_only=True)
        except (RuntimeError, EOFError, OSError, pickle.UnpicklingError) as error:
            if isinstance(error, torch.OutOfMemoryError):
                raise
            path.unlink(missing_ok=True)
            raise InputError(f"{path}: was damaged and is removed; go on with --resume") from error

    def drop(self, name: str) -> None:
        """Removes a result that is not needed again."""
        self._file(name).unlink(missing_ok=True)

    def shard(self, name: str) -> Path | None:
        """The folder of a finished shard, or None."""
        path = self.folder / name
        return path if path.is_dir() else None

    @contextmanager
    def writing_shard(self, name: str) -> Iterator[Path]:
        """An empty folder to write files into; it becomes the shard when all is on disk."""
        path = self.folder / name
        part = path.with_name(path.name + ".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        try:
            yield part
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
        for file in part.iterdir():
            _sync(file)
        os.replace(part, path)
        _sync(path.parent)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Adds the time spent inside, less that of stages inside, to the stage's seconds."""
        started, inner = time.monotonic(), sum(self.seconds.values())
        try:
            yield
        finally:
            inner = sum(self.seconds.values()) - inner
            spent = time.monotonic() - started - inner
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 3)
            _write_text(self.folder / "seconds.json", json.dumps(self.seconds))

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.pt"


def inputs_of(config: RunConfig) -> dict[str, str]:
    """What the results depend on: every key of the configuration, and a digest of each input."""
    inputs = {
        f"configuration: {key}": value
        for key, value in _flat(config.raw).items()
        if key.split(".")[0] not in NOT_COMPUTED_FROM
    }
    checkpoints = [each.path for each in config.influence.checkpoints]
    base, adapter = base_and_adapter(config.model.path, config.model.adapter)
    models = (config.model.path, base, adapter, config.model.tokenizer, *checkpoints)
    return inputs | {
        "corpus": _digest(_listing(config.corpus.path)),
        "queries": _digest(*(suite.path.read_text("utf-8", "replace") for suite in config.suites)),
        "model": _digest(*(_listing(Path(path)) for path in models if path)),
        "engine": f"{__version__}, torch {torch.__version__}, schema {SCHEMA_VERSION}",
    }


def corpus_digest(corpus: CorpusConfig, tokenizer: str, reading: str) -> str:
    """What a prepared corpus depends on: its configuration, files, tokenizer and reading rules."""
    return _digest(repr(corpus), _listing(corpus.path), _listing(Path(tokenizer)), reading)[:16]


def _changed(before: dict[str, str], now: dict[str, str]) -> list[str]:
    """In words, what differs."""
    lines = []
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) == now.get(key):
            continue
        if key.startswith("configuration: "):
            old, new = (each.get(key, "absent") for each in (before, now))
            lines.append(f"{key} was {old[:60]}, is {new[:60]}")
        else:
            lines.append(key)
    return lines


def _flat(raw: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Dotted keys and JSON values of a parsed TOML file."""
    found: dict[str, str] = {}
    for key, value in raw.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = json.dumps(value, default=str, sort_keys=True)
    return found


def _listing(path: Path) -> str:
    """Name, size and time of change of a file or of the files in a folder; a hub id as it is."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    lines = [str(path)]
    for file in files:
        if file.exists():
            stat = file.stat()
            lines.append(f"{file} {stat.st_size} {stat.st_mtime_ns}")
    return "\n".join(lines)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


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
