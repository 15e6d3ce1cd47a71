"""What ships: stores that keep their promises, and the models and queries they were made from."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attribution_engine.corpora.suites import read_suites
from attribution_engine.findings.claims import FINDINGS
from attribution_engine.findings_again import findings_again
from attribution_engine.influence.completions import complete_queries
from attribution_engine.influence.model import load_model, load_tokenizer
from attribution_engine.influence.query_gradients import completion_nats
from attribution_engine.records import ModelConfig, Span, SuiteConfig
from attribution_engine.store.finding_schema import FINDING_TABLES
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.verify import verify
from attribution_engine.text.behaviours import detect
from tests.influence.tiny_models import CPU, tracked_model

ROOT = Path(__file__).resolve().parents[1]
RUNS = ("demo", "demo_large", "demo_sft")
BASE_RUNS = RUNS[:2]
TASKS = ("arithmetic", "slopes", "linear_equations")
SUITES = {
    "demo": {
        "arithmetic": 20,
        "slopes": 20,
        "linear_equations": 20,
        "factual": 40,
        "factual_control": 10,
        "reasoning_control": 10,
        "planted_facts": 20,
    },
    "demo_large": {"slopes": 20, "linear_equations": 20, "factual": 20, "planted_facts": 10},
    "demo_sft": {
        "gsm8k_style": 12,
        "aime_style": 12,
        "mbpp_style": 12,
        "gsm8k_style_set": 1,
        "aime_style_set": 1,
        "mbpp_style_set": 1,
    },
}
MEGABYTE = 2**20


def store_of(name: str) -> Path:
    return ROOT / "data" / "runs" / f"{name}.duckdb"


def model_of(name: str) -> Path:
    return ROOT / "data" / "models" / name


def report_of(name: str, file: str) -> dict[str, Any]:
    return json.loads((model_of(name) / file).read_text())


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Iterator[tuple[str, duckdb.DuckDBPyConnection]]:
    connection = duckdb.connect(str(store_of(request.param)), read_only=True)
    yield request.param, connection
    connection.close()


@pytest.mark.parametrize("name", RUNS)
def test_a_shipped_store_keeps_its_promises(name: str) -> None:
    assert verify(store_of(name)) == []


def test_what_ships_is_small_enough() -> None:
    files = [path for path in (ROOT / "data").rglob("*") if "work" not in path.parts]
    assert sum(path.stat().st_size for path in files if path.is_file()) <= 50 * MEGABYTE


@pytest.mark.slow
@pytest.mark.parametrize("name", ["demo_large", "demo_sft"])
def test_the_shipped_findings_are_those_that_the_engine_computes(name: str, tmp_path: Path) -> None:
    again = tmp_path / "again.duckdb"
    claims = findings_again(store_of(name), again)
    shipped = StoreReader(store_of(name)).claims()
    assert [(one.claim, one.standing) for one in shipped] == [
        (one.claim, one.standing) for one in claims
    ]
    assert {one.finding for one in claims} == set(FINDINGS)
    with (
        duckdb.connect(str(again), read_only=True) as new,
        duckdb.connect(str(store_of(name)), read_only=True) as old,
    ):
        for table in FINDING_TABLES:
            if table in ("finding", "finding_setting"):  # words and seconds
                continue
            rows = [each.execute(f"FROM {table} ORDER BY rowid").fetchall() for each in (new, old)]
            assert len(rows[0]) == len(rows[1]), table
            for one, other in zip(*rows, strict=True):
                assert all(map(_alike, one, other)), (table, one, other)


def _alike(one: Any, other: Any) -> bool:
    """Whether two cells are the same, numbers up to what another processor rounds otherwise."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-4, abs_tol=1e-9)
    return bool(one == other)


@pytest.mark.slow
def test_the_rules_agree_with_the_marks_of_the_traces_as_the_note_says() -> None:
    said = {
        "explores_after_answer": 0.90,
        "explores_before_answer": 0.81,
        "verifies": 0.85,
        "backtracks": 0.92,
    }
    marked: dict[str, list[bool]] = {name: [] for name in said}
    with duckdb.connect(str(store_of("demo_sft")), read_only=True) as store:
        rows = store.execute(
            """SELECT any_value(text), any_value(prompt_chars),
                list(("start", "end", kind, behaviour) ORDER BY span_id)
            FROM documents JOIN spans USING (doc_id) GROUP BY doc_id"""
        ).fetchall()
    for text, prompt_chars, spans in rows:
        read = detect(text, [Span(*one[:3]) for one in spans], prompt_chars)
        for one, behaviour in zip(spans, read, strict=True):
            if one[3]:
                marked[one[3]].append(one[3] == behaviour)
    for name, share in said.items():
        assert len(marked[name]) == 640
        assert sum(marked[name]) / 640 == pytest.approx(share, abs=0.006), name


def test_every_suite_was_answered_in_full(run: tuple[str, duckdb.DuckDBPyConnection]) -> None:
    name, store = run
    counts = dict(store.execute("SELECT suite, count(*) FROM queries GROUP BY 1").fetchall())
    assert counts == SUITES[name]


def test_the_corpora_are_as_large_as_promised(
    run: tuple[str, duckdb.DuckDBPyConnection],
) -> None:
    name, store = run
    counts = dict(store.execute("SELECT source, count(*) FROM documents GROUP BY 1").fetchall())
    if name in BASE_RUNS:
        assert sum(counts.values()) >= 10_000
        assert set(counts) == {
            "wiki",
            "math_and_trivia",
            "stackexchange",
            "arxiv_markdown",
            "code",
            "general_knowledge",
            "multilingual",
            "webdata",
        }
    else:
        assert sum(counts.values()) >= 3_000
        behaviours = store.execute(
            "SELECT metadata ->> 'behaviour', count(*) FROM documents GROUP BY 1"
        ).fetchall()
        assert {behaviour for behaviour, _ in behaviours} == {
            "explores_after_answer",
            "explores_before_answer",
            "verifies",
            "backtracks",
            "none",
        }
        assert min(count for _, count in behaviours) >= 500


def test_the_model_that_ships_gives_the_completions_and_nats_in_the_store(
    run: tuple[str, duckdb.DuckDBPyConnection],
) -> None:
    name, store = run
    config = ModelConfig(str(model_of(name)))
    model, tokenizer = load_model(config, CPU), load_tokenizer(config)
    tracked = tracked_model(model)
    # Not load_config: the corpus, which the demo writes, does not ship.
    raw = tomllib.loads((ROOT / "data" / "configs" / f"{name}.toml").read_text())["queries"]
    entries = [entry for entry in raw if not entry.get("set")]
    files = [
        ROOT / entry.get("file", f"data/queries/{entry.get('suite')}.jsonl") for entry in entries
    ]
    suites = [
        SuiteConfig(
            file,
            entry.get("name", entry.get("suite")),
            entry["completions"],
            limit=entry.get("limit"),
            verifier=entry.get("verifier", "numeric"),
        )
        for file, entry in zip(files, entries, strict=True)
    ]
    limits = {
        suite.suite: entry.get("max_new_tokens", 128)
        for suite, entry in zip(suites, entries, strict=True)
    }
    queries = read_suites(suites)
    for query_id in range(2, len(queries), 14):
        (done,), _ = complete_queries([queries[query_id]], limits, model, tokenizer, CPU)
        row = store.execute(
            "SELECT completion, correct, nats, token_ends FROM queries WHERE query_id = ?",
            [query_id],
        ).fetchone()
        assert row is not None
        assert (done.query.completion, done.query.correct) == row[:2]
        assert completion_nats(tracked, done.tokens)[0] == pytest.approx(row[2], rel=1e-3)
        assert list(done.tokens.token_ends) == row[3]


@pytest.mark.parametrize("name", BASE_RUNS)
@pytest.mark.parametrize("task", TASKS)
def test_a_base_model_meets_the_papers_entry_condition(name: str, task: str) -> None:
    fresh = report_of(name, "accuracy.json")["suites"][f"{task}, fresh"]
    assert fresh["n"] == 100
    assert fresh["right"] / fresh["n"] >= 0.8


@pytest.mark.parametrize("name", BASE_RUNS)
def test_half_of_the_factual_questions_are_answered_wrong(name: str) -> None:
    with duckdb.connect(str(store_of(name)), read_only=True) as store:
        found = store.execute(
            "SELECT count(*), count_if(correct) FROM queries WHERE suite = 'factual'"
        ).fetchone()
    assert found is not None
    assert found[1] * 2 == found[0]


@pytest.mark.parametrize("name", BASE_RUNS)
def test_what_helps_a_slope_query_most_is_about_slopes(name: str) -> None:
    with duckdb.connect(str(store_of(name)), read_only=True) as store:
        top = store.execute(
            """SELECT avg((category = 'slope')::INT) FROM influence JOIN documents USING (doc_id)
            JOIN queries USING (query_id) WHERE suite = 'slopes' AND influence.rank <= 10"""
        ).fetchone()
        corpus = store.execute("SELECT avg((category = 'slope')::INT) FROM documents").fetchone()
    assert top is not None and corpus is not None
    assert corpus[0] < 0.2
    assert top[0] > 2.5 * corpus[0]


def test_provenance_says_how_each_model_was_made(
    run: tuple[str, duckdb.DuckDBPyConnection],
) -> None:
    name, store = run
    training = report_of(name, "training.json")
    assert training["seconds"] <= 3 * 60 * 60
    assert {"command", "seed", "machine", "tokens", "corpus", "optimiser"} <= set(training)
    row = store.execute("SELECT notes, n_documents, n_parameters, accuracy FROM run").fetchone()
    assert row is not None
    assert "Synthetic" in row[0]
    assert training["corpus"]["documents"] == row[1]
    assert training["parameters"] == row[2]
    shares = json.loads(row[3])
    assert shares["slopes, fresh"]["n"] == 100
