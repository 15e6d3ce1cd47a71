"""What the page Tokens shows of a view: its rows and words, for the page and for reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from attribution_engine.store.findings.tokens_views import ClassRow, TokenRow, TokenScope
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import Side
from pages.parts import wording
from pages.parts.reading_words import CLASSES
from pages.parts.wording import Method, percent, plain, signed, whole

CLASS_NAMES: Final = {**CLASSES, "structure": "code, Markdown, fences"}
DOMAINS: Final = {
    "math": "All math suites",
    "code": "All code suites",
    "other": "All other suites",
}
ORDER_NAMES: Final = {
    "mean": "Mean",
    "size": "Mean size",
    "share": "Share",
    "top": "Top 200",
}
SOURCES: Final = {
    "tails": "ends of the rankings",
    "corpus": "whole corpus, net sums",
}
NO_TOKENS: Final = (
    "This run has no token scores, and so no statistics of tokens. Write “token” among the levels "
    "of the [influence] section of the configuration file, with a method that splits a document's "
    "score over its tokens, and run again."
)
NO_WHOLE: Final = (
    "This run has no sums over the whole corpus: “span” among the levels of the [influence] "
    "section adds them."
)
OLD_WHOLE: Final = (
    "The sums over the whole corpus know no fences: where they were computed before fences were a "
    "class of their own, these count as Markdown there."
)
HOW_READ: Final = (
    "The documents at both ends of each query's ranking have token scores: they are chosen by "
    "their influence, not at random. The whole corpus is summed only by class, where what raises "
    "and what lowers cancels within a class; the two are not the same quantity."
)
TABLE: Final = (
    ("Token", "text", "Trimmed, upper and lower case together; … stands where the rest of a word "
     "is. Connectives and fences count whole"),
    ("Class", "text", "Of the token where it stands"),
    ("Mean", "number", "Of an occurrence"),
    ("Mean size", "number", "Of an occurrence, whatever its sign"),
    ("Share", "number", "Of all that raises (or lowers, on that side), mean over the queries"),
    ("Of its class", "number", "Share of the influence of its class, whatever the sign"),
    ("Of tokens", "number", "Share of all tokens that were read; a token whose share of influence "
     "is larger carries more than its part"),
    ("Top 200", "number", "Occurrences among the 200 of each query that raise (or lower) it most"),
    ("Occurrences", "number", "Of a document under every query anew"),
    ("Documents", "number", "That hold the token, of those that were read"),
    ("Example", "text", "Query and document of its strongest occurrence on this side, which the "
     "row opens"),
)  # fmt: skip
CLASS_TABLE: Final = (
    ("Class", "text", ""),
    ("Read from", "text", "Which scores"),
    ("Alignment", "text", ""),
    ("Influence", "number", "Share: of the summed sizes, mean over the queries"),
    ("Of tokens", "number", "Share: of the tokens that can carry influence, mean over the queries"),
    ("Multiplier", "number", "The one ÷ the other, 95% interval by resampling queries"),
    ("Raise", "number", "Occurrences among the 200 that raise each query most"),
    ("Lower", "number", "Occurrences among the 200 that lower each query most"),
    ("Tokens", "number", "Occurrences, of a document under every query anew"),
    ("Queries", "number", ""),
)


@dataclass(frozen=True, slots=True)
class TokensShown:
    """What a view asks for, as far as the run has it; `vain`: what was asked for in vain."""

    scopes: tuple[TokenScope, ...]
    scope: TokenScope
    alignment: str
    side: Side
    order: str
    token_class: str
    least: int
    method: Method
    classes: tuple[ClassRow, ...]
    tokens: tuple[TokenRow, ...]
    vain: tuple[str, ...] = ()

    @property
    def domains(self) -> list[TokenScope]:
        """What the plots draw: math and code where there are such suites, else what there is."""
        found = [one for one in self.scopes if one.scope == "domain"]
        return [one for one in found if one.suite in ("math", "code")] or found[:1]

    def of(self, scope: TokenScope, source: str = "", alignment: str = "") -> list[ClassRow]:
        """The classes of a suite or domain."""
        return [
            one
            for one in self.classes
            if (one.scope, one.suite) == (scope.scope, scope.suite)
            and source in ("", one.source)
            and alignment in ("", one.alignment)
        ]

    @property
    def n_tokens(self) -> int:
        """Occurrences of all tokens on the chosen queries."""
        found = self.of(self.scope, "tails", self.alignment)
        return sum(one.n for one in found if one.token_class in CLASSES)

    @property
    def read(self) -> str:
        """Which scores the figures are from."""
        if not self.has_whole:
            return f"{HOW_READ} {NO_WHOLE}"
        fences = {one.source for one in self.classes if one.token_class == "fence" and one.n}
        return HOW_READ if fences != {"tails"} else f"{HOW_READ} {OLD_WHOLE}"

    @property
    def has_whole(self) -> bool:
        """Whether there are sums over the whole corpus."""
        return any(one.source == "corpus" for one in self.classes)


def tokens_shown(reader: StoreReader, view: Mapping[str, Any]) -> TokensShown | None:
    """What a view shows; None where the run has no statistics of tokens."""
    scopes = tuple(reader.token_scopes())
    if not scopes:
        return None
    by_name = {one.name: one for one in scopes}
    vain = []
    if view["among"] and view["among"] not in by_name:
        vain.append(f"This view asks for “{view['among']}”, which has no token scores in this run.")
    scope = by_name.get(view["among"], scopes[0])
    alignment = view["alignment"]
    if alignment not in scope.alignments:
        vain.append(f"This run has no token scores in the alignment “{alignment}”.")
        alignment = scope.alignments[0]
    side: Side = "harmful" if view["side"] == "harmful" else "helpful"
    least = int(view["least"])
    return TokensShown(
        scopes=scopes,
        scope=scope,
        alignment=alignment,
        side=side,
        order=view["order"],
        token_class=view["token_class"],
        least=least,
        method=wording.method(reader.run().method),
        classes=tuple(reader.token_class_rows()),
        tokens=tuple(
            reader.top_tokens(
                scope, alignment, side, view["order"], view["token_class"], least
            )
        ),
        vain=tuple(vain),
    )  # fmt: skip


def scope_words(one: TokenScope) -> str:
    """A suite or domain in words."""
    return DOMAINS[one.suite] if one.scope == "domain" else f"Suite {one.suite}"


def behind(one: TokenScope) -> str:
    """How much is behind the figures of a suite or domain."""
    queries = "1 query" if one.n_queries == 1 else f"{whole(one.n_queries)} queries"
    return f"{queries}, {whole(one.n_documents)} documents"


def token_cells(one: TokenRow, n_tokens: int) -> list[str]:
    """A token as a row of the table.

    Args:
        n_tokens: occurrences of all tokens on the same queries.
    """
    return [
        one.token,
        CLASS_NAMES.get(one.token_class, one.token_class),
        signed(one.mean),
        plain(one.mean_size),
        percent(one.share_of_side, 2),
        percent(one.class_share, 1),
        percent(one.n / n_tokens if n_tokens else None, 2),
        whole(one.top),
        whole(one.n),
        whole(one.n_documents),
        f"q {whole(one.query_id)} · d {whole(one.doc_id)}",
    ]


def class_cells(one: ClassRow) -> list[str]:
    """A class as a row of the table."""
    return [
        CLASS_NAMES.get(one.token_class, one.token_class),
        SOURCES.get(one.source, one.source),
        one.alignment,
        percent(one.share, 1),
        percent(one.token_share, 1),
        multiplier_words(one),
        "–" if one.top_helpful is None else whole(one.top_helpful),
        "–" if one.top_harmful is None else whole(one.top_harmful),
        whole(one.n),
        whole(one.n_queries),
    ]


def multiplier_words(one: ClassRow) -> str:
    """A multiplier with its interval."""
    if one.multiplier is None:
        return "no such tokens"
    if one.low is None or one.high is None:
        return f"× {times(one.multiplier)}, no interval"
    return f"× {times(one.multiplier)} ({times(one.low)} to {times(one.high)})"


def times(value: float) -> str:
    """A multiplier with as many digits as it needs."""
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
