"""A whole run whose texts are too long for one pass: the scores of a run with room for all."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine import plan
from attribution_engine.__main__ import main
from attribution_engine.influence import blockwise, memory, passes
from tests.tiny_run import write_config, write_corpus


def influence(folder: Path) -> np.ndarray:
    with duckdb.connect(str(folder / "tiny.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "SELECT influence FROM influence ORDER BY query_id, doc_id"
        ).fetchnumpy()
    return np.asarray(rows["influence"])


def test_too_little_memory_for_a_pass_changes_no_score(tmp_path, monkeypatch, capsys) -> None:
    settings = 'modules = "linear"\nmemory_gb = 0.001\nlevels = ["document"]'
    plain, small = tmp_path / "plain", tmp_path / "small"
    for folder in (plain, small):
        folder.mkdir()
        write_corpus(folder / "corpus.jsonl", 12)
    assert main(["run", str(write_config(plain, influence=settings)), "--device", "cpu"]) == 0
    by_blocks = []

    def counted(*arguments) -> None:
        by_blocks.append(1)
        blockwise.backward_by_blocks(*arguments)

    monkeypatch.setattr(passes, "backward_by_blocks", counted)
    monkeypatch.setattr(plan, "eigen_rate_of", lambda device: 1e9)
    monkeypatch.setattr(memory, "FEWEST_TOKENS", 4)
    monkeypatch.setattr(memory, "free_memory", lambda device: 30_000)
    config = str(write_config(small, influence=settings))
    assert main(["run", config, "--device", "cpu", "--plan"]) == 0
    assert ", longer texts block by block" in capsys.readouterr().out
    assert main(["run", config, "--device", "cpu"]) == 0
    assert by_blocks
    expected, found = influence(plain), influence(small)
    assert len(expected) == 4 * 12
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-4 * float(np.abs(expected).max()))
