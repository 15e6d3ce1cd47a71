"""Search through the index finds what reading every text finds, and what it should."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.store import word_index
from attribution_engine.store.schema import TABLES
from attribution_engine.store.word_index import matches, scan, search

TEXTS = [
    "The slope of the line is 3/4, so y = 3x + 1.",
    "Steigung: DIE STRASSE ist lang; slopes vary.",
    "if (a => b) { return x_1; } // the Slope",
    "直线的斜率是二。ไทย",
    "line of the slope",
    "A" * 100 + " end",
    "e\u0301t\u00e9 \u0130stanbul \u202eabc\u200bdef",
    "100% \\d+ [the] slope",
]


@pytest.fixture(scope="module")
def indexed() -> Iterator[duckdb.DuckDBPyConnection]:
    with connected(TEXTS) as connection:
        word_index.build(connection)
        yield connection


def connected(texts: list[str]) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    for table in ("documents", "words"):
        connection.execute(f"CREATE TABLE {table} ({TABLES[table]})")
    for doc_id, text in enumerate(texts):
        connection.execute("INSERT INTO documents (doc_id, text) VALUES (?, ?)", [doc_id, text])
    return connection


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("slope", [0, 2, 4, 7]),
        ("SLOPE line", [0, 4]),
        ("slop*", [0, 1, 2, 4, 7]),
        ("slope -line", [2, 7]),
        ("-slope", [1, 3, 5, 6]),
        ("-slop*", [3, 5, 6]),
        ('"slope of the line"', [0]),
        ('"of the" -"slope of"', [4]),
        ('"The Slope"', [0, 2, 4]),
        ('"he slope"', []),  # not inside a longer word
        ('"the slop"', []),
        ('"slope', [0, 2, 4, 7]),  # a quote that does not end
        ("=>", [2]),
        ('"a => b"', [2]),
        ("y =", [0]),  # a sign beside words does not count
        ('slope "=>"', [2]),
        ('"] slope"', [7]),
        ("%", [7]),
        ('"\\d+ ["', [7]),
        ("3x", [0]),
        ("x_1", [2]),
        ("x", []),
        ("斜率", [3]),
        ('"的斜率"', [3]),
        ("率斜", [3]),
        ('"率斜"', []),
        ("ไ", [3]),
        ("strasse", [1]),
        ("A" * 100, [5]),
        ("a" * 64, [5]),
        ("a" * 63, []),
        ("aaaa*", [5]),
        ('"' + "a" * 100 + ' end"', [5]),
        ("\u00e9t\u00e9", []),  # composed and decomposed characters differ
        ("istanbul", [6]),
        ("abc def", [6]),
        ("slope slope", [0, 2, 4, 7]),
        ("nothing", []),
        ("-nothing", list(range(len(TEXTS)))),
        ("", list(range(len(TEXTS)))),
        ("line*of", [0, 4]),
        ("*", []),
        ("=", [0, 2]),
        ('"="', [0, 2]),
        ('-"="', [1, 3, 4, 5, 6, 7]),
        ('=> "="', [0, 2]),  # beside a quote signs outside do not count
        ('slope -"="', [4, 7]),
    ],
)
def test_a_search_finds_the_documents(
    indexed: duckdb.DuckDBPyConnection, typed: str, expected: list[int]
) -> None:
    found = search(indexed, typed)
    assert found.dtype == "int32"
    assert found.tolist() == expected
    assert scan(indexed, typed).tolist() == expected


PIECES = [
    *("the", "The", "slope", "slop", "a", "A1", "x_1", "=>", "-", "*", '"', " ", "  ", "\n", "."),
    *(
        "漢",
        "字",
        "é",
        "e\u0301",
        "\x00",
        "%",
        "_",
        "\\",
        "’",
        "ß",
        "İ",
        "𝒳",
        "🙂",
        "ไท",
        "3",
        "ー",
    ),
]
typed_texts = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(typed_texts, min_size=1, max_size=6), st.lists(typed_texts, max_size=4))
def test_the_index_finds_what_reading_finds(texts: list[str], searches: list[str]) -> None:
    with connected(texts) as connection:
        read = [search(connection, typed).tolist() for typed in searches]  # there is no index yet
        word_index.build(connection)
        assert [search(connection, typed).tolist() for typed in searches] == read


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_words_are_those_of_unicode(texts: list[str]) -> None:
    """Runs of letters, digits and marks, as Python's tables of Unicode have them."""
    with connected(texts) as connection:
        word_index.build(connection)
        for doc_id, text in enumerate(texts):
            # Newer versions of Unicode have characters that one of the two does not know.
            plain = all(ord(character) < 0x250 for character in text)
            rows = connection.execute("SELECT word, docs FROM words").fetchall()
            found = {word for word, docs in rows if doc_id in docs}
            assert not plain or found == words_of(connection, text)


def words_of(connection: duckdb.DuckDBPyConnection, text: str) -> set[str]:
    lowered = connection.execute("SELECT lower(?)", [text]).fetchall()[0][0]
    inside = [c if c == "_" or unicodedata.category(c)[0] in "LNM" else " " for c in lowered]
    return set("".join(inside).split(" ")) - {""}


def test_parts_of_the_corpus_are_one_index(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"the number {number} of {number % 7}" for number in range(100)]
    with connected(texts) as whole, connected(texts) as parts:
        word_index.build(whole)
        monkeypatch.setattr(word_index, "PART_DOCUMENTS", 9)
        monkeypatch.setattr(word_index, "PART_CHARACTERS", 70)
        seen: list[int] = []
        word_index.build(parts, seen.append)
        assert sum(seen) == 100 and len(seen) > 20
        count = "SELECT count(DISTINCT part) FROM words WHERE word = 'the'"
        assert parts.execute(count).fetchall() == [(len(seen),)]
        for typed in ("the", "3", '"of 3"', "number -3", "5*"):
            assert search(parts, typed).tolist() == search(whole, typed).tolist() != []
        rows = parts.execute("SELECT word, part FROM words").fetchall()
        assert rows == sorted(rows, key=lambda row: (row[0].encode(), row[1]))


def test_one_long_word_and_one_long_line() -> None:
    texts = ["x" * 10_000_000, "needle " + "hay " * 2_500_000, "needle"]
    with connected(texts) as connection:
        word_index.build(connection)
        assert search(connection, "needle").tolist() == [1, 2]
        assert search(connection, "needle hay").tolist() == [1]
        assert search(connection, "xxx*").tolist() == [0]
        assert search(connection, '"hay hay"').tolist() == [1]
        assert connection.execute("SELECT max(length(word)) FROM words").fetchall() == [(64,)]


@pytest.mark.parametrize(
    ("typed", "marked"),
    [
        ('slope* -line "of the" x=3', ("slope", "of the", "x", "3")),
        ('"unfinished', ("unfinished",)),
        ("=>", ("=>",)),
        ("a a", ("a",)),
        ("  ", ()),
        ("-a", ()),
        ('"=>"', ("=>",)),
        ('"=>" y =', ("=>", "y")),
        ("हिन्दी भाषा*", ("हिन्दी", "भाषा")),
        ("e\u0301te", ("e\u0301te",)),
        ("率斜 x", ("率", "斜", "x")),
    ],
)
def test_what_is_marked(typed: str, marked: tuple[str, ...]) -> None:
    assert matches(typed) == marked


@settings(max_examples=100, deadline=None)
@given(typed_texts)
def test_words_that_are_marked_are_those_of_the_index(
    indexed: duckdb.DuckDBPyConnection, typed: str
) -> None:
    plain = typed.replace('"', " ").replace("-", " ")
    words = word_index.words_in(indexed, plain)
    if words:
        marked = [word_index.words_in(indexed, one) for one in matches(plain)]
        assert set(sum(marked, [])) == set(words)


def test_every_case_of_a_phrase_is_that_of_the_database() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    with connected([]) as connection:
        lowered: dict[str, set[str]] = {}
        for code, low in connection.execute(
            """SELECT i, lower(chr(i::INT)) FROM range(1, 1114112) t(i)
            WHERE i NOT BETWEEN 55296 AND 57343 AND ascii(lower(chr(i::INT))) < 128"""
        ).fetchall():
            lowered.setdefault(low, set()).add(chr(code))
        changed = connection.execute(
            f"""SELECT count(*) FROM (SELECT chr(i::INT) AS one FROM range(1, 1114112) t(i)
            WHERE i NOT BETWEEN 55296 AND 57343)
            WHERE regexp_matches(one, '{word_index._APART}', 's')
            <> regexp_matches(lower(one), '{word_index._APART}', 's')"""
        ).fetchall()
    assert {one: set(word_index._CASES[one][1:-1]) for one in letters} == {
        one: lowered[one] for one in letters
    }
    assert all(lowered[low] == {low} for low in lowered if low not in letters)
    assert changed == [(0,)]  # what a word may stand beside does not depend on case


@pytest.mark.parametrize(
    ("text", "phrase", "held"),
    [
        ("Of The", "of the", True),
        ("ten \u212a\u0130t (of it)", "k\u0130t", True),
        ("ten \u212ait", "kit", True),
        ("of\u00e9 the of the\u0301", "of the", False),
        ("often, of theirs", "of the", False),
        ("roof the: OF THE.", "of the", True),
        ("f(x)[0]", "(x)[", True),
        ("a.b", "a b", False),
    ],
)
def test_a_phrase_is_held_in_any_case(text: str, phrase: str, held: bool) -> None:
    with connected([text]) as connection:
        word_index.build(connection)
        assert search(connection, f'"{phrase}"').tolist() == [0] * held
