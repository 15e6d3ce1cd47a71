"""What ships: a store that keeps its promises, and the model and queries it was made from."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import duckdb
import pytest

from attribution_engine.corpora.suites import read_suites
from attribution_engine.influence.completions import complete_queries
from attribution_engine.influence.model import load_model, load_tokenizer
from attribution_engine.influence.query_gradients import completion_nats
from attribution_engine.records import ModelConfig, SuiteConfig
from attribution_engine.store.verify import verify
from tests.influence.tiny_models import CPU, tracked_model

ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / "data" / "runs" / "demo.duckdb"
MODEL = ROOT / "data" / "models" / "demo"
SUITES = {
    "arithmetic": 20,
    "slopes": 20,
    "linear_equations": 20,
    "factual": 20,
    "factual_control": 10,
    "reasoning_control": 10,
    "gsm8k_style": 10,
    "aime_style": 10,
}


@pytest.fixture(scope="module")
def store():
    connection = duckdb.connect(str(STORE), read_only=True)
    yield connection
    connection.close()


def test_the_shipped_store_keeps_its_promises():
    assert verify(STORE) == []


def test_store_and_model_are_small_enough_to_ship():
    files = [STORE, *MODEL.iterdir()]
    assert sum(file.stat().st_size for file in files) <= 25 * 2**20


def test_every_suite_was_answered_in_full(store):
    counts = dict(store.execute("SELECT suite, count(*) FROM queries GROUP BY 1").fetchall())
    assert counts == SUITES


def test_the_corpus_is_large_and_of_the_eight_sources(store):
    counts = store.execute("SELECT source, count(*) FROM documents GROUP BY 1").fetchall()
    assert sum(n for _, n in counts) >= 3000
    assert {source for source, _ in counts} == {
        "wiki",
        "math_and_trivia",
        "stackexchange",
        "arxiv_markdown",
        "code",
        "general_knowledge",
        "multilingual",
        "webdata",
    }


def test_the_model_that_ships_gives_the_completions_and_nats_in_the_store(store):
    config = ModelConfig(str(MODEL))
    model, tokenizer = load_model(config, CPU), load_tokenizer(config)
    tracked = tracked_model(model)
    # Not load_config: the corpus, which the demo writes, does not ship.
    entries = tomllib.loads((ROOT / "data" / "configs" / "demo.toml").read_text())["queries"]
    limits = {entry["suite"]: entry["max_new_tokens"] for entry in entries}
    folder = ROOT / "data" / "queries"
    queries = read_suites([SuiteConfig(folder / f"{n}.jsonl", n, "generate") for n in limits])
    for query_id in (0, 25, 61, 95, 118):
        (done,), _ = complete_queries([queries[query_id]], limits, model, tokenizer, CPU)
        row = store.execute(
            "SELECT completion, correct, nats, token_ends FROM queries WHERE query_id = ?",
            [query_id],
        ).fetchone()
        assert (done.query.completion, done.query.correct) == row[:2]
        assert completion_nats(tracked, done.tokens)[0] == pytest.approx(row[2], rel=1e-3)
        assert list(done.tokens.token_ends) == row[3]


def test_what_helps_a_slope_query_most_is_about_slopes(store):
    top = store.execute(
        """SELECT query_id, doc_id, category FROM influence JOIN documents USING (doc_id)
        JOIN queries USING (query_id) WHERE suite = 'slopes' AND influence.rank <= 10"""
    ).fetchall()
    share = sum(category == "slope" for _, _, category in top) / len(top)
    corpus = store.execute("SELECT avg((category = 'slope')::INT) FROM documents").fetchone()[0]
    assert share > 0.8
    assert corpus < 0.2


def test_provenance_says_how_the_model_was_made(store):
    training = json.loads((MODEL / "training.json").read_text())
    assert training["seconds"] <= 40 * 60
    assert {"command", "seed", "machine", "tokens", "corpus"} <= set(training)
    notes, corpus = store.execute("SELECT notes, n_documents FROM run").fetchone()
    assert "Synthetic" in notes
    assert training["corpus"]["documents"] == corpus
