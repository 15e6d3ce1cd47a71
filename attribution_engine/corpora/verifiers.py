"""Verifiers: whether a query's completion is right, by exact match, as a number, or by tests."""

from __future__ import annotations

import ast
import contextlib
from dataclasses import dataclass
from typing import Any

from attribution_engine.corpora.code_sandbox import extract_code, run_code
from attribution_engine.corpora.correctness import is_correct, stated_part
from attribution_engine.corpora.documents import text_field
from attribution_engine.records import InputError, Query


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier says.

    Attributes:
        correct: None where there is nothing to compare with.
        reason: why it is not correct, one line; empty for others.
        protections: of the sandbox that ran the code; empty without one.
    """

    correct: bool | None
    reason: str = ""
    protections: tuple[str, ...] = ()


def verify_completion(query: Query, completion: str) -> Verdict:
    """Marks a completion of a query by the query's verifier.

    "exact": the completion without white space at its ends, or its last `\\boxed{…}` or `####`
    line, is the reference. "numeric": see `is_correct`. "code": see `program_of`; the code runs in
    a sandbox, see `code_sandbox`.
    """
    if query.verifier == "code":
        return _run_verdict(query, completion)
    if query.verifier == "exact":
        correct = _is_exactly(completion, query.reference)
    else:
        correct = is_correct(completion, query.reference)
    return Verdict(correct, "" if correct else f'the answer is not "{_short(query.reference)}"')


def can_verify(query: Query) -> bool:
    """Whether the query has what its verifier compares with."""
    if query.verifier == "code":
        return query.tests is not None
    return bool(query.reference and query.reference.strip())


def program_of(query: Query, completion: str) -> str:
    """The code to be tested: that of the completion's last Python fence, else all of it.

    Where the prompt itself is Python that begins the function `entry_point` (as in HumanEval) the
    code stands behind the prompt: as the function's body, or as a definition of its own that may
    use the prompt's imports.
    """
    code = extract_code(completion)
    if query.entry_point is None or not _defines(query.prompt, query.entry_point):
        return code
    return query.prompt + ("\n" if _defines(code, query.entry_point) else "") + code


def read_tests(where: str, row: dict[str, Any]) -> tuple[str | None, str | None]:
    """Tests of a row as one Python source, and the name of the function that they test.

    Known shapes: `tests` (source, or a list of assertions); `test_list` with `test_setup_code` or
    `test_imports`, as MBPP has them; `test` with `entry_point`, as HumanEval has it, whose
    `check` is then called. A list may also be written as text that Python reads as a list.

    Returns:
        Both None for a row without any.

    Raises:
        InputError: tests of another shape, or that are no Python.
    """
    entry = row.get("entry_point", row.get("entry"))
    if entry is not None and not (isinstance(entry, str) and entry.isidentifier()):
        raise InputError(f"{where}: entry_point must be the name of a function, not {entry!r:.60}")
    field = next((name for name in ("tests", "test_list", "test") if row.get(name)), None)
    if field is None:
        return None, entry
    before = [*_lines(where, row, "test_imports"), *_lines(where, row, "test_setup_code")]
    source = "\n".join([*before, *_lines(where, row, field)])
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise InputError(
            f'{where}: field "{field}" is not Python ({" ".join(str(error).split())}); correct it'
        ) from None
    checks = any(isinstance(step, ast.FunctionDef) and step.name == "check" for step in tree.body)
    called = any(isinstance(step, ast.Expr) for step in tree.body)
    if checks and not called:
        if entry is None:
            raise InputError(
                f"{where}: its tests define check(), and no entry_point says of what; add the field"
            )
        source += f"\ncheck({entry})\n"
    return source, entry


def _run_verdict(query: Query, completion: str) -> Verdict:
    if query.tests is None:
        return Verdict(None)
    found = run_code(
        program_of(query, completion), query.tests, timeout_seconds=query.timeout_seconds
    )
    if found.outcome == "not runnable":
        return Verdict(None, found.reason, found.protections)
    reason = "" if found.passed else f"{found.outcome}: {found.reason}"
    return Verdict(found.passed, reason, found.protections)


def _is_exactly(completion: str, reference: str | None) -> bool | None:
    if reference is None or not reference.strip():
        return None
    answers = [completion.strip(), (stated_part(completion) or "").strip()]
    return reference.strip() in answers


def _defines(source: str, name: str) -> bool:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return any(isinstance(step, kinds) and step.name == name for step in tree.body)


def _lines(where: str, row: dict[str, Any], field: str) -> list[str]:
    """Source of a field as texts: one text, or a list of them (also when written as text)."""
    value = row.get(field)
    if value is None or value == "":
        return []
    if isinstance(value, str) and value.lstrip().startswith("["):
        # A text that only looks like a list stays one.
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            value = ast.literal_eval(value.strip())
    if isinstance(value, list) and all(isinstance(line, str) for line in value):
        return value
    return [text_field(where, row, field)]


def _short(text: str | None) -> str:
    return " ".join((text or "").split())[:60]
