"""Influence Explorer: `streamlit run serve.py`. Page setup, navigation and the shared pickers."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from attribution_engine.findings.claims import FINDINGS
from attribution_engine.records import InputError
from pages.parts import links, pickers, wording
from pages.parts.appearance import apply_appearance
from pages.parts.navigation import FIRST, draw, menu, navigation
from pages.parts.presenting import presenting
from pages.parts.query_panel import query_panel
from pages.parts.settled import settle
from pages.parts.view_bar import view_bar

# Pages that show no query, or their own way of one.
WITHOUT_QUERY = ("method", "trust", "notebook", "query", "search", *FINDINGS)
OF_THE_RUN = (FIRST, "trust", *FINDINGS)  # drawn where a link names no query of the run
OF_NO_RUN = ("method", "notebook")  # drawn without a run
ICON = Path(__file__).parent / "pages" / "parts" / "icon.png"

st.set_page_config(page_title="Influence Explorer", page_icon=str(ICON), layout="wide")
page = navigation()
here = page.url_path or FIRST
links.arrive(here)
apply_appearance()
shows_chrome = not presenting(here)
with st.sidebar:
    menu_place = st.container(gap="xsmall")
    st.divider()
bar = st.container(key="chrome")
reader = pickers.pick_run()
query = None
try:
    if reader is not None:
        pickers.drop_unknown(reader)
        query = pickers.pick_query(reader, here)
        pickers.pick_side(reader, here)
        settle(here, reader, query)
    links.keep(here, open_field="doc" if here == "document" and query is not None else "")
    if shows_chrome:
        with bar:
            view_bar(here, reader)
    with menu_place:
        menu()
    if reader is not None and query is not None and here not in WITHOUT_QUERY:
        method = wording.method(reader.run().method)
        query_panel(links.view()["run"], query, reader.query_items(query.query_id), method)
    if query is not None or here in OF_NO_RUN or (reader is not None and here in OF_THE_RUN):
        draw(page)
except InputError as error:
    pickers.say(str(error))
