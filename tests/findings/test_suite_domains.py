"""Which suites are about math, which about code, which about neither."""

from __future__ import annotations

import pytest

from attribution_engine.findings.suite_domains import suite_domains
from tests.findings.planted_groups import query

FENCED = " Here it is.\n```python\ndef f(x):\n    return x + 1\n```\n"


@pytest.mark.parametrize(
    ("suite", "kind", "completion", "about"),
    [
        ("a suite", "reasoning", FENCED, "code"),
        ("a suite", "reasoning", "def f(x):\n    return x\n", "code"),
        ("mbpp_wrong", "reasoning", " I do not know.", "code"),
        ("LiveCodeBench v5", "reasoning", " no", "code"),
        ("gsm8k", "reasoning", " no", "math"),
        ("aime24", "reasoning", " no", "math"),
        ("a suite", "reasoning", " 3 + 4 = 7, so it is 7.", "math"),
        ("a suite", "reasoning", r" It is $\frac{1}{2}$.", "math"),
        ("zebra", "reasoning", " The Dane lives in the red house.", "other"),
        ("math facts", "factual", " 3 + 4 = 7", "other"),
        ("slopes_control", "control", " 3 + 4 = 7", "other"),
        ("empty", "reasoning", "", "other"),
    ],
)
def test_the_rule(suite: str, kind: str, completion: str, about: str) -> None:
    queries = [query(i, suite, kind, completion=completion) for i in range(3)]
    assert suite_domains(queries) == {suite: about}


def test_half_of_the_queries_decide_and_suites_keep_their_order() -> None:
    queries = [
        query(0, "z", completion=FENCED),
        query(1, "z", completion=" nothing"),
        query(2, "a", completion=FENCED),
        query(3, "a", completion=" x"),
        query(4, "a", completion=" y"),
        query(5, "m", "factual"),
        query(6, "m", completion="1 + 1"),
    ]
    found = suite_domains(queries)
    assert found == {"z": "code", "a": "other", "m": "other"} and list(found) == ["z", "a", "m"]
    assert suite_domains([]) == {}
