"""One end of a ranking as a table: three scores with global ranks, labels, the telling passage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import RankedDocument, RankingPage, Score, Side
from pages.parts import filters, links, wording
from pages.parts.table import Column, Near, Row, table_data

SCORED = "Token scores are kept for this document: its heatmap shows which words count."
PASSAGES = {
    "influence": "The passage with the largest summed token influence on this side.",
    "search": "The passage where the search found something.",
    "start": "The beginning of the text: no token scores are kept for this document.",
}
SNIPPET = (
    "Of a document with token scores (◆): the passage with the largest summed influence on this "
    "side. While a text is searched for: where it was found. Of others: the beginning."
)


def tail_name(side: Side, method: wording.Method) -> str:
    """What an end of a ranking is called."""
    return f"Most {side} documents" if method.signed else f"Documents {method.end(side)}"


def tail_data(
    reader: StoreReader,
    query_id: int,
    page: RankingPage,
    side: Side,
    score: Score,
    marks: Sequence[str],
    signature: str,
    alone: bool,
) -> dict[str, Any]:
    """What the table of one end draws, all but which row is chosen.

    Args:
        marks: words that the search looks for.
        signature: says which page of which ranking this is.
        alone: whether the other end is not shown.
    """
    run = reader.run()
    method = wording.method(run.method)
    return table_data(
        f"{tail_name(side, method)} on query {query_id}",
        _columns(method, side, score, run.n_documents, page.documents),
        [_row(one, method, score, run.n_documents, run.tail) for one in page.documents],
        "Open this document on its own page",
        picks=True,
        # Written once, and not for every row: it is long.
        address=links.href("document", doc="", side=side),
        title=tail_name(side, method),
        note=_note(page, side, method),
        signature=f"{signature} {side}",
        box="tall" if alone else "half",
        marks=list(marks),
        alone=alone,
    )


def _note(page: RankingPage, side: Side, method: wording.Method) -> str:
    """Which places a table shows, and whether the other side has begun."""
    if not page.documents:
        return "no document that is not among those above"
    start, end = page.offset + 1, page.offset + len(page.documents)
    words = f"Places {wording.whole(start)} to {wording.whole(end)}"
    sign = 1 if side == "helpful" else -1
    others = sum(sign * one.influence < 0 for one in page.documents)
    if others and method.signed:
        does = "lower" if side == "helpful" else "raise"
        words += (
            f"; {wording.whole(others)} of the {wording.whole(len(page.documents))} here {does} "
            "the completion's log-probability: this far down, the other side begins"
        )
    return words


def _columns(
    method: wording.Method,
    side: Side,
    score: Score,
    n_documents: int,
    documents: Sequence[RankedDocument],
) -> list[Column]:
    arrow = " ↓" if side == "helpful" else " ↑"
    short = {"normed": "Norm-corr."}
    found = [
        Column(
            "Rank",
            "number",
            f"Global rank by {method.noun.lower()} among all {wording.whole(n_documents)} "
            f"documents: {method.first_rank}; per-nat has the same. Filters do not change it.",
        )
    ]
    for name, words in method.score_names.items():
        by = name == score
        bar = by and method.signed
        note = " Bar: relative to the largest of this query." if bar else ""
        found.append(
            Column(
                short.get(name, words) + (arrow if by else ""),
                "bar" if bar else "number",
                f"{words}: {method.score_units[name]}.{note}",
            )
        )
    if "normed" in method.score_names:
        found.append(
            Column("Rank n.-c.", "number", "Global rank by the norm-corrected score, of all "
                   "documents. Filters do not change it.")
        )  # fmt: skip
    named = [
        label
        for label, name in (("Source", "source"), ("domain", "domain"), ("category", "category"),
                            ("difficulty", "difficulty"))
        if any(getattr(one, name) for one in documents)
    ]  # fmt: skip
    if named:
        found.append(Column(" · ".join(named).capitalize(), "text", width="99%"))
    return [*found, Column("Document", "snippet", SNIPPET)]


def _row(one: RankedDocument, method: wording.Method, score: Score, n: int, tail: int) -> Row:
    cells: list[Any] = [wording.whole(one.rank)]
    for name in method.score_names:
        value = wording.written(getattr(one, name), method)
        cells.append((value, one.bar) if name == score and method.signed else value)
    if "normed" in method.score_names:
        cells.append(wording.whole(one.rank_normed))
    labels = (one.source, one.domain, one.category, one.difficulty)
    if any(labels):
        cells.append(" · ".join(wording.one_line(text, 60) for text in labels if text))
    scored = one.passage == "influence" or one.rank <= tail or one.rank > n - tail
    return Row(
        str(one.doc_id),
        [*cells, one.snippet],
        sign=("◆", SCORED) if scored and tail else None,
        passage=PASSAGES[one.passage],
        near=_near(one),
    )


def _near(one: RankedDocument) -> Near | None:
    if one.group is None or not one.n_near or links.view()["group"]:
        return None
    words = "near-duplicate" if one.n_near == 1 else "near-duplicates"
    if links.only().restricts:
        # Counted without the filters, and shown so: the link takes them off.
        words += " in the corpus"
    return Near(
        str(one.group),
        f"+{wording.whole(one.n_near)} {words}",
        links.href("rankings", **filters.alone(one.group)),
        "See these near-duplicates alone, with all other filters taken off",
    )
