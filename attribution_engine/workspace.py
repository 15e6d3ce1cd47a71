"""The work folder of a run: what each stage left, so that `--resume` goes on from there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch

from attribution_engine.records import InputError, RunConfig

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
            before = json.loads(kept.read_text(encoding="utf-8"))
            changed = sorted(key for key in prints if prints[key] != before.get(key))
            if changed:
                raise InputError(
                    f"{config.work}: cannot resume, changed since: {', '.join(changed)}; run "
                    "without --resume to start anew"
                )
            self.seconds = self._read_seconds()
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_text(kept, json.dumps(prints, indent=1))

    def finished(self, name: str) -> bool:
        """Whether the stage's result is there."""
        return self._path(name).exists()

    def stage(self, name: str, compute: Callable[[], Result]) -> Result:
        """The stage's result: read back if an earlier run finished it, else computed and kept."""
        path = self._path(name)
        if path.exists():
            print(f"{name}: done before ({self.seconds.get(name, 0.0):.1f} s)", flush=True)
            return torch.load(path, weights_only=True)
        started = time.monotonic()
        result = compute()
        part = path.with_suffix(".part")
        torch.save(result, part)
        os.replace(part, path)
        self.seconds[name] = round(time.monotonic() - started, 3)
        _write_text(self.folder / "seconds.json", json.dumps(self.seconds))
        return result

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.pt"

    def _read_seconds(self) -> dict[str, float]:
        path = self.folder / "seconds.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def fingerprint(config: RunConfig) -> dict[str, str]:
    """What the stages' results depend on: a digest for each input, by name."""
    influence = {k: v for k, v in config.raw.items() if k not in ("output", "notes")}
    return {
        "configuration": _digest(json.dumps(influence, sort_keys=True, default=str)),
        "corpus": _digest(_listing(config.corpus.path)),
        "queries": _digest(*(_listing(suite.path) for suite in config.suites)),
        "model": _digest(_listing(Path(config.model.path))),
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
    part: Any = path.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)
