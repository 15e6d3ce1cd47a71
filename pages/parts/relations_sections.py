"""The part of Answers on relations: how the top documents relate to the query."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from attribution_engine.store.findings.relations_views import QueryRelations, RelatedDocument
from attribution_engine.text.relations import RELATIONS
from pages.parts import captions, links, wording
from pages.parts.beside import show_beside
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.relations_figures import relations_figure
from pages.parts.relations_shown import (
    COUNT_COLUMNS,
    DOCUMENT_COLUMNS,
    EMPTY,
    SHARE_COLUMNS,
    TITLE,
    RelationsShown,
    behind,
    column_names,
    count_cells,
    document_cells,
    figure_words,
    procedure_words,
    share_cells,
    share_records,
)
from pages.parts.table import Column, Row, picking_table, table, table_data

CLICKED = "related document clicked on Answers"


def show_relations(view: RelationsShown | None) -> None:
    """The figure of the chosen query's suite, all suites in a table, and the query itself."""
    st.header(TITLE, anchor=False)
    if view is None:
        st.info(EMPTY)
        return
    if view.of_suite:
        _figure(view)
    else:
        st.info(
            "No query is chosen whose suite has single queries. Choose one in the sidebar to see "
            "its suite; the table below has all."
        )
    _suites(view)
    _query(view)


def _figure(view: RelationsShown) -> None:
    suite = view.of_suite[0].suite
    figure(
        relations_figure(view.of_suite, view.method),
        key="answer_relations",
        name=f"answers-{view.run}-relations-{suite}",
        caption=view.caption(),
        alt="Share of documents with each relation to the query: top documents, and at random",
    )
    st.caption(wording.label(figure_words(view)))
    st.caption(wording.label(behind(view)))
    show_beside("answers", "procedure", "labels")


def _suites(view: RelationsShown) -> None:
    shares = view.shares
    names = column_names(SHARE_COLUMNS, view.about.k)
    name = "Relations by suite"
    st.subheader(name, anchor=False)
    with st.container(height=430 if len(shares) > 12 else "content", border=False):
        table(
            name,
            [
                Column(names[0]),
                Column(names[1], "words"),
                Column(names[2], "number", "Single queries; means over a suite are left out"),
                Column(names[3], "number", "Queries whose procedure is known"),
                Column(names[4], "number", "Share of each query's documents, mean over queries"),
                Column(
                    names[5], "number",
                    "Bootstrap over queries; without width where no query differs, – with one",
                ),
                Column(names[6], "number", "Share of documents drawn at random"),
                Column(names[7], "number", "Share ÷ share at random; – where none there has it"),
            ],
            [Row(str(number), share_cells(one)) for number, one in enumerate(shares)],
            key=f"relation shares {view.run}",
        )  # fmt: skip
    downloads(
        f"answers-{view.run}-relations",
        lambda: share_records(shares),
        key="relation_share_files",
        caption=captions.caption(
            view.run, None, view.about.k, documents=wording.whole(view.about.n_documents)
        ),
        run=view.run,
    )


def _query(view: RelationsShown) -> None:
    if view.query is None:
        return
    st.subheader(f"Relations to query {view.query.query_id}", anchor=False)
    st.text(wording.one_line(view.query.prompt, 400))
    st.text(wording.one_line(view.query.completion, 400))
    found = view.of_query
    st.text(procedure_words(found))
    if found is not None:
        _counts(view, found)
        _documents(view, found)


def _counts(view: RelationsShown, found: QueryRelations) -> None:
    names = column_names(COUNT_COLUMNS, found.k)
    table(
        f"Relations to query {found.query_id}",
        [
            Column(names[0], "words"),
            Column(names[1], "words"),
            Column(names[2], "number", f"Of its {view.top} documents"),
            Column(names[3], "number", f"Of {wording.whole(found.n_read)} documents"),
        ],
        [Row(one.relation, count_cells(found, one)) for one in found.counts],
        key=f"relation counts {view.run} {found.query_id}",
    )
    downloads(
        f"answers-{view.run}-query-{found.query_id}-relations",
        lambda: found.counts,
        key="relation_count_files",
        caption=captions.caption(
            view.run, found.query_id, found.k, documents_at_random=wording.whole(found.n_read)
        ),
        run=view.run,
        query_id=found.query_id,
        procedure=found.procedure,
    )


def _documents(view: RelationsShown, found: QueryRelations) -> None:
    known = list(RELATIONS)
    links.show("pick_relation", view.relation or None)
    st.pills(
        "Documents with the relation",
        known,
        key="pick_relation",
        on_change=links.change,
        args=("relation", "pick_relation", (), known),
    )
    documents = view.documents
    if not documents:
        st.info("None of the top documents of this query has this relation. Choose another.")
        return
    n = wording.whole(len(documents))
    st.caption(
        f"{n} of its {view.top} documents, with all their relations and what shows each, in the "
        "same order, as it was read. Click one to read it."
    )
    data = table_data(
        f"Top documents of query {found.query_id}",
        [
            Column(DOCUMENT_COLUMNS[0], "number"),
            Column(DOCUMENT_COLUMNS[1], "words"),
            Column(
                DOCUMENT_COLUMNS[2], "words",
                "A sum with its operands, followed back to the sums that they are results of; or "
                "words. What has code without a sum, or nothing, shows nothing",
            ),
            Column(DOCUMENT_COLUMNS[3], "number", view.method.first_rank),
            Column(DOCUMENT_COLUMNS[4]),
            Column(DOCUMENT_COLUMNS[5], "snippet"),
        ],
        [
            Row(str(one.doc_id), document_cells(one), links.href("document", doc=one.doc_id))
            for one in documents
        ],
        "Read this document",
    )  # fmt: skip
    with st.container(height=430 if len(documents) > 6 else "content", border=False):
        picking_table(
            data, f"related {view.run} {found.query_id} {view.relation}", {"chosen": _click}
        )
    downloads(
        f"answers-{view.run}-query-{found.query_id}-related",
        lambda: view.reader.with_texts(documents),
        key="related_files",
        caption=captions.caption(view.run, found.query_id, found.k, relation=view.relation),
        run=view.run,
    )
    clicked = st.session_state.pop(CLICKED, None)
    if clicked is not None:
        _open(documents, clicked)


def _click(row: str) -> None:
    # Another page is opened by the page itself: in a callback it would be too early.
    st.session_state[CLICKED] = row


def _open(documents: Sequence[RelatedDocument], row: str) -> None:
    for one in documents:
        if str(one.doc_id) == row:
            links.go("document", doc=one.doc_id)
