"""The command `synth`: a store that keeps every promise, the same for the same seed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.__main__ import main
from attribution_engine.store.verify import verify
from attribution_engine.synthetic import corpus
from attribution_engine.synthetic.corpus import (
    LONG,
    MAX_TOKENS,
    MIDDLE,
    MIDDLE_TOKENS,
    document_table,
    layout,
)
from attribution_engine.synthetic.pieces import make_pieces, token_ends

SIZE = ["--documents", "400", "--queries", "22"]
SAME = ("documents", "queries", "influence", "token_influence", "spans", "words")


def written(path: Path, *more: str) -> Path:
    assert main(["synth", *SIZE, "--output", str(path), *more]) == 0
    return path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("synthetic") / "made.duckdb")


def ask(path: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_it_keeps_every_promise(store: Path) -> None:
    assert verify(store) == []
    assert [path.name for path in store.parent.iterdir()] == [store.name]


def test_it_says_that_it_is_invented(store: Path) -> None:
    ((model, notes),) = ask(store, "SELECT model, notes FROM run")
    assert model == "none: invented" and notes.startswith("Synthetic: all texts")
    suites = ask(store, "SELECT DISTINCT suite FROM queries")
    assert len(suites) == 3 and all(name.startswith("synthetic_") for (name,) in suites)


def test_a_seed_makes_the_same_store(store: Path, tmp_path: Path) -> None:
    again, other = written(tmp_path / "again.duckdb"), written(tmp_path / "o.duckdb", "--seed", "1")
    for table in SAME:
        assert ask(again, f"FROM {table}") == ask(store, f"FROM {table}"), table
    assert ask(other, "FROM influence") != ask(store, "FROM influence")


def test_tokens_tile_what_was_seen_of_a_text(store: Path) -> None:
    for doc_id, text, ends in ask(store, "SELECT doc_id, text, token_ends FROM documents"):
        seen = MIDDLE_TOKENS if doc_id in MIDDLE else MAX_TOKENS
        assert token_ends(text)[:seen] == ends


def test_the_long_documents_are_near_the_top_of_the_first_query(store: Path) -> None:
    rows = ask(
        store,
        f"""SELECT doc_id, n_tokens, rank FROM influence JOIN documents USING (doc_id)
        WHERE query_id = 0 AND doc_id IN {tuple(LONG)} ORDER BY doc_id""",
    )
    assert [(doc_id, n) for doc_id, n, _ in rows] == [(doc_id, MAX_TOKENS) for doc_id in LONG]
    assert all(rank <= 10 for *_, rank in rows)
    prose, mixed = (
        ask(store, f"SELECT text FROM documents WHERE doc_id = {n}")[0][0] for n in LONG
    )
    assert "```" not in prose and "```python" in mixed and "$$" in mixed and "\n## " in mixed


def test_documents_of_middle_length_are_near_the_top_of_a_query_each(store: Path) -> None:
    for query, doc_id in enumerate(MIDDLE):
        ((n_tokens, rank),) = ask(
            store,
            f"""SELECT n_tokens, rank FROM influence JOIN documents USING (doc_id)
            WHERE query_id = {query} AND doc_id = {doc_id}""",
        )
        assert n_tokens == MIDDLE_TOKENS and rank <= 10


def test_queries_of_a_task_are_alike(store: Path) -> None:
    ((same, apart),) = ask(
        store,
        """SELECT avg(pearson) FILTER (query_a // 10 = query_b // 10),
        avg(pearson) FILTER (query_a // 10 <> query_b // 10) FROM query_correlation""",
    )
    assert same > apart + 0.3


def test_near_duplicates_labels_and_spans_are_there(store: Path) -> None:
    ((groups, copies),) = ask(
        store, "SELECT count(DISTINCT near_group), count(near_group) FROM documents"
    )
    assert 0 < groups < copies < 60
    labels = "source, category, difficulty, metadata->>'correct'"
    for value in ask(store, f"SELECT DISTINCT unnest([{labels}]) FROM documents"):
        assert value is not None
    assert ask(store, "SELECT 1 FROM documents WHERE source IS NULL LIMIT 1")
    behaviours = ask(store, "SELECT DISTINCT behaviour FROM spans WHERE behaviour IS NOT NULL")
    assert len(behaviours) == 4
    assert ask(store, "SELECT 1 FROM spans WHERE kind = 'passage' AND behaviour IS NULL") == []


def test_tails_are_heavy_on_both_sides(store: Path) -> None:
    for (values,) in ask(store, "SELECT list(influence) FROM influence GROUP BY query_id"):
        typical = np.median(np.abs(values))
        assert max(values) > 5 * typical and min(values) < -5 * typical
    ((share,),) = ask(store, "SELECT avg((influence > 0)::INTEGER) FROM influence")
    assert 0.3 < share < 0.7


def test_chunks_do_not_depend_on_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make_pieces(3, each=100)
    monkeypatch.setattr(corpus, "CHUNK", 40)
    tables = [document_table(pool, made) for made in corpus.layouts(pool, 100, 3)]
    assert [len(table) for table in tables] == [40, 40, 20]
    again = document_table(pool, layout(pool, 40, 40, 3))
    assert again.equals(tables[1])
    assert tables[2]["doc_id"].to_pylist() == list(range(80, 100))


@pytest.mark.parametrize("size", [["--documents", "39"], ["--documents", "400", "--queries", "0"]])
def test_too_few_are_refused(
    size: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["synth", *size, "--output", str(tmp_path / "x.duckdb")]) == 2
    assert "needs at least 40 documents and 1 query" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
