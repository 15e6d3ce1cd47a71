"""The configurations in data/configs, and the script that writes one run's corpus."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attribution_engine.corpora.configuration import load_config
from attribution_engine.corpora.documents import count_documents, read_documents
from attribution_engine.corpora.suites import read_suites
from attribution_engine.records import CorpusConfig, SuiteConfig

PROJECT = Path(__file__).resolve().parents[2]
CONFIGS = PROJECT / "data" / "configs"
REAL = PROJECT.parent / "shared" / "real"


@pytest.fixture(scope="module")
def real_mix() -> ModuleType:
    found = importlib.util.spec_from_file_location("real_mix", CONFIGS / "real_mix.py")
    assert found and found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def small_datasets(folder: Path) -> None:
    """The files that the script reads, each with a few rows of our own."""
    sums = [
        {
            "question": f"Ann has {i} pens and buys 2.",
            "answer": f"<<{i}+2>>So {i + 2}.\n#### {i + 2}",
        }
        for i in range(40)
    ]
    for name, rows in (("gsm8k_train", sums[:20]), ("gsm8k_test", [*sums[20:], sums[3]])):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text)
    tables: dict[str, list[dict[str, Any]]] = {
        "math": [
            {
                "problem": f"Find ${i}+1$.",
                "solution": f"It is $\\boxed{{{i + 1}}}$.",
                "level": "Level 1",
                "type": "Algebra",
                "in_math500": i % 2 == 0,
            }
            for i in range(40)
        ],
        # Set otherwise, but the problem 21 is also in the rows above.
        "aime_1983_2023": [{"problem": "Find $ 21 + 1 $", "solution": "Add.", "answer": "22"}],
        "mbpp": [{"text": "Write a function.", "code": "def f():\r\n    return 1"}],
        "r1_distill_cots": [
            {
                "problem": f"Find ${i}+1$.",
                "trace": "Solve. <think>\n" + "One paragraph of words.\n\n" * 200,
                "level": "Level 1",
                "type": "Algebra",
            }
            for i in (4, 21, 7, 7, 7)
        ],
        "algorithms_python": [{"path": "sorts/a.py", "text": "x = 1\n\n" * 600}],
        "trivia": [
            {"category": "birds", "question": f"Which bird {i}?", "answer": "The owl"}
            for i in range(40)
        ]
        + [{"category": "birds", "question": "Which?", "answer": None}],
    }
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), folder / f"{name}.parquet")


def test_no_asked_problem_is_in_the_corpus(real_mix: ModuleType, tmp_path: Path) -> None:
    small_datasets(tmp_path)
    queries = real_mix.all_queries(tmp_path)
    documents = real_mix.all_documents(tmp_path, queries)
    texts = [real_mix.key(row["text"]) for row in documents]
    for rows in queries.values():
        assert rows
        for row in rows:
            asked = real_mix.key(row["prompt"])
            assert not any(text.startswith(asked) for text in texts)
    sources = {row["source"] for row in documents}
    assert sources == {"gsm8k", "math solutions", "reasoning traces", "algorithms", "trivia"}
    assert max(len(row["text"]) for row in documents) <= real_mix.BUDGET
    traces = [row["origin"] for row in documents if row["source"] == "reasoning traces"]
    assert sorted(origin.split(", ")[1] for origin in traces) == ["beginning", "end"]


def test_what_the_script_writes_can_be_read(real_mix: ModuleType, tmp_path: Path) -> None:
    small_datasets(tmp_path)
    queries = real_mix.all_queries(tmp_path)
    real_mix.write(tmp_path / "corpus.jsonl", real_mix.all_documents(tmp_path, queries))
    raw = tomllib.loads((CONFIGS / "real_mix.toml").read_text())["corpus"]
    raw |= {"path": tmp_path / "corpus.jsonl", "metadata": tuple(raw["metadata"])}
    assert all(document.text for document in read_documents(CorpusConfig(**raw)))
    for suite, rows in queries.items():
        path = tmp_path / f"{suite}.jsonl"
        real_mix.write(path, rows)
        read = read_suites([SuiteConfig(path=path, suite=suite)])
        assert all(query.correct is not False for query in read)


def test_cuts_fall_on_ends(real_mix: ModuleType) -> None:
    text = "First paragraph here.\n\nSecond one. It has\ntwo lines."
    assert real_mix.cut(text, 30) == "First paragraph here."
    assert real_mix.cut("One sentence. Two words", 20) == "One sentence."
    assert real_mix.cut("x" * 50, 20) == "x" * 20
    assert real_mix.cut_end(text, 33) == "Second one. It has\ntwo lines."
    assert real_mix.cut(text, 500) == real_mix.cut_end(text, 500) == text


def test_without_the_datasets_there_is_one_line(
    real_mix: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["real_mix.py", str(tmp_path)])
    assert real_mix.main() == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "has no gsm8k_train.jsonl" in said


def test_openings_can_be_read() -> None:
    path = CONFIGS / "stories260k_openings.jsonl"
    queries = read_suites([SuiteConfig(path=path, suite="openings", completions="generate")])
    assert len({query.prompt for query in queries}) == 20


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there: no real input to read")
def test_the_stories_run_reads_real_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    config = load_config(Path("data/configs/stories260k.toml"))
    documents = list(read_documents(config.corpus))
    assert len(documents) == count_documents(config.corpus) == 2000
    assert {document.source for document in documents} == {"tinystories", "wikitext"}
    prompts = [query.prompt for query in read_suites(config.suites)]
    assert not any(document.text.startswith(tuple(prompts)) for document in documents)
