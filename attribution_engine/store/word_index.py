"""Full-text search over the documents of a store: its table `words`, built and asked.

A word is a run of letters, digits, marks and underscores in lower case; in scripts that put no
spaces between words every character is a word. Words count by their first 64 characters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

LONGEST_WORD: Final = 64  # characters that count
PART_DOCUMENTS: Final = 200_000
PART_CHARACTERS: Final = 64_000_000

_UNSPACED: Final = "".join(
    rf"\p{{{script}}}"
    for script in "Han Hiragana Katakana Thai Lao Khmer Myanmar Tibetan Javanese Balinese".split()
)
# What belongs to a word with spaces around it: neither "no letter" nor of those scripts, and so on.
_SPACED: Final = "|".join(rf"[^\P{{{kind}}}{_UNSPACED}]" for kind in "LNM") + "|_"
_WORD: Final = rf"(?:{_SPACED})+|[{_UNSPACED}]"
_APART: Final = rf"[^\p{{L}}\p{{N}}\p{{M}}_]|[{_UNSPACED}]"  # what a word may stand beside
# Every letter that the database lowers to one of a to z; two are outside ASCII.
_CASES: Final = {one: f"[{one}{one.upper()}]" for one in "abcdefghijklmnopqrstuvwxyz"} | {
    "i": "[iI\u0130]",
    "k": "[kK\u212a]",
}
_TERM: Final = re.compile(r'(-?)(?:"([^"]*)"|(\S+))')

Ids = np.ndarray  # ascending int32 doc_ids


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a text must, or must not, hold.

    Attributes:
        text: as typed; of words without quotes: the one word.
        excluded: no document that holds it is found.
        exact: it stood in quotes; otherwise it is a word, or the start of one if `prefix`.
    """

    text: str
    excluded: bool = False
    exact: bool = False
    prefix: bool = False


def build(connection: duckdb.DuckDBPyConnection, step: Callable[[int], None] | None = None) -> None:
    """Fills `words` from `documents`, a part of the corpus at a time; it has to be empty.

    Args:
        step: is told how many documents each part had.
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE word_parts (word VARCHAR, part INT, docs INT[])"
    )
    for part, (first, last, n) in enumerate(_parts(connection)):
        connection.execute(
            f"""INSERT INTO word_parts SELECT word, {part}, list_sort(list(doc_id)) FROM
            (SELECT doc_id, unnest({words_of("text")}) AS word FROM documents
            WHERE doc_id BETWEEN {first} AND {last}) GROUP BY word"""
        )
        if step:
            step(n)
    connection.execute("INSERT INTO words SELECT word, part, docs FROM word_parts ORDER BY 1, 2")
    connection.execute("DROP TABLE word_parts")


def search(cursor: duckdb.DuckDBPyConnection, text: str) -> Ids:
    """The documents that hold everything that a search asks for.

    Case does not count. All words must occur. `"a phrase"` is found as it stands, blanks and
    signs included, but not inside longer words; `word*` finds words that start so; `-word`,
    `-word*` and `-"a phrase"` exclude. A quote that does not end is no quote. Signs outside
    quotes do not count beside anything else; a search that has neither a word nor a quote, such
    as `=>`, is looked for as it stands in every text.

    Returns:
        Ascending doc_ids, int32.
    """
    terms = parse(cursor, text)
    if not cursor.execute("SELECT 1 FROM words LIMIT 1").fetchall():
        return _scan(cursor, text, terms)
    wanted = [term for term in terms if not term.excluded]
    found: Ids | None = None
    if terms:
        words = sorted((term for term in wanted if not term.exact), key=_broadness)
        for term in words:
            found = _common(found, _of_word(cursor, term))
        for term in wanted:
            if term.exact:
                found = _of_phrase(cursor, term.text, found)
    else:
        found = holding(cursor, text.strip(), None)
    if found is None:
        found = _ids(cursor.execute("SELECT doc_id FROM documents ORDER BY 1"))
    for term in terms:
        if term.excluded and len(found):
            taken = _of_phrase(cursor, term.text, found) if term.exact else _of_word(cursor, term)
            found = _without(found, taken)
    return found


def scan(cursor: duckdb.DuckDBPyConnection, text: str) -> Ids:
    """What `search` finds, by reading every text: the slow twin."""
    return _scan(cursor, text, parse(cursor, text))


def matches(text: str) -> tuple[str, ...]:
    """What to mark in a text that a search has found; case does not count."""
    terms = [
        (excluded, [typed] if exact else _words_in(typed))
        for excluded, exact, typed in _typed(text)
    ]
    if not any(words for _, words in terms):
        return (text.strip(),) if text.strip() else ()
    return tuple(dict.fromkeys(word for no, words in terms if not no for word in words))


def parse(cursor: duckdb.DuckDBPyConnection, text: str) -> list[Term]:
    """The terms of a search; none where it holds neither a word nor a quote.

    The words are found by the database, as those of the documents were.
    """
    terms: list[Term] = []
    for excluded, exact, typed in _typed(text):
        if exact:
            terms.append(Term(typed, excluded, exact=True))
            continue
        words = words_in(cursor, typed)
        starts = _row(cursor, f"SELECT regexp_matches($1, '(?:{_WORD})\\*$')", typed)[0]
        terms += [Term(word, excluded) for word in (words[:-1] if starts else words)]
        if starts:
            terms.append(Term(words[-1], excluded, prefix=True))
    return list(dict.fromkeys(terms))


def words_in(cursor: duckdb.DuckDBPyConnection, text: str) -> list[str]:
    """The words of a text, as the index has them."""
    words: list[str] = _row(cursor, f"SELECT {words_of('$1', distinct=False)}", text)[0]
    return words


@lru_cache(maxsize=256)
def _words_in(typed: str) -> list[str]:
    """The words of a text as they are written."""
    if typed.isascii():
        return re.findall(r"\w+", typed)
    # Other characters are words to Python that are none to the index, and the other way round.
    with _no_store().cursor() as cursor:
        words: list[str] = _row(cursor, f"SELECT regexp_extract_all($1, '{_WORD}')", typed)[0]
        return words


@cache
def _no_store() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:", config={"threads": 1})


def _row(cursor: duckdb.DuckDBPyConnection, sql: str, typed: str) -> tuple[Any, ...]:
    """The one row of a query about what was typed."""
    return cursor.execute(sql, [typed]).fetchall()[0]


def _typed(text: str) -> list[tuple[bool, bool, str]]:
    """(excluded, in quotes, what was typed) of every term; an unfinished quote is dropped."""
    if text.count('"') % 2:
        at = text.rindex('"')
        text = text[:at] + " " + text[at + 1 :]
    found = []
    for match in _TERM.finditer(text):
        minus, quoted, plain = match.groups()
        if quoted is None:
            found.append((bool(minus), False, plain))
        elif quoted.strip():
            found.append((bool(minus), True, quoted))
    return found


def words_of(column: str, distinct: bool = True) -> str:
    """SQL of the list of words of a text."""
    cut = f"[left(w, {LONGEST_WORD}) FOR w IN regexp_extract_all(lower({column}), '{_WORD}')]"
    return f"list_distinct({cut})" if distinct else cut


def _parts(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int, int]]:
    """First and last doc_id, and number, of documents that are indexed together."""
    return connection.execute(
        f"""SELECT min(doc_id), max(doc_id), count(*) FROM (SELECT doc_id,
            (row_number() OVER w - 1) // {PART_DOCUMENTS} AS by_number,
            sum(length(text)) OVER w // {PART_CHARACTERS} AS by_length
            FROM documents WINDOW w AS (ORDER BY doc_id ROWS UNBOUNDED PRECEDING))
        GROUP BY by_number, by_length ORDER BY 1"""
    ).fetchall()


def _broadness(term: Term) -> tuple[bool, int]:
    """Prefixes after words, short words after long ones: these find more."""
    return term.prefix, -len(term.text)


def _of_word(cursor: duckdb.DuckDBPyConnection, term: Term) -> Ids:
    if term.prefix:
        # Words are in order, so that the lower bound leaves out the blocks before the prefix.
        return _ids(
            cursor.execute(
                """SELECT DISTINCT unnest(docs) AS doc_id FROM words
                WHERE word >= $1 AND starts_with(word, $1) ORDER BY 1""",
                [term.text],
            )
        )
    ids = _ids(
        cursor.execute("SELECT unnest(docs) AS doc_id FROM words WHERE word = ?", [term.text])
    )
    return ids if (ids[1:] > ids[:-1]).all() else np.sort(ids)  # parts come in their order


def _of_phrase(cursor: duckdb.DuckDBPyConnection, phrase: str, among: Ids | None) -> Ids:
    """Documents that hold a phrase; its words say which texts need to be read at all."""
    (words,) = _row(cursor, f"SELECT {words_of('$1')}", phrase)
    for word in sorted(words, key=len, reverse=True):
        among = _common(among, _of_word(cursor, Term(word)))
    return holding(cursor, phrase, among)


def holding(cursor: duckdb.DuckDBPyConnection, phrase: str, among: Ids | None) -> Ids:
    """Documents, of those given, whose text holds a phrase that no word goes on from."""
    condition, parameters = _holds(cursor, phrase)
    if among is None:
        return _ids(
            cursor.execute(f"SELECT doc_id FROM documents WHERE {condition} ORDER BY 1", parameters)
        )
    if not len(among):
        return among
    cursor.register("candidates", pa.table({"doc_id": among}))
    try:
        return _ids(
            cursor.execute(
                f"""SELECT doc_id FROM documents WHERE doc_id IN (SELECT doc_id FROM candidates)
                AND doc_id BETWEEN {among[0]} AND {among[-1]} AND {condition} ORDER BY 1""",
                parameters,
            )
        )
    finally:
        cursor.unregister("candidates")


def _holds(cursor: duckdb.DuckDBPyConnection, phrase: str) -> tuple[str, dict[str, str]]:
    """SQL of whether `text` holds a phrase, and its parameters."""
    lowered, word_first, word_last = _row(
        cursor,
        f"""SELECT lower($1), regexp_matches(lower($1), '^(?:{_SPACED})'),
        regexp_matches(lower($1), '(?:{_SPACED})$')""",
        phrase,
    )
    before = rf"(?:^|{_APART})" if word_first else ""
    after = rf"(?:{_APART}|$)" if word_last else ""
    if not before and not after:
        return "contains(lower(text), $phrase)", {"phrase": lowered}
    blanks = f" {lowered} "
    if lowered.isascii():
        # Most texts are told apart in one pass that lowers nothing; the rest have a blank on
        # either side most often, and what is left goes to the pattern.
        loose = "".join(_CASES.get(one, re.escape(one)) for one in lowered)
        return (
            """CASE WHEN NOT regexp_matches(text, $loose, 's') THEN false
            WHEN contains(text, $blanks) THEN true
            ELSE regexp_matches(text, $pattern, 's') END""",
            {"loose": loose, "blanks": blanks, "pattern": before + loose + after},
        )
    # Plain searches are the faster ones, and leave little to the pattern.
    return (
        """CASE WHEN contains(text, $blanks) THEN true WHEN contains(lower(text), $phrase)
        THEN regexp_matches(lower(text), $pattern, 's') ELSE false END""",
        {
            "blanks": blanks,
            "phrase": lowered,
            "pattern": before + re.escape(lowered) + after,
        },
    )


def _scan(cursor: duckdb.DuckDBPyConnection, text: str, terms: list[Term]) -> Ids:
    if not terms:
        return holding(cursor, text.strip(), None)
    found: Ids | None = None
    for term in sorted(terms, key=lambda term: term.excluded):
        if term.exact:
            these = holding(cursor, term.text, None)
        else:
            test = "starts_with(w, $1)" if term.prefix else "w = $1"
            these = _ids(
                cursor.execute(
                    f"""SELECT doc_id FROM documents
                    WHERE len([1 FOR w IN {words_of("text", distinct=False)} IF {test}]) > 0
                    ORDER BY 1""",
                    [term.text],
                )
            )
        if term.excluded:
            if found is None:
                found = _ids(cursor.execute("SELECT doc_id FROM documents ORDER BY 1"))
            found = _without(found, these)
        else:
            found = _common(found, these)
    return found if found is not None else np.zeros(0, np.int32)


def _ids(result: duckdb.DuckDBPyConnection) -> Ids:
    return result.fetchnumpy()["doc_id"].astype(np.int32, copy=False)


def _common(some: Ids | None, others: Ids) -> Ids:
    """Ids that are in both; None stands for all."""
    if some is None:
        return others
    few, many = sorted((some, others), key=len)
    return few[_among(few, many)]


def _without(some: Ids, others: Ids) -> Ids:
    return some[~_among(some, others)]


def _among(some: Ids, others: Ids) -> np.ndarray:
    """Which of ascending ids are in other ascending ids."""
    if not len(some) or not len(others):
        return np.zeros(len(some), bool)
    there = np.zeros(int(max(some[-1], others[-1])) + 1, bool)
    there[others] = True
    return there[some]
