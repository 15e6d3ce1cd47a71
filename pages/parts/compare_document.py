"""Compare, side by side: one document under two queries, or two documents under one query."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryInfo, RankedDocument
from pages.parts import links, wording
from pages.parts.compare_panels import (
    choose,
    document_facts,
    method_link,
    pick_document,
    query_facts,
    scores_table,
    second_query,
)
from pages.parts.document_text import levels_of, show_document_text
from pages.parts.facts import facts
from pages.parts.reading_words import LEVEL_NAMES, SCALE_NAMES


def _units(reader: StoreReader, shades: str) -> str:
    method = wording.method(reader.run().method)
    colours = (
        " Blue raises and orange lowers the completion's log-probability. Each side has the "
        f"shades of its own scale, stated above its text{shades}."
        if method.signed
        else ""
    )
    return f"{method.noun}: {method.unit}.{colours}"


def show_document_mode(reader: StoreReader, query_id: int) -> None:
    """One document under two queries, both heatmaps side by side."""
    st.caption(
        "The same document twice: on the left by what it does to the query of the sidebar, on the "
        "right by what it does to a second query. "
        + _units(reader, ", so compare sizes by their numbers")
    )
    method_link()
    other = second_query(reader, query_id)
    first = pick_document(reader, query_id, "doc", "Document")
    here = reader.query(query_id)
    if other is None or first is None or here is None:
        return
    second = reader.ranked_documents(other.query_id, [first.doc_id])[0]
    st.text(document_facts(first)[2])
    _reading_controls(reader, [(query_id, first.doc_id), (other.query_id, first.doc_id)])
    for column, query, one, name in zip(
        st.columns(2, gap="medium"), (here, other), (first, second), ("first", "second"),
        strict=True,
    ):  # fmt: skip
        with column:
            _one_side(reader, query, one, query_facts(query), name)


def show_documents_mode(reader: StoreReader, query_id: int) -> None:
    """Two documents under one query, both heatmaps side by side."""
    st.caption(
        "Two documents by what they do to the query of the sidebar; where none is chosen, its most "
        "helpful document stands beside its most harmful one. "
        + _units(reader, "; scaled by this query, the shades of both compare")
    )
    method_link()
    query = reader.query(query_id)
    if reader.run().n_documents < 2 or query is None:
        st.info("This run has one document only, and this comparison needs two.")
        return
    left, right = st.columns(2, gap="medium")
    with left:
        first = pick_document(reader, query_id, "doc", "First document")
    with right:
        second = pick_document(reader, query_id, "doc2", "Second document")
    if first is not None and second is not None and first.doc_id == second.doc_id:
        st.info("Both documents are the same one: choose another above.")
    if first is not None and second is not None:
        st.button(
            "Swap the documents",
            on_click=links.put,
            kwargs={"doc": str(second.doc_id), "doc2": str(first.doc_id)},
        )
    shown = [one for one in (first, second) if one is not None]
    _reading_controls(reader, [(query_id, one.doc_id) for one in shown])
    left, right = st.columns(2, gap="medium")
    for column, one, name in ((left, first, "first"), (right, second, "second")):
        if one is not None:
            with column:
                _one_side(reader, query, one, document_facts(one), name)


def _reading_controls(reader: StoreReader, pairs: list[tuple[int, int]]) -> None:
    """The level and the scale of both texts; they change the view."""
    documents = [one for one in (reader.document(*pair) for pair in pairs) if one is not None]
    levels = [name for name in LEVEL_NAMES if any(name in levels_of(one) for one in documents)]
    if not levels:
        return
    alignments = sorted({name for one in documents for name in one.alignments})
    with st.container(horizontal=True, gap="large"):
        choose("Level", "level", levels, LEVEL_NAMES)
        choose("Scale by", "scale", list(SCALE_NAMES), SCALE_NAMES)
        if len(alignments) > 1:
            choose("Token alignment", "alignment", alignments, {})


def _one_side(
    reader: StoreReader,
    query: QueryInfo,
    one: RankedDocument,
    first: tuple[str, str, str],
    name: str,
) -> None:
    """A document under a query: numbers, text, and links to both pages of their own."""
    with st.container(border=True):
        facts([first], key=f"compared_{name}")
        about = f"Scores of document {one.doc_id} on query {query.query_id}"
        scores_table(
            reader, query.query_id, one, about, f"scores {name} {query.query_id} {one.doc_id}"
        )
        left, right = st.columns(2)
        left.page_link(
            "pages/document.py",
            label=f"Read document {one.doc_id}",
            help=f"Open it on its own page under query {query.query_id}",
            query_params=links.address_of("document", query=query.query_id, doc=one.doc_id),
        )
        right.page_link(
            "pages/query.py",
            label=f"About query {query.query_id}",
            query_params=links.address_of("query", query=query.query_id),
        )
    document = reader.document(query.query_id, one.doc_id)
    if document is not None and not document.alignments:
        st.info(wording.no_token_scores(reader.run()))
    show_document_text(
        reader, query.query_id, one.doc_id, f"compared {name} {query.query_id} {one.doc_id}",
        compact=True,
    )  # fmt: skip
