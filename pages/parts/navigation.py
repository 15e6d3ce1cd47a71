"""The pages and their addresses."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

BY_APP = "page is run by app.py"


def navigation() -> Page:
    """Declares the pages; the one that the address names."""
    return st.navigation(
        [
            st.Page("pages/overview.py", title="Overview", url_path="overview", default=True),
            st.Page("pages/rankings.py", title="Rankings", url_path="rankings"),
            st.Page("pages/document.py", title="Document", url_path="document"),
            st.Page("pages/rank_curves.py", title="Rank curves", url_path="rank_curves"),
            st.Page("pages/method.py", title="Method", url_path="method"),
        ]
    )


def draw(page: Page) -> None:
    """Runs a page and lets it know that app.py runs it."""
    st.session_state[BY_APP] = True
    try:
        page.run()
    finally:
        st.session_state[BY_APP] = False


def through_app() -> None:
    """Starts over with app.py where Streamlit has run a page without it.

    It does so for the first address that a fresh server is asked for, because a folder is called
    `pages`; once the pages are declared it goes through app.py.
    """
    if not st.session_state.get(BY_APP):
        navigation()
        st.rerun()
