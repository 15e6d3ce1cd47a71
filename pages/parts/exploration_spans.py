"""The spans of a behaviour, the strongest first, a page at a time; each opens in its document."""

from __future__ import annotations

from typing import Any

import streamlit as st

from attribution_engine.findings.behaviour_figures import BehaviourRow
from attribution_engine.store.findings.exploration_views import BehaviourSpan
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES
from pages.parts import captions, links, wording
from pages.parts.exploration_words import NO_CUTS, behaviour, suites_asked
from pages.parts.export import downloads
from pages.parts.pager import pager
from pages.parts.table import Column, Row, table

PAGE = 20  # spans
EXPORTED = 2_000  # spans in a file at most
SPAN_SIDES = {"helpful": "▲ Raises", "harmful": "▼ Lowers"}
COLUMNS = (
    Column("Document", "number"),
    Column("Query", "number"),
    Column("Suite"),
    Column("Influence", "number", "Sum of the span's token scores on this query"),
    Column("Cut influence", "number", "The document's influence less that without the span"),
    Column("Control", "number", "Text of equal length that does not explore, scaled to the tokens"),
    Column("Tokens", "number", "Of the span, those with a loss"),
    Column("At the end", "text", "End of the query's ranking that the document is at"),
    Column("Span", "snippet", "The span's text"),
)


def place_of(one: BehaviourSpan, alignment: str, own: bool) -> dict[str, Any]:
    """The fields of the document's page with the span marked.

    Args:
        own: the behaviours are the corpus's, so that the page knows them.
    """
    marks = [*links.view()["marks"]]
    return {
        "query": one.query_id,
        "doc": one.doc_id,
        "side": one.side if one.side in SIDES else "helpful",
        "span": f"{one.start}-{one.marked_end}",
        "level": "behaviour" if own else "step",
        "alignment": alignment,
        "marks": marks if "exploration" in marks else [*marks, "exploration"],
        "place": "1",
    }


def cells(one: BehaviourSpan) -> list[str]:
    """A row of the list in words."""
    return [
        wording.whole(one.doc_id),
        wording.whole(one.query_id),
        one.suite,
        wording.signed(one.influence),
        wording.signed(one.cut_influence),
        wording.signed(one.control_influence),
        wording.whole(one.n_tokens),
        wording.SIDE_NAMES.get(one.side, one.side),
        wording.one_line(one.text, 400) or "(blank)",
    ]


def show_spans(
    reader: StoreReader, detector: str, does: str, known: list[str], alignment: str, unit: str
) -> None:
    """The list with its choices."""
    view = links.view()
    run = view["run"]
    st.subheader("Read the spans", anchor=False)
    rows = reader.behaviour_rows()
    suites = [one.suite for one in reader.suites()]
    topics = dict.fromkeys(row.domain for row in rows if row.suite is not None)
    scopes = [("", ""), *((topic, "") for topic in topics), *(("", suite) for suite in suites)]
    first, second, third = st.columns([3, 2, 2])
    links.show("pick_does", does)
    first.selectbox(
        "Behaviour",
        known,
        key="pick_does",
        format_func=behaviour,
        on_change=links.change,
        args=("does", "pick_does", ("place",), known),
    )
    scope = ("", view["suite"]) if view["suite"] else (view["topic"], "")
    links.show("pick_scope", scope if scope in scopes else ("", ""))
    second.selectbox(
        "Queries of",
        scopes,
        key="pick_scope",
        format_func=lambda one: one[1] or (f"All of {one[0]}" if one[0] else "All suites"),
        on_change=_take_scope,
        args=(scopes,),
    )
    links.show("pick_span_side", view["side"])
    third.segmented_control(
        "Spans whose influence",
        list(SPAN_SIDES),
        key="pick_span_side",
        required=True,
        format_func=SPAN_SIDES.__getitem__,
        on_change=links.change,
        args=("side", "pick_span_side", ("place",)),
    )
    by_cut = view["measured"] == "cut"
    place = max(1, links.number("place") or 1)
    asked: dict[str, Any] = {"suites": suites_asked(rows, view), "by_cut": by_cut}
    side = links.side()
    found = reader.behaviour_spans(detector, does, side, (place - 1) * PAGE, PAGE, **asked)
    if not found.spans and place > 1:
        place = 1
        view["place"] = "1"
        links.keep("exploration")
        found = reader.behaviour_spans(detector, does, side, 0, PAGE, **asked)
    if not found.spans:
        way = "raises" if side == "helpful" else "lowers"
        where = f" of {view['suite'] or view['topic']}" if asked["suites"] else ""
        st.info(
            NO_CUTS
            if by_cut and not _any_cut(rows, detector, does)
            else wording.label(
                f"No span that {behaviour(does)} {way} the log-probability of a query{where}. "
                "Choose the other sign, another behaviour or all suites."
            )
        )
        return
    pages = -(-found.total // PAGE)
    start = (place - 1) * PAGE
    measure = "cut influence" if by_cut else "the sum of its tokens"
    st.caption(
        wording.label(
            f"Spans {wording.whole(start + 1)} to {wording.whole(start + len(found.spans))} of "
            f"{wording.whole(found.total)}, the strongest first by {measure} ({unit}); of each "
            "suite the 500 strongest of either sign are kept. A row opens the document with the "
            "span marked."
        )
    )
    own = detector == "corpus"
    opened = table(
        "Spans",
        COLUMNS,
        [
            Row(
                str(number),
                cells(one),
                links.href("document", **place_of(one, alignment, own)),
                sign=("▲", "raises") if one.influence > 0 else ("▼", "lowers"),
            )
            for number, one in enumerate(found.spans)
        ],
        key=f"spans {run} {detector} {does} {side} {scope} {by_cut} {place}",
        action="Read the span in its document",
    )
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        pager("Spans", pages, place, f"span pages {run} {does}", _turn)
    with right:
        downloads(
            f"spans-{run}",
            lambda: (
                reader.behaviour_spans(detector, does, side, 0, EXPORTED, whole=True, **asked).spans
            ),
            key="span files",
            caption=captions.caption(run, reader=detector, behaviour=does, side=side),
            run=run,
        )
    if opened is not None:
        links.go("document", **place_of(found.spans[int(opened)], alignment, own))


def _any_cut(rows: list[BehaviourRow], detector: str, does: str) -> bool:
    return any(
        row.level == "cut" and row.detector == detector and row.behaviour == does for row in rows
    )


def _take_scope(scopes: list[tuple[str, str]]) -> None:
    """Another part of the suites was chosen."""
    chosen = st.session_state["pick_scope"]
    topic, suite = chosen if chosen in scopes else ("", "")
    links.put(topic=topic, suite=suite, task="", place="1")


def _turn(page: int) -> None:
    links.put(place=str(page))
