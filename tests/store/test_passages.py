"""Snippets: the strongest window against every window, cuts at blanks, long and odd texts."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.store.passages import (
    SNIPPET,
    one_line,
    snippets,
    strongest_window,
)
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter
from tests.synthetic_store import write_synthetic_store


@settings(max_examples=200, deadline=None)
@given(
    tokens=st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from((-2.0, -1.0, 0.0, 0.5, 3.0))), min_size=1
    ),
    size=st.integers(1, 40),
    sign=st.sampled_from((1, -1)),
)
def test_no_window_has_a_larger_sum(tokens: list[tuple[int, float]], size: int, sign: int) -> None:
    ends = np.cumsum([length for length, _ in tokens])
    scores = np.array([score for _, score in tokens])
    starts = np.concatenate(([0], ends[:-1]))
    best = 0.0
    for first in range(len(tokens)):
        fit = [at for at in range(first, len(tokens)) if ends[at] <= starts[first] + size]
        best = max(best, float((sign * np.cumsum(scores[fit or [first]])).max()))
    found = strongest_window(ends, scores, sign, size)
    if best <= 0:
        assert found is None
        return
    assert found is not None and 0 <= found <= ends[-1]
    if max(length for length, _ in tokens) > size:
        return  # a token longer than the window is cut
    # Some tokens in a row that are shown have the largest sum of all that fit.
    inside = np.flatnonzero((starts >= found) & (ends <= found + size))
    sums = [
        sign * scores[first : last + 1].sum()
        for first in inside
        for last in inside
        if first <= last
    ]
    assert max(sums) >= best - 1e-9


def cut(text: str, ids_and_windows: dict[int, int], search: str = "") -> str:
    """The snippet of a text that is document 0."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE documents (doc_id INTEGER, text VARCHAR)")
    connection.execute("INSERT INTO documents VALUES (0, ?), (1, 'other')", [text])
    return snippets(connection.cursor(), [0], ids_and_windows, search)[0].text


def test_the_start_is_cut_between_words_and_folded() -> None:
    assert cut("short\n\n  text ", {}) == "short text"
    words = "word " * 100
    shown = cut(words, {})
    assert shown.endswith("word…") and not shown.startswith("…") and len(shown) <= SNIPPET + 1
    assert len(cut("x" * 1000, {})) == SNIPPET + 1


def test_a_window_in_the_middle_has_both_ellipses() -> None:
    text = "a b c d e f g h i j " * 50 + "NEEDLE " + "k l m n o p q r s t " * 50
    shown = cut(text, {0: 1000 - SNIPPET // 2})
    assert shown.startswith("…") and shown.endswith("…") and "NEEDLE" in shown
    assert text.replace("\n", " ").find(shown.strip("…").strip()) > 0


def test_a_search_shows_its_first_place() -> None:
    text = "start here. " * 40 + "the Art of it " + "and so on. " * 40
    assert "Art of it" in cut(text, {}, "art")
    assert "the Art" in cut(text, {}, '"the art of"')
    assert cut(text, {}, "art").startswith("…")
    assert cut("nothing", {}, "zebra") == "nothing"


def test_ten_megabytes_on_one_line_stay_in_the_database() -> None:
    text = "é" * 5_000_000 + " needle " + "é" * 5_000_000
    assert "needle" in cut(text, {0: 4_999_950})
    assert "needle" in cut(text, {}, "needle")


@pytest.mark.parametrize("filler", ["e\u0301", "👩\u200d👩\u200d👧", "👍\U0001f3fd"])
def test_marks_stay_with_their_characters(filler: str) -> None:
    shown = cut(filler * 400, {0: 601}).strip("…")
    assert shown.startswith(filler[0]) and not shown.endswith("\u200d")
    assert set(shown) <= set(filler)


def test_one_line_says_where_it_starts() -> None:
    text, start = one_line("alpha beta gamma", 7, False)
    assert (text, start) == ("gamma", 11)
    assert one_line("alpha beta", 0, True) == ("alpha beta…", 0)


def test_rankings_show_the_passage_of_their_side(tmp_path: Path) -> None:
    """A document with token scores shows what raises on one side, what lowers on the other."""
    path = write_synthetic_store(tmp_path / "run.duckdb", 40)
    blank = "filler words here " * 40
    text = blank + "RAISES " + blank + "LOWERS " + blank
    ends = [at + 1 for at, character in enumerate(text) if character == " "]
    scores = [0.0] * len(ends)
    scores[text[: text.index("RAISES")].count(" ")] = 2.0
    scores[text[: text.index("LOWERS")].count(" ")] = -1.0
    with duckdb.connect(str(path)) as connection:
        (doc_id,) = connection.execute(
            "SELECT doc_id FROM influence WHERE query_id = 5 AND rank = 1"
        ).fetchall()[0]
        connection.execute(
            "UPDATE documents SET text = ?, token_ends = ?, n_tokens = ? WHERE doc_id = ?",
            [text, ends, len(ends), doc_id],
        )
        connection.execute("DELETE FROM words")
        connection.execute(
            "UPDATE token_influence SET scores = ? WHERE doc_id = ? AND query_id = 5",
            [scores, doc_id],
        )
        connection.execute("CHECKPOINT")
    reader = StoreReader(path)
    (first,) = reader.rankings(5, "helpful", limit=1).documents
    assert first.doc_id == doc_id and first.passage == "influence" and "RAISES" in first.snippet
    assert "LOWERS" not in first.snippet and first.snippet.startswith("…")
    last = reader.rankings(5, "harmful", offset=39, limit=1).documents[0]
    assert last.doc_id == doc_id and "LOWERS" in last.snippet
    (unscored,) = [one for one in reader.rankings(5, limit=40).documents if one.rank == 20]
    assert unscored.passage == "start"
    word = unscored.snippet.split()[0].strip(".,").lower()
    page = reader.rankings(5, limit=40, only=DocumentFilter(text=word))
    assert {one.passage for one in page.documents if 5 < one.rank <= 35} == {"search"}
