"""A run's store has near-duplicates, words, correlations and documents' rows from the start."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from attribution_engine.__main__ import main
from attribution_engine.store import derived_tables
from attribution_engine.store.verify import verify
from attribution_engine.store.word_index import scan, search
from tests.tiny_run import write_config


def test_a_run_writes_what_the_explorer_searches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(derived_tables, "DOCUMENT_MAJOR_FROM", 1)
    config = write_config(tmp_path, influence='method = "bm25"')
    assert main(["run", str(config), "--device", "cpu"]) == 0
    (path,) = tmp_path.rglob("*.duckdb")
    assert verify(path) == []
    with duckdb.connect(str(path), read_only=True) as store:
        ((queries, documents),) = store.execute("SELECT n_queries, n_documents FROM run").fetchall()
        for table, expected in (
            ("query_correlation", queries * (queries - 1) // 2),
            ("document_influence", documents),
        ):
            assert store.execute(f"SELECT count(*) FROM {table}").fetchall() == [(expected,)]
        text = store.execute("SELECT text FROM documents ORDER BY doc_id").fetchall()[0][0]
        word = max(text.split(), key=len)
        assert 0 in search(store, word)
        assert search(store, word).tolist() == scan(store, word).tolist()
