"""A store whose facts stand at the top of their queries, and whose steps stand far down."""

from __future__ import annotations

import random
from pathlib import Path

import duckdb
import numpy as np

from attribution_engine.finding_stages import answers
from attribution_engine.store.writer import StoreWriter
from tests.finding_stages.filled import fill_into
from tests.store.small_store import add_derived
from tests.synthetic_store import write_synthetic_store

N = 1200


def planted_answers(path: Path) -> Path:
    """1,200 documents, ten facts and ten sums of two steps; all other documents are noise."""
    write_synthetic_store(path)
    plant(path)
    fill_into(path, answers.fill)
    return path


def plant(path: Path) -> None:
    """Writes other documents, queries and scores into a store of invented ones."""
    draw, rng = random.Random(5), np.random.default_rng(5)
    texts = [
        f"{draw.randint(1, 60)} {draw.choice('+-*/')} {draw.randint(1, 60)} = {draw.randint(1, 60)}"
        f" and the {draw.choice(('river', 'city', 'lake'))} of Oz, {draw.randint(100, 999)}."
        for _ in range(N)
    ]
    queries: list[tuple[str, str, str, str, str]] = []
    places: dict[int, int] = {}
    for number in range(10):
        texts[number * 7] = f"In our book the capital of Land{number}ia is Town{number}burg. So."
        queries.append(
            ("facts", "factual", f"What is the capital of Land{number}ia?", f" Town{number}burg.",
             f"Town{number}burg")
        )  # fmt: skip
        places[number] = number * 7
    for number in range(10, 20):
        one, other, more = 60 + number, 100 + number, 31 + number
        texts[number * 11] = f"We know {one} \u2212 {other} = {one - other}, that is all."
        texts[number * 11 + 500] = rf"Also ${one - other} \times {more} = {(one - other) * more}$."
        queries.append(
            ("sums", "reasoning", f"Calculate ({one} - {other}) * {more}.",
             f" {one} - {other} = {one - other}. {one - other} * {more} = {(one - other) * more}.",
             str((one - other) * more))
        )  # fmt: skip
    influence = rng.normal(size=(len(queries), N)).astype(np.float32)
    for query_id, doc_id in places.items():
        influence[query_id, doc_id] = 100.0
    for number in range(10, 20):  # far from the top, and not at the bottom either
        influence[number, [number * 11, number * 11 + 500]] = 0.0
    with duckdb.connect(str(path)) as connection:
        for table in ("documents", "queries", "influence", "words", "token_influence", "spans",
                      "span_influence", "rank_curve", "rank_fit", "query_correlation",
                      "document_influence", "query_items"):  # fmt: skip
            connection.execute(f"DELETE FROM {table}")
        writer = StoreWriter(connection, create=False)
        writer.insert(
            "documents",
            ({"doc_id": i, "text": text, "prompt_chars": 0, "source": "web", "n_tokens": 1,
              "token_ends": [len(text)], "metadata": "{}"} for i, text in enumerate(texts)),
        )  # fmt: skip
        writer.insert(
            "queries",
            ({"query_id": i, "suite": suite, "task": suite, "kind": kind, "prompt": prompt,
              "completion": completion, "reference": reference, "correct": True, "nats": 2.0,
              "n_tokens": 1, "token_ends": [1], "token_nats": [2.0],
              "keywords": "[]"}
             for i, (suite, kind, prompt, completion, reference) in enumerate(queries)),
        )  # fmt: skip
        for query_id, row in enumerate(influence):
            order = np.argsort(-row, kind="stable").tolist()
            writer.insert(
                "influence",
                [
                    {"query_id": query_id, "doc_id": doc, "influence": float(row[doc]),
                     "rank": rank, "rank_normed": rank}
                    for rank, doc in enumerate(order, start=1)
                ],
            )  # fmt: skip
        connection.execute(f"UPDATE run SET n_documents = {N}, n_queries = {len(queries)}")
        add_derived(connection)
