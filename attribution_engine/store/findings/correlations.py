"""Reads the finding correlations."""

from __future__ import annotations

from typing import Final

from attribution_engine.findings.correlation_relations import Measure
from attribution_engine.store.findings.correlations_views import (
    CorrelatedPair,
    CorrelationMatrix,
    GroupCorrelation,
    TaskBlock,
)
from attribution_engine.store.queries import Queries
from attribution_engine.store.views import QueryInfo

MOST_ROWS: Final = 300  # queries whose cells are drawn
KINDS: Final = ("reasoning", "factual", "control")
SETS: Final = "sets of queries"


class CorrelationsFinding(Queries):
    """The questions about the finding correlations."""

    def correlation_matrix(self, measure: Measure) -> CorrelationMatrix | None:
        """All correlations by one measure; None where the store has none."""
        return self._remember(
            ("correlation matrix", measure), lambda: self._read_correlation_matrix(measure)
        )

    def _read_correlation_matrix(self, measure: Measure) -> CorrelationMatrix | None:
        ordered, blocks = self._queries_by_task()
        rows = self._rows(f"SELECT query_a, query_b, {measure}, n FROM query_correlation")
        if not rows:
            return None
        place = {query.query_id: at for at, query in enumerate(ordered)}
        values: list[list[float | None]] = [[None] * len(ordered) for _ in ordered]
        known = set()
        for first, second, value, _ in rows:
            if value is not None:
                known |= {first, second}
                if first in place and second in place:
                    a, b = place[first], place[second]
                    values[a][b] = values[b][a] = value
        # A query that has no correlation with any other is constant, or the only one that is not.
        apart = {first for first, *_ in rows} | {second for _, second, *_ in rows}
        constant = tuple(sorted(apart - known))
        for query_id in known & set(place):
            values[place[query_id]][place[query_id]] = 1.0
        return CorrelationMatrix(
            tuple(ordered), tuple(map(tuple, values)), tuple(blocks), constant,
            len(self._all_queries()), rows[0][3],
        )  # fmt: skip

    def _queries_by_task(self) -> tuple[list[QueryInfo], list[TaskBlock]]:
        """The queries by kind, suite and task, as many as are drawn, and where a task lies."""
        every = list(self._all_queries().values())
        sets = {one for (one,) in self._rows("SELECT DISTINCT query_id FROM query_items")}
        suites = list(dict.fromkeys(one.suite for one in every))
        groups: dict[tuple[int, int, str], list[QueryInfo]] = {}
        first_suite: dict[tuple[str, str], int] = {}
        for one in every:
            task = SETS if one.query_id in sets else one.task or one.suite
            suite = first_suite.setdefault((one.kind, task), suites.index(one.suite))
            kind = KINDS.index(one.kind) if one.kind in KINDS else len(KINDS)
            groups.setdefault((kind, suite + len(suites) * (task == SETS), task), []).append(one)
        keys = sorted(groups, key=lambda key: key[:2])  # tasks of a suite in their own order
        if len(every) > MOST_ROWS:
            share = MOST_ROWS / len(every)
            groups = {key: members[: max(1, int(share * len(members)))]
                      for key, members in groups.items()}  # fmt: skip
            keys = keys[:MOST_ROWS]
        ordered: list[QueryInfo] = []
        blocks = []
        for key in keys:
            members = groups[key]
            blocks.append(
                TaskBlock(members[0].kind, members[0].suite, key[2], len(ordered),
                          len(ordered) + len(members))
            )  # fmt: skip
            ordered += members
        return ordered, blocks

    def correlation_groups(self, measure: Measure) -> list[GroupCorrelation]:
        """The means of all groups by one measure, in the order in which they were found."""
        key = ("correlation groups", measure)
        return list(self._remember(key, lambda: self._read_correlation_groups(measure)))

    def _read_correlation_groups(self, measure: Measure) -> list[GroupCorrelation]:
        rows = self._rows(
            """SELECT relation, group_a, group_b, mean, low, high, largest, largest_a, largest_b,
                n_pairs, n_queries, n
            FROM correlation_group WHERE measure = ? ORDER BY rowid""",
            [measure],
        )
        return [GroupCorrelation(*row) for row in rows]

    def correlated_pairs(self, measure: Measure, most: int) -> list[CorrelatedPair]:
        """The pairs that correlate most, either way, by one measure; sets are left out."""
        key = ("correlated pairs", measure, most)
        return list(self._remember(key, lambda: self._read_correlated_pairs(measure, most)))

    def _read_correlated_pairs(self, measure: Measure, most: int) -> list[CorrelatedPair]:
        rows = self._rows(
            f"""SELECT query_a, query_b, pearson, spearman, n FROM query_correlation
            WHERE {measure} IS NOT NULL AND query_a NOT IN (SELECT query_id FROM query_items)
            AND query_b NOT IN (SELECT query_id FROM query_items)
            ORDER BY abs({measure}) DESC, query_a, query_b LIMIT ?""",
            [most],
        )
        known = self._all_queries()
        return [
            CorrelatedPair(known[first], known[second], pearson, spearman, n)
            for first, second, pearson, spearman, n in rows
            if first in known and second in known
        ]
