"""The queries of a store: the list, one of them, its text by token, suites and rank curves."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from attribution_engine.store import curves
from attribution_engine.store.connection import OpenStore
from attribution_engine.store.query_views import QueryCell, QueryText
from attribution_engine.store.token_scale import cell_values, cells_of, clip_of, shades_of
from attribution_engine.store.views import (
    CurveSeries,
    QueryInfo,
    RankFit,
    SlopeGroup,
    SourceCount,
    SuiteSummary,
    Unit,
)

QUERY_COLUMNS = """query_id, suite, task, kind, prompt, coalesce(completion, ''), reference,
    correct, nats, n_tokens,
    CASE WHEN query_id NOT IN (SELECT query_id FROM query_items)
        THEN nats / nullif(n_tokens, 0) END, span"""
SURPRISING = 10  # cells in the list of the most surprising
OUTCOMES = {"correct": True, "wrong": False}


def query_info(row: Sequence[Any]) -> QueryInfo:
    """A query from the columns above."""
    values: list[Any] = [tuple(value) if isinstance(value, list) else value for value in row]
    return QueryInfo(*values)


class Queries(OpenStore):
    """The questions about queries and about the corpus as a whole."""

    def sources(self) -> list[SourceCount]:
        """The corpus by source, largest first; share of documents."""
        return list(self._remember("sources", self._read_sources, heavy=True))

    def _read_sources(self) -> list[SourceCount]:
        rows = self._rows(
            """SELECT coalesce(source, '(none)'), count(*), sum(n_tokens),
                count(*) / sum(count(*)) OVER () FROM documents
            GROUP BY ALL ORDER BY 2 DESC, 1"""
        )
        return [SourceCount(*row) for row in rows]

    def beyond_linear(self) -> int:
        """Queries for which −influence ÷ N would raise p(completion) above 1.

        That is what the linear estimate says of taking out the most harmful document; where it
        cannot be, the estimate is out of its range as a size.
        """
        n = self._run.n_documents
        sql = """SELECT count(*) FROM influence JOIN queries USING (query_id)
            WHERE rank = ? AND -influence / ? > nats"""
        return self._remember("beyond linear", lambda: int(self._rows(sql, [n, n])[0][0]))

    def suites(self) -> list[SuiteSummary]:
        """The suites in the order of their first query."""
        return list(self._remember("suites", self._read_suites))

    def _read_suites(self) -> list[SuiteSummary]:
        rows = self._rows(
            """SELECT suite, string_agg(DISTINCT kind, ', ' ORDER BY kind),
                list(DISTINCT task ORDER BY task), count(*), count(correct),
                count(*) FILTER (correct), count(*) FILTER (correct) / nullif(count(correct), 0),
                avg(nats)
            FROM queries GROUP BY suite ORDER BY min(query_id)"""
        )
        return [SuiteSummary(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]

    def queries(
        self, suite: str = "", task: str = "", search: str = "", outcome: str = ""
    ) -> list[QueryInfo]:
        """The queries of a suite and task whose id is, or whose text contains, `search`.

        Args:
            outcome: "correct" or "wrong" for those whose completion is; a query without a
                reference is neither.
        """
        key = ("queries", suite, task, search, outcome)
        return list(self._remember(key, lambda: self._find_queries(suite, task, search, outcome)))

    def _find_queries(
        self, suite: str, task: str, search: str, outcome: str
    ) -> tuple[QueryInfo, ...]:
        wanted = search.lower()

        def fits(one: QueryInfo) -> bool:
            return (
                suite in ("", one.suite)
                and task in ("", one.task)
                and (not outcome or one.correct is OUTCOMES[outcome])
                and (
                    str(one.query_id) == search.removeprefix("#")
                    or any(
                        wanted in text.lower() for text in (one.prompt, one.completion, one.task)
                    )
                )
            )

        return tuple(one for one in self._all_queries().values() if fits(one))

    def query(self, query_id: int) -> QueryInfo | None:
        """One query, None if the run has no such query."""
        return self._all_queries().get(query_id)

    def _all_queries(self) -> dict[int, QueryInfo]:
        def read() -> dict[int, QueryInfo]:
            rows = self._rows(f"SELECT {QUERY_COLUMNS} FROM queries ORDER BY query_id")
            return {row[0]: query_info(row) for row in rows}

        return self._remember("all queries", read)

    def query_text(self, query_id: int) -> QueryText | None:
        """The prompt and the completion of a query by token; None if the run has no such query."""
        return self._remember(("text", query_id), lambda: self._read_text(query_id))

    def _read_text(self, query_id: int) -> QueryText | None:
        rows = self._rows(
            """SELECT token_ends, token_nats, keywords::VARCHAR FROM queries WHERE query_id = ?""",
            [query_id],
        )
        query = self.query(query_id)
        if not rows or query is None:
            return None
        ends, token_nats, keywords = rows[0]
        listed = json.loads(keywords or "[]")
        cells, clip, n_clipped = query_cells(query, ends or [], token_nats or [])
        n_prompt, seen, completion_from = len(query.prompt), 0, 0
        for cell in cells:
            seen += len(cell.text)
            completion_from += seen <= n_prompt
        order = sorted(range(len(cells)), key=lambda at: -(cells[at].nats or 0.0))
        return QueryText(
            cells,
            completion_from,
            query.nats if any(cell.nats is not None for cell in cells) else None,
            query.n_tokens,
            clip,
            n_clipped,
            tuple(at for at in order[:SURPRISING] if cells[at].nats),
            tuple(map(str, listed)) if isinstance(listed, list) else (),
        )

    # Rank curves -------------------------------------------------------------------------------

    def rank_curves(self, unit: Unit = "per_nat") -> list[CurveSeries]:
        """The curve of every query on both sides."""
        return list(self._remember(("curves", unit), lambda: self._read_curves(unit)))

    def _read_curves(self, unit: Unit) -> list[CurveSeries]:
        rows = self._rows(
            """SELECT c.side, q.kind, q.query_id, q.nats, c.rank, c.influence
            FROM rank_curve c JOIN queries q USING (query_id)
            ORDER BY c.side DESC, q.query_id, c.rank_low"""
        )
        return curves.query_series(rows, unit)

    def kind_curves(self, unit: Unit = "per_nat") -> list[CurveSeries]:
        """The mean curve of every kind on both sides, with its spread over queries."""
        make = lambda: curves.kind_series(self.rank_curves(unit))  # noqa: E731
        return list(self._remember(("kind curves", unit), make))

    def rank_fits(self) -> list[RankFit]:
        """The fits of every query and side."""
        return list(self._remember("fits", self._read_fits))

    def _read_fits(self) -> list[RankFit]:
        rows = self._rows(
            """SELECT f.query_id, q.suite, q.kind, f.side, f.k, f.slope, f.slope_low,
                f.slope_high, f.r_squared, f.survival_exponent, f.ks_statistic, f.ks_p, f.n
            FROM rank_fit f JOIN queries q USING (query_id) ORDER BY f.query_id, f.side DESC"""
        )
        return [RankFit(*row) for row in rows]

    def slope_groups(self) -> list[SlopeGroup]:
        """Mean and standard deviation of the slopes of every kind and side."""
        return list(self._remember("slopes", lambda: curves.slope_groups(self.rank_fits())))


def query_cells(
    query: QueryInfo, token_ends: Sequence[int], token_nats: Sequence[float]
) -> tuple[tuple[QueryCell, ...], float, int]:
    """The cells of a query's text, the nats of the deepest shade, and how many are beyond.

    A token is explained where it holds a character of what the query explains, or has nats. The
    text behind the last token is a cell without nats.
    """
    text = query.prompt + query.completion
    if len(token_ends) != len(token_nats):
        token_ends, token_nats = [], []
    cells = cells_of(text, token_ends, np.zeros(len(token_ends), np.uint8))
    first, last = query.span or (0, len(query.completion))
    first, last = first + len(query.prompt), last + len(query.prompt)
    sums = cell_values(cells, token_nats)
    explained = ((cells.ends > first) & (cells.starts < last)) | (sums > 0)
    clip, _ = clip_of(sums[explained])
    shades = shades_of(sums, clip)
    found, start = [], 0
    for at, end in enumerate(cells.ends.tolist()):
        nats = float(sums[at]) if explained[at] else None
        found.append(
            QueryCell(
                text[start:end],
                nats,
                None if nats is None else math.exp(-nats),
                0 if nats is None else int(shades[at]),
                int(cells.firsts[at]),
                int(cells.counts[at]),
            )
        )
        start = end
    if start < len(text):
        found.append(QueryCell(text[start:], None, None, 0, len(token_ends), 0))
    return tuple(found), clip, int((sums[explained] > clip).sum())
