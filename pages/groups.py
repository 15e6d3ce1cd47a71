"""Groups: mean influence by domain, category and difficulty on every suite, and the flip."""

from __future__ import annotations

import streamlit as st

from pages.parts import links, runs, wording
from pages.parts.claims import show_claims, show_published
from pages.parts.groups_sections import (
    choose_grouping,
    show_contrasts,
    show_flip,
    show_heat,
    show_set,
)
from pages.parts.groups_shown import NO_GROUPS, groups_shown
from pages.parts.navigation import through_app

through_app()
reader = runs.current()
view = links.view()

st.title("Groups", anchor=False)
if show_claims(reader, "groups"):
    shown = groups_shown(reader, view)
    if shown is None:
        st.info(NO_GROUPS)
    else:
        for line in shown.vain:
            st.warning(wording.label(line))
        choose_grouping(reader, shown)
        show_heat(shown)
        show_set(reader, shown)
        show_contrasts(reader)
        show_flip(reader, shown)
show_published("groups")
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
