"""The work folder of a run: what each stage left, so that `--resume` goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from attribution_engine import __version__
from attribution_engine.records import InputError, RunConfig
from attribution_engine.store.schema import SCHEMA_VERSION

Result = TypeVar("Result")


class Workspace:
    """Stage results as files that are complete or absent, under a fingerprint of their inputs.

    Results are tensors, numbers, strings and lists or dicts of them.
    """

    def __init__(self, config: RunConfig, *, resume: bool) -> None:
        """Opens the folder.

        Raises:
            InputError: with `resume`, when configuration, corpus, queries or model have changed.
        """
        self.folder = config.work / "stages"
        self.seconds: dict[str, float] = {}
        prints = fingerprint(config)
        kept = self.folder / "fingerprint.json"
        if resume and kept.exists():
            before = _read_json(kept)
            changed = sorted(key for key in prints if prints[key] != before.get(key))
            if changed:
                raise InputError(
                    f"{config.work}: cannot resume, changed since: {', '.join(changed)}; run "
                    "without --resume to start anew"
                )
            self.seconds = self._read_seconds()
        else:
            for old in (*self.folder.glob("*.pt"), *self.folder.glob("*.part")):
                old.unlink()
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_text(kept, json.dumps(prints, indent=1))

    def stage(self, name: str, compute: Callable[[], Result]) -> Result:
        """The stage's result: read back if an earlier run finished it, else computed and kept."""
        path = self.folder / f"{name}.pt"
        if path.exists():
            try:
                result = torch.load(path, map_location="cpu", weights_only=True)
            except (RuntimeError, EOFError, OSError, pickle.UnpicklingError):
                print(f"{name}: the kept result is damaged, computing it again", flush=True)
            else:
                print(f"{name}: done before ({self.seconds.get(name, 0.0):.1f} s)", flush=True)
                return result
        started, inner = time.monotonic(), sum(self.seconds.values())
        result = compute()
        part = path.with_suffix(".part")
        torch.save(result, part)
        _replace(part, path)
        inner = sum(self.seconds.values()) - inner  # stages that this one called for
        self.seconds[name] = round(time.monotonic() - started - inner, 3)
        _write_text(self.folder / "seconds.json", json.dumps(self.seconds))
        return result

    def _read_seconds(self) -> dict[str, float]:
        return _read_json(self.folder / "seconds.json")


def fingerprint(config: RunConfig) -> dict[str, str]:
    """What the stages' results depend on: a digest for each input, by name."""
    influence = {k: v for k, v in config.raw.items() if k not in ("output", "notes")}
    return {
        "configuration": _digest(json.dumps(influence, sort_keys=True, default=str)),
        "corpus": _digest(_listing(config.corpus.path)),
        "queries": _digest(*(suite.path.read_text("utf-8", "replace") for suite in config.suites)),
        "model": _digest(
            *(_listing(Path(p)) for p in (config.model.path, config.model.tokenizer) if p)
        ),
        "engine": f"{__version__}, torch {torch.__version__}, schema {SCHEMA_VERSION}",
    }


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
    part = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    _replace(part, path)


def _replace(part: Path, path: Path) -> None:
    """Moves a finished file into place, its content first: power may fail between the two."""
    with part.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(part, path)


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a file; empty if the file is absent or damaged."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}
