"""The sections of the page Answers: shares, growth with k, queries, the places of one query."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from attribution_engine.store.findings.answers_views import AnswerHit
from pages.parts import captions, links, wording
from pages.parts.answers_figures import curves_figure, shares_figure
from pages.parts.answers_shown import (
    COMPLETIONS,
    SHARE_COLUMNS,
    Shown,
    hit_cells,
    query_cells,
    share_cells,
    share_rows,
    sought_cells,
)
from pages.parts.beside import show_beside
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.table import Column, Row, picking_table, table, table_data

CLICKED = "place clicked on Answers"
PART_NAMES = {
    "": "All", "top": "Top", "bottom": "Bottom", "corpus": "Elsewhere",
}  # fmt: skip
SHARES_WORDS = (
    "Each group of bars is a kind of query: how many have their answer in one document, and how "
    "many have every step of the reasoning in some document, among the top k documents, "
    "anywhere in the corpus, and in as many random documents. Lines are 95% Wilson intervals "
    "over queries; a ranking that finds answers stands above the grey bar."
)
CURVES_WORDS = (
    "How many queries are found as k grows, each counted as in the paper: a reasoning query by all "
    "its steps, any other by its answer. The thin line of the same dash is what k random documents "
    "would find, and the dotted upright line is the chosen k."
)


def controls(view: Shown) -> None:
    """Whose completions are counted, and within how many documents."""
    fields = links.view()
    first, second = st.columns(2)
    links.show("pick_completions", fields["completions"])
    first.segmented_control(
        "Completions that are counted",
        list(COMPLETIONS),
        key="pick_completions",
        required=True,
        format_func=COMPLETIONS.__getitem__,
        on_change=links.change,
        args=("completions", "pick_completions", (), tuple(COMPLETIONS)),
    )
    ks = [str(k) for k in view.ks]
    links.show("pick_within", str(view.k))
    second.segmented_control(
        "Found within the top k, k =",
        ks,
        key="pick_within",
        required=True,
        format_func=lambda k: wording.whole(int(k)),
        on_change=links.change,
        args=("within", "pick_within", (), ks),
    )


def show_shares(view: Shown) -> None:
    """Bars of all kinds, and the same by suite in a table."""
    if not view.shares:
        st.info("No query is left whose completion is like that. Choose other completions above.")
        return
    name = f"answers-{view.run}-top-{view.k}"
    figure(
        shares_figure(view.shares, view.k, view.method.first("helpful")),
        key="answer_shares",
        name=name,
        caption=view.caption,
        alt="Share of queries whose answer or steps are found: top documents, corpus, chance",
    )
    st.caption(SHARES_WORDS)
    st.caption(wording.label(view.counted))
    st.caption(wording.label(view.occurrences))
    show_beside(
        "answers",
        "queries, completed",
        "occurrences of answers",
        "whose steps are answered outside",
    )
    _shares_table("By kind of query", view, by_suite=False)
    _shares_table("By suite", view, by_suite=True)


def _shares_table(title: str, view: Shown, by_suite: bool) -> None:
    shares = view.suites if by_suite else view.kinds_of_shares
    st.subheader(title, anchor=False)
    table(
        title,
        [
            Column(SHARE_COLUMNS[0]),
            Column(
                SHARE_COLUMNS[1], "text",
                "What has to be found; “as counted”: all steps of reasoning, else the answer",
            ),
            Column(SHARE_COLUMNS[2], "number", "Queries of which that is known"),
            Column(f"Top {wording.whole(view.k)}", "number", "Share of queries, 95% interval"),
            Column(
                SHARE_COLUMNS[4], "number",
                f"Mean probability that {wording.whole(view.k)} random documents hold it",
            ),
            Column(SHARE_COLUMNS[5], "number", "Share of queries, 95% interval"),
        ],
        [
            Row(str(number), share_cells(*pair))
            for number, pair in enumerate(share_rows(shares))
        ],
        key=f"answers {title} {view.run}",
    )  # fmt: skip
    downloads(
        f"answers-{view.run}-{'suites' if by_suite else 'kinds'}",
        lambda: shares,
        key=f"answer_files {title}",
        caption=view.caption,
        run=view.run,
    )


def show_curves(view: Shown) -> None:
    """Shares against k."""
    curves = view.curves
    if not curves:
        return
    figure(
        curves_figure(curves, view.k, view.method.first("helpful")),
        key="answer_curves",
        name=f"answers-{view.run}-by-k",
        caption=captions.caption(
            view.run, None, None, "share of queries (%) against k, logarithmic",
            completions=COMPLETIONS[view.completions],
        ),
        alt="Share of queries found within the top k against k, by kind, beside random documents",
    )  # fmt: skip
    st.caption(CURVES_WORDS)
    st.caption(wording.label(view.counted))
    downloads(
        f"answers-{view.run}-by-k",
        lambda: [
            {"role": one.role, "queries": one.n, "k": k, "share": share, "chance": chance}
            for one in curves
            for k, share, chance in zip(one.ks, one.shares, one.chances, strict=True)
        ],
        key="answer_curve_files",
        caption=view.caption,
        run=view.run,
    )


def show_queries(view: Shown) -> None:
    """Every query, and whether and where it is found; a click chooses one."""
    fields = links.view()
    known = sorted({one.kind for one in view.reader.answer_queries(view.k)})
    fields["kind"] = [kind for kind in fields["kind"] if kind in known]
    links.show("pick_kinds", fields["kind"] or known)
    st.pills(
        "Kinds of query",
        known,
        selection_mode="multi",
        key="pick_kinds",
        format_func=wording.label,
        on_change=links.change,
        args=("kind", "pick_kinds", (), known),
    )
    queries = [one for one in view.queries if not fields["kind"] or one.kind in fields["kind"]]
    if not queries:
        st.info("No query of these kinds is left. Choose other kinds or completions.")
        return
    st.caption(
        f"{wording.whole(len(queries))} queries. “Found”: within the top "
        f"{wording.whole(view.k)}; steps are counted there / anywhere / in all. Documents are "
        "counted for the step that fewest say. “≈”: not all documents that hold the words were "
        "read. Click a row to see its places below."
    )
    top = wording.whole(view.about.top)
    data = table_data(
        "Queries and where they are found",
        [
            Column("Query", "number"),
            Column("Suite"),
            Column("Kind"),
            Column("Completion"),
            Column("Counts", "text", "What has to be found of this query"),
            Column("Here"),
            Column("By rank", "number", f"By which all of it is found; > {top}: not in the top"),
            Column("Steps", "number", "Found within the top k / anywhere / known"),
            Column("Top", "number", f"Documents of the top {top} that say it"),
            Column("Elsewhere", "number", "Documents outside the top that say it"),
            Column("By chance", "number", f"Probability for {wording.whole(view.k)} documents"),
            Column("Prompt", "snippet"),
        ],
        [
            Row(
                str(one.query_id),
                query_cells(one, view.about.top),
                links.href("answers", query=one.query_id),
                current=one.query_id == view.query_id,
            )
            for one in queries
        ],
        "Show its places",
    )
    with st.container(height=430 if len(queries) > 6 else "content", border=False):
        picking_table(data, f"answer queries {view.run}", {"chosen": _choose_query})
    downloads(
        f"answers-{view.run}-queries",
        lambda: queries,
        key="answer_query_files",
        caption=view.caption,
        run=view.run,
    )


def _choose_query(query_id: str) -> None:
    links.put(query=query_id)


def show_places(view: Shown) -> None:
    """What was looked for of the chosen query, and the places where documents say it."""
    st.header(f"Places of query {view.query_id}", anchor=False)
    query = None if view.query_id is None else view.reader.query(view.query_id)
    if query is None:
        st.info("No query is chosen. Click one in the table above.")
        return
    st.text(wording.one_line(query.prompt, 400))
    st.text(wording.one_line(query.completion, 400))
    sought = view.sought
    if not sought:
        st.info(
            "Nothing was looked for: this query is the mean over a suite, or neither its answer "
            "nor a step of it is known. Give its suite `reference` or `keywords` and run again."
        )
        return
    table(
        "What was looked for",
        [
            Column("What"),
            Column("In these words", "text", "Any way of writing it counts, as whole words"),
            Column("And near it", "text", "Without this the words say too little"),
            Column("Top", "number", f"Documents of the top {wording.whole(view.about.top)}"),
            Column("Bottom", "number", "Documents of as many at the other end"),
            Column("Elsewhere", "number", "Documents outside the top"),
            Column("First rank", "number", "Of the first document of the ranking that says it"),
        ],
        [Row(one.what, sought_cells(one)) for one in sought],
        key=f"sought {view.run} {view.query_id}",
    )
    downloads(
        f"answers-{view.run}-query-{view.query_id}-sought",
        lambda: sought,
        key="answer_sought_files",
        caption=view.caption,
        run=view.run,
    )
    _hits(view)


def _hits(view: Shown) -> None:
    parts = [one for one in PART_NAMES if one != "bottom" or view.about.has_bottom]
    links.show("pick_hits", view.part if view.part in parts else "")
    st.segmented_control(
        "Documents",
        parts,
        key="pick_hits",
        required=True,
        format_func=PART_NAMES.__getitem__,
        on_change=links.change,
        args=("hits", "pick_hits", (), parts),
    )
    hits = view.hits
    if not hits:
        where = "there" if view.part else "anywhere in the corpus"
        st.info(f"No document says any of it {where}, in words that the search knows.")
        return
    st.caption(
        f"{wording.whole(len(hits))} places, the first of each document and of each thing that "
        "was looked for: at most 25 in the top, 5 at the bottom, 10 elsewhere. Click one to read "
        "its document with the place marked."
    )
    data = table_data(
        f"Places of query {view.query_id}",
        [
            Column("Document", "number"),
            Column("Says"),
            Column("Where"),
            Column("Rank", "number", f"Of the document for this query, {view.method.first_rank}"),
            Column("Source"),
            Column("Matched"),
            Column("Judge"),
            Column("Text", "snippet"),
        ],
        [_row(number, one) for number, one in enumerate(hits)],
        "Read this document",
    )
    with st.container(height=430 if len(hits) > 6 else "content", border=False):
        picking_table(data, f"hits {view.run} {view.query_id} {view.part}", {"chosen": _click})
    downloads(
        f"answers-{view.run}-query-{view.query_id}",
        lambda: view.reader.with_texts(hits),
        key="answer_hit_files",
        caption=captions.caption(view.run, view.query_id, view.about.top),
        run=view.run,
    )
    clicked = st.session_state.pop(CLICKED, None)
    if clicked is not None:
        _open(hits, clicked)


def _row(number: int, one: AnswerHit) -> Row:
    marked = (one.mark_start, one.mark_end) if one.mark_end > one.mark_start else None
    return Row(
        f"{one.doc_id} {number}", hit_cells(one), links.href("document", **_address(one)),
        marked=marked,
    )  # fmt: skip


def _address(one: AnswerHit) -> dict[str, object]:
    """The document with the place marked."""
    marks = [*dict.fromkeys([*links.view()["marks"], "answer"])]
    return {"doc": one.doc_id, "span": f"{one.start}-{one.end}", "marks": marks}


def _click(row: str) -> None:
    # Another page is opened by the page itself: in a callback it would be too early.
    st.session_state[CLICKED] = row


def _open(hits: Sequence[AnswerHit], row: str) -> None:
    number = int(row.split()[1])
    if number < len(hits):
        links.go("document", **_address(hits[number]))
