"""Query suites: numbering, defaults, and the one line each bad row gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attribution_engine.corpora.configuration import SUITES_FOLDER, load_config
from attribution_engine.corpora.suites import read_suites
from attribution_engine.records import InputError, SuiteConfig


def suite(tmp_path: Path, name: str, rows: list[dict[str, Any]], **settings: Any) -> SuiteConfig:
    path = tmp_path / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return SuiteConfig(path=path, suite=name, **settings)


def test_queries_are_numbered_over_all_suites(tmp_path: Path) -> None:
    given = [
        {"prompt": "1+1=", "completion": " 2", "reference": 2, "keywords": ["two"]},
        {"prompt": "1+2=", "completion": " 4", "reference": "3", "task": "sums"},
    ]
    made = [{"prompt": "Where?", "kind": "factual", "completion": "not read"}] * 3
    queries = read_suites(
        [
            suite(tmp_path, "sums", given),
            suite(tmp_path, "places", made, completions="generate", limit=2),
        ]
    )
    assert [query.query_id for query in queries] == [0, 1, 2, 3]
    assert [query.suite for query in queries] == ["sums", "sums", "places", "places"]
    assert [query.correct for query in queries] == [True, False, None, None]
    assert [query.task for query in queries] == ["sums", "sums", "places", "places"]
    assert queries[0].keywords == ("two",)
    assert queries[0].kind == "reasoning"
    assert (queries[2].kind, queries[2].completion) == ("factual", None)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompt": "a"}, r'line 1: has no completion; .*completions = "generate"'),
        ({"prompt": "a", "completion": None}, r"line 1: has no completion"),
        ({"prompt": "a", "completion": " "}, r'"completion" is empty'),
        ({"completion": "b"}, r'has no field "prompt"; the fields there are: completion'),
        ({"prompt": " ", "completion": "b"}, r'"prompt" is empty'),
        ({"prompt": 3, "completion": "b"}, r'"prompt" must be text'),
        ({"prompt": "a", "completion": "b", "kind": "fact"}, r'kind "fact" is unknown'),
        ({"prompt": "a", "completion": "b", "keywords": "c"}, r'"keywords" must be a list'),
        ({"prompt": "a", "completion": "b", "keywords": [1]}, r'"keywords" must be text'),
        ({"prompt": "a", "completion": "b", "reference": [1]}, r'"reference" must be text'),
    ],
)
def test_bad_row_is_one_line(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_suites([suite(tmp_path, "s", [row])])
    assert "\n" not in str(caught.value)


def test_nan_is_nothing_whatever_the_field(tmp_path: Path) -> None:
    nan = float("nan")
    row = {"prompt": "a", "completion": "b", "task": nan, "reference": nan, "keywords": nan}
    (query,) = read_suites([suite(tmp_path, "s", [row | {"kind": nan}])])
    assert (query.task, query.kind, query.reference) == ("s", "reasoning", None)
    assert (query.correct, query.keywords) == (None, ())


def test_a_set_is_one_query_of_all_rows(tmp_path: Path) -> None:
    rows = [{"prompt": f"1+{n}=", "completion": "2", "reference": n + 1} for n in range(5)]
    one, many = read_suites(
        [
            suite(tmp_path, "all", rows, as_set=True, limit=3),
            suite(tmp_path, "each", rows),
        ]
    )[:2]
    assert [item.correct for item in one.items] == [False, True, False]
    assert [item.query_id for item in one.items] == [0, 1, 2]
    assert (one.query_id, one.suite, one.kind, one.completion) == (0, "all", "reasoning", None)
    assert (many.query_id, many.suite, many.items) == (1, "each", ())


def test_code_is_not_run_when_a_suite_is_read(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("attribution_engine.corpora.verifiers.run_code", lambda *_a, **_k: 1 / 0)
    row = {"prompt": "a", "completion": "x = 1", "tests": "assert x", "entry_point": "f"}
    (query,) = read_suites([suite(tmp_path, "s", [row], verifier="code", timeout_seconds=2.0)])
    assert (query.correct, query.tests, query.entry_point) == (None, "assert x", "f")
    assert (query.verifier, query.timeout_seconds) == ("code", 2.0)


@pytest.mark.parametrize(
    ("verifier", "row", "message"),
    [
        ("numeric", {}, r"s.jsonl: line 1: is an item of a set, with no reference"),
        ("code", {"reference": "1"}, r"is an item of a set, with no tests"),
    ],
)
def test_items_of_a_set_can_be_marked(
    tmp_path: Path, verifier: str, row: dict[str, Any], message: str
) -> None:
    row |= {"prompt": "a", "completion": "b"}
    with pytest.raises(InputError, match=message):
        read_suites([suite(tmp_path, "s", [row], as_set=True, verifier=verifier)])


def test_spans_of_given_completions(tmp_path: Path) -> None:
    given = {"prompt": "a", "completion": "one two two"}
    rows = [
        given | {"span": [4, 7]},
        given | {"span_text": "one"},
        given | {"span_text": "two", "completion": "🙂 two"},
        given | {"span_pattern": "t.o"},
        given,
    ]
    queries = read_suites([suite(tmp_path, "s", rows, span_pattern="o")])
    assert [query.span for query in queries] == [(4, 7), (0, 3), (2, 5), None, None]
    assert [query.span_pattern for query in queries] == [None, None, None, "t.o", "o"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"span": [0, 12]}, r"does not lie in the 11 characters"),
        ({"span": [3, 3]}, r"does not lie in"),
        ({"span": [-1, 3]}, r"does not lie in"),
        ({"span": [0]}, r"two whole numbers"),
        ({"span": [0, True]}, r"two whole numbers"),
        ({"span": [0.0, 1.0]}, r"two whole numbers"),
        ({"span_text": "three"}, r"does not stand in the completion"),
        ({"span_text": ""}, r"does not stand in the completion"),
        ({"span_text": "two"}, r"stands more than once"),
        ({"span_pattern": "("}, r"is no regular expression"),
        ({"span_pattern": "one", "span": [0, 1]}, r"has span and span_pattern; keep one"),
    ],
)
def test_bad_span_is_one_line(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    row = {"prompt": "a", "completion": "one two two"} | fields
    with pytest.raises(InputError, match=rf"s.jsonl: line 1: .*{message}") as caught:
        read_suites([suite(tmp_path, "s", [row])])
    assert "\n" not in str(caught.value)


def test_a_generated_completion_takes_a_pattern_only(tmp_path: Path) -> None:
    row = {"prompt": "a", "span_text": "one"}
    with pytest.raises(InputError, match="use span_pattern"):
        read_suites([suite(tmp_path, "s", [row], completions="generate")])
    row = {"prompt": "a", "span_pattern": "one"}
    (query,) = read_suites([suite(tmp_path, "s", [row], completions="generate")])
    assert query.span_pattern == "one"


def configured(tmp_path: Path, lines: str) -> tuple[SuiteConfig, ...]:
    (tmp_path / "m").mkdir(exist_ok=True)
    for name in ("c", "s"):
        (tmp_path / f"{name}.jsonl").write_text("{}\n")
    config = tmp_path / "run.toml"
    config.write_text(
        f'name = "r"\n[model]\npath = "{tmp_path}/m"\n[corpus]\npath = "c.jsonl"\n'
        f'text = "text"\n[[queries]]\nfile = "s.jsonl"\n{lines}\n'
    )
    return load_config(config).suites


def test_a_file_can_be_single_queries_and_a_set(tmp_path: Path) -> None:
    more = '[[queries]]\nfile = "s.jsonl"\nname = "mean"\nset = true\nverifier = "code"\n'
    single, mean = configured(tmp_path, more + 'timeout_seconds = 3\nspan_pattern = "x+"')
    assert (single.suite, single.as_set, single.verifier) == ("s", False, "numeric")
    assert (mean.suite, mean.as_set, mean.verifier) == ("mean", True, "code")
    assert (mean.timeout_seconds, mean.span_pattern) == (3.0, "x+")
    assert mean.path == single.path


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('set = "yes"', r"queries\[1\].set must be true or false"),
        ('verifier = "judge"', r'queries\[1\].verifier = "judge" is unknown; .*"code"'),
        ("timeout_seconds = 0", r"timeout_seconds = 0 must be a finite number above 0"),
        ('span_pattern = "("', r"span_pattern is no regular expression"),
        ('[[queries]]\nfile = "s.jsonl"', r'the suite "s" twice; .*name = '),
    ],
)
def test_bad_settings_of_a_suite_are_one_line(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        configured(tmp_path, lines)
    assert "\n" not in str(caught.value)


def test_empty_or_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no query"):
        read_suites([suite(tmp_path, "s", [])])
    with pytest.raises(InputError, match="no such file"):
        read_suites([SuiteConfig(path=tmp_path / "no.jsonl", suite="no")])


@pytest.mark.parametrize("path", sorted(SUITES_FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_suites_of_the_project_can_be_read(path: Path) -> None:
    assert read_suites([SuiteConfig(path=path, suite=path.stem, completions="generate")])
