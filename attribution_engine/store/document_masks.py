"""Which documents pass a filter: one boolean a document, kept for each part of a filter."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

import duckdb
import numpy as np

from attribution_engine.store import word_index
from attribution_engine.store.connection import OpenStore
from attribution_engine.store.views import DocumentFilter, FilterChoices
from attribution_engine.text.answers import answer_places

WORD = re.compile(r"[A-Za-z0-9]{1,60}")
CHECKED = 5_000  # documents whose texts are read to see whether they say an answer
READ_AT_ONCE = 1_000  # of them: long texts are not in memory all together
LABELLED = ("source", "domain", "category", "difficulty")


@dataclass(frozen=True, slots=True, eq=False)
class NearGroups:
    """The near-duplicates of a corpus, its groups numbered from 0.

    Attributes:
        of_document: int32 [doc_id], the group of each document; −1 where it has none.
        names: int32 [group], as `documents.near_group` names them.
        sizes: int64 [group], documents.
    """

    of_document: np.ndarray
    names: np.ndarray
    sizes: np.ndarray


class DocumentMasks(OpenStore):
    """The questions about which documents have a property."""

    def filter_choices(self) -> FilterChoices:
        """The values that documents can be filtered by."""
        return self._remember("filter choices", self._read_choices, heavy=True)

    def _read_choices(self) -> FilterChoices:
        sources, domains, categories, difficulties = (
            tuple(
                row[0]
                for row in self._rows(
                    # An empty label is none, as where a document's labels are shown.
                    f"SELECT DISTINCT {c} FROM documents WHERE coalesce({c}, '') <> '' ORDER BY 1"
                )
            )
            for c in LABELLED
        )
        behaviours = self._rows(
            "SELECT DISTINCT behaviour FROM spans WHERE coalesce(behaviour, '') <> '' ORDER BY 1"
        )
        says_correct = self._rows(
            f"SELECT 1 FROM documents WHERE {_correct('IS NOT NULL')} LIMIT 1"
        )
        grouped = self._rows("SELECT 1 FROM documents WHERE near_group IS NOT NULL LIMIT 1")
        return FilterChoices(
            sources,
            domains,
            categories,
            difficulties,
            behaviours=tuple(row[0] for row in behaviours),
            has_correct=bool(says_correct),
            has_groups=bool(grouped),
        )

    def _n_ids(self) -> int:
        """One more than the largest doc_id."""
        return self._remember(
            "ids",
            lambda: int(self._rows("SELECT coalesce(max(doc_id), -1) + 1 FROM documents")[0][0]),
        )

    def _near_groups(self) -> NearGroups | None:
        """The near-duplicates; None where no document has any."""
        return self._remember("near groups", self._read_groups, heavy=True)

    def _read_groups(self) -> NearGroups | None:
        with self._cursor() as cursor:
            found = cursor.execute(
                "SELECT doc_id, near_group FROM documents WHERE near_group IS NOT NULL"
            ).fetchnumpy()
        if not len(found["doc_id"]):
            return None
        names, numbers, sizes = np.unique(
            found["near_group"], return_inverse=True, return_counts=True
        )
        of_document = np.full(self._n_ids(), -1, np.int32)
        of_document[found["doc_id"]] = numbers
        return NearGroups(of_document, names, sizes)

    def _passing(self, query_id: int, only: DocumentFilter) -> np.ndarray | None:
        """Which documents pass a filter but for its range of scores; None if all do.

        Returns:
            bool [doc_id]; not to be changed.
        """
        passing: np.ndarray | None = None
        for mask in self._masks(query_id, only):
            passing = mask if passing is None else passing & mask
        return passing

    def _masks(self, query_id: int, only: DocumentFilter) -> Iterator[np.ndarray]:
        for column, values in zip(
            LABELLED,
            (only.sources, only.domains, only.categories, only.difficulties),
            strict=True,
        ):
            if values:
                yield self._mask(
                    (column, tuple(sorted(values))),
                    f"SELECT doc_id FROM documents WHERE {column} IN (SELECT unnest(?::VARCHAR[]))",
                    list(values),
                )
        if only.behaviours:
            yield self._mask(
                ("behaviour", tuple(sorted(only.behaviours))),
                "SELECT doc_id FROM spans WHERE behaviour IN (SELECT unnest(?::VARCHAR[]))",
                list(only.behaviours),
            )
        if only.correct is not None:
            yield self._mask(
                ("correct", only.correct),
                f"SELECT doc_id FROM documents WHERE {_correct('= ?')}",
                "true" if only.correct else "false",
            )
        if only.group is not None:
            yield self._of_group(only.group)
        if only.text:
            yield self._matching(only.text)
        if only.with_answer:
            yield self._with_answer(query_id)

    def _mask(self, key: Hashable, sql: str, parameter: object) -> np.ndarray:
        def read() -> np.ndarray:
            with self._cursor() as cursor:
                return cursor.execute(sql, [parameter]).fetchnumpy()["doc_id"]

        return self._of_ids(key, read)

    def _of_ids(self, key: Hashable, read: Callable[[], np.ndarray]) -> np.ndarray:
        """A mask from the doc_ids that `read` gives, kept under a key."""

        def make() -> np.ndarray:
            mask = np.zeros(self._n_ids(), bool)
            mask[read()] = True
            return mask

        return self._remember(("mask", key), make, heavy=True)

    def _matching(self, text: str) -> np.ndarray:
        """The documents that a search finds."""

        def read() -> np.ndarray:
            with self._cursor() as cursor:
                return word_index.search(cursor, text)

        return self._of_ids(("text", text), read)

    def _of_group(self, name: int) -> np.ndarray:
        groups = self._near_groups()
        if groups is None or name not in groups.names:
            return np.zeros(self._n_ids(), bool)
        of_group: np.ndarray = groups.of_document == np.flatnonzero(groups.names == name)[0]
        return of_group

    def _with_answer(self, query_id: int) -> np.ndarray:
        """The documents that hold the answer of a query.

        Those that the table `answers` names, where it has any of the query. Else those in which
        the reference stands as whole words, by the rule that marks it in a document; where the
        query has no reference, the last of its keywords. None where it has neither.

        Of more than CHECKED candidates no text is read for an answer of one plain word: all that
        hold the word count, with "3" those that say "3.5". A longer answer is then looked for as
        it stands.
        """

        def read() -> np.ndarray:
            with self._cursor() as cursor:
                named = cursor.execute(
                    "SELECT DISTINCT doc_id FROM answers WHERE query_id = ?", [query_id]
                ).fetchnumpy()["doc_id"]
                answer = "" if len(named) else self._answer_of(query_id)
                if not answer:
                    return named
                words = word_index.words_in(cursor, answer)
                found = word_index.search(cursor, " ".join(words)) if words else None
                if found is None or (len(found) > CHECKED and not WORD.fullmatch(answer)):
                    found = word_index.holding(cursor, answer, found)
                return found if len(found) > CHECKED else _saying(cursor, found, answer)

        return self._of_ids(("answer", query_id), read)

    def _answer_of(self, query_id: int) -> str:
        """What to search for as the answer of a query; empty if it has none."""
        rows = self._rows(
            "SELECT reference, keywords::VARCHAR FROM queries WHERE query_id = ?", [query_id]
        )
        reference, keywords = rows[0] if rows else (None, None)
        listed = json.loads(keywords or "[]")
        last = str(listed[-1]) if isinstance(listed, list) and listed else ""
        return (reference or "").strip() or last.strip()


def _saying(cursor: duckdb.DuckDBPyConnection, ids: np.ndarray, answer: str) -> np.ndarray:
    """Documents, of ascending ids, whose text says the answer."""
    found: list[int] = []
    for at in range(0, len(ids), READ_AT_ONCE):
        part = ids[at : at + READ_AT_ONCE].tolist()
        rows = cursor.execute(
            """SELECT doc_id, text FROM documents
            WHERE doc_id BETWEEN ? AND ? AND doc_id IN (SELECT unnest(?::INTEGER[]))""",
            [part[0], part[-1], part],
        ).fetchall()
        found += [doc_id for doc_id, text in rows if answer_places(text, [answer])]
    return np.array(found, np.int32)


def _correct(test: str) -> str:
    """SQL of a test of what the metadata say under `correct`: JSON is slow, so plain text first."""
    return f"""CASE WHEN contains(metadata::VARCHAR, '"correct"')
        THEN (metadata->>'$.correct') {test} ELSE false END"""
