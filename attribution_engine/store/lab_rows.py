"""What a lab takes from a store: its run, a sample of its documents, its answered queries."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attribution_engine.records import Document, Mark
from attribution_engine.store.connection import OpenStore

SET_ITEMS = "SELECT query_id FROM query_items"  # queries that are sets of items


@dataclass(frozen=True, slots=True)
class AnsweredQuery:
    """A prompt and its completion; of a set query, one of the items that are in the set.

    Attributes:
        query_id: of the query, or of the set that the item belongs to.
        correct: None where it was not marked.
        of_set: whether it is an item of a set query; in_set: one of those that it is made of.
        item: number in the set; 0 of what is no item.
    """

    query_id: int
    suite: str
    kind: str
    prompt: str
    completion: str
    reference: str | None
    correct: bool | None
    keywords: tuple[str, ...]
    of_set: bool
    in_set: bool
    item: int = 0


@dataclass(frozen=True, slots=True)
class PlantedRank:
    """Where a run ranks the one document that states a planted fact, for the query that asks it.

    Attributes:
        n: documents of the run.
    """

    query_id: int
    rank: int
    n: int


class LabRows(OpenStore):
    """Answers what the lab asks of a store.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """

    def document_ids(self) -> list[int]:
        """Every document's number."""
        return [row[0] for row in self._rows("SELECT doc_id FROM documents ORDER BY doc_id")]

    def documents(self, ids: Sequence[int]) -> list[Document]:
        """Some documents, in the order of `ids`."""
        rows = self._records(
            """SELECT doc_id, text, coalesce(prompt_chars, 0) AS prompt_chars, source, domain,
                category, difficulty, metadata::VARCHAR AS metadata, loss_ranges
            FROM documents WHERE doc_id IN (SELECT unnest(?))""",
            [list(ids)],
        )
        found = {row["doc_id"]: _document(row) for row in rows}
        return [found[number] for number in ids]

    def answered(self, *, wrong: bool = False) -> list[AnsweredQuery]:
        """Queries that have a completion which is not known to be wrong, sets by their items.

        Args:
            wrong: those that are known to be wrong as well, and set items outside of the set.
        """
        rows = self._records(
            f"""SELECT query_id, suite, kind, prompt, completion, reference, correct,
                keywords::VARCHAR AS keywords, false AS of_set, false AS in_set, 0 AS item
            FROM queries WHERE coalesce(completion, '') <> '' AND (? OR coalesce(correct, true))
                AND query_id NOT IN ({SET_ITEMS})
            UNION ALL
            SELECT i.query_id, suite, kind, i.prompt, i.completion, i.reference, i.correct,
                '[]', true, in_set, item
            FROM query_items i JOIN queries USING (query_id)
            WHERE (? OR in_set) AND coalesce(i.completion, '') <> ''
            ORDER BY query_id, item""",
            [wrong, wrong],
        )
        for row in rows:
            row["keywords"] = tuple(json.loads(row["keywords"] or "[]"))
        return [AnsweredQuery(**row) for row in rows]

    def planted_ranks(self) -> list[PlantedRank]:
        """Ranks of documents labelled `planted` for queries that have the label as a keyword.

        The label is of the metadata; a label that several documents have is not of a fact that
        stands nowhere else, and is left out.
        """
        rows = self._rows(
            """WITH labelled AS (
                SELECT doc_id, metadata->>'$.planted' AS label FROM documents
                WHERE coalesce(metadata->>'$.planted', '') <> ''
                QUALIFY count(*) OVER (PARTITION BY label) = 1)
            SELECT query_id, rank, (SELECT count(*) FROM documents)
            FROM queries q
            JOIN labelled ON list_contains(CAST(q.keywords AS VARCHAR[]), label)
            JOIN influence USING (query_id, doc_id) ORDER BY query_id"""
        )
        return [PlantedRank(*row) for row in rows]

    def marks(self, ids: Sequence[int]) -> dict[int, list[Mark]]:
        """Passages whose behaviour the corpus names, by document; none of those without."""
        found: dict[int, list[Mark]] = {}
        for number, *mark in self._rows(
            """SELECT doc_id, "start", "end", behaviour FROM spans
            WHERE behaviour IS NOT NULL AND doc_id IN (SELECT unnest(?))
            ORDER BY doc_id, "start\"""",
            [list(ids)],
        ):
            found.setdefault(number, []).append(Mark(*mark))
        return found

    def has_marks(self) -> bool:
        """Whether the corpus names the behaviour of any passage."""
        rows = self._rows("SELECT count(*) FROM spans WHERE behaviour IS NOT NULL")
        return bool(rows[0][0])


def _document(row: dict[str, Any]) -> Document:
    at = row.pop("loss_ranges") or []
    metadata = json.loads(row.pop("metadata") or "{}") or {}
    ranges = tuple(zip(at[::2], at[1::2], strict=True))
    return Document(**row, metadata=metadata, loss_ranges=ranges)
