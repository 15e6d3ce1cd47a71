"""Compare: one document under two queries, two documents, two queries, or two runs."""

from __future__ import annotations

import streamlit as st

from pages.parts import links, runs
from pages.parts.compare_document import show_document_mode, show_documents_mode
from pages.parts.compare_queries import show_queries_mode
from pages.parts.compare_runs import show_runs_mode
from pages.parts.navigation import through_app

MODES = {
    "document": ("One document, two queries", "Compare one document under two queries"),
    "documents": ("Two documents", "Compare two documents under one query"),
    "queries": ("Two queries", "Compare two queries over all documents"),
    "runs": ("Two runs", "Compare two runs"),
}
SHOW = {
    "document": show_document_mode,
    "documents": show_documents_mode,
    "queries": show_queries_mode,
    "runs": show_runs_mode,
}

through_app()
view = links.view()
mode = view["mode"]
st.header(MODES[mode][1], anchor=False)
links.show("pick_mode", mode)
st.segmented_control(
    "What to compare",
    list(MODES),
    key="pick_mode",
    required=True,
    format_func=lambda one: MODES[one][0],
    on_change=links.change,
    args=("mode", "pick_mode"),
    label_visibility="collapsed",
)
SHOW[mode](runs.current(), int(view["query"]))
