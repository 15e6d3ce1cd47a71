"""Reads the finding tokens."""

from __future__ import annotations

from typing import Final

from attribution_engine.findings.tokens import LISTED
from attribution_engine.store.connection import OpenStore
from attribution_engine.store.findings.tokens_views import (
    ClassRow,
    TokenRow,
    TokenScope,
    WordList,
)
from attribution_engine.store.views import Side

# What a table is ordered by, the highest first; {0} is the side, {1} + or − for it.
ORDERS: Final = {
    "mean": "{1}mean",
    "size": "mean_size",
    "share": "share_{0}",
    "top": "top_{0}",
}


class TokensFinding(OpenStore):
    """The questions about the finding tokens."""

    def token_scopes(self) -> list[TokenScope]:
        """Domains, then suites, that there are token statistics of; none where not computed."""
        return self._remember("token scopes", self._read_scopes)

    def _read_scopes(self) -> list[TokenScope]:
        rows = self._rows(
            """SELECT scope, suite, list(DISTINCT alignment ORDER BY alignment),
                first(n_queries ORDER BY rowid), first(coalesce(n_documents, 0) ORDER BY rowid)
            FROM token_class_statistic WHERE source = 'tails' GROUP BY scope, suite
            ORDER BY min(rowid)"""
        )
        found = [TokenScope(scope, suite, tuple(a), *more) for scope, suite, a, *more in rows]
        return sorted(found, key=_place)

    def token_class_rows(self) -> list[ClassRow]:
        """Every class on every suite and domain, in the order in which they were computed."""
        return self._remember("token class rows", self._read_classes)

    def _read_classes(self) -> list[ClassRow]:
        rows = self._records(
            """SELECT scope, suite, alignment, source, token_class, n, share, token_share,
                multiplier, low, high, n_queries, coalesce(n_documents, 0) AS n_documents,
                top_helpful, top_harmful
            FROM token_class_statistic ORDER BY rowid"""
        )
        return [ClassRow(**row) for row in rows]

    def top_tokens(
        self,
        scope: TokenScope,
        alignment: str,
        side: Side,
        order: str = "mean",
        token_class: str = "",
        least: int = 1,
        limit: int = LISTED,
    ) -> list[TokenRow]:
        """The tokens that carry most, the first of an order first.

        Args:
            order: of `ORDERS`; token_class: only this one; least: documents that hold a token.
            limit: no more than `LISTED`, as all of these and no more are sure to be kept.
        """
        by = ORDERS[order].format(side, "+" if side == "helpful" else "-")
        rows = self._records(
            f"""SELECT token_class, token, n, n_documents, mean, mean_size, share,
                share_{side} AS share_of_side, class_share, top_{side} AS top,
                {side}_query AS query_id, {side}_doc AS doc_id, {side}_start AS "start",
                {side}_end AS "end", {side}_score AS score
            FROM token_statistic WHERE scope = $1 AND suite = $2 AND alignment = $3
            AND $4 IN ('', token_class) AND n_documents >= $5
            ORDER BY {by} DESC, n DESC, token LIMIT $6""",
            [scope.scope, scope.suite, alignment, token_class, least, min(limit, LISTED)],
        )
        return [TokenRow(**row) for row in rows]

    def used_word_lists(self) -> list[WordList]:
        """The lists that token classes were read by, as they are kept in the store."""
        rows = self._rows("SELECT kind, name, words FROM word_list ORDER BY rowid")
        return [WordList(kind, name, tuple(words)) for kind, name, words in rows]


def _place(one: TokenScope) -> int:
    """Domains before suites: math, code, others."""
    return ("math", "code", "other").index(one.suite) if one.scope == "domain" else 3
