"""The pages and their addresses."""

from __future__ import annotations

import streamlit as st
from streamlit.navigation.page import Page

from attribution_engine.findings.claims import FINDINGS
from pages.parts import links

FIRST = "overview"
PAGES = {
    FIRST: "Overview",
    "rankings": "Rankings",
    "document": "Document",
    "query": "Query",
    "search": "Search",
    "compare": "Compare",
    "rank_curves": "Rank curves",
    "correlations": "Correlations",
    "totals": "Totals and coverage",
    "answers": "Answers",
    "sources": "Sources",
    "groups": "Groups",
    "tokens": "Tokens",
    "exploration": "Exploration",
    "trust": "Trust",
    "notebook": "Notebook",
    "method": "Method",
}
# The pages in the groups of the menu.
GROUPS = {
    "Read": ("overview", "rankings", "document", "query", "search", "compare"),
    "Findings": ("rank_curves", *FINDINGS),
    "Trust and keep": ("trust", "notebook", "method"),
}
BY_APP = "page is run by app.py"


def navigation() -> Page:
    """Declares the pages; the one that the address names.

    The first page lives at the root of the address; who asks for it by its name is sent there.
    """
    pages = [
        st.Page(
            f"pages/{name}.py",
            title=title,
            url_path="" if name == FIRST else name,
            default=name == FIRST,
        )
        for name, title in PAGES.items()
    ]
    by_name = st.Page(_nothing, title=PAGES[FIRST], url_path=FIRST, visibility="hidden")
    page = st.navigation([*pages, by_name], position="hidden")
    if page.url_path == FIRST:
        asked = {name: st.query_params.get_all(name) for name in st.query_params}
        st.switch_page(pages[0], query_params=asked)
    return page


def _nothing() -> None:
    """The page that stands at the first page's name draws nothing: nobody stays on it."""


def menu() -> None:
    """Links to the pages, each with its whole address.

    Streamlit's own menu drops the address; writing it again afterwards would leave two entries in
    the browser's history, and the back button would lead to the page one is on.
    """
    for group, names in GROUPS.items():
        with st.container(gap=None):
            st.caption(group)
            for name in names:
                st.page_link(
                    f"pages/{name}.py",
                    label=PAGES[name],
                    query_params=links.address_of(name),
                    width="stretch",
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
