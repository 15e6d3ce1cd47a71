"""The fields of a view: what each page keeps in its address, and what each field may hold."""

from __future__ import annotations

from typing import Any

from attribution_engine.store.comparison_views import PLOTS, TOPS

RANKING_PAGE = 50  # documents
MARKS = ("connective", "code", "markdown", "number", "operator", "answer", "exploration")
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
    "trust": (*SHARED, "spread", "share"),
    "notebook": (*SHARED, "tag", "note"),
    "method": SHARED,
}
# Of every page, but written only where it is on: nobody wants it in an address that is read out.
ONLY_IF_SET = ("present", "size")
