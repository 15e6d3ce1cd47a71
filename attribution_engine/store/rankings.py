"""Rankings of a store: pages from either end, filters, neighbours, the distribution of scores."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import pandas as pd

from attribution_engine.store.connection import LABELS, VALUES, OpenStore, contains
from attribution_engine.store.views import (
    Distribution,
    DocumentFilter,
    FilterChoices,
    Neighbours,
    RankedDocument,
    RankingPage,
    Score,
    Side,
)

SNIPPET = 180  # characters of a document shown in a ranking
REMEMBERED_FILTERS = 8


class Rankings(OpenStore):
    """The questions about rankings."""

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        self._matching: OrderedDict[DocumentFilter, pd.DataFrame] = OrderedDict()

    def filter_choices(self) -> FilterChoices:
        """The sources, domains, categories and difficulties of the documents."""
        columns = ("source", "domain", "category", "difficulty")
        values = [
            self._rows(f"SELECT DISTINCT {c} FROM documents WHERE {c} IS NOT NULL ORDER BY 1")
            for c in columns
        ]
        return FilterChoices(*(tuple(row[0] for row in rows) for rows in values))

    def rankings(
        self,
        query_id: int,
        side: Side = "helpful",
        score: Score = "influence",
        offset: int = 0,
        limit: int = 50,
        only: DocumentFilter | None = None,
    ) -> RankingPage:
        """A page of the ranking from one end, ordered by the chosen score.

        Influence and per-nat have the same order: one divides by the query's nats.
        """
        only = only or DocumentFilter()
        order = "rank_normed" if score == "normed" else "rank"
        if only.restricts:
            total, page = self._filtered_page(query_id, order, side, offset, limit, only)
        else:
            total = self._run.n_documents
            # A range of ranks reads only the blocks that hold it; OFFSET would walk to it.
            low, high = offset + 1, offset + limit
            if side == "harmful":
                low, high = total + 1 - high, total + 1 - low
            page = self._rows(
                f"""SELECT doc_id FROM influence WHERE query_id = ? AND {order} BETWEEN ? AND ?
                ORDER BY {order} {_direction(side)}""",
                [query_id, low, high],
            )
        ids = [row[0] for row in page]
        return RankingPage(
            total, offset, self._ranked_documents(query_id, ids, score, side, only.text)
        )

    def _filtered_page(
        self, query_id: int, order: str, side: Side, offset: int, limit: int, only: DocumentFilter
    ) -> tuple[int, list[tuple[Any, ...]]]:
        matching = self._matching_ids(only)
        with self._cursor() as cursor:
            cursor.register("matching", matching)
            page = cursor.execute(
                f"""SELECT doc_id FROM influence
                WHERE query_id = ? AND doc_id IN (SELECT doc_id FROM matching)
                ORDER BY {order} {_direction(side)} LIMIT ? OFFSET ?""",
                [query_id, limit, offset],
            ).fetchall()
        return len(matching), page

    def _matching_ids(self, only: DocumentFilter) -> pd.DataFrame:
        """The documents that pass a filter; remembered, as a text search reads every text."""
        with self._lock:
            if only in self._matching:
                self._matching.move_to_end(only)
                return self._matching[only]
        clauses: list[str] = ["true"]
        parameters: list[Any] = []
        for column, values in (
            ("source", only.sources),
            ("domain", only.domains),
            ("category", only.categories),
            ("difficulty", only.difficulties),
        ):
            if values:
                clauses.append(f"{column} IN (SELECT unnest(?::VARCHAR[]))")
                parameters.append(list(values))
        if only.text:
            clauses.append("text ILIKE ? ESCAPE '\\'")
            parameters.append(contains(only.text))
        with self._cursor() as cursor:
            sql = f"SELECT doc_id FROM documents WHERE {' AND '.join(clauses)}"
            matching = cursor.execute(sql, parameters).fetchdf()
        with self._lock:
            self._matching[only] = matching
            while len(self._matching) > REMEMBERED_FILTERS:
                self._matching.popitem(last=False)
        return matching

    def _ranked_documents(
        self, query_id: int, ids: list[int], score: Score, side: Side, search: str
    ) -> tuple[RankedDocument, ...]:
        largest = self._largest(query_id, score, side)
        # Ids first, then texts: joining scores to texts would hash every text of the corpus.
        rows = self._records(
            f"""SELECT d.doc_id, i.rank, i.rank_normed, i.influence,
                {VALUES["per_nat"]} AS per_nat, {VALUES["normed"]} AS normed, {LABELS},
                d.n_tokens, d.text
            FROM influence i JOIN documents d USING (doc_id) JOIN queries q USING (query_id)
            WHERE i.query_id = ? AND i.doc_id IN (SELECT unnest(?::INTEGER[]))
                AND d.doc_id IN (SELECT unnest(?::INTEGER[]))""",
            [query_id, ids, ids],
        )
        found = {}
        for row in rows:
            shown = snippet(row.pop("text"), search)
            bar = (row[score] or 0.0) / largest if largest else 0.0
            found[row["doc_id"]] = RankedDocument(**row, bar=bar, snippet=shown)
        return tuple(found[doc_id] for doc_id in ids)

    def _largest(self, query_id: int, score: Score, side: Side) -> float:
        order = "rank_normed" if score == "normed" else "rank"
        rows = self._rows(
            f"""SELECT max(abs({VALUES[score]})) FROM influence i JOIN documents d USING (doc_id)
            JOIN queries q USING (query_id)
            WHERE i.query_id = ? AND i.{order} IN (1, ?)""",
            [query_id, self._run.n_documents],
        )
        return rows[0][0] or 0.0

    def neighbours(
        self,
        query_id: int,
        doc_id: int,
        side: Side = "helpful",
        score: Score = "influence",
        only: DocumentFilter | None = None,
    ) -> Neighbours:
        """Where a document stands in a (filtered) ranking, and what is before and after it."""
        only = only or DocumentFilter()
        order = "rank_normed" if score == "normed" else "rank"
        with self._cursor() as cursor:
            source = "influence WHERE query_id = ?"
            if only.restricts:
                cursor.register("matching", self._matching_ids(only))
                source += " AND doc_id IN (SELECT doc_id FROM matching)"
            rows = cursor.execute(
                f"""WITH places AS (SELECT doc_id,
                    row_number() OVER (ORDER BY {order} {_direction(side)}) AS place
                    FROM {source})
                SELECT p.doc_id, p.place, (SELECT count(*) FROM places) FROM places p,
                    (SELECT place FROM places WHERE doc_id = ?) here
                WHERE p.place BETWEEN here.place - 1 AND here.place + 1""",
                [query_id, doc_id],
            ).fetchall()
        places = {row[0]: row[1] for row in rows}
        if doc_id not in places:
            total = len(self._matching_ids(only)) if only.restricts else self._run.n_documents
            return Neighbours(None, total, None, None)
        here = places[doc_id]
        at = {place: other for other, place in places.items()}
        return Neighbours(here, rows[0][2], at.get(here - 1), at.get(here + 1))

    def distribution(
        self, query_id: int, score: Score = "influence", bins: int = 60
    ) -> Distribution:
        """A histogram over all documents of a query, and where the two tails begin."""
        chosen = f"""SELECT {VALUES[score]} AS value FROM influence i
            JOIN (SELECT doc_id, gradient_norm FROM documents) d USING (doc_id)
            JOIN queries q USING (query_id) WHERE i.query_id = ?"""
        low, high, positive, negative, tail = self._rows(
            f"""SELECT min(value), max(value), count(*) FILTER (value > 0),
                count(*) FILTER (value < 0), least(?, count(value) // 2) FROM ({chosen})""",
            [self._run.tail, query_id],
        )[0]
        if low is None:
            return Distribution((), (), 0, 0, 0, None, None)
        width = (max(high, 0) - min(low, 0)) / bins or 1.0
        counted: dict[int, int] = dict(
            self._rows(
                f"""SELECT floor(value / ?)::INTEGER AS bin, count(*) FROM ({chosen})
                WHERE value IS NOT NULL GROUP BY bin""",
                [width, query_id],
            )
        )
        first, last = min(counted), max(counted)
        ends = self._rows(
            f"""SELECT (SELECT min(value) FROM (SELECT value FROM ({chosen})
                ORDER BY value DESC NULLS LAST LIMIT ?)),
                (SELECT max(value) FROM (SELECT value FROM ({chosen})
                ORDER BY value NULLS LAST LIMIT ?))""",
            [query_id, tail, query_id, tail],
        )[0]
        edges = tuple(width * edge for edge in range(first, last + 2))
        counts = tuple(counted.get(number, 0) for number in range(first, last + 1))
        return Distribution(edges, counts, positive, negative, tail, *ends)


def snippet(text: str, search: str = "") -> str:
    """The first characters of a text, or those around the first place that `search` matches."""
    at = text.lower().find(search.lower()) if search else 0
    start = max(0, at - SNIPPET // 3) if at > SNIPPET // 2 else 0
    # Whitespace is folded for the one-line view; the document page shows it unaltered.
    piece = " ".join(text[start : start + 2 * SNIPPET].split())
    left = "…" if start else ""
    right = "…" if len(piece) > SNIPPET or start + 2 * SNIPPET < len(text) else ""
    return left + piece[:SNIPPET] + right


def _direction(side: Side) -> str:
    return "DESC" if side == "harmful" else "ASC"
