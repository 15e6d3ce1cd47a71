"""A small store of invented texts whose connectives carry more on math, and code syntax on code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from attribution_engine.finding_stages import tokens
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.store.finding_reads import read_run_scores
from attribution_engine.store.schema import SCHEMA_VERSION, create_statements
from attribution_engine.store.writer import StoreWriter

DOCUMENTS, TAIL, BOOST = 30, 10, 3.0
TOKEN = re.compile(r"\s*(?:[^\W\d]+|\d+|[^\w\s]|_)|\s+$")
CONNECTIVE_WORDS = ("Wait", "so", "then", "However", "therefore")
WORDS = (*CONNECTIVE_WORDS, "the", "sum", "of", "all", "parts", "is", "number", "we", "find", "big")
CODE = "\n```python\nif a:\n    return (b)\n```\n"
SUITES = (("gsm8k_like", 14), ("mbpp_like", 12), ("facts", 3))


def texts(random: np.random.Generator) -> list[str]:
    """Prose with connectives; every second text ends in code."""
    found = []
    for doc_id in range(DOCUMENTS):
        prose = " ".join(random.choice(WORDS, 40))
        found.append(f"Ask: {doc_id}\n{prose} on the other hand 12.{CODE if doc_id % 2 else ''}")
    return found


def write(path: Path, seed: int = 0, **changes: Any) -> Path:
    """Writes the store; its token scores are of random sign, larger where that is planted.

    Args:
        changes: `suites`; `alignments`; `boost` of what is planted.
    """
    random = np.random.default_rng(seed)
    documents = texts(random)
    suites = changes.get("suites", SUITES)
    alignments = changes.get("alignments", ("predicted", "update"))
    boost = changes.get("boost", BOOST)
    with duckdb.connect(str(path)) as connection:
        for statement in create_statements():
            connection.execute(statement)
        n_queries = sum(n for _, n in suites)
        connection.execute(
            """INSERT INTO run (name, schema_version, method, n_documents, n_queries,
            token_alignment, tail) VALUES ('tokens', ?, 'ek-fac', ?, ?, ?, ?)""",
            [SCHEMA_VERSION, DOCUMENTS, n_queries, ",".join(alignments), TAIL],
        )
        store = StoreWriter(connection, create=False)
        ends = [[match.end() for match in TOKEN.finditer(text)] for text in documents]
        store.insert(
            "documents",
            (
                {"doc_id": at, "text": text, "prompt_chars": len(f"Ask: {at}\n"),
                 "n_tokens": len(ends[at]), "token_ends": ends[at]}
                for at, text in enumerate(documents)
            ),
        )  # fmt: skip
        query = 0
        for suite, n in suites:
            for _ in range(n):
                _query(store, query, suite)
                for alignment in alignments:
                    rows = []
                    for doc_id in sorted(random.choice(DOCUMENTS, TAIL, replace=False).tolist()):
                        scores = _scores(documents[doc_id], ends[doc_id], suite, boost, random)
                        rows.append((query, doc_id, alignment, scores * 10.0 ** (query % 3)))
                    _token_rows(store, rows)
                query += 1
        connection.execute("CHECKPOINT")
    return path


def _query(store: StoreWriter, query: int, suite: str) -> None:
    code = suite.startswith("mbpp")
    store.insert(
        "queries",
        [
            {
                "query_id": query,
                "suite": suite,
                "task": suite,
                "kind": "factual" if suite == "facts" else "reasoning",
                "prompt": "Write f." if code else "What is 3 + 4?",
                "completion": "```python\ndef f(a):\n    return a\n```" if code else "7",
                "nats": 1.0,
            }
        ],
    )


def _scores(
    text: str, ends: list[int], suite: str, boost: float, random: np.random.Generator
) -> np.ndarray:
    scores = random.gamma(2.0, 1.0, len(ends)) * random.choice([-1.0, 1.0], len(ends))
    for at, (start, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True)):
        word = text[start:end].strip()
        connective = word in CONNECTIVE_WORDS and suite.startswith("gsm8k")
        syntax = suite.startswith("mbpp") and end > text.find("```") > 0
        if connective or syntax:
            scores[at] = abs(scores[at]) * boost
        if end <= text.index("\n") + 1:
            scores[at] = 0.0  # the prompt has no loss
    return scores.astype(np.float32)


def _token_rows(store: StoreWriter, rows: list[tuple[int, int, str, np.ndarray]]) -> None:
    columns = list(zip(*rows, strict=True))
    table = pa.table(
        {
            "query_id": pa.array(columns[0], pa.int32()),
            "doc_id": pa.array(columns[1], pa.int32()),
            "alignment": pa.array(columns[2]),
            "scores": pa.array([each.tolist() for each in columns[3]], pa.list_(pa.float32())),
        }
    )
    store.insert_table("token_influence", table)


def find(path: Path, options: FindingOptions | None = None) -> list[Claim]:
    """Fills the tables of the finding; its claims."""
    with duckdb.connect(str(path)) as connection:
        store = StoreWriter(connection, create=False)
        for table in ("token_statistic", "token_class_statistic"):
            store.clear(table)
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
            for table in ("queries", "documents")
        ]
        scores = read_run_scores(connection, np.zeros(counts, np.float32))
        return list(tokens.fill(store, scores, options or FindingOptions(resamples=300)))
