"""Query suites: numbering, defaults, and the one line each bad row gets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attribution_engine.corpora.configuration import SUITES_FOLDER
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


def test_empty_or_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no query"):
        read_suites([suite(tmp_path, "s", [])])
    with pytest.raises(InputError, match="no such file"):
        read_suites([SuiteConfig(path=tmp_path / "no.jsonl", suite="no")])


@pytest.mark.parametrize("path", sorted(SUITES_FOLDER.glob("*.jsonl")), ids=lambda path: path.stem)
def test_suites_of_the_project_can_be_read(path: Path) -> None:
    assert read_suites([SuiteConfig(path=path, suite=path.stem, completions="generate")])
