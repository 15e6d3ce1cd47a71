"""Reads query suites: JSONL files with a prompt a row, and its completion where that is given."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from attribution_engine.corpora.documents import text_field
from attribution_engine.corpora.rows import read_jsonl
from attribution_engine.corpora.verifiers import can_verify, read_tests, verify_completion
from attribution_engine.records import KINDS, InputError, Query, SuiteConfig

LACKING = {
    "code": 'no tests; add "tests" (or test_list, or test with entry_point)',
    "numeric": 'no reference; add the right answer as "reference"',
    "exact": 'no reference; add the right answer as "reference"',
}


def read_suites(suites: Sequence[SuiteConfig]) -> list[Query]:
    """Queries of all suites in order, numbered from 0 over all of them.

    Fields of a row: prompt; completion (needed where completions are given, else not read); and
    if wanted task, kind ("reasoning" if it is not said), reference, keywords; for the verifier
    "code" tests (see `read_tests`); for a span of the completion one of span ([start, end] in
    characters), span_text (stands once in the completion) and span_pattern (its first match).

    A suite with `set = true` is one query whose `items` are the rows. A row of it must have what
    its verifier compares with. Code is not run here: `correct` is None until `complete_queries`.

    Raises:
        InputError: one line naming file, line, what is wrong and the mend.
    """
    queries: list[Query] = []
    for suite in suites:
        rows = list(islice(read_jsonl(suite.path), suite.limit))
        if not rows:
            raise InputError(f"{suite.path}: holds no query; write one JSON object a line")
        if suite.as_set:
            queries.append(_set_query(suite, len(queries), rows))
            continue
        for where, row in rows:
            queries.append(_query(suite, len(queries), where, row))
    return queries


def _set_query(suite: SuiteConfig, query_id: int, rows: list[tuple[str, dict[str, Any]]]) -> Query:
    """One query of all rows; what the items agree on is the set's."""
    items = tuple(_query(suite, number, where, row) for number, (where, row) in enumerate(rows))
    for item in items:
        if not can_verify(item):
            raise InputError(f"{item.where}: is an item of a set, with {LACKING[suite.verifier]}")
    tasks, kinds = {item.task for item in items}, {item.kind for item in items}
    return Query(
        query_id=query_id,
        suite=suite.suite,
        task=tasks.pop() if len(tasks) == 1 else suite.suite,
        kind=kinds.pop() if len(kinds) == 1 else "reasoning",
        prompt=f"{len(items)} items of suite {suite.suite}",
        where=f"{suite.path}",
        verifier=suite.verifier,
        timeout_seconds=suite.timeout_seconds,
        items=items,
    )


def _query(suite: SuiteConfig, query_id: int, where: str, row: dict[str, Any]) -> Query:
    completion = _completion(where, row) if suite.completions == "given" else None
    tests, entry_point = read_tests(where, row) if suite.verifier == "code" else (None, None)
    span, span_pattern = _span(suite, where, row, completion)
    query = Query(
        query_id=query_id,
        suite=suite.suite,
        task=_optional(where, row, "task") or suite.suite,
        kind=_kind(where, row),
        prompt=_filled(where, row, "prompt"),
        completion=completion,
        reference=_optional(where, row, "reference"),
        keywords=_keywords(where, row),
        where=where,
        verifier=suite.verifier,
        tests=tests,
        entry_point=entry_point,
        timeout_seconds=suite.timeout_seconds,
        span=span,
        span_pattern=span_pattern,
    )
    if completion is None or suite.verifier == "code":
        return query
    return replace(query, correct=verify_completion(query, completion).correct)


def _span(
    suite: SuiteConfig, where: str, row: dict[str, Any], completion: str | None
) -> tuple[tuple[int, int] | None, str | None]:
    """The span of a row, or the pattern that will find it; the suite's pattern if it has none."""
    named = [key for key in ("span", "span_text", "span_pattern") if row.get(key) is not None]
    if len(named) > 1:
        raise InputError(f"{where}: has {' and '.join(named)}; keep one of them")
    if not named:
        return None, suite.span_pattern
    (key,) = named
    if key == "span_pattern":
        pattern = text_field(where, row, key)
        try:
            re.compile(pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise InputError(
                f"{where}: span_pattern is no regular expression ({error}); correct it"
            ) from None
        return None, pattern
    if completion is None:
        raise InputError(
            f"{where}: has {key}, but its completion is generated; use span_pattern there"
        )
    if key == "span_text":
        return _span_of_text(where, text_field(where, row, key), completion), None
    return _span_given(where, row[key], completion), None


def _span_of_text(where: str, text: str, completion: str) -> tuple[int, int]:
    start = completion.find(text)
    if not text or start < 0:
        raise InputError(f"{where}: its span_text does not stand in the completion; correct it")
    if completion.find(text, start + 1) >= 0:
        raise InputError(
            f"{where}: its span_text stands more than once in the completion; make it longer, or "
            "use span = [start, end]"
        )
    return start, start + len(text)


def _span_given(where: str, value: Any, completion: str) -> tuple[int, int]:
    whole = isinstance(value, list) and len(value) == 2
    if not whole or not all(isinstance(at, int) and not isinstance(at, bool) for at in value):
        raise InputError(
            f"{where}: span must be two whole numbers, [start, end], not {value!r:.60}"
        )
    start, end = value
    if not 0 <= start < end <= len(completion):
        raise InputError(
            f"{where}: span = [{start}, {end}] does not lie in the {len(completion)} characters "
            "of the completion; correct it"
        )
    return start, end


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
    """Text of a field that may be absent, null or NaN; a number stands for its digits."""
    value = row.get(field)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return text_field(where, row, field) or None


def _keywords(where: str, row: dict[str, Any]) -> tuple[str, ...]:
    value = row.get("keywords")
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ()
    if not isinstance(value, list):
        raise InputError(f'{where}: field "keywords" must be a list of texts such as ["slope"]')
    return tuple(text_field(where, {"keywords": word}, "keywords") for word in value)
