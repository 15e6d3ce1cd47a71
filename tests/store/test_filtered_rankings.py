"""Filters, folding, neighbours and places on arrays, against one plain loop over the documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.store import document_masks, word_index
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SCORES, SIDES, DocumentFilter, Score, Side
from attribution_engine.text.answers import answer_places
from tests.synthetic_store import write_synthetic_store

N = 60
BEHAVIOURS = ("verifies", "backtracks")
GROUPS = (0, 7, 20)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = write_synthetic_store(tmp_path_factory.mktemp("filtered") / "run.duckdb", N)
    with duckdb.connect(str(path)) as connection:
        for statement in (
            "UPDATE documents SET near_group = NULL",
            "UPDATE documents SET near_group = 0 WHERE doc_id IN (0, 3, 11, 12, 40)",
            "UPDATE documents SET near_group = 7 WHERE doc_id IN (7, 8)",
            "UPDATE documents SET near_group = 20 WHERE doc_id BETWEEN 20 AND 35",
            """UPDATE documents SET metadata = '{"correct": true, "n": 1}' WHERE doc_id % 5 = 0""",
            """UPDATE documents SET metadata = '{"correct": false}' WHERE doc_id % 5 = 1""",
            """UPDATE documents SET metadata = '{"said": "\\"correct\\": true"}'
            WHERE doc_id = 2""",
            "DELETE FROM spans",
            "DELETE FROM answers",
            """INSERT INTO spans SELECT i, 0, 0, 2, 'line', 'verifies', 'd'
            FROM range(0, 60, 4) r(i)""",
            """INSERT INTO spans SELECT i, 1, 2, 4, 'line', 'backtracks', 'd'
            FROM range(0, 60, 6) r(i)""",
            "INSERT INTO spans SELECT i, 2, 4, 6, 'line', NULL, 'd' FROM range(60) r(i)",
            "INSERT INTO answers (query_id, doc_id, what) VALUES (0, 5, 'answer'), (0, 5, 'step'), "
            "(0, 9, 'answer')",
            # Ties, and a document without a gradient.
            "UPDATE influence SET influence = 0 WHERE rank BETWEEN 20 AND 30 AND query_id = 1",
            "UPDATE documents SET gradient_norm = 0 WHERE doc_id = 13",
        ):
            connection.execute(statement)
        for query_id in range(12):
            connection.execute(
                """UPDATE influence SET rank_normed = place FROM (
                SELECT doc_id AS doc, row_number() OVER (ORDER BY CASE WHEN gradient_norm = 0 THEN 0
                    ELSE influence / gradient_norm END DESC, doc_id) AS place
                FROM influence JOIN documents USING (doc_id) WHERE query_id = $1)
                WHERE doc_id = doc AND query_id = $1""",
                [query_id],
            )
        connection.execute("CHECKPOINT")
    return path


@pytest.fixture(scope="module")
def reader(path: Path) -> StoreReader:
    return StoreReader(path)


@pytest.fixture(scope="module")
def documents(reader: StoreReader) -> dict[int, dict[str, Any]]:
    found = {row["doc_id"]: row for row in reader._records("SELECT * FROM documents")}
    for doc_id, behaviour in reader._rows("SELECT doc_id, behaviour FROM spans"):
        found[doc_id].setdefault("behaviours", set()).add(behaviour)
    return found


def plain(
    reader: StoreReader,
    documents: dict[int, dict[str, Any]],
    query_id: int,
    side: Side,
    score: Score,
    only: DocumentFilter,
    fold: bool,
) -> tuple[list[int], int]:
    """The documents a ranking shows, in order, and how many are folded away."""
    order = "rank_normed" if score == "normed" else "rank"
    rows = reader._rows(
        f"SELECT doc_id, influence FROM influence WHERE query_id = ? ORDER BY {order}", [query_id]
    )
    nats, reference, keywords = reader._rows(
        "SELECT nats, reference, keywords::VARCHAR FROM queries WHERE query_id = ?", [query_id]
    )[0]
    wanted = [reference or (json.loads(keywords or "[]") or [""])[-1]]
    with reader._cursor() as cursor:
        matching = set(word_index.scan(cursor, only.text).tolist())
    answered = {one for one, row in documents.items() if answer_places(row["text"], wanted)}
    if query_id == 0:
        answered = {5, 9}
    shown, seen, folded = [], set(), 0
    for doc_id, influence in rows if side == "helpful" else rows[::-1]:
        one = documents[doc_id]
        value = {
            "influence": influence,
            "per_nat": influence / nats,
            "normed": float(np.float32(influence) / np.float32(one["gradient_norm"]))
            if one["gradient_norm"]
            else 0.0,
        }[score]
        passes = [
            not only.sources or one["source"] in only.sources,
            not only.domains or one["domain"] in only.domains,
            not only.categories or one["category"] in only.categories,
            not only.difficulties or one["difficulty"] in only.difficulties,
            not only.text or doc_id in matching,
            not only.behaviours or bool(one["behaviours"] & set(only.behaviours)),
            only.correct is None or json.loads(one["metadata"]).get("correct") is only.correct,
            not only.with_answer or doc_id in answered,
            only.low is None or value >= only.low,
            only.high is None or value <= only.high,
            only.group is None or one["near_group"] == only.group,
        ]
        if not all(passes):
            continue
        if fold and one["near_group"] is not None and one["near_group"] in seen:
            folded += 1
            continue
        seen.add(one["near_group"])
        shown.append(doc_id)
    return shown, folded


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


FILTERS = st.builds(
    DocumentFilter,
    sources=some(("textbook", "forum", "code", "nowhere")),
    domains=some(("math", "code")),
    categories=some(("algebra", "facts")),
    difficulties=some(("easy", "hard")),
    text=st.sampled_from(("", "", "slope", "slope -wait", '"rise over run"', "zzz")),
    behaviours=some(BEHAVIOURS),
    correct=st.sampled_from((None, None, True, False)),
    with_answer=st.booleans(),
    low=st.sampled_from((None, None, -1e-3, 0.0, 1e-4)),
    high=st.sampled_from((None, None, 0.0, 2e-3)),
    group=st.sampled_from((None, None, None, *GROUPS, 99)),
)
ONE = st.one_of(
    st.just(DocumentFilter()),
    st.builds(DocumentFilter, sources=some(("textbook", "forum"))),
    st.builds(DocumentFilter, low=st.sampled_from((-1e-3, 0.0)), behaviours=some(BEHAVIOURS)),
    FILTERS,
)


@settings(max_examples=150, deadline=None)
@given(
    query_id=st.integers(0, 3),
    side=st.sampled_from(SIDES),
    score=st.sampled_from(SCORES),
    only=ONE,
    fold=st.booleans(),
    offset=st.integers(0, 30),
    limit=st.integers(1, 40),
)
def test_pages_and_neighbours_are_those_of_the_plain_loop(
    reader, documents, query_id, side, score, only, fold, offset, limit
) -> None:
    shown, folded = plain(reader, documents, query_id, side, score, only, fold)
    page = reader.rankings(query_id, side, score, offset, limit, only, fold)
    assert [one.doc_id for one in page.documents] == shown[offset : offset + limit]
    assert (page.total, page.n_folded) == (len(shown) + folded, folded)
    for one in page.documents:
        group = documents[one.doc_id]["near_group"]
        size = sum(other["near_group"] == group for other in documents.values())
        assert (one.group, one.n_near) == ((None, 0) if group is None else (group, size - 1))
    for doc_id in (0, 12, 25, 59, 1000):
        place = shown.index(doc_id) if doc_id in shown else None
        near = reader.neighbours(query_id, doc_id, side, score, only, fold)
        assert near.total == len(shown)
        if place is None:
            assert (near.place, near.previous, near.following) == (None, None, None)
        else:
            around = [None, *shown, None]
            assert (near.place, near.previous, near.following) == (
                place + 1,
                around[place],
                around[place + 2],
            )


def test_choices_name_what_the_documents_have(reader: StoreReader) -> None:
    choices = reader.filter_choices()
    assert choices.behaviours == tuple(sorted(BEHAVIOURS))
    assert choices.has_correct and choices.has_groups
    assert "textbook" in choices.sources and None not in choices.categories


def test_a_store_without_such_things_has_no_such_choices(path: Path, tmp_path: Path) -> None:
    plain_path = write_synthetic_store(tmp_path / "plain.duckdb", 20)
    with duckdb.connect(str(plain_path)) as connection:
        connection.execute("UPDATE documents SET near_group = NULL, metadata = '{}'")
        connection.execute("DELETE FROM spans")
        connection.execute("CHECKPOINT")
    reader = StoreReader(plain_path)
    choices = reader.filter_choices()
    assert (choices.behaviours, choices.has_correct, choices.has_groups) == ((), False, False)
    assert reader.rankings(0, fold=True).n_folded == 0
    assert not reader.rankings(0, only=DocumentFilter(correct=True)).documents
    assert not reader.rankings(0, only=DocumentFilter(behaviours=("verifies",))).documents


def test_the_answer_is_the_reference_else_the_last_keyword(path: Path, tmp_path: Path) -> None:
    """A whole word: 12 is not in 312. Minus signs and quotes in an answer are no search words."""
    other = tmp_path / "answers.duckdb"
    write_synthetic_store(other, 20)
    with duckdb.connect(str(other)) as connection:
        for doc_id, text in ((1, "it is 12."), (2, "it is 312"), (3, "it is -12, no"), (4, "nine")):
            connection.execute("UPDATE documents SET text = ? WHERE doc_id = ?", [text, doc_id])
        connection.execute("UPDATE documents SET text = 'x' WHERE doc_id > 4 OR doc_id = 0")
        connection.execute("DELETE FROM words")
        connection.execute("DELETE FROM answers")
        for query_id, reference, keywords in (
            (0, "12", '["nine"]'),
            (1, None, '["12", "nine"]'),
            (2, "-12", "[]"),
            (3, None, "[]"),
            (4, '"', "null"),
            (5, "  ", '["nine"]'),
        ):
            connection.execute(
                "UPDATE queries SET reference = ?, keywords = ? WHERE query_id = ?",
                [reference, keywords, query_id],
            )
        connection.execute("CHECKPOINT")
    reader = StoreReader(other)

    def found(query_id: int) -> list[int]:
        page = reader.rankings(query_id, only=DocumentFilter(with_answer=True))
        return sorted(one.doc_id for one in page.documents)

    assert [found(query_id) for query_id in range(6)] == [[1, 3], [4], [3], [], [], [4]]


@pytest.mark.parametrize("indexed", [True, False])
def test_the_answer_is_found_where_a_document_marks_it(tmp_path: Path, indexed: bool) -> None:
    path = write_synthetic_store(tmp_path / "marked.duckdb", 20)
    texts = ["it is 3.", "it is 3.5", "1,300 or 3", "x = y", "New\nYork", "new york, York new",
             "York new", 'he said "no"', "3a", "a -3"]  # fmt: skip
    references = ["3", "=", "New York", 'said "no"', "-3", "3.5"]
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE documents SET text = 'none'")
        for doc_id, text in enumerate(texts):
            connection.execute("UPDATE documents SET text = ? WHERE doc_id = ?", [text, doc_id])
        connection.execute("DELETE FROM words")
        connection.execute("DELETE FROM answers")
        for query_id, reference in enumerate(references):
            connection.execute(
                "UPDATE queries SET reference = ? WHERE query_id = ?", [reference, query_id]
            )
        if indexed:
            word_index.build(connection)
        connection.execute("CHECKPOINT")
    reader = StoreReader(path)
    for query_id, reference in enumerate(references):
        page = reader.rankings(query_id, only=DocumentFilter(with_answer=True))
        expected = {at for at, text in enumerate(texts) if answer_places(text, [reference])}
        assert expected and {one.doc_id for one in page.documents} == expected


def test_of_many_candidates_no_text_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_synthetic_store(tmp_path / "many.duckdb", 20)
    texts = ["it is 3.5", "is it 3", "it is"]
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE documents SET text = 'none'")
        for doc_id, text in enumerate(texts):
            connection.execute("UPDATE documents SET text = ? WHERE doc_id = ?", [text, doc_id])
        connection.execute("DELETE FROM words")
        connection.execute("DELETE FROM answers")
        word_index.build(connection)
        for query_id, reference in enumerate(["3", "it is"]):
            connection.execute(
                "UPDATE queries SET reference = ? WHERE query_id = ?", [reference, query_id]
            )
        connection.execute("CHECKPOINT")
    monkeypatch.setattr(document_masks, "READ_AT_ONCE", 1)
    reader = StoreReader(path)
    assert reader.rankings(0, only=DocumentFilter(with_answer=True)).total == 1
    assert reader.rankings(1, only=DocumentFilter(with_answer=True)).total == 2
    monkeypatch.setattr(document_masks, "CHECKED", 1)
    reader = StoreReader(path)
    for query_id, expected in enumerate(({0, 1}, {0, 2})):
        page = reader.rankings(query_id, only=DocumentFilter(with_answer=True))
        assert {one.doc_id for one in page.documents} == expected


@settings(max_examples=40, deadline=None)
@given(
    query_id=st.integers(0, 3),
    score=st.sampled_from(SCORES),
    only=ONE,
    fold=st.booleans(),
    size=st.integers(1, 40),
)
def test_both_ends_show_every_group_once(reader, documents, query_id, score, only, fold, size):
    """Against a plain loop: of each group the document nearest to either end of the ranking."""
    passing, _ = plain(reader, documents, query_id, "helpful", score, only, fold=False)
    group_of = {one: documents[one]["near_group"] for one in passing}
    best: dict[Any, int] = {}
    for place, one in enumerate(passing):
        distance = min(place, len(passing) - 1 - place)
        name = ("alone", one) if group_of[one] is None or not fold else group_of[one]
        if name not in best or distance < min(best[name], len(passing) - 1 - best[name]):
            best[name] = place
    expected = [passing[place] for place in sorted(best.values())]
    middle = len(expected) - len(expected) // 2
    ends = {"helpful": expected[:middle], "harmful": expected[middle:][::-1]}
    for side, listed in ends.items():
        found: list[int] = []
        for offset in range(0, len(passing) + size, size):
            page = reader.rankings(query_id, side, score, offset, size, only, fold, both=True)
            assert (page.total, page.n_listed) == (len(passing), len(listed))
            assert page.n_folded == len(passing) - len(expected)
            found += [one.doc_id for one in page.documents]
        assert found == listed
        rows = reader.ranking_rows(query_id, side, score, 0, 1_000, only, fold, both=True)
        assert [row.doc_id for row in rows] == listed
        whole = expected if side == "helpful" else expected[::-1]
        for doc_id in (0, 12, 25, 59):
            near = reader.neighbours(query_id, doc_id, side, score, only, fold, both=True)
            wanted = whole.index(doc_id) + 1 if doc_id in whole else None
            assert (near.place, near.total) == (wanted, len(whole))


def test_an_empty_label_is_not_offered(tmp_path: Path) -> None:
    path = write_synthetic_store(tmp_path / "empty.duckdb", 20)
    with duckdb.connect(str(path)) as connection:
        for name in ("source", "domain", "category", "difficulty"):
            connection.execute(f"UPDATE documents SET {name} = '' WHERE doc_id < 5")
        connection.execute("UPDATE documents SET domain = ''")
        connection.execute("CHECKPOINT")
    choices = StoreReader(path).filter_choices()
    assert choices.domains == () and choices.sources and choices.categories
    offered = (*choices.sources, *choices.categories, *choices.difficulties)
    assert "" not in offered
