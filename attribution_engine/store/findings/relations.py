"""Reads how the top documents relate to their queries."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from attribution_engine.store.findings.relations_views import (
    QueryRelations,
    RelatedDocument,
    RelationCount,
    RelationsAbout,
    RelationShare,
)
from attribution_engine.store.queries import Queries

OPENING: Final = 200  # characters of a document


class RelationsFinding(Queries):
    """The questions about the relations of top documents to queries."""

    def relations_about(self) -> RelationsAbout | None:
        """What was read; None where nothing was."""
        return self._remember("relations about", self._read_relations_about)

    def _read_relations_about(self) -> RelationsAbout | None:
        ((k, n_read, n_queries, n_known, n_documents),) = self._rows(
            """SELECT max(k), max(n_read), count(DISTINCT query_id),
                count(DISTINCT query_id) FILTER ("procedure" IS NOT NULL),
                (SELECT count(DISTINCT doc_id) FROM relation) FROM relation_count"""
        )
        if not n_queries:
            return None
        return RelationsAbout(k, n_read, n_queries, n_known, n_documents, self._run.n_documents)

    def relation_shares(self) -> list[RelationShare]:
        """Share of the top documents with each relation, by suite in the order of the run."""
        return list(
            self._remember(
                "relation shares",
                lambda: tuple(
                    RelationShare(*row)
                    for row in self._rows(
                        """SELECT suite, relation, k, n_queries, n_known, share, low, high,
                            share_random, n_read FROM relation_share ORDER BY rowid"""
                    )
                ),
            )
        )

    def query_relations(self, query_id: int) -> QueryRelations | None:
        """The procedure and the relations of a query; None where it was not read (a set)."""
        rows = self._rows(
            """SELECT relation, n_top, n_random, k, n_read, "procedure" FROM relation_count
            WHERE query_id = ? ORDER BY rowid""",
            [query_id],
        )
        if not rows:
            return None
        k, n_read, procedure = rows[0][3:]
        counts = tuple(RelationCount(*row[:3]) for row in rows)
        return QueryRelations(query_id, procedure or "", k, n_read, counts)

    def related_documents(self, query_id: int, relation: str = "") -> list[RelatedDocument]:
        """The top documents of a query with their relations, by rank.

        Args:
            relation: only documents that have it; all where it is empty.
        """
        key = ("related documents", query_id)
        found = self._remember(key, lambda: self._read_related(query_id))
        return [
            one for one in found if not relation or any(name == relation for name, _ in one.related)
        ]

    def _read_related(self, query_id: int) -> tuple[RelatedDocument, ...]:
        rows = self._rows(
            f"""SELECT r.query_id, r.doc_id, r.rank, coalesce(d.source, ''),
                substr(d.text, 1, {OPENING}), relation, written
            FROM (SELECT *, rowid AS place FROM relation WHERE query_id = $1) r
            JOIN (SELECT * FROM documents WHERE doc_id IN
                (SELECT doc_id FROM relation WHERE query_id = $1)) d USING (doc_id)
            ORDER BY r.rank, place""",
            [query_id],
        )
        return tuple(
            RelatedDocument(
                query_id, doc_id, rank, source, opening, tuple((row[5], row[6]) for row in of)
            )
            for (query_id, doc_id, rank, source, opening), of in groupby(
                rows, key=lambda row: row[:5]
            )
        )
