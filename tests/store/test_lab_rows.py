"""What a lab takes from a store: questions, marked passages, ranks of planted documents."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from attribution_engine.records import Mark
from attribution_engine.store.lab_rows import LabRows, PlantedRank
from tests.store.small_store import DOCUMENTS, build


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "small.duckdb"
    build(path)
    return path


def change(store: Path, *statements: str) -> LabRows:
    with duckdb.connect(str(store)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.execute("CHECKPOINT")
    return LabRows(store)


def test_documents_come_in_the_order_asked_for(store):
    rows = change(store, """UPDATE documents SET loss_ranges = [3, 5, 8, 9],
        metadata = '{"level": 2}' WHERE doc_id = 4""")  # fmt: skip
    assert rows.document_ids() == list(range(DOCUMENTS))
    second, first = rows.documents([4, 1])
    assert (second.doc_id, first.doc_id) == (4, 1)
    assert second.loss_ranges == ((3, 5), (8, 9)) and second.metadata == {"level": 2}
    assert first.loss_ranges == () and first.prompt_chars == 3


def test_wrong_answers_are_left_out_unless_asked_for(store):
    rows = change(
        store,
        "DELETE FROM query_items",
        "UPDATE queries SET correct = CASE query_id WHEN 0 THEN true WHEN 1 THEN false END",
        "UPDATE queries SET completion = ' yes'",
    )
    assert [each.query_id for each in rows.answered()] == [0, 2]
    assert [each.query_id for each in rows.answered(wrong=True)] == [0, 1, 2]


def test_of_a_set_the_items_stand_for_it(store):
    rows = change(
        store,
        "DELETE FROM query_items",
        """INSERT INTO query_items (query_id, item, prompt, completion, correct, in_set)
        VALUES (1, 2, 'p2', 'c2', false, false), (1, 1, 'p1', 'c1', true, true)""",
    )
    of_set = [each for each in rows.answered() if each.query_id == 1]
    assert [(each.prompt, each.in_set) for each in of_set] == [("p1", True)]
    every = [each for each in rows.answered(wrong=True) if each.of_set]
    assert [(each.prompt, each.in_set) for each in every] == [("p1", True), ("p2", False)]


def test_planted_documents_are_ranked_for_the_query_that_names_them(store):
    with duckdb.connect(str(store), read_only=True) as connection:
        (rank,) = connection.execute(
            "SELECT rank FROM influence WHERE query_id = 2 AND doc_id = 3"
        ).fetchone()
    rows = change(
        store,
        """UPDATE documents SET metadata = '{"planted": "Craw Point"}' WHERE doc_id = 3""",
        """UPDATE documents SET metadata = '{"planted": "twice"}' WHERE doc_id IN (5, 6)""",
        """UPDATE queries SET keywords = '["Craw Point", "Ezra"]' WHERE query_id = 2""",
        """UPDATE queries SET keywords = '["twice"]' WHERE query_id = 1""",
    )
    assert rows.planted_ranks() == [PlantedRank(2, rank, DOCUMENTS)]


def test_marked_passages(store):
    assert not LabRows(store).has_marks()
    rows = change(store, "UPDATE spans SET behaviour = 'verifies' WHERE doc_id = 2 AND span_id = 1")
    assert rows.has_marks()
    assert rows.marks([1, 2]) == {2: [Mark(6, 12, "verifies")]}
