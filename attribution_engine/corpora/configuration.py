"""Reads the TOML file of a run; every mistake in it is one line that names file, key and mend."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from attribution_engine.corpora.toml_section import Section, listed
from attribution_engine.records import (
    ALIGNMENTS,
    CorpusConfig,
    InfluenceConfig,
    InputError,
    ModelConfig,
    RunConfig,
    SuiteConfig,
)

SUITES_FOLDER: Final = Path(__file__).resolve().parents[2] / "data" / "queries"
DTYPES: Final = ("float32", "float64", "bfloat16")
METHODS: Final = ("ek-fac",)
MODULES: Final = ("mlp",)
COMPLETIONS: Final = ("given", "generate")
HUB_ID: Final = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
RUN_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*")
LABELS: Final = ("source", "domain", "category", "difficulty")


def load_config(path: Path) -> RunConfig:
    """Reads and checks a run's TOML file.

    A relative path in it is looked for in the current folder, then in the file's own folder.

    Args:
        path: the TOML file.

    Returns:
        The configuration, with paths that exist (a model path that exists nowhere is a hub id).

    Raises:
        InputError: whatever is wrong with the file, in one line.
    """
    raw = _parsed(path)
    top = Section(
        path, "", raw, ("name", "notes", "model", "corpus", "queries", "influence", "output")
    )
    name = top.required("name", f'"{path.stem}"')
    if not RUN_NAME.fullmatch(name):
        raise top.error("name", f'= "{name}" may hold only letters, digits and the signs . _ -')
    output = Section(path, "output", _table(top, "output"), ("store", "work"))
    store = Path(output.string("store", f"data/runs/{name}.duckdb") or "")
    if store.suffix != ".duckdb":
        raise output.error("store", f'= "{store}" must end in .duckdb')
    return RunConfig(
        name=name,
        model=_model(Section(path, "model", _table(top, "model"), ("path", "dtype", "tokenizer"))),
        corpus=_corpus(top),
        suites=_suites(top),
        influence=_influence(top),
        store=store,
        work=Path(output.string("work", f"data/work/{name}") or ""),
        source=path,
        raw=raw,
        notes=top.string("notes", "") or "",
    )


def known_suites() -> list[str]:
    """Names of the suites that ship with the project."""
    return sorted(file.stem for file in SUITES_FOLDER.glob("*.jsonl"))


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; give the path of a TOML file") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 at byte {error.start}; save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: is not TOML: {reason}; correct that line") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def _model(section: Section) -> ModelConfig:
    located = _model_path(section, "path", section.required("path", '"data/models/demo"'))
    tokenizer = section.string("tokenizer")
    return ModelConfig(
        path=located,
        dtype=section.choice("dtype", "float32", DTYPES),
        tokenizer=tokenizer and _model_path(section, "tokenizer", tokenizer),
    )


def _model_path(section: Section, key: str, value: str) -> str:
    """A folder that exists, else a hub id as it stands."""
    found = _existing(section.file, value)
    if found is not None:
        return str(found)
    if not HUB_ID.fullmatch(value):
        raise section.error(
            key,
            f'= "{value}" is not a folder here, and no hub id either; correct the path, or run '
            "what writes it",
        )
    return value


def _corpus(top: Section) -> CorpusConfig:
    fields = ("path", "text", "prompt", "response", "separator", *LABELS)
    section = Section(
        top.file, "corpus", _table(top, "corpus"), (*fields, "metadata", "max_tokens", "limit")
    )
    path = _must_exist(section, "path", section.required("path", '"corpus.jsonl"'))
    text, prompt, response = (section.string(key) for key in ("text", "prompt", "response"))
    if text and (prompt or response):
        raise section.error("text", "stands beside prompt or response; keep one of the two ways")
    if bool(prompt) != bool(response):
        given, lacking = ("prompt", "response") if prompt else ("response", "prompt")
        raise section.error(given, f"needs {lacking} as well; name the field that holds it")
    if not (text or prompt or path.is_dir()):
        raise section.error("text", "is missing; name the text field, or prompt and response")
    return CorpusConfig(
        path=path,
        text=text,
        prompt=prompt,
        response=response,
        separator=section.string("separator", "") or "",
        source=section.string("source"),
        domain=section.string("domain"),
        category=section.string("category"),
        difficulty=section.string("difficulty"),
        metadata=section.strings("metadata"),
        max_tokens=section.integer("max_tokens", None, least=2),
        limit=section.integer("limit", None, least=1),
    )


def _suites(top: Section) -> tuple[SuiteConfig, ...]:
    entries = top.values.get("queries")
    if not entries:
        raise top.error("queries", 'is missing; add [[queries]] with a line suite = "slopes"')
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise top.error("queries", "must be written [[queries]], in double brackets")
    suites = [_suite(top.file, number, entry) for number, entry in enumerate(entries, start=1)]
    names = [suite.suite for suite in suites]
    for name in names:
        if names.count(name) > 1:
            raise top.error("queries", f'has the suite "{name}" twice; keep one of them')
    return tuple(suites)


def _suite(file: Path, number: int, entry: dict[str, Any]) -> SuiteConfig:
    known = ("suite", "file", "completions", "max_new_tokens", "limit")
    section = Section(file, f"queries[{number}]", entry, known)
    suite, given_file = section.string("suite"), section.string("file")
    if (suite is None) == (given_file is None):
        raise section.error("suite", "or file must be given, and not both")
    if suite is not None and suite not in known_suites():
        raise section.error(
            "suite", f'= "{suite}" is unknown; known are {listed(known_suites())}, or use file'
        )
    path = SUITES_FOLDER / f"{suite}.jsonl"
    if given_file is not None:
        path = _must_exist(section, "file", given_file)
    return SuiteConfig(
        path=path,
        suite=suite or path.stem,
        completions=section.choice("completions", "given", COMPLETIONS),  # type: ignore[arg-type]
        max_new_tokens=section.integer("max_new_tokens", 128, least=1) or 128,
        limit=section.integer("limit", None, least=1),
    )


def _influence(top: Section) -> InfluenceConfig:
    default = InfluenceConfig()
    known = tuple(InfluenceConfig.__dataclass_fields__)
    section = Section(top.file, "influence", _table(top, "influence"), known)
    alignments = section.strings("alignments", default.alignments)
    if not alignments or not set(alignments) <= set(ALIGNMENTS):
        raise section.error("alignments", f"must be a list of some of {listed(ALIGNMENTS)}")
    whole = {
        key: section.integer(key, getattr(default, key), least)
        for key, least in (("tail", 1), ("batch_tokens", 1), ("seed", 0))
    }
    return InfluenceConfig(
        method=section.choice("method", default.method, METHODS),
        modules=section.choice("modules", default.modules, MODULES),
        # In the file 0 stands for "all" and "exact", as TOML has no null.
        factor_documents=section.integer("factor_documents", None, least=0) or None,
        damping=section.number("damping", default.damping),
        rank=section.integer("rank", None, least=0) or None,
        alignments=alignments,  # type: ignore[arg-type]
        **whole,  # type: ignore[arg-type]
    )


def _table(top: Section, key: str) -> dict[str, Any]:
    value = top.values.get(key, {})
    if not isinstance(value, dict):
        raise top.error(key, f"must be a section, written [{key}] on a line of its own")
    return value


def _existing(file: Path, value: str) -> Path | None:
    """The path in the current folder, else beside the configuration file, else None."""
    try:
        path = Path(value).expanduser()
        if path.exists():
            return path
        beside = file.parent / path
        return beside if beside.exists() else None
    except (OSError, RuntimeError, ValueError):  # too long, ~nobody, a NUL
        return None


def _must_exist(section: Section, key: str, value: str) -> Path:
    found = _existing(section.file, value)
    if found is None:
        raise section.error(
            key,
            f'= "{value}" is neither in the current folder nor in {section.file.parent}/; '
            "correct the path, or run what writes it",
        )
    return found
