"""Reads the finding sources."""

from __future__ import annotations

from typing import Final

from attribution_engine.store.findings.sources_views import AskedQueries, SourceAtEnd
from attribution_engine.store.queries import Queries

CONTROL_WORDS: Final = {"factual control": "fact", "reasoning control": "reason"}


class SourcesFinding(Queries):
    """The questions about the finding sources."""

    def source_queries(self) -> list[AskedQueries]:
        """Kinds, then suites, of which there are multipliers by source."""
        return list(self._remember("source queries", self._read_source_queries))

    def _read_source_queries(self) -> list[AskedQueries]:
        rows = self._rows(
            """SELECT suite, kind, any_value(n_queries) FROM group_influence
            WHERE "grouping" = 'source' AND k IS NOT NULL AND (suite IS NULL OR kind IS NULL)
            GROUP BY suite, kind ORDER BY min(rowid)"""
        )
        found = [
            AskedQueries(
                f"suite:{suite}" if suite is not None else f"kind:{kind}",
                suite is not None,
                suite if suite is not None else kind,
                n,
                self._first_asked(suite, kind),
            )
            for suite, kind, n in rows
        ]
        return sorted(found, key=lambda one: one.is_suite)

    def _first_asked(self, suite: str | None, kind: str | None) -> int:
        known = self._all_queries().values()
        fits = [one.query_id for one in known if one.suite == suite or one.kind == kind]
        word = CONTROL_WORDS.get(kind or "")
        if word:
            controls = [one for one in known if one.kind == "control"]
            named = [one for one in controls if word in f"{one.suite} {one.task}".casefold()]
            fits = [one.query_id for one in named or controls]
        return fits[0] if fits else 0

    def source_ends(self, key: str) -> list[SourceAtEnd]:
        """Every source at both ends for every k, the one with most documents first.

        Args:
            key: of `AskedQueries`.
        """
        return list(self._remember(("source ends", key), lambda: self._read_source_ends(key)))

    def _read_source_ends(self, key: str) -> list[SourceAtEnd]:
        what, _, name = key.partition(":")
        if what not in ("suite", "kind"):
            return []
        other = "kind" if what == "suite" else "suite"
        rows = self._rows(
            f"""SELECT value, side, k, share, share_corpus, multiplier, low, high, queries_low,
                queries_high, n_top, n_different, n, n_queries
            FROM group_influence
            WHERE "grouping" = 'source' AND k IS NOT NULL AND {what} = ? AND {other} IS NULL
            ORDER BY n DESC, value, side DESC, k""",
            [name],
        )
        return [SourceAtEnd(*row) for row in rows]
