"""Reads the finding totals: curves of groups, figures with intervals, slopes of tails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from attribution_engine.findings.coverage import SIDES, numbers_of_documents, top_of
from attribution_engine.store.connection import OpenStore
from attribution_engine.store.findings.totals_views import (
    Amount,
    By,
    Depth,
    GroupFigure,
    QueryTotal,
    SlopeTest,
    TailGroup,
    TailSlope,
    TotalsAbout,
    TotalsCurve,
)
from attribution_engine.store.views import Side

NOT_REJECTED: Final = 0.05
FEWEST_VALUES: Final = 50  # of a tail whose law is tested
OUTCOME: Final = "CASE correct WHEN true THEN 'correct' WHEN false THEN 'wrong' ELSE 'unknown' END"


@dataclass(frozen=True, slots=True)
class _Query:
    query_id: int
    suite: str
    kind: str
    outcome: str
    nats: float | None
    is_set: bool


@dataclass(frozen=True, slots=True)
class _Depths:
    """The rows of one query, side and grid, by ascending depth."""

    percentiles: np.ndarray
    ks: np.ndarray
    totals: np.ndarray
    shares: np.ndarray


class TotalsFinding(OpenStore):
    """The questions about the finding totals."""

    def totals_about(self) -> TotalsAbout | None:
        """How much is behind; None where the run has no totals."""
        depths = self._totals_depths()
        if not depths:
            return None
        queries = self._totals_queries()
        n_sets = sum(one.is_set for one in queries)
        (k,) = self._rows("SELECT coalesce(max(k), 0) FROM rank_fit")[0]
        return TotalsAbout(
            len(queries) - n_sets,
            n_sets,
            sum(not one.nats for one in queries),
            tuple(side for side in SIDES if any(key[1] == side for key in depths)),  # type: ignore[arg-type]
            k,
        )

    def totals_curves(
        self, by: By, apart: bool, depth: Depth, amount: Amount
    ) -> tuple[TotalsCurve, ...]:
        """Mean and spread of every group on both sides, helpful side first.

        A curve begins where every query of its group has a value. Queries that are sets are suites
        of their own, and of no kind: their items are.

        Args:
            apart: correct and wrong completions in curves of their own.
            amount: queries that do not have it are left out.
        """
        return self._remember(
            ("totals curves", by, apart, depth, amount),
            lambda: tuple(self._make_totals_curves(by, apart, depth, amount)),
        )

    def query_curves(self, query_id: int, depth: Depth, amount: Amount) -> tuple[TotalsCurve, ...]:
        """The curves of one query on both sides; nothing where it does not have the amount."""
        one = next((one for one in self._totals_queries() if one.query_id == query_id), None)
        if one is None or (amount == "per_nat" and not one.nats):
            return ()
        sides = [
            side
            for side in self._totals_sides()
            if (query_id, side, depth) in self._totals_depths()
        ]
        return tuple(
            self._totals_curve(side, one.suite, [one], "all", depth, amount) for side in sides
        )

    def _make_totals_curves(
        self, by: By, apart: bool, depth: Depth, amount: Amount
    ) -> Iterable[TotalsCurve]:
        members = self._totals_members(by)
        if amount == "per_nat":
            members = [one for one in members if one.nats]
        for side in self._totals_sides():
            here = members
            if amount == "share":  # of nothing there is no share
                here = [
                    one for one in members if (one.query_id, side, depth) in self._totals_depths()
                ]
            for (group, _, outcome), queries in _groups(here, by, apart).items():
                yield self._totals_curve(side, group, queries, outcome, depth, amount)

    def _totals_curve(
        self, side: Side, group: str, queries: list[_Query], outcome: str, depth: Depth,
        amount: Amount,
    ) -> TotalsCurve:  # fmt: skip
        depths = self._totals_depths()
        found = [depths.get((one.query_id, side, depth)) for one in queries]
        known = [one for one in found if one is not None]
        if depth == "percentile":
            starts = [one.percentiles[0] for one in known]
            longest = max(known, key=lambda one: len(one.percentiles), default=None)
            places = np.zeros(0) if longest is None else longest.percentiles
            places = places[places >= max(starts, default=0)]
        else:
            last = max((int(one.ks[-1]) for one in known), default=0)
            numbers = [k for k in numbers_of_documents(self.run().n_documents) if k < last]
            places = np.array([*numbers, last], np.float64)
        values = np.zeros((len(queries), len(places)))
        for row, (query, one) in enumerate(zip(queries, found, strict=True)):
            if one is not None:
                values[row] = _values(one, places, depth, amount)
            if amount == "per_nat":
                values[row] /= query.nats
        means = values.mean(axis=0)
        spread = values.std(axis=0, ddof=1) if len(queries) > 1 else None
        return TotalsCurve(
            side,
            group,
            queries[0].kind,
            outcome,
            tuple(one.query_id for one in queries),
            tuple(places.tolist()),
            tuple(means.tolist()),
            () if spread is None else tuple(np.maximum(means - spread, 0.0).tolist()),
            () if spread is None else tuple((means + spread).tolist()),
        )

    def totals_figures(self, by: By, apart: bool) -> list[GroupFigure]:
        """The means of every group at a few percentiles, with their intervals."""
        return [
            GroupFigure(
                row["value"], row["kind"], row["outcome"], row["side"], row["quantity"],
                row["percentile"], row["mean"], row["deviation"], row["low"], row["high"],
                row["n_queries"],
            )
            for row in self._group_rows()
            if row["grouping"] == by
            and (row["outcome"] != "all") == apart
            and row["percentile"] is not None
        ]  # fmt: skip

    def _group_rows(self) -> list[dict[str, Any]]:
        return self._remember("totals groups", lambda: self._records("FROM coverage_group"))

    def query_totals(self) -> list[QueryTotal]:
        """Every query on either side, by number."""
        return list(self._remember("query totals", lambda: list(self._make_query_totals())))

    def _make_query_totals(self) -> Iterable[QueryTotal]:
        depths = self._totals_depths()
        for one in self._totals_queries():
            for side in self._totals_sides():
                found = depths.get((one.query_id, side, "percentile"))
                total = 0.0 if found is None else abs(float(found.totals[-1]))
                shares = (
                    {}
                    if found is None
                    else dict(zip(found.percentiles.tolist(), found.shares.tolist(), strict=True))
                )
                yield QueryTotal(
                    one.query_id, one.suite, one.kind, one.outcome, side,
                    0 if found is None else int(found.ks[-1]),
                    total, total / one.nats if one.nats else None,
                    shares.get(1.0), shares.get(5.0),
                )  # fmt: skip

    def tail_slopes(self) -> list[TailSlope]:
        """The slope of every query on every side, where it has one."""
        return list(self._remember("tail slopes", self._read_tail_slopes))

    def _read_tail_slopes(self) -> list[TailSlope]:
        rows = self._rows(
            f"""SELECT f.query_id, suite, kind, {OUTCOME}, side, slope, survival_exponent,
                CASE WHEN n >= {FEWEST_VALUES} THEN ks_p END, n
            FROM rank_fit f JOIN queries USING (query_id)
            WHERE slope IS NOT NULL AND isfinite(slope)
            ORDER BY side DESC, query_id"""
        )
        return [TailSlope(*row) for row in rows]

    def tail_groups(self, by: By, apart: bool) -> list[TailGroup]:
        """Means, deviations and intervals of the groups' slopes and exponents."""
        sets = self.sets_of_queries() if any(not o.is_set for o in self._totals_queries()) else ()
        found = []
        means = {
            (row["value"], row["kind"], row["outcome"], row["side"], row["quantity"]): row
            for row in self._group_rows()
            if row["grouping"] == by and row["percentile"] is None
        }
        for (group, kind, outcome, side, quantity), row in means.items():
            if quantity != "slope" or (outcome != "all") != apart:
                continue
            tested = [
                one.ks_p
                for one in self.tail_slopes()
                if (one.side, one.kind) == (side, kind)
                and group == (one.kind if by == "kind" else one.suite)
                and outcome in ("all", one.outcome)
                and not (by == "kind" and one.query_id in sets)
                and one.ks_p is not None
            ]
            exponent = means.get((group, kind, outcome, side, "survival_exponent"), {})
            found.append(
                TailGroup(
                    group, kind, outcome, side, row["n_queries"],
                    *_mean(row),
                    *_mean(exponent),
                    len(tested), sum(p >= NOT_REJECTED for p in tested),
                )
            )  # fmt: skip
        return sorted(found, key=lambda one: SIDES.index(one.side))

    def slope_tests(self) -> list[SlopeTest]:
        """Reasoning against factual on either side, all completions and outcomes apart."""
        names = ", ".join(SlopeTest.__dataclass_fields__)
        return [
            SlopeTest(**row)
            for row in self._remember(
                "slope tests", lambda: self._records(f"SELECT {names} FROM slope_test")
            )
        ]

    def sums_of_top(self, part: float) -> dict[tuple[int, str], float]:
        """By query and side, what the strongest documents sum to: so many as that part of all.

        All documents of the side where it has fewer.
        """
        k = top_of(part, self.run().n_documents)
        rows = self._remember(
            ("sums of top", k),
            lambda: self._rows(
                """SELECT query_id, side, arg_max(total, k) FROM coverage
                WHERE grid = 'k' AND k <= ? GROUP BY 1, 2""",
                [k],
            ),
        )
        return {(query_id, side): total for query_id, side, total in rows}

    def sets_of_queries(self) -> frozenset[int]:
        """The queries that are means over the items of a suite."""
        return frozenset(one.query_id for one in self._totals_queries() if one.is_set)

    def _totals_members(self, by: By) -> list[_Query]:
        queries = self._totals_queries()
        if by == "suite":
            return queries
        return [one for one in queries if not one.is_set] or queries

    def _totals_sides(self) -> list[Side]:
        about = self.totals_about()
        return [] if about is None else list(about.sides)

    def _totals_queries(self) -> list[_Query]:
        def read() -> list[_Query]:
            rows = self._rows(
                f"""SELECT query_id, suite, kind, {OUTCOME}, nats,
                    query_id IN (SELECT query_id FROM query_items) FROM queries ORDER BY query_id"""
            )
            return [_Query(*row) for row in rows]

        return self._remember("totals queries", read)

    def _totals_depths(self) -> dict[tuple[int, str, str], _Depths]:
        return self._remember("totals depths", self._read_totals_depths)

    def _read_totals_depths(self) -> dict[tuple[int, str, str], _Depths]:
        with self._cursor() as cursor:
            found = cursor.execute(
                """SELECT query_id, side, grid, percentile, k, total, share FROM coverage
                ORDER BY query_id, side, grid, k, percentile"""
            ).fetchnumpy()
        ids, sides, grids = (np.asarray(found[name]) for name in ("query_id", "side", "grid"))
        if not len(ids):
            return {}
        new = (ids[1:] != ids[:-1]) | (sides[1:] != sides[:-1]) | (grids[1:] != grids[:-1])
        starts = [0, *(np.flatnonzero(new) + 1).tolist(), len(ids)]
        columns = [np.asarray(found[name]) for name in ("percentile", "k", "total", "share")]
        return {
            (int(ids[low]), str(sides[low]), str(grids[low])): _Depths(
                *(column[low:high] for column in columns)
            )
            for low, high in zip(starts[:-1], starts[1:], strict=True)
        }


def _groups(
    queries: Iterable[_Query], by: By, apart: bool
) -> dict[tuple[str, str, str], list[_Query]]:
    """Queries by (group, kind, outcome), in the order of the run."""
    name: Callable[[_Query], Any] = lambda one: one.kind if by == "kind" else one.suite  # noqa: E731
    found: dict[tuple[str, str, str], list[_Query]] = defaultdict(list)
    for one in queries:
        found[name(one), one.kind, one.outcome if apart else "all"].append(one)
    return dict(found)


def _mean(row: dict[str, Any]) -> tuple[Any, Any, Any, Any]:
    return row.get("mean"), row.get("deviation"), row.get("low"), row.get("high")


def _values(one: _Depths, places: np.ndarray, depth: Depth, amount: Amount) -> np.ndarray:
    """Amounts of a query at depths, each of which it has; beyond its last, those of the last."""
    has = one.percentiles if depth == "percentile" else one.ks
    rows = np.searchsorted(has, places + 1e-9, side="right") - 1
    values = one.shares if amount == "share" else np.abs(one.totals)
    return np.asarray(values[np.maximum(rows, 0)])
