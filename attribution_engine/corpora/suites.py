"""Reads query suites: JSONL files with a prompt a row, and its completion where that is given."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.corpora.documents import text_field
from attribution_engine.corpora.rows import read_jsonl
from attribution_engine.records import KINDS, InputError, Query, SuiteConfig


def read_suites(suites: Sequence[SuiteConfig]) -> list[Query]:
    """Queries of all suites in order, numbered from 0 over all of them.

    Fields of a row: prompt; completion (needed where completions are given, else not read); and
    if wanted task, kind ("reasoning" if it is not said), reference, keywords.

    Raises:
        InputError: one line naming file, line, what is wrong and the mend.
    """
    queries: list[Query] = []
    for suite in suites:
        rows = list(islice(read_jsonl(suite.path), suite.limit))
        if not rows:
            raise InputError(f"{suite.path}: holds no query; write one JSON object a line")
        for where, row in rows:
            queries.append(_query(suite, len(queries), where, row))
    return queries


def _query(suite: SuiteConfig, query_id: int, where: str, row: dict[str, Any]) -> Query:
    prompt = _filled(where, row, "prompt")
    completion = _completion(where, row) if suite.completions == "given" else None
    reference = _optional(where, row, "reference")
    return Query(
        query_id=query_id,
        suite=suite.suite,
        task=_optional(where, row, "task") or suite.suite,
        kind=_kind(where, row),
        prompt=prompt,
        completion=completion,
        reference=reference,
        correct=None if completion is None else is_correct(completion, reference),
        keywords=_keywords(where, row),
        where=where,
    )


def _filled(where: str, row: dict[str, Any], field: str) -> str:
    text = text_field(where, row, field)
    if not text.strip():
        raise InputError(f'{where}: field "{field}" is empty; write its text or remove the row')
    return text


def _completion(where: str, row: dict[str, Any]) -> str:
    if row.get("completion") is None:
        raise InputError(
            f'{where}: has no completion; add the field, or set completions = "generate" in the '
            "configuration"
        )
    return _filled(where, row, "completion")


def _kind(where: str, row: dict[str, Any]) -> str:
    kind = _optional(where, row, "kind") or "reasoning"
    if kind not in KINDS:
        raise InputError(f'{where}: kind "{kind}" is unknown; write one of {", ".join(KINDS)}')
    return kind


def _optional(where: str, row: dict[str, Any], field: str) -> str | None:
    """Text of a field that may be absent or null; a number stands for its digits."""
    value = row.get(field)
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return text_field(where, row, field) or None


def _keywords(where: str, row: dict[str, Any]) -> tuple[str, ...]:
    value = row.get("keywords")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError(f'{where}: field "keywords" must be a list of texts such as ["slope"]')
    return tuple(text_field(where, {"keywords": word}, "keywords") for word in value)
