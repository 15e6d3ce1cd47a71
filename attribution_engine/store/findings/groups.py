"""Reads the finding groups."""

from __future__ import annotations

from typing import Any

from attribution_engine.findings.flip_plan import FlipGroup, Swap, chosen_swaps
from attribution_engine.store.connection import OpenStore
from attribution_engine.store.findings.groups_views import (
    GROUPINGS,
    End,
    Figure,
    GroupContrast,
    GroupEffect,
    QuerySet,
)

ORDER_OF_ABOUT = ("math", "code", "other")


class GroupsFinding(OpenStore):
    """The questions about the finding groups."""

    def document_groupings(self) -> list[str]:
        """By what this run's documents are grouped; empty where they state nothing."""
        return self._remember("groupings of documents", self._read_document_groupings)

    def _read_document_groupings(self) -> list[str]:
        known = {name for (name,) in self._rows('SELECT DISTINCT "grouping" FROM document_group')}
        return [name for name in GROUPINGS if name in known]

    def group_query_sets(self) -> list[QuerySet]:
        """Suites of math, of code and others, then kinds of query."""
        return self._remember("sets of queries", self._read_group_query_sets)

    def _read_group_query_sets(self) -> list[QuerySet]:
        rows = self._rows(
            """SELECT q.suite, coalesce(any_value(s.about), 'other'), count(DISTINCT q.query_id)
            FROM queries q LEFT JOIN suite_domain s USING (suite)
            GROUP BY 1 ORDER BY min(q.query_id)"""
        )
        suites = [QuerySet(suite, "", about, n) for suite, about, n in rows]
        suites.sort(key=lambda one: ORDER_OF_ABOUT.index(one.about))
        kinds = self._rows("SELECT kind, count(*) FROM queries GROUP BY 1 ORDER BY min(query_id)")
        return suites + [QuerySet("", kind, "", n) for kind, n in kinds]

    def group_effects(self, grouping: str) -> dict[str, list[GroupEffect]]:
        """By name of a set of queries: the groups, the largest first, the pooled one last."""
        return self._remember(
            ("group effects", grouping), lambda: self._read_group_effects(grouping)
        )

    def _read_group_effects(self, grouping: str) -> dict[str, list[GroupEffect]]:
        groups = self._records(
            """SELECT value, domain, category, difficulty, exact, n_pooled, n, n_tokens
            FROM document_group WHERE "grouping" = ? ORDER BY rowid""",
            [grouping],
        )
        rows = self._records(
            """SELECT CASE WHEN suite IS NULL THEN 'kind:' || kind ELSE 'suite:' || suite END
                AS name, * FROM group_influence WHERE "grouping" = ?""",
            [grouping],
        )
        found: dict[tuple[str, str], dict[tuple[bool, str | None], dict[str, Any]]] = {}
        for row in rows:
            parts = found.setdefault((row["name"], row["value"]), {})
            parts[row["k"] is not None, row["side"]] = row
        return {
            one.name: [
                _effect(group, found[one.name, group["value"]])
                for group in groups
                if (False, None) in found.get((one.name, group["value"]), {})
            ]
            for one in self.group_query_sets()
        }

    def group_contrasts(self) -> list[GroupContrast]:
        """What the claims about math and code rest on, in their order."""
        return self._remember("group contrasts", self._read_group_contrasts)

    def _read_group_contrasts(self) -> list[GroupContrast]:
        rows = self._records("SELECT * EXCLUDE (suites) FROM group_contrast ORDER BY rowid")
        return [
            GroupContrast(
                row["about"],
                row["contrast"],
                row["group_a"],
                row["group_b"],
                _figure(row, "mean_a", "mean_a_low", "mean_a_high"),
                _figure(row, "mean_b", "mean_b_low", "mean_b_high"),
                _figure(row, "difference", "low", "high"),
                row["n_a"],
                row["n_b"],
                row["n_queries"],
            )
            for row in rows
        ]

    def flip_plan(self, suite: str = "") -> list[Swap]:
        """What `flip` would swap for a suite, or for all math and code suites."""
        return self._remember(("flip plan", suite), lambda: self._read_flip_plan(suite))

    def _read_flip_plan(self, suite: str) -> list[Swap]:
        effects = self.group_effects("domain_difficulty")
        known = [one for one in self.group_query_sets() if one.suite and effects.get(one.name)]
        if not known:
            return []
        groups = [
            FlipGroup(
                group.domain or "",
                group.difficulty or "",
                group.n,
                group.n_tokens,
                _values(effects, known, place, "standard"),
                _values(effects, known, place, "mean"),
            )
            for place, group in enumerate(effects[known[0].name])
            if not group.n_pooled
        ]
        counted = [one.suite for one in known if one.about != "other"]
        suites = [suite] if suite else counted or [one.suite for one in known]
        return chosen_swaps(groups, suites)


def _values(
    effects: dict[str, list[GroupEffect]], known: list[QuerySet], place: int, quantity: str
) -> dict[str, float]:
    found = {}
    for one in known:
        figure: Figure = getattr(effects[one.name][place], quantity)
        if figure.value is not None:
            found[one.suite] = figure.value
    return found


def _effect(
    group: dict[str, Any], parts: dict[tuple[bool, str | None], dict[str, Any]]
) -> GroupEffect:
    every = parts[False, None]
    return GroupEffect(
        **group,
        share_corpus=every["share_corpus"],
        n_queries=every["n_queries"],
        mean=_figure(every, "mean", "mean_low", "mean_high"),
        per_nat=_figure(every, "per_nat", "per_nat_low", "per_nat_high"),
        standard=_figure(every, "standard", "standard_low", "standard_high"),
        helpful=_end(parts.get((True, "helpful"))),
        harmful=_end(parts.get((True, "harmful"))),
        positive=_end(parts.get((False, "helpful"))),
        negative=_end(parts.get((False, "harmful"))),
    )


def _end(row: dict[str, Any] | None) -> End | None:
    if row is None:
        return None
    multiplier = _figure(row, "multiplier", "low", "high")
    return End(row["k"], row["share"], multiplier, row["n_top"], row["n_different"])


def _figure(row: dict[str, Any], value: str, low: str, high: str) -> Figure:
    return Figure(row[value], row[low], row[high])
