"""Reads where answers may stand: candidates by the index of words, their texts, their ranks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

import duckdb
import numpy as np

from attribution_engine.store import word_index
from attribution_engine.text.answers import Sought

TEXTS: Final = 4_000  # that are held at a time
TEXT_CHARACTERS: Final = 20_000_000  # the same, for long ones
WORDS: Final = 200  # whose documents are remembered

Ids = np.ndarray  # ascending int32 doc_ids


class Candidates:
    """Finds the documents that may say something, as they hold all words of it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        (low, high) = connection.execute(
            "SELECT coalesce(min(doc_id), 0), coalesce(max(doc_id), -1) FROM documents"
        ).fetchall()[0]
        self._all = np.arange(low, high + 1, dtype=np.int32)
        self._indexed = bool(connection.execute("SELECT 1 FROM words LIMIT 1").fetchall())
        self._ids = lru_cache(maxsize=WORDS)(self._read)
        self._words = lru_cache(maxsize=10_000)(self._words_in)

    def of(self, sought: Sought) -> Ids:
        """Every document that can hold what is sought, and others; all where there is no index."""
        if not self._indexed:
            return self._all
        found = self._either(sought.forms)
        if sought.needed and len(found):
            beside = [self._either(forms) for forms in sought.beside]
            counts = np.zeros(len(self._all), np.int16)
            for ids in beside:
                counts[ids - self._first] += 1
            found = found[counts[found - self._first] >= sought.needed]
        return found

    @property
    def _first(self) -> int:
        return int(self._all[0]) if len(self._all) else 0

    def _either(self, forms: Sequence[str]) -> Ids:
        """Documents that hold all words of one of the forms."""
        sets = {self._words(form) for form in forms}
        # A form whose words are among those of another finds all that the other finds.
        least = [one for one in sets if not any(other < one for other in sets)]
        there = np.zeros(len(self._all), bool)
        for words in least:
            if not words:
                return self._all
            ids: Ids | None = None
            for word in sorted(words, key=len, reverse=True):
                ids = self._ids(word) if ids is None else self._both(ids, self._ids(word))
            if ids is not None:
                there[ids - self._first] = True
        return self._all[there]

    def _both(self, some: Ids, others: Ids) -> Ids:
        few, many = sorted((some, others), key=len)
        if not len(few):
            return few
        there = np.zeros(len(self._all), bool)
        there[many - self._first] = True
        return few[there[few - self._first]]

    def _read(self, word: str) -> Ids:
        found = self._connection.execute(
            "SELECT unnest(docs) AS doc_id FROM words WHERE word = ?", [word]
        ).fetchnumpy()["doc_id"]
        return np.sort(found.astype(np.int32))

    def _words_in(self, form: str) -> frozenset[str]:
        # Signs are no part of words; of other characters the index has its own ideas.
        if all(one.isascii() or unicodedata.category(one)[0] in "SPZ" for one in form):
            words = re.findall(r"\w+", form.lower())
        else:
            words = word_index.words_in(self._connection, form)
        return frozenset(word[: word_index.LONGEST_WORD] for word in words)


def texts_of(
    connection: duckdb.DuckDBPyConnection, doc_ids: np.ndarray
) -> Iterator[list[tuple[int, str]]]:
    """(doc_id, text) of ascending documents, some thousand at a time."""
    size = TEXTS
    place = 0
    while place < len(doc_ids):
        part = doc_ids[place : place + size]
        rows = connection.execute(
            f"""SELECT doc_id, text FROM documents
            WHERE doc_id BETWEEN {int(part[0])} AND {int(part[-1])}
            AND doc_id IN (SELECT unnest(?::INTEGER[])) ORDER BY doc_id""",
            [part.tolist()],
        ).fetchall()
        place += size
        characters = sum(len(text) for _, text in rows)
        if characters:
            size = int(np.clip(len(rows) * TEXT_CHARACTERS / characters, 100, TEXTS))
        yield rows


def ranks_of_documents(
    connection: duckdb.DuckDBPyConnection, query_id: int, doc_ids: Iterable[int]
) -> dict[int, int]:
    """Ranks of documents for a query, 1 = most helpful."""
    wanted = sorted(set(map(int, doc_ids)))
    if not wanted:
        return {}
    return dict(
        connection.execute(
            """SELECT doc_id, rank FROM influence WHERE query_id = ?
            AND doc_id IN (SELECT unnest(?::INTEGER[]))""",
            [query_id, wanted],
        ).fetchall()
    )
