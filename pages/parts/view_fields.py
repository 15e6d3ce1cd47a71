"""The fields of a view: what each page keeps in its address, and what each field may hold."""

from __future__ import annotations

from typing import Any

from attribution_engine.findings.tokens import FREQUENCIES, ORDERS
from attribution_engine.store.comparison_views import PLOTS, TOPS
from attribution_engine.text.relations import RELATIONS
from attribution_engine.text.token_classes import CLASSES

RANKING_PAGE = 50  # documents
MARKS = (
    *("connective", "code", "markdown", "fence", "number", "operator", "answer", "exploration"),
)
LEVELS = ("token", "word", "sentence", "step", "behaviour")
LISTS = frozenset(
    {"source", "domain", "category", "difficulty", "behaviour", "marks", "kind", "tag"}
)
# What a view starts with. These may change from version to version: links hold every field.
DEFAULTS: dict[str, Any] = {
    "run": "",
    "query": "",
    "side": "helpful",
    "score": "influence",
    "tails": "both",
    "fold": "1",
    "source": [],
    "domain": [],
    "category": [],
    "difficulty": [],
    "behaviour": [],
    "correct": "",
    "answer": "",
    "low": "",
    "high": "",
    "group": "",
    "text": "",
    "place": "1",
    "part": "1",
    "doc": "",
    "alignment": "predicted",
    "level": "token",
    "scale": "document",
    "span": "",
    "blanks": "",
    "raw": "",
    "marks": ["connective", "code"],
    "unit": "per_nat",
    "kind": [],
    "suite": "",
    "task": "",
    "outcome": "",
    "find": "",
    "mine": "",
    "mode": "runs",
    "other": "",
    "query2": "",
    "doc2": "",
    "plot": "rank_log",
    "top": "10",
    "look": "",
    "tag": [],
    "note": "",
    "present": "",
    "size": "",
    "spread": "mean",
    "share": "",
    "grouped": "kind",
    "apart": "",
    "depth": "percentile",
    "amount": "total",
    "strongest": "0.01",
    "reader": "",
    "ends": "both",
    "measured": "tokens",
    "does": "",
    "topic": "",
    "labels": "",
    "asked": "",
    "measure": "standard",
    "correlation": "pearson",
    "whose": "",
    "k": "",
    "among": "",
    "token_class": "",
    "order": "mean",
    "least": "5",
    "completions": "right",
    "within": "",
    "hits": "",
    "relation": "",
}
# What a link means that lacks a field: what was shown before the field came in. Links hold every
# field of their page, so this never changes, whatever DEFAULTS become.
ABSENT: dict[str, Any] = {
    **dict.fromkeys(("run", "query", "doc", "other", "query2", "doc2", "note", "present"), ""),
    **dict.fromkeys(("source", "domain", "category", "difficulty", "behaviour", "kind", "tag"), ()),
    **dict.fromkeys(("correct", "answer", "low", "high", "group", "text", "span"), ""),
    **dict.fromkeys(("suite", "task", "outcome", "find", "mine", "look", "share", "size"), ""),
    **dict.fromkeys(("blanks", "raw", "fold"), ""),
    "side": "helpful",
    "score": "influence",
    "tails": "one",
    "place": "1",
    "part": "1",
    "alignment": "predicted",
    "level": "token",
    "scale": "document",
    "marks": ("connective", "code"),
    "unit": "per_nat",
    "mode": "runs",
    "plot": "rank_log",
    "top": "10",
    "spread": "mean",
    "grouped": "kind",
    "apart": "",
    "depth": "percentile",
    "amount": "total",
    "strongest": "0.01",
    "reader": "",
    "ends": "both",
    "measured": "tokens",
    "does": "",
    "topic": "",
    "labels": "",
    "asked": "",
    "measure": "standard",
    "correlation": "pearson",
    "whose": "",
    "k": "",
    "among": "",
    "token_class": "",
    "order": "mean",
    "least": "5",
    "completions": "right",
    "within": "",
    "hits": "",
    "relation": "",
}
ALLOWED: dict[str, tuple[str, ...]] = {
    "side": ("helpful", "harmful"),
    "score": ("influence", "per_nat", "normed"),
    "tails": ("both", "one"),
    "fold": ("", "1"),
    "correct": ("", "yes", "no"),
    "answer": ("", "1"),
    "alignment": ("predicted", "update"),
    "level": LEVELS,
    "scale": ("document", "query"),
    "blanks": ("", "1"),
    "raw": ("", "1"),
    "unit": ("per_nat", "influence"),
    "outcome": ("", "correct", "wrong"),
    "mine": ("", "1"),
    "mode": ("runs", "queries", "documents", "document"),
    "plot": PLOTS,
    "top": tuple(map(str, TOPS)),
    "spread": ("mean", "seeds", "query"),
    "size": ("", "large"),
    # Of Totals: groups of queries, their outcomes apart, depth of a ranking, what is summed there.
    "grouped": ("kind", "suite"),
    "apart": ("", "1"),
    "depth": ("percentile", "k"),
    "amount": ("total", "share"),
    "strongest": ("0.001", "0.01", "0.05", "0.1", "1"),
    # Of Exploration: which documents the figures are over, and by what a span is measured.
    "ends": ("both", "helpful", "harmful"),
    "measured": ("tokens", "cut"),
    "topic": ("", "math", "code", "other"),
    # Of Groups: by what documents are grouped, and what is plotted of a group.
    "labels": ("", "domain", "domain_difficulty", "category", "difficulty", "joint"),
    "measure": ("standard", "per_nat", "mean", "top"),
    "correlation": ("pearson", "spearman"),
    # Of Tokens: only this class, what the table is ordered by, documents that hold a token.
    "token_class": ("", *CLASSES),
    "order": ORDERS,
    "least": tuple(map(str, FREQUENCIES)),
    # Of Answers: whose completions are counted, which places of a query are listed, and which of
    # its top documents.
    "completions": ("right", "all", "wrong"),
    "hits": ("", "top", "bottom", "corpus"),
    "relation": ("", *RELATIONS),
}
SHARED = ("run", "query", "side", "suite", "task", "outcome", "find")
FILTERS = (
    *("source", "domain", "category", "difficulty", "behaviour"),
    *("correct", "answer", "low", "high", "group", "text"),
)
RANKING = (*SHARED, "score", "tails", "fold", *FILTERS, "place")
READING = ("alignment", "level", "scale", "span", "blanks", "raw", "marks")
FIELDS: dict[str, tuple[str, ...]] = {
    "overview": (*SHARED, "part"),
    "rankings": (*RANKING, "doc", *READING),
    # In another order than those of the rankings: the browser keeps an entry of its history for a
    # page that is left only where the next page's fields are not letter by letter the same.
    "document": (*SHARED, "doc", *RANKING[len(SHARED) :], *READING),
    "query": (*SHARED, "top"),
    "search": (*SHARED, "look", "place", "doc"),
    "compare": (
        *SHARED,
        "mode",
        "other",
        "query2",
        "doc2",
        "score",
        "plot",
        "top",
        "doc",
        *READING,
    ),
    "rank_curves": (*SHARED, "unit", "kind", "mine"),
    "correlations": (*SHARED, "correlation"),
    "totals": (
        *SHARED,
        *("amount", "unit", "depth", "grouped", "apart", "kind", "other", "strongest"),
    ),
    "answers": (*SHARED, "completions", "within", "kind", "hits", "relation"),
    # Whose top documents ("kind:…" or "suite:…"), and how many of them the table is about.
    "sources": (*SHARED, "whose", "k"),
    "groups": (*SHARED, "labels", "asked", "measure"),
    "tokens": (*SHARED, "alignment", "among", "token_class", "order", "least"),
    "exploration": (*SHARED, "reader", "ends", "measured", "does", "topic", "place"),
    "trust": (*SHARED, "spread", "share"),
    "notebook": (*SHARED, "tag", "note"),
    "method": SHARED,
}
# Fields that are open until a page has settled what it begins with; see `settled`.
SETTLED_BY_PAGES: dict[str, tuple[str, ...]] = {
    "compare": ("other", "query2", "doc", "doc2"),
    "totals": ("other",),
    "answers": ("within",),
    "sources": ("whose", "k"),
    "groups": ("labels",),
    "tokens": ("among",),
    "exploration": ("reader", "does"),
    "trust": ("share",),
}
# Of these, those that mean something in one run only: in another run they are open again.
OF_ONE_RUN = (*("within", "whose", "k", "labels", "asked", "among", "reader", "does"), "share")
# Of every page, but written only where it is on: nobody wants it in an address that is read out.
ONLY_IF_SET = ("present", "size")
