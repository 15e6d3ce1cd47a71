"""Rows of queries and of the items of set queries: what they say, and that the store takes them."""

from __future__ import annotations

import duckdb
import pytest
import torch
from transformers import AutoTokenizer

from attribution_engine.influence.completions import complete_queries
from attribution_engine.influence.model import load_model
from attribution_engine.query_rows import query_item_rows, query_rows
from attribution_engine.records import ModelConfig, Query
from attribution_engine.store.promises import QUERIES
from attribution_engine.store.writer import building
from tests.tiny_run import write_model

CPU = torch.device("cpu")


def asked(n: int, prompt: str, completion: str, **fields) -> Query:
    return Query(n, "asked", "asked", "reasoning", prompt, completion, **fields)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A single query, one with a span, and a set of which two of three items are right."""
    folder = write_model(tmp_path_factory.mktemp("model"))
    model = load_model(ModelConfig(str(folder)), CPU)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    items = (
        asked(0, "1 + 1 =", " 2", reference="2"),
        asked(1, "1 + 2 =", " 2", reference="3"),
        asked(2, "the\nslope of a line", " is over\n3", reference="3"),
        asked(3, "so", " 3", reference="3", span_pattern="none"),
    )
    queries = [
        asked(0, "so", " 1", keywords=("one",)),
        asked(1, "so", " one two", span=(1, 4)),
        Query(2, "asked", "asked", "reasoning", "", items=items),
    ]
    completed, _ = complete_queries(queries, {"asked": 4}, model, tokenizer, CPU)

    def nats_of(text):
        """One token at a time, each from a pass of its own over what stands before it."""
        found = []
        for at in range(text.starts, len(text.ids)):
            logits = model(torch.tensor([text.ids[:at]])).logits[0, -1].double()
            has_loss = text.has_loss[at - text.starts]
            found.append(-float(logits.log_softmax(0)[text.ids[at]]) if has_loss else 0.0)
        return sum(found), found

    return completed, nats_of


def test_a_set_has_the_mean_of_its_items_nats_and_all_their_tokens(made):
    completed, nats_of = made
    _, span, mean = query_rows(completed, nats_of)
    rows = list(query_item_rows(completed, nats_of))
    assert [row["in_set"] for row in rows] == [True, False, True, False]
    assert [row["item"] for row in rows] == [1, 2, 3, 4]
    assert {row["query_id"] for row in rows} == {2}
    right = [row for row in rows if row["in_set"]]
    assert mean["nats"] == pytest.approx((right[0]["nats"] + right[1]["nats"]) / 2)
    assert mean["n_tokens"] == right[0]["n_tokens"] + right[1]["n_tokens"]
    assert (rows[3]["nats"], rows[3]["n_tokens"], rows[3]["token_ends"]) == (None, 0, None)
    # Each line of the description carries its item's share of the mean.
    text = mean["prompt"] + mean["completion"]
    shares: dict[str, float] = {}
    start, line = 0, ""
    for end, nats in zip(mean["token_ends"], mean["token_nats"], strict=True):
        line = text[start:end] or line
        shares[line] = shares.get(line, 0.0) + nats
        start = end
    assert list(shares) == [mean["prompt"], "1: 1 + 1 =\n", "3: the slope of a line"]
    assert list(shares.values()) == pytest.approx([0, right[0]["nats"] / 2, right[1]["nats"] / 2])
    assert span["span"] == (1, 4)
    assert span["n_tokens"] < len(completed[1].tokens.token_ends) - 1


def test_the_store_takes_the_rows_and_its_promises_hold(made, tmp_path):
    completed, nats_of = made
    path = tmp_path / "s.duckdb"
    with building(path) as store:
        store.insert("queries", query_rows(completed, nats_of))
        store.insert("query_items", query_item_rows(completed, nats_of))
    with duckdb.connect(str(path), read_only=True) as connection:
        for promise in QUERIES:
            assert connection.execute(promise.broken).fetchall() == []
        kept = connection.execute(
            "SELECT item, correct, in_set, completion, len(token_ends) FROM query_items ORDER BY 1"
        ).fetchall()
        spans = connection.execute("SELECT span FROM queries ORDER BY query_id").fetchall()
    assert [row[:4] for row in kept] == [
        (1, True, True, " 2"),
        (2, False, False, " 2"),
        (3, True, True, " is over\n3"),
        (4, True, False, " 3"),
    ]
    assert spans == [(None,), ([1, 4],), (None,)]
