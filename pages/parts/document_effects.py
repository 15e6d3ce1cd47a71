"""What one document does to all queries: both ends in full, and a summary by suite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from attribution_engine.store.effects import BothEnds, SuiteEffect
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryEffect, Side
from pages.parts import captions, links, wording
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table

MOST = 500  # queries in a list; an export has all


def show_suites(reader: StoreReader, doc_id: int, suites: tuple[SuiteEffect, ...]) -> None:
    """The effect on each suite; a click keeps that suite only."""
    method, view = wording.method(reader.run().method), links.view()
    st.markdown("**By suite**")
    per_nat = "per_nat" in method.score_names
    st.caption(
        wording.label(
            f"Mean over all queries of a suite. {method.noun}: {method.unit}."
            + (f" Per-nat: {method.score_units['per_nat']}." if per_nat else "")
            + " Click a suite to list its queries only."
        )
    )
    size: Literal["bar", "number"] = "bar" if method.signed else "number"
    rows = []
    for one in suites:
        mean = wording.written(one.mean_per_nat if per_nat else one.mean, method)
        rows.append(
            Row(
                one.suite,
                [
                    one.suite,
                    (mean, one.bar) if method.signed else mean,
                    *([wording.written(one.mean, method)] if per_nat else []),
                    wording.whole(one.n_helped),
                    *([wording.whole(one.n_harmed)] if method.signed else []),
                    wording.whole(one.n_queries),
                    one.kind,
                ],
                links.href("search", suite="" if view["suite"] == one.suite else one.suite),
                current=view["suite"] == one.suite,
            )
        )
    first = "Mean per-nat" if per_nat else f"Mean {method.noun.lower()}"
    chosen = table(
        "Effect by suite",
        [
            Column("Suite"),
            Column(first, size, method.score_units["per_nat"] if per_nat else method.unit),
            *([Column(f"Mean {method.noun.lower()}", "number", method.unit)] if per_nat else []),
            Column("▲ Helped" if method.signed else "Above 0", "number",
                   "Queries with a score above 0"),
            *([Column("▼ Harmed", "number", "Queries with a score below 0")]
              if method.signed else []),
            Column("Queries", "number", "All queries of the suite"),
            Column("Kind"),
        ],
        rows,
        key=f"suites of {view['run']} {doc_id} {view['suite']}",
        action="List the queries of this suite only",
    )  # fmt: skip
    downloads(
        f"suites-document{doc_id}",
        lambda: suites,
        f"export suites {doc_id}",
        captions.caption(view["run"], scale=method.unit, document=doc_id),
        run=view["run"],
        doc_id=doc_id,
    )
    if chosen is not None:
        links.go("search", suite="" if view["suite"] == chosen else chosen)


def show_effects(reader: StoreReader, doc_id: int, ends: BothEnds) -> None:
    """Every query that the document helps, and every one that it harms."""
    view, method = links.view(), wording.method(reader.run().method)
    suites = [one.suite for one in reader.suites()]
    links.show("pick_effect_suite", view["suite"])
    st.columns([2, 3])[0].selectbox(
        "Queries of the suite",
        ["", *suites],
        key="pick_effect_suite",
        format_func=lambda name: name or "All suites",
        on_change=_take_suite,
        args=(suites,),
    )
    order = "per-nat " if "per_nat" in method.score_names else ""
    st.caption(
        f"Ordered by {order}{method.noun.lower()}"
        + (", so that long and short completions compare" if order else "")
        + ". ✓ ✗ ?: its completion is correct, wrong, unknown. Click a "
        "row to read this document under that query."
        + (f" {wording.whole(ends.n_neither)} queries have exactly 0." if ends.n_neither else "")
    )
    if not method.signed:
        _show_end(reader, doc_id, "helpful", "Above 0", ends.helped)
        return
    left, right = st.columns(2, gap="medium")
    with left:
        _show_end(reader, doc_id, "helpful", "▲ Helps", ends.helped)
    with right:
        _show_end(reader, doc_id, "harmful", "▼ Harms", ends.harmed)


def _take_suite(suites: Sequence[str]) -> None:
    suite = st.session_state["pick_effect_suite"]
    links.put(**({"suite": suite, "task": "", "find": ""} if suite in ("", *suites) else {}))


def _show_end(
    reader: StoreReader, doc_id: int, side: Side, title: str, listed: tuple[QueryEffect, ...]
) -> None:
    run, view = reader.run(), links.view()
    method = wording.method(run.method)
    st.markdown(f"**{title} {wording.whole(len(listed))} queries**")
    if not listed:
        st.text("None.")
        return
    if len(listed) > MOST:
        st.caption(f"The first {MOST}; an export has all.")
    per_nat = "per_nat" in method.score_names
    rows = []
    for one in listed[:MOST]:
        first = wording.written(one.per_nat if per_nat else one.influence, method)
        rows.append(
            Row(
                str(one.query.query_id),
                [
                    wording.whole(one.query.query_id),
                    (first, one.bar) if method.signed else first,
                    *([wording.written(one.influence, method)] if per_nat else []),
                    wording.whole(one.rank),
                    one.query.suite,
                    wording.one_line(one.query.prompt, 240),
                ],
                links.href("document", query=one.query.query_id, doc=doc_id, place=1),
                current=str(one.query.query_id) == view["query"],
                sign=_answer(one),
            )
        )
    with st.container(height=640 if len(rows) > 11 else "content", border=False):
        opened = table(
            f"Queries that document {doc_id} {'helps' if side == 'helpful' else 'harms'}",
            [
                Column("Query", "number"),
                Column("Per-nat" if per_nat else method.noun,
                       "bar" if method.signed else "number",
                       f"{method.score_units['per_nat'] if per_nat else method.unit}. Bar: "
                       "relative to the largest effect of this document."),
                *([Column(method.noun, "number", method.unit)] if per_nat else []),
                Column("Rank", "number", f"Rank of this document for that query among all "
                       f"{wording.whole(run.n_documents)}: {method.first_rank}"),
                Column("Suite"),
                Column("Prompt", "snippet"),
            ],
            rows,
            key=f"{side} effects {view['run']} {doc_id} {view['suite']}",
            action="Read this document under this query",
        )  # fmt: skip
    downloads(
        f"queries-document{doc_id}-{side}",
        lambda: [flat_effect(one) for one in listed],
        f"export {side} effects {doc_id}",
        captions.caption(view["run"], scale=method.unit, document=doc_id, end=side),
        run=view["run"],
        doc_id=doc_id,
        side=side,
        suites=view["suite"] or "all",
    )
    if opened is not None:
        links.go("document", query=opened, doc=doc_id, place="1")


def _answer(one: QueryEffect) -> tuple[str, str]:
    glyph, word = wording.verdict(one.query.correct)
    return glyph, f"Completion: {word}"


def flat_effect(one: QueryEffect) -> dict[str, object]:
    """What a document does to a query, for export."""
    query = one.query
    return {
        "query_id": query.query_id,
        "suite": query.suite,
        "task": query.task,
        "kind": query.kind,
        "influence": one.influence,
        "per_nat": one.per_nat,
        "rank": one.rank,
        "correct": query.correct,
        "nats": query.nats,
        "n_tokens": query.n_tokens,
        "reference": query.reference,
        "prompt": query.prompt,
        "completion": query.completion,
    }
