"""A run on a corpus that marks behaviours: its store has them as spans, summed and cut."""

from __future__ import annotations

import json

import duckdb
import pytest

from attribution_engine.__main__ import main
from attribution_engine.store.verify import verify
from tests.tiny_run import write_config, write_corpus

MARKED = "and divide"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory):
    """Every third document has a line added of which the middle is marked."""
    folder = tmp_path_factory.mktemp("marked")
    path = write_corpus(folder / "corpus.jsonl", 18)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for number, row in enumerate(rows):
        row["spans"] = []
        if number % 3 == 0:
            row["text"] += f"\n1 2 {MARKED} 3"
            start = row["text"].index(MARKED, len(row["text"]) - len(MARKED) - 2)
            mark = {"start": start, "end": start + len(MARKED), "behaviour": "verifies"}
            row["spans"] = [mark]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = write_config(
        folder,
        corpus='max_tokens = 60\nspans = "spans"',
        influence="cut_documents = 8",
    )
    assert main(["run", str(config), "--device", "cpu"]) == 0
    assert verify(folder / "tiny.duckdb") == []
    with duckdb.connect(str(folder / "tiny.duckdb"), read_only=True) as connection:
        yield connection


def test_marks_are_spans_with_behaviour_and_detector(store) -> None:
    found = store.execute(
        """SELECT doc_id, text[spans."start" + 1 : spans."end"], kind, behaviour
        FROM spans JOIN documents USING (doc_id) WHERE detector = 'corpus' ORDER BY 1"""
    ).fetchall()
    assert found == [(row, f"{MARKED} ", "passage", "verifies") for row in range(0, 18, 3)]
    rest = store.execute(
        "SELECT count(*), count(behaviour) FROM spans WHERE detector = 'rules'"
    ).fetchone()
    assert rest[0] > 18 and rest[1] == 0


def test_marked_spans_have_the_sum_of_their_tokens(store) -> None:
    found = store.execute(
        """SELECT i.influence, list_sum([scores[token] FOR token IN range(1, len(scores) + 1)
            IF token_ends[token] > spans."start"
            AND token_ends[token] <= spans."end"])
        FROM spans JOIN span_influence i USING (doc_id, span_id)
        JOIN token_influence t USING (query_id, doc_id, alignment)
        JOIN documents USING (doc_id) WHERE behaviour = 'verifies'"""
    ).fetchall()
    assert len(found) > 4
    for influence, total in found:
        assert influence == pytest.approx(total, rel=1e-4, abs=1e-6)


def test_marked_spans_are_cut(store) -> None:
    cut = store.execute(
        """SELECT count(cut_influence), count(DISTINCT cut_influence) FROM span_influence
        JOIN spans USING (doc_id, span_id) WHERE behaviour = 'verifies'"""
    ).fetchone()
    assert cut[0] > 4 and cut[1] > 4
