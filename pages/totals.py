"""Totals and coverage: what this run says of it, beside what the paper reports."""

from __future__ import annotations

import streamlit as st

from pages.parts import links, runs
from pages.parts.claims import show_claims, show_published
from pages.parts.navigation import through_app
from pages.parts.totals_runs import show_runs
from pages.parts.totals_sections import controls, show_curves, show_queries, show_slopes
from pages.parts.totals_shown import shown

through_app()
reader = runs.current()

st.title("Totals and coverage", anchor=False)
has_claims = show_claims(reader, "totals")
view = shown(reader, links.view())
if view is not None:
    st.header("Summed influence and coverage", anchor=False)
    controls(view)
    show_curves(view)
    show_queries(view)
    st.header("Slopes of the tails", anchor=False)
    show_slopes(view)
    show_runs(view)
elif has_claims:
    st.info(
        "This run has no totals: none of its documents has any influence on any query. Scores of "
        "a model that has learnt something would supply them."
    )
show_published("totals")
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
