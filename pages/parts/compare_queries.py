"""Compare, two queries of one run over all its documents: correlation, plane, tops, a document."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store import query_pairs
from attribution_engine.store.comparison_views import PLOTS, TOPS, Counterpart
from attribution_engine.store.query_views import QueryNeighbour
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryInfo, Side
from pages.parts import captions, links, wording
from pages.parts.compare_panels import (
    PLOT_NAMES,
    choose,
    document_facts,
    flat,
    method_link,
    query_facts,
    second_query,
)
from pages.parts.compared_query import UNSIGNED
from pages.parts.export import downloads
from pages.parts.facts import facts
from pages.parts.table import Column, Row, table


def show_queries_mode(reader: StoreReader, query_id: int) -> None:
    """Every document by its score on one query and on another."""
    view, method = links.view(), wording.method(reader.run().method)
    st.caption(
        "Each document of the run has one place: across by its rank or score on the query of the "
        "sidebar, upwards by that on a second query. The nearer to a rising line, the more the two "
        f"completions draw on the same documents. {method.noun}: {method.unit}. Ranks count from "
        "the side chosen in the sidebar."
    )
    method_link()
    other = second_query(reader, query_id)
    here = reader.query(query_id)
    if other is None or here is None:
        return
    for column, query, name in zip(
        st.columns(2, gap="medium"), (here, other), ("first", "second"), strict=True
    ):
        with column.container(border=True, height="stretch"):
            facts([query_facts(query)], key=f"compared_query_{name}")
            st.page_link(
                "pages/query.py",
                label=f"About query {query.query_id}",
                query_params=links.address_of("query", query=query.query_id),
            )
    with st.container(horizontal=True, gap="large"):
        choose("Plot", "plot", PLOTS, PLOT_NAMES)
        choose("Score", "score", list(method.score_names), method.score_names)
        choose("Top documents of either query", "top", [str(k) for k in TOPS], {})
    if view["score"] == "per_nat" and not (here.nats and other.nats):
        st.info("One of these queries has no completion with nats, so it has no per-nat score.")
        return
    wide, narrow = st.columns([3, 2], gap="medium")
    with narrow:
        _show_agreement(reader, here, other)
        _show_document(reader, here, other)
    _show_tops(reader, here, other)
    # Last, so that no text waits for the plot library.
    with wide:
        _show_plane(reader, here, other)


def _show_agreement(reader: StoreReader, here: QueryInfo, other: QueryInfo) -> None:
    """Pearson and Spearman of the two queries."""
    noun = wording.method(reader.run().method).noun.lower()
    found = _correlation(reader, here.query_id, other.query_id)
    if found is None:
        st.info(
            "No correlation of these two queries is in this run's store. Building the store anew "
            "with this version supplies it."
        )
        return
    n = f"n = {wording.whole(found.n)} documents"
    facts(
        [
            ("Pearson", wording.decimal(found.pearson, 3), f"of {noun}; {n}"),
            ("Spearman", wording.decimal(found.spearman, 3), f"of ranks by {noun}; {n}"),
        ],
        key="agreement_of_queries",
    )
    if links.score() == "normed":
        st.caption(f"Both correlations are of {noun}, not of the norm-corrected score.")


def _correlation(reader: StoreReader, first: int, second: int) -> QueryNeighbour | None:
    return next(
        (one for one in reader.query_neighbours(first) if one.query.query_id == second), None
    )


def _show_document(reader: StoreReader, here: QueryInfo, other: QueryInfo) -> None:
    """The chosen document under both queries, with a link into each."""
    number = links.number("doc")
    if not links.view()["doc"]:
        st.caption("Click a point of the plot to see which document it is.")
        return
    one = None
    if number is not None:
        one = reader.under_both(here.query_id, other.query_id, number, links.side(), links.score())
    if one is None:
        st.caption(
            wording.label(f"Document {links.view()['doc']} of this link is not in this run.")
        )
        return
    method, side = wording.method(reader.run().method), links.side()
    value = query_pairs.value_of(one.document, links.score())
    with st.container(border=True):
        facts(
            [
                document_facts(one.document),
                (f"Under query {here.query_id}", f"rank {wording.whole(one.rank)}, score "
                 f"{wording.written(value, method)}", f"from the {side} end"),
                (f"Under query {other.query_id}", f"rank {wording.whole(one.other_rank)}, score "
                 f"{wording.written(one.other_score, method)}", f"from the {side} end"),
            ],
            key="compared_document",
        )  # fmt: skip
        for column, query in zip(st.columns(2), (here, other), strict=True):
            column.page_link(
                "pages/document.py",
                label=f"Read it under query {query.query_id}",
                query_params=links.address_of("document", query=query.query_id, doc=number),
            )
        # A link to the page that one is on does nothing.
        st.button(
            "Both heatmaps side by side",
            on_click=links.put,
            kwargs={"mode": "document", "doc": str(number)},
        )


def _show_plane(reader: StoreReader, here: QueryInfo, other: QueryInfo) -> None:
    """The plot; a click on a point chooses its document."""
    from pages.parts.figure import figure
    from pages.parts.query_figures import queries_figure

    view, side, score, k = links.view(), links.side(), links.score(), int(links.view()["top"])
    method = wording.method(reader.run().method)
    plot = links.plot()
    plane = reader.query_plane(here.query_id, other.query_id, score, k, side, plot)
    number = links.number("doc")
    if number is not None:
        chosen = reader.under_both(here.query_id, other.query_id, number, side, score)
        if chosen is not None:
            plane = query_pairs.with_chosen(plane, chosen, score, k)
    name = method.score_names[score].lower()
    what = (
        f"{name}: {method.score_units[score]}"
        if plot == "score"
        else f"rank by {name} from the {side} end"
    )
    axes = "log–log axes" if plot == "rank_log" else "linear axes"
    names = (f"query {here.query_id}", f"query {other.query_id}")
    key = f"queries {view['run']} {names} {side} {score} {plot} {k} {view['doc']}"

    def take_point() -> None:
        """A point was clicked."""
        points = st.session_state[key]["selection"]["points"]
        if points and "customdata" in points[0]:
            links.put(doc=str(points[0]["customdata"][0]))

    figure(
        queries_figure(plane, names, what, k),
        key,
        f"queries-{here.query_id}-{other.query_id}-{score}-{plot}",
        captions.caption(
            str(view["run"]), f"{here.query_id} and {other.query_id}", k, f"{what}, {axes}",
            end=side,
        ),
        f"Every document on {names[0]} and on {names[1]}: {what}",
        on_select=take_point,
        selection_mode="points",
    )  # fmt: skip
    if plane.counts:
        st.caption(
            f"{wording.whole(plane.n)} documents: their number in each cell, and a point for each "
            f"of the top {k} of either query."
        )


def _show_tops(reader: StoreReader, here: QueryInfo, other: QueryInfo) -> None:
    """The top documents of either query, side by side, with their overlap."""
    side, score, k = links.side(), links.score(), int(links.view()["top"])
    method = wording.method(reader.run().method)
    found = reader.two_tops(here.query_id, other.query_id, side, score, k)
    end = f"Most {side}" if method.signed else UNSIGNED[side].capitalize()
    st.subheader(f"{end} documents side by side", anchor=False)
    st.caption(
        f"Of the top {k} of either query, {found.n_both} are in both; chance would give "
        f"{wording.decimal(found.by_chance)}. Ranks count from the {side} end, by "
        f"{method.score_names[score].lower()}; ● is in the top {k} of both. Click a row to read "
        "the document under that query."
    )
    left, right = st.columns(2, gap="medium")
    with left:
        _show_top(reader, found.first, here, other, side)
    with right:
        _show_top(reader, found.second, other, here, side)


def _show_top(
    reader: StoreReader,
    listed: tuple[Counterpart, ...],
    query: QueryInfo,
    other: QueryInfo,
    side: Side,
) -> None:
    """The top documents of one query with their ranks under the other."""
    score, k = links.score(), int(links.view()["top"])
    method = wording.method(reader.run().method)
    rows = []
    for one in listed:
        rank = wording.whole(one.other_rank)
        size = wording.written(query_pairs.value_of(one.document, score), method)
        rows.append(
            Row(
                str(one.document.doc_id),
                [
                    wording.whole(one.rank),
                    (size, one.document.bar) if method.signed else size,
                    f"● {rank}" if one.other_rank is not None and one.other_rank <= k else rank,
                    one.document.source or "–",
                    one.document.snippet,
                ],
                links.href("document", query=query.query_id, doc=one.document.doc_id),
                current=str(one.document.doc_id) == links.view()["doc"],
            )
        )
    st.markdown(f"**Query {query.query_id}** · {wording.label(query.suite)}")
    with st.container(height=640 if len(rows) > TOPS[0] else "content", border=False):
        opened = table(
            f"Top documents of query {query.query_id}",
            [
                Column("Rank", "number", f"From the {side} end"),
                Column(
                    method.score_names[score],
                    "bar" if method.signed else "number",
                    method.score_units[score],
                ),
                Column(f"Rank, query {other.query_id}", "number",
                       f"Under query {other.query_id}, from the same end; ● if it is in the top "
                       f"{k} there too"),
                Column("Source"),
                Column("Document", "snippet"),
            ],
            rows,
            key=f"top of {query.query_id} beside {other.query_id} {side} {score} {k} "
            f"{links.view()['run']}",
            action=f"Read this document under query {query.query_id}",
        )  # fmt: skip
    downloads(
        f"top{k}-query{query.query_id}-beside-query{other.query_id}-{side}",
        lambda: flat(reader, listed),
        f"export top {query.query_id} {other.query_id}",
        captions.caption(
            links.view()["run"],
            query.query_id,
            k,
            method.score_units[score],
            side=side,
            beside=f"query {other.query_id}",
        ),
        run=links.view()["run"],
        query_id=query.query_id,
        other_query_id=other.query_id,
        side=side,
        score=score,
    )
    if opened is not None:
        links.go("document", query=query.query_id, doc=opened)
