"""Reads one store for the explorer: every question the pages ask, answered in records."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from attribution_engine.records import InputError
from attribution_engine.store import curves
from attribution_engine.store.connection import LABELS, VALUES, contains
from attribution_engine.store.splits import loss_ranges
from attribution_engine.store.token_scale import class_counts, score_tokens, token_cells
from attribution_engine.store.trust import Trust
from attribution_engine.store.views import (
    CurveSeries,
    DocumentView,
    QueryEffect,
    QueryInfo,
    RankedDocument,
    RankFit,
    SlopeGroup,
    SourceCount,
    SuiteSummary,
    TokenScores,
    Unit,
)
from attribution_engine.text.token_classes import classify

QUERY_COLUMNS = """query_id, suite, task, kind, prompt, coalesce(completion, ''), reference,
    correct, nats, n_tokens,
    CASE WHEN query_id NOT IN (SELECT query_id FROM query_items)
        THEN nats / nullif(n_tokens, 0) END, span"""
N_QUERY = 12  # of those columns


def query_info(row: Sequence[Any]) -> QueryInfo:
    """A query from the columns above."""
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return QueryInfo(*values)


class StoreReader(Trust):
    """Answers questions about one store. Safe to share between threads.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """

    def sources(self) -> list[SourceCount]:
        """The corpus by source, largest first; share of documents."""
        rows = self._rows(
            """SELECT coalesce(source, '(none)'), count(*), sum(n_tokens),
                count(*) / sum(count(*)) OVER () FROM documents
            GROUP BY ALL ORDER BY 2 DESC, 1"""
        )
        return [SourceCount(*row) for row in rows]

    # Queries -----------------------------------------------------------------------------------

    def beyond_linear(self) -> int:
        """Queries for which −influence ÷ N would raise p(completion) above 1.

        That is what the linear estimate says of taking out the most harmful document; where it
        cannot be, the estimate is out of its range as a size.
        """
        n = self._run.n_documents
        rows = self._rows(
            """SELECT count(*) FROM influence JOIN queries USING (query_id)
            WHERE rank = ? AND -influence / ? > nats""",
            [n, n],
        )
        return int(rows[0][0])

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
            [suite, suite, task, task, search, search.removeprefix("#"), *[contains(search)] * 3],
        )
        return [query_info(row) for row in rows]

    def query(self, query_id: int) -> QueryInfo | None:
        """One query, None if the run has no such query."""
        rows = self._rows(f"SELECT {QUERY_COLUMNS} FROM queries WHERE query_id = ?", [query_id])
        return query_info(rows[0]) if rows else None

    def ranked_documents(self, query_id: int, ids: list[int]) -> tuple[RankedDocument, ...]:
        """Documents by number as rows of a query's ranking, in the order of `ids`.

        Raises:
            KeyError: the run has no such document or query.
        """
        return self._ranked_documents(query_id, ids, "influence", "helpful", "")

    # One document ------------------------------------------------------------------------------

    def document(self, query_id: int, doc_id: int) -> DocumentView | None:
        """A document under a query; None if the run has no such document or query."""
        rows = self._records(
            f"""SELECT d.doc_id, d.text, coalesce(d.prompt_chars, 0) AS prompt_chars, d.loss_ranges,
                d.token_ends, d.n_tokens, {LABELS}, d.metadata::VARCHAR AS metadata,
                d.gradient_norm, i.influence, {VALUES["per_nat"]} AS per_nat,
                {VALUES["normed"]} AS normed, i.rank, i.rank_normed
            FROM documents d JOIN influence i USING (doc_id) JOIN queries q USING (query_id)
            WHERE d.doc_id = ? AND i.doc_id = ? AND i.query_id = ?""",
            [doc_id, doc_id, query_id],
        )
        if not rows:
            return None
        row = rows[0]
        text, ends = row["text"], row.pop("token_ends")
        row["loss_ranges"] = loss_ranges(len(text), row["prompt_chars"], row["loss_ranges"])
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
        return [QueryEffect(query_info(row[:N_QUERY]), *row[N_QUERY:]) for row in rows]

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
                f.slope_high, f.r_squared, f.survival_exponent, f.ks_statistic, f.ks_p, f.n
            FROM rank_fit f JOIN queries q USING (query_id) ORDER BY f.query_id, f.side DESC"""
        )
        return [RankFit(*row) for row in rows]

    def slope_groups(self) -> list[SlopeGroup]:
        """Mean and standard deviation of the slopes of every kind and side."""
        return curves.slope_groups(self.rank_fits())
