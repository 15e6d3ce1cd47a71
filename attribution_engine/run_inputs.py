"""What a run's results depend on, so that results of other inputs are not taken for its own."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache

from attribution_engine import __version__
from attribution_engine.corpora.datasets_rows import dataset_commit
from attribution_engine.influence.adapters import base_and_adapter
from attribution_engine.records import CorpusConfig, InputError, RunConfig
from attribution_engine.store.schema import SCHEMA_VERSION

NOT_COMPUTED_FROM = ("output", "notes")  # sections that no result depends on
# Keys that a resumed run may change: how much is done at once, not what.
MAY_CHANGE = ("configuration: influence.memory_gb",)
FILES_NAMED = 3  # of those that changed
LIBRARIES = ("transformers", "peft")  # beside torch, what a model's numbers come from


def inputs_of(config: RunConfig, device: str) -> dict[str, Any]:
    """What the results depend on: configuration, every file that is read, device and libraries.

    A file is known by size and time of change, those of the queries by their content.

    Args:
        device: "cpu" or "cuda", which round differently.
    """
    inputs: dict[str, Any] = {
        f"configuration: {key}": value
        for key, value in _flat(config.raw).items()
        if key.split(".")[0] not in NOT_COMPUTED_FROM
    }
    base, adapter = base_and_adapter(config.model.path, config.model.adapter)
    models = [("model", base), ("adapter", adapter), ("tokenizer", config.model.tokenizer)]
    models += [("checkpoint of the model", each.path) for each in config.influence.checkpoints]
    inputs |= {f"{what} {path}": _files(Path(path)) for what, path in models if path}
    if config.words:
        inputs[f"words {config.words}"] = _digest(config.words.read_text("utf-8", "replace"))
    inputs |= {
        f"queries {suite.path}": _digest(suite.path.read_text("utf-8", "replace"))
        for suite in config.suites
    }
    return inputs | {
        f"corpus {config.corpus.path}": _corpus_files(config.corpus),
        "engine": f"{__version__}, torch {torch.__version__}, schema {SCHEMA_VERSION}",
        "device": device,
        **{name: _version(name) for name in LIBRARIES},
    }


def corpus_digest(corpus: CorpusConfig, tokenizer: str, reading: str) -> str:
    """What a prepared corpus depends on: its configuration, files, tokenizer and reading rules."""
    files = json.dumps([_corpus_files(corpus), _files(Path(tokenizer))])
    return _digest(repr(corpus), tokenizer, files, reading)[:16]


def check_unchanged(config: RunConfig, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Whether results computed from `before` are results of `now`.

    Raises:
        InputError: they are not, or it is not known.
    """
    if not before:
        raise InputError(
            f"{config.work}: cannot resume, an older version left it without a record of what it "
            "was computed from; run without --resume to start anew"
        )
    changed = _changed(before, now)
    if changed:
        raise InputError(
            f"{config.work}: cannot resume, changed since: {'; '.join(changed)}; change it "
            "back, or run without --resume to start anew"
        )


def _changed(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """In words, what differs."""
    lines = []
    for key in sorted((before.keys() | now.keys()) - set(MAY_CHANGE)):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        if isinstance(old, dict) and isinstance(new, dict):
            files = sorted(
                name for name in old.keys() | new.keys() if old.get(name) != new.get(name)
            )
            more = f" and {len(files) - FILES_NAMED} more" if len(files) > FILES_NAMED else ""
            lines.append(f"{key} ({', '.join(files[:FILES_NAMED])}{more})")
        elif key.startswith("configuration: ") or key in ("engine", "device", *LIBRARIES):
            was, is_now = (str(each or "absent")[:60] for each in (old, new))
            lines.append(f"{key} was {was}, is {is_now}")
        else:
            how = "" if old and new else " (now in use)" if new else " (no longer in use)"
            lines.append(key + how)
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


def _files(path: Path) -> dict[str, str]:
    """Size and time of change of a file or of the files in a folder, by name.

    A hub id is known by the commit that is in the local cache.
    """
    if not path.exists():
        return _commit_of(str(path))
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    found = {}
    for file in files:
        stat = file.stat()
        name = file.name if file == path else str(file.relative_to(path))
        found[name] = f"{stat.st_size} {stat.st_mtime_ns}"
    return found


def _corpus_files(corpus: CorpusConfig) -> dict[str, str]:
    """The corpus' files; a dataset on the Hub is known by its commit."""
    commit = dataset_commit(corpus)
    return _files(corpus.path) if commit is None else {"commit": commit}


def _commit_of(hub_id: str) -> dict[str, str]:
    try:
        cached = try_to_load_from_cache(hub_id, "config.json")
    except ValueError:  # no name that the hub would take
        return {}
    return {"commit": Path(cached).parent.name} if isinstance(cached, str) else {}


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
