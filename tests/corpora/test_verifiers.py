"""Verifiers: exact, numeric and code; the shapes in which tests come; sets and their rows."""

from __future__ import annotations

from typing import Any

import pytest

from attribution_engine.corpora.verifiers import (
    can_verify,
    program_of,
    read_tests,
    verify_completion,
)
from attribution_engine.records import InputError, Query

HALF = "from math import floor\n\n\ndef half(x):\n    '''Half of x, rounded down.'''\n"
CHECK = "def check(candidate):\n    assert candidate(5) == 2\n    assert candidate(-1) == -1\n"


def query(verifier: str, reference: str | None = None, **fields: Any) -> Query:
    return Query(0, "s", "s", "reasoning", fields.pop("prompt", "?"), reference=reference,
                 verifier=verifier, **fields)  # fmt: skip


@pytest.mark.parametrize(
    ("verifier", "completion", "reference", "correct"),
    [
        ("exact", " yes \n", "yes", True),
        ("exact", "Yes", "yes", False),
        ("exact", "yes, I think", "yes", False),
        ("exact", "so \\boxed{yes}!", "yes", True),
        ("exact", "3.0", "3", False),
        ("exact", "3", None, None),
        ("numeric", "it is 3.0", "3", True),
        ("numeric", "it is 4", "3", False),
        ("numeric", "it is 4", None, None),
        ("code", "x = 3", "3", None),  # code is marked by tests alone
    ],
)
def test_each_verifier_has_its_own_idea_of_right(verifier, completion, reference, correct):
    verdict = verify_completion(query(verifier, reference), completion)
    assert verdict.correct is correct
    assert can_verify(query(verifier, reference)) is (correct is not None)
    if correct is False:
        assert verdict.reason


def test_code_is_right_if_its_tests_pass_and_the_verdict_says_why_not():
    tests, _ = read_tests("row", {"test_list": ["assert half(5) == 2", "assert half(0) == 0"]})
    asked = query("code", tests=tests)
    right = verify_completion(asked, "```python\ndef half(x):\n    return x // 2\n```")
    assert right.correct is True
    assert right.protections
    wrong = verify_completion(asked, "def half(x): return x / 2")
    assert wrong.correct is False
    assert wrong.reason == "failed: AssertionError (line 1 of the tests)"
    slow = verify_completion(query("code", tests=tests, timeout_seconds=0.1), "while True: pass")
    assert (slow.correct, slow.reason) == (False, "timeout: still running after 0.1 seconds")


@pytest.mark.parametrize(
    "completion",
    [
        "    return floor(x / 2)\n",
        "```python\ndef half(x):\n    return floor(x / 2)\n```",
        "Here:\n```python\n" + HALF + "    return floor(x / 2)\n```\nDone.",
        "```python\n    return floor(x / 2)\n```",
    ],
)
def test_a_prompt_that_begins_the_function_stands_before_the_code(completion):
    tests, entry = read_tests("row", {"test": CHECK, "entry_point": "half"})
    asked = query("code", tests=tests, entry_point=entry, prompt=HALF)
    assert verify_completion(asked, completion).correct is True
    assert verify_completion(asked, completion.replace("x / 2", "x / 3")).correct is False


def test_a_prompt_in_words_is_no_part_of_the_program():
    asked = query("code", tests="", entry_point="half", prompt="Write half(x).")
    assert program_of(asked, "def half(x): return x") == "def half(x): return x"


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, (None, None)),
        ({"tests": "assert True"}, ("assert True", None)),
        ({"tests": ["a = 1", "assert a"]}, ("a = 1\nassert a", None)),
        ({"test_list": "['assert 1', \"assert 'a'\"]"}, ("assert 1\nassert 'a'", None)),
        (
            {"test_imports": ["import math"], "test_list": ["assert math"], "entry_point": "f"},
            ("import math\nassert math", "f"),
        ),
        ({"test_setup_code": "x = 1", "test_list": ["assert x"]}, ("x = 1\nassert x", None)),
        ({"tests": "[assert_is(1), 2]"}, ("[assert_is(1), 2]", None)),
    ],
)
def test_shapes_of_tests(row, expected):
    assert read_tests("row", row) == expected


def test_a_check_is_called_once():
    source, entry = read_tests("row", {"test": CHECK, "entry_point": "half"})
    assert entry == "half"
    assert source is not None and source.count("check(half)") == 1
    called = CHECK + "check(half)\n"
    assert read_tests("row", {"tests": called, "entry": "half"})[0] == called


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tests": "assert ("}, r'row: field "tests" is not Python'),
        ({"tests": 3}, r'"tests" must be text'),
        ({"tests": ["a", 1]}, r'"tests" must be text'),
        ({"test": CHECK}, r"define check\(\), and no entry_point"),
        ({"tests": "pass", "entry_point": "f(); import os"}, r"must be the name of a function"),
    ],
)
def test_bad_tests_are_one_line(row, message):
    with pytest.raises(InputError, match=message) as caught:
        read_tests("row", row)
    assert "\n" not in str(caught.value)
