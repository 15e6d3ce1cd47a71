"""Reads the TOML file of a run; every mistake in it is one line that names file, key and mend."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Final

from attribution_engine.corpora.toml_section import Section, listed
from attribution_engine.records import (
    ALIGNMENTS,
    LEVELS,
    METHODS,
    VERIFIERS,
    CheckpointConfig,
    CorpusConfig,
    InfluenceConfig,
    InputError,
    ModelConfig,
    RunConfig,
    SuiteConfig,
)
from attribution_engine.text.word_lists import load

SUITES_FOLDER: Final = Path(__file__).resolve().parents[2] / "data" / "queries"
DTYPES: Final = ("float32", "tf32", "float64", "bfloat16")
MODULES: Final = ("mlp", "attention", "linear", "lora")  # or a pattern of names
COMPLETIONS: Final = ("given", "generate")
TEMPLATES: Final = ("tokenizer", "plain")
UNREADABLE: Final = ("stop", "skip")
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
    sections = ("model", "corpus", "queries", "text", "influence", "output")
    top = Section(path, "", raw, ("name", "notes", *sections))
    name = top.required("name", f'"{path.stem}"')
    if not RUN_NAME.fullmatch(name):
        raise top.error("name", f'= "{name}" may hold only letters, digits and the signs . _ -')
    output = Section(path, "output", _table(top, "output"), ("store", "work"))
    store = Path(output.string("store", f"data/runs/{name}.duckdb") or "")
    if store.suffix != ".duckdb":
        raise output.error("store", f'= "{store}" must end in .duckdb')
    return RunConfig(
        name=name,
        model=_model(
            Section(path, "model", _table(top, "model"), ("path", "dtype", "tokenizer", "adapter"))
        ),
        corpus=_corpus(top),
        suites=_suites(top),
        influence=_influence(top),
        store=store,
        work=Path(output.string("work", f"data/work/{name}") or ""),
        source=path,
        raw=raw,
        notes=top.string("notes", "") or "",
        words=_words(top),
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
    tokenizer, adapter = section.string("tokenizer"), section.string("adapter")
    return ModelConfig(
        path=located,
        dtype=section.choice("dtype", "float32", DTYPES),
        tokenizer=tokenizer and _model_path(section, "tokenizer", tokenizer),
        adapter=adapter and _model_path(section, "adapter", adapter),
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
    fields = ("text", "prompt", "response", "messages", "separator", "template", *LABELS)
    places = ("path", "dataset", "subset", "split", "revision", "table")
    known = (*places, *fields, "metadata", "spans", "max_tokens", "limit", "unreadable")
    section = Section(top.file, "corpus", _table(top, "corpus"), known)
    path, dataset = _corpus_place(section)
    text, prompt, response, messages = _corpus_fields(section)
    if not (text or prompt or messages or (path.is_dir() and dataset is None)):
        raise section.error(
            "text", "is missing; name the text field, or prompt and response, or messages"
        )
    template = section.choice("template", "", TEMPLATES) if "template" in section.values else None
    if template and text:
        raise section.error(
            "template", "stands beside text; it is for messages, or prompt and response"
        )
    if "separator" in section.values and (messages or template == "tokenizer"):
        raise section.error("separator", "does nothing where a template joins; remove the line")
    if "spans" in section.values and (template or messages or not (text or prompt)):
        raise section.error(
            "spans",
            "counts characters of text or response as they stand in the row; remove the "
            "line, or name text, or prompt and response without a template",
        )
    return CorpusConfig(
        path=path,
        dataset=dataset,
        subset=section.string("subset"),
        split=section.string("split", "train") or "train",
        revision=section.string("revision"),
        table=section.string("table"),
        text=text,
        prompt=prompt,
        response=response,
        messages=messages,
        separator=section.string("separator", "") or "",
        template=template,  # type: ignore[arg-type]
        source=section.string("source"),
        domain=section.string("domain"),
        category=section.string("category"),
        difficulty=section.string("difficulty"),
        metadata=section.strings("metadata"),
        spans=section.string("spans"),
        max_tokens=section.integer("max_tokens", None, least=2),
        limit=section.integer("limit", None, least=1),
        unreadable=section.choice("unreadable", "stop", UNREADABLE),  # type: ignore[arg-type]
    )


def _corpus_place(section: Section) -> tuple[Path, str | None]:
    """The corpus's path, and the id or folder of a dataset where it is one."""
    dataset = section.string("dataset")
    if dataset is None:
        path = _must_exist(section, "path", section.required("path", '"corpus.jsonl"'))
        for key in ("subset", "revision"):
            if key in section.values:
                raise section.error(key, "is for corpus.dataset only; remove the line")
        if "table" in section.values and path.suffix != ".duckdb":
            raise section.error("table", "is for a .duckdb file only; remove the line")
        if "split" in section.values and not path.is_dir():
            raise section.error("split", "is for a dataset only; remove the line")
        return path, None
    for key in ("path", "table"):
        if key in section.values:
            raise section.error(key, "stands beside dataset; keep one of the two")
    found = _existing(section.file, dataset)
    if found is None and not HUB_ID.fullmatch(dataset):
        raise section.error(
            "dataset", f'= "{dataset}" is not a folder here, and no hub id either; correct it'
        )
    return (found, str(found)) if found is not None else (Path(dataset), dataset)


def _corpus_fields(section: Section) -> tuple[str | None, ...]:
    """Names of the fields text, prompt, response and messages: one of the three ways at most."""
    text, prompt, response, messages = (
        section.string(key) for key in ("text", "prompt", "response", "messages")
    )
    if text and (prompt or response):
        raise section.error("text", "stands beside prompt or response; keep one of the two ways")
    if messages and (text or prompt or response):
        raise section.error("messages", "stands beside text, prompt or response; keep one way")
    if bool(prompt) != bool(response):
        given, lacking = ("prompt", "response") if prompt else ("response", "prompt")
        raise section.error(given, f"needs {lacking} as well; name the field that holds it")
    return text, prompt, response, messages


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
            raise top.error(
                "queries", f'has the suite "{name}" twice; keep one, or give one a name = "…"'
            )
    return tuple(suites)


def _suite(file: Path, number: int, entry: dict[str, Any]) -> SuiteConfig:
    sizes = ("max_new_tokens", "limit", "timeout_seconds")
    known = ("suite", "file", "name", "completions", "set", "verifier", "span_pattern", *sizes)
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
    as_set = section.values.get("set", False)
    if not isinstance(as_set, bool):
        raise section.error("set", "must be true or false, without quotes")
    return SuiteConfig(
        path=path,
        suite=section.string("name") or suite or path.stem,
        completions=section.choice("completions", "given", COMPLETIONS),  # type: ignore[arg-type]
        max_new_tokens=section.integer("max_new_tokens", 128, least=1) or 128,
        limit=section.integer("limit", None, least=1),
        as_set=as_set,
        verifier=section.choice("verifier", "numeric", VERIFIERS),
        timeout_seconds=section.number("timeout_seconds", 10.0),
        span_pattern=_pattern(section, "span_pattern"),
    )


def _pattern(section: Section, key: str) -> str | None:
    """A regular expression, as text, that can be compiled."""
    pattern = section.string(key)
    try:
        re.compile(pattern or "")
    except (re.error, OverflowError, RecursionError) as error:
        raise section.error(key, f"is no regular expression ({error}); correct it") from None
    return pattern


def _influence(top: Section) -> InfluenceConfig:
    default = InfluenceConfig()
    known = tuple(InfluenceConfig.__dataclass_fields__)
    section = Section(top.file, "influence", _table(top, "influence"), known)
    method = section.choice("method", default.method, METHODS)
    whole = {
        key: section.integer(key, getattr(default, key), least)
        for key, least in (
            ("tail", 1),
            ("cut_documents", 0),
            ("batch_tokens", 1),
            ("shard_tokens", 1),
            ("seed", 0),
        )
    }
    passes = section.integer("factor_passes", default.factor_passes, least=1) or 1
    if passes > 2:
        raise section.error("factor_passes", f"= {passes}: write 1 or 2")
    levels = _some(section, "levels", LEVELS)
    needed = ("span", "token") if method == "tracin" else ("span",)
    if whole["cut_documents"] and not set(needed) <= set(levels):
        words = " and ".join(f'"{each}"' for each in needed)
        raise section.error(
            "cut_documents", f"needs {words} among influence.levels; add them or remove the line"
        )
    return InfluenceConfig(
        method=method,
        modules=_modules(section, default.modules),
        # In the file 0 stands for "all" and "exact", as TOML has no null.
        factor_documents=section.integer("factor_documents", None, least=0) or None,
        factor_passes=passes,
        damping=section.number("damping", default.damping),
        rank=section.integer("rank", None, least=0) or None,
        levels=levels,
        alignments=_some(section, "alignments", ALIGNMENTS),  # type: ignore[arg-type]
        checkpoints=_checkpoints(section, method),
        memory_gb=section.number("memory_gb", 1.0) if "memory_gb" in section.values else None,
        **whole,  # type: ignore[arg-type]
    )


def _some(section: Section, key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    chosen = section.strings(key, choices)
    if not chosen or not set(chosen) <= set(choices):
        raise section.error(key, f"must be a list of some of {listed(choices)}")
    return chosen


def _checkpoints(section: Section, method: str) -> tuple[CheckpointConfig, ...]:
    """TracIn's terms: [[influence.checkpoints]] with path and learning_rate."""
    entries = section.values.get("checkpoints", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise section.error("checkpoints", "must be written [[influence.checkpoints]]")
    if bool(entries) != (method == "tracin"):
        raise section.error(
            "checkpoints", 'belongs to method = "tracin", with one [[influence.checkpoints]] each'
        )
    found = []
    for number, entry in enumerate(entries, start=1):
        part = Section(
            section.file, f"influence.checkpoints[{number}]", entry, ("path", "learning_rate")
        )
        path = _model_path(part, "path", part.required("path", '"checkpoints/step-1000"'))
        if "learning_rate" not in entry:
            raise part.error("learning_rate", "is missing; add a line such as learning_rate = 1e-4")
        found.append(CheckpointConfig(path, part.number("learning_rate", 1.0)))
    return tuple(found)


def _modules(section: Section, default: str) -> str:
    """A keyword, else a regular expression; whether it matches only the model can tell."""
    value = section.string("modules", default) or ""
    try:
        re.compile(value)
    except re.error as error:
        raise section.error(
            "modules", f'= "{value}" is neither {listed(MODULES)} nor a regular expression: {error}'
        ) from None
    if not value:
        raise section.error("modules", f"is empty; choose {listed(MODULES)} or a pattern of names")
    return value


def _table(top: Section, key: str) -> dict[str, Any]:
    value = top.values.get(key, {})
    if not isinstance(value, dict):
        raise top.error(key, f"must be a section, written [{key}] on a line of its own")
    return value


def _words(top: Section) -> Path | None:
    """The file of `[text] words`, whose lists are read here so that a mistake is told at once."""
    section = Section(top.file, "text", _table(top, "text"), ("words",))
    given = section.string("words")
    if given is None:
        return None
    path = _must_exist(section, "words", given)
    load(path)
    return path


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
