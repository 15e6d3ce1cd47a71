"""The stage of relations on planted documents, and against a plain loop."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attribution_engine.finding_stages import relations as stage
from attribution_engine.store.finding_promises_relations import PROMISES
from attribution_engine.store.reader import StoreReader
from attribution_engine.text.relations import asked, common_to_all, read_document, relations
from tests.finding_stages.filled import broken, fill_into
from tests.finding_stages.planted_answers import plant
from tests.synthetic_store import write_synthetic_store

K = 12  # a hundredth of the corpus
FORMULA = "In general (p - q) * r is worked from within."


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten sums: nine have a document with the formula of their two steps at rank 3."""
    path = tmp_path_factory.mktemp("planted") / "planted.duckdb"
    write_synthetic_store(path)
    plant(path)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """UPDATE documents SET text = $1 WHERE doc_id IN
            (SELECT doc_id FROM influence WHERE rank = 3 AND query_id BETWEEN 10 AND 18)""",
            [FORMULA],
        )
    (claim,) = fill_into(path, stage.fill)
    assert claim.standing == "replicates", claim.sentence
    assert "9 of 10 reasoning queries" in claim.sentence
    return path


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_it_is_what_a_plain_loop_finds(store: Path) -> None:
    texts = dict(rows(store, "SELECT doc_id, text FROM documents"))
    queries = rows(store, "SELECT query_id, suite, prompt, completion FROM queries ORDER BY 1")
    common = common_to_all((suite, prompt) for _, suite, prompt, _ in queries)
    expected = []
    for query_id, _, prompt, completion in queries:
        order = rows(
            store,
            f"SELECT doc_id, rank FROM influence WHERE query_id = {query_id} ORDER BY rank",
        )
        for doc_id, rank in order[:K]:
            found = relations(asked(prompt, completion, common), read_document(texts[doc_id]))
            expected += [(query_id, doc_id, rank, *one) for one in found.items()]
    assert rows(store, "SELECT * FROM relation") == expected
    counts = Counter((one[0], one[3]) for one in expected)
    for query_id, relation, n_top in rows(
        store, "SELECT query_id, relation, n_top FROM relation_count"
    ):
        assert n_top == counts[query_id, relation]


def test_the_reader_says_what_was_found(store: Path) -> None:
    reader = StoreReader(store)
    about = reader.relations_about()
    assert about is not None
    assert (about.k, about.n_read, about.n_queries, about.n_known) == (K, 500, 20, 10)
    of_ten = reader.query_relations(10)
    assert of_ten is not None and of_ten.procedure == "(70 - 110) * 41"
    assert {one.relation: one.n_top for one in of_ten.counts}["formula"] >= 1
    documents = reader.related_documents(10)
    assert [one.rank for one in documents] == list(range(1, K + 1))
    (third, *_) = reader.related_documents(10, "formula")
    assert third.opening == FORMULA and dict(third.related)["formula"] == "(p - q) * r"
    factual = reader.query_relations(0)
    assert factual is not None and factual.procedure == ""
    shares = {(one.suite, one.relation): one for one in reader.relation_shares()}
    stated = shares["sums", "formula"]
    assert stated.share >= 9 / (10 * K) > stated.share_random
    assert shares["facts", "formula"].share == 0


def test_promises_hold_and_break(store: Path, tmp_path: Path) -> None:
    assert broken(store, PROMISES) == []
    changes = (
        "UPDATE relation SET rank = rank + 1",
        "INSERT INTO relation SELECT * FROM relation LIMIT 1",
        "DELETE FROM relation WHERE rank = 1 AND query_id = 3",
        "UPDATE relation_count SET n_top = n_top + 1 WHERE query_id = 4",
        "UPDATE relation_count SET n_random = n_read + 1",
        "UPDATE relation_share SET share = share + 0.1",
    )
    for at, (promise, change) in enumerate(zip(PROMISES, changes, strict=True)):
        path = tmp_path / f"{at}.duckdb"
        path.write_bytes(store.read_bytes())
        with duckdb.connect(str(path)) as connection:
            connection.execute(change)
        assert broken(path, [promise]), promise.sentence
