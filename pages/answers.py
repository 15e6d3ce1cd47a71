"""Answers: what this run says of it, beside what the paper reports."""

from __future__ import annotations

import streamlit as st

from pages.parts import links, runs, wording
from pages.parts.answers_sections import (
    controls,
    show_curves,
    show_places,
    show_queries,
    show_shares,
)
from pages.parts.answers_shown import shown
from pages.parts.claims import show_claims, show_published
from pages.parts.navigation import through_app
from pages.parts.relations_sections import show_relations
from pages.parts.relations_shown import relations_shown

through_app()
reader = runs.current()

st.title("Answers", anchor=False)
has_claims = show_claims(reader, "answers")
view = shown(reader, links.view())
if view is not None:
    for line in view.in_vain:
        st.warning(wording.label(line))
    st.header("Are answers in the top documents?", anchor=False)
    controls(view)
    show_shares(view)
    st.header("How it grows with k", anchor=False)
    show_curves(view)
    st.header("Queries", anchor=False)
    show_queries(view)
    show_places(view)
elif has_claims:
    st.info(
        "Nothing was looked for: of no query of this run is an answer or a step known. Give the "
        "suites `reference` (the answer) or `keywords` (answer and steps) and run again."
    )
if has_claims:
    show_relations(relations_shown(reader, links.view()))
show_published("answers")
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
