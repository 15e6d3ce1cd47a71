"""One document under a query: its text under token influence, its scores, and what else it does."""

from __future__ import annotations

from typing import cast

import streamlit as st

from attribution_engine.store.document_views import DocumentView
from pages.parts import links, pickers, runs
from pages.parts.document_facts import show_about, show_scores
from pages.parts.document_text import show_document_text
from pages.parts.navigation import through_app
from pages.parts.other_queries import show_other_queries
from pages.parts.ranking_steps import show_steps

through_app()
reader = runs.current()
view = links.view()
query_id = int(view["query"])

if not view["doc"]:
    side, score = links.side(), links.score()
    top = reader.rankings(query_id, side, score, 0, 1, links.only()).documents
    top = top or reader.rankings(query_id, side, score, 0, 1).documents
    view["doc"] = str(top[0].doc_id)
    links.keep("document")
doc_id = links.number("doc")
found = None if doc_id is None else reader.document(query_id, doc_id)
if found is None:
    pickers.say(f"This link names the document “{view['doc']}”, which is not in this run.")
    st.page_link("pages/rankings.py", label="Choose one from the ranking",
                 query_params=links.address_of("rankings"))  # fmt: skip
    st.stop()
document = cast(DocumentView, found)

show_steps(reader, query_id, document.doc_id)
st.header(f"Document {document.doc_id}", anchor=False)
show_scores(reader, document)
show_document_text(reader, query_id, document.doc_id, key="document")
if reader.run().n_queries > 1:
    show_other_queries(reader, query_id, document.doc_id)
show_about(document)
