"""Reads one store for the explorer: every question the pages ask, as SQL, answered in records."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from attribution_engine.records import InputError
from attribution_engine.store import curves
from attribution_engine.store.opening import open_store
from attribution_engine.store.token_scale import class_counts, score_tokens, token_cells
from attribution_engine.store.views import (
    CurveSeries,
    Distribution,
    DocumentFilter,
    DocumentView,
    FilterChoices,
    Neighbours,
    QueryEffect,
    QueryInfo,
    RankedDocument,
    RankFit,
    RankingPage,
    RunInfo,
    Score,
    Side,
    SlopeGroup,
    SourceCount,
    SuiteSummary,
    TokenScores,
    Unit,
)
from attribution_engine.text.token_classes import classify

SNIPPET = 180  # characters of a document shown in a ranking
REMEMBERED_FILTERS = 8
QUERY_COLUMNS = """query_id, suite, task, kind, prompt, coalesce(completion, ''), reference,
    correct, nats, n_tokens, nats / nullif(n_tokens, 0)"""
LABELS = ", ".join(
    f"coalesce(d.{name}, '') AS {name}" for name in ("source", "domain", "category", "difficulty")
)
VALUES = {
    "influence": "i.influence",
    "per_nat": "i.influence / nullif(q.nats, 0)",
    "normed": "i.influence / nullif(d.gradient_norm, 0)",
}


class StoreReader:
    """Answers questions about one store. Safe to share between threads.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection = open_store(self.path)
        self._lock = threading.Lock()
        self._matching: OrderedDict[DocumentFilter, pd.DataFrame] = OrderedDict()
        self._run = self._read_run()

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # One connection used by two threads at once fails; a cursor of its own costs 30 µs.
        with self._lock:
            cursor = self._connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            what = str(error).splitlines()[0]
            raise InputError(f"{self.path}: cannot be read ({what}); copy it again") from error
        finally:
            cursor.close()

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            return cursor.execute(sql, list(parameters)).fetchall()

    def _records(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._cursor() as cursor:
            rows = cursor.execute(sql, list(parameters)).fetchall()
            names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    # The run -----------------------------------------------------------------------------------

    def run(self) -> RunInfo:
        """What this run is."""
        return self._run

    def _read_run(self) -> RunInfo:
        words = ("run_id", "name", "engine_version", "model", "corpus", "method", "sign",
                 "token_alignment", "device", "notes")  # fmt: skip
        row = self._records(
            f"""SELECT {", ".join(f"coalesce({name}, '') AS {name}" for name in words)},
                strftime(created_at, '%Y-%m-%d %H:%M') AS created_at, n_parameters,
                n_tracked_parameters,
                n_tracked_parameters / nullif(n_parameters, 0) AS tracked_share,
                config::VARCHAR AS config, damping, rank, stage_seconds::VARCHAR AS stage_seconds,
                n_documents, n_queries, n_tokens, factor_documents, tracked_layers,
                coalesce(tail, 0) AS tail, coalesce(truncated_documents, 0) AS truncated_documents
            FROM run"""
        )[0]
        stages = json.loads(row["stage_seconds"] or "{}")
        row["stage_seconds"] = {name: float(seconds) for name, seconds in stages.items()}
        row["tracked_layers"] = tuple(row["tracked_layers"] or ())
        return RunInfo(**row, total_seconds=sum(row["stage_seconds"].values()))

    def sources(self) -> list[SourceCount]:
        """The corpus by source, largest first; share of documents."""
        rows = self._rows(
            """SELECT coalesce(source, '(none)'), count(*), sum(n_tokens),
                count(*) / sum(count(*)) OVER () FROM documents
            GROUP BY ALL ORDER BY 2 DESC, 1"""
        )
        return [SourceCount(*row) for row in rows]

    # Queries -----------------------------------------------------------------------------------

    def suites(self) -> list[SuiteSummary]:
        """The suites in the order of their first query."""
        rows = self._rows(
            """SELECT suite, string_agg(DISTINCT kind, ', ' ORDER BY kind),
                list(DISTINCT task ORDER BY task), count(*), count(correct),
                count(*) FILTER (correct), count(*) FILTER (correct) / nullif(count(correct), 0),
                avg(nats)
            FROM queries GROUP BY suite ORDER BY min(query_id)"""
        )
        return [SuiteSummary(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]

    def queries(self, suite: str = "", task: str = "", search: str = "") -> list[QueryInfo]:
        """The queries of a suite and task whose id is, or whose text contains, `search`."""
        rows = self._rows(
            f"""SELECT {QUERY_COLUMNS} FROM queries
            WHERE (? = '' OR suite = ?) AND (? = '' OR task = ?)
                AND (? = '' OR query_id::VARCHAR = ? OR prompt ILIKE ? ESCAPE '\\'
                    OR completion ILIKE ? ESCAPE '\\' OR task ILIKE ? ESCAPE '\\')
            ORDER BY query_id""",
            [suite, suite, task, task, search, search.removeprefix("#"), *[_contains(search)] * 3],
        )
        return [QueryInfo(*row) for row in rows]

    def query(self, query_id: int) -> QueryInfo | None:
        """One query, None if the run has no such query."""
        rows = self._rows(f"SELECT {QUERY_COLUMNS} FROM queries WHERE query_id = ?", [query_id])
        return QueryInfo(*rows[0]) if rows else None

    # Rankings ----------------------------------------------------------------------------------

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
            parameters.append(_contains(only.text))
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

    # One document ------------------------------------------------------------------------------

    def document(self, query_id: int, doc_id: int) -> DocumentView | None:
        """A document under a query; None if the run has no such document or query."""
        rows = self._records(
            f"""SELECT d.doc_id, d.text, coalesce(d.prompt_chars, 0) AS prompt_chars, d.token_ends,
                d.n_tokens, {LABELS}, d.metadata::VARCHAR AS metadata, d.gradient_norm,
                i.influence, {VALUES["per_nat"]} AS per_nat, {VALUES["normed"]} AS normed, i.rank,
                i.rank_normed
            FROM documents d JOIN influence i USING (doc_id) JOIN queries q USING (query_id)
            WHERE d.doc_id = ? AND i.doc_id = ? AND i.query_id = ?""",
            [doc_id, doc_id, query_id],
        )
        if not rows:
            return None
        row = rows[0]
        text, ends = row["text"], row.pop("token_ends")
        row["metadata"] = json.loads(row["metadata"] or "{}")
        alignments = self._rows(
            """SELECT DISTINCT alignment FROM token_influence
            WHERE query_id = ? AND doc_id = ? ORDER BY alignment""",
            [query_id, doc_id],
        )
        plain = token_cells(text, ends, classify(text, ends), [0.0] * len(ends))
        return DocumentView(
            **row,
            seen_chars=ends[-1] if ends else 0,
            alignments=tuple(alignment for (alignment,) in alignments),
            plain=tuple(plain),
            class_counts=class_counts(plain),
        )

    def token_scores(self, query_id: int, doc_id: int, alignment: str) -> TokenScores | None:
        """Token scores of a pair, None where the run computed none.

        Raises:
            InputError: the scores do not belong to the document's tokens.
        """
        rows = self._rows(
            """SELECT d.text, d.token_ends, t.scores, i.influence
            FROM token_influence t JOIN documents d USING (doc_id)
            JOIN influence i ON i.query_id = t.query_id AND i.doc_id = t.doc_id
            WHERE t.query_id = ? AND t.doc_id = ? AND d.doc_id = ? AND t.alignment = ?""",
            [query_id, doc_id, doc_id, alignment],
        )
        if not rows:
            return None
        text, ends, scores, influence = rows[0]
        if len(ends) != len(scores):
            raise InputError(
                f"{self.path}: document {doc_id} has {len(ends)} tokens but {len(scores)} "
                f"{alignment} scores on query {query_id}; run `verify` on the store"
            )
        return score_tokens(alignment, text, ends, classify(text, ends), scores, influence)

    def query_effects(self, doc_id: int) -> list[QueryEffect]:
        """What a document does to every query, most helped first. `bar` is its share of the
        largest |per-nat| influence this document has."""
        rows = self._rows(
            f"""SELECT {QUERY_COLUMNS}, i.influence, {VALUES["per_nat"]} AS per_nat, i.rank,
                coalesce(per_nat / nullif(max(abs(per_nat)) OVER (), 0), 0)
            FROM influence i JOIN queries q USING (query_id) WHERE i.doc_id = ?
            ORDER BY per_nat DESC NULLS LAST, query_id""",
            [doc_id],
        )
        return [QueryEffect(QueryInfo(*row[:11]), *row[11:]) for row in rows]

    # Rank curves -------------------------------------------------------------------------------

    def rank_curves(self, unit: Unit = "per_nat") -> list[CurveSeries]:
        """The curve of every query on both sides."""
        rows = self._rows(
            """SELECT c.side, q.kind, q.query_id, q.nats, c.rank, c.influence
            FROM rank_curve c JOIN queries q USING (query_id)
            ORDER BY c.side DESC, q.query_id, c.rank_low"""
        )
        return curves.query_series(rows, unit)

    def kind_curves(self, unit: Unit = "per_nat") -> list[CurveSeries]:
        """The mean curve of every kind on both sides, with its spread over queries."""
        return curves.kind_series(self.rank_curves(unit))

    def rank_fits(self) -> list[RankFit]:
        """The fits of every query and side."""
        rows = self._rows(
            """SELECT f.query_id, q.suite, q.kind, f.side, f.k, f.slope, f.slope_low,
                f.slope_high, f.r_squared, f.survival_exponent, f.ks_statistic, f.ks_p
            FROM rank_fit f JOIN queries q USING (query_id) ORDER BY f.query_id, f.side DESC"""
        )
        return [RankFit(*row) for row in rows]

    def slope_groups(self) -> list[SlopeGroup]:
        """Mean and standard deviation of the slopes of every kind and side."""
        return curves.slope_groups(self.rank_fits())


def snippet(text: str, search: str = "") -> str:
    """The first characters of a text, or those around the first place that `search` matches."""
    at = text.lower().find(search.lower()) if search else 0
    start = max(0, at - SNIPPET // 3) if at > SNIPPET // 2 else 0
    # Whitespace is folded for the one-line view; the document page shows it unaltered.
    piece = " ".join(text[start : start + 2 * SNIPPET].split())
    left = "…" if start else ""
    right = "…" if len(piece) > SNIPPET or start + 2 * SNIPPET < len(text) else ""
    return left + piece[:SNIPPET] + right


def _contains(search: str) -> str:
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _direction(side: Side) -> str:
    return "DESC" if side == "harmful" else "ASC"
