"""Influence Explorer: `streamlit run app.py`. Page setup, navigation and the shared pickers."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from attribution_engine.records import InputError
from pages.parts import links, pickers, wording
from pages.parts.navigation import FIRST, draw, menu, navigation
from pages.parts.query_panel import query_panel

WITHOUT_QUERY = ("method", "trust")  # pages that show no query
OF_THE_RUN = (FIRST, "trust")  # pages that can be drawn where a link names no query of the run
ICON = Path(__file__).parent / "pages" / "parts" / "icon.png"

st.set_page_config(page_title="Influence Explorer", page_icon=str(ICON), layout="wide")
page = navigation()
here = page.url_path or FIRST
links.arrive(here)
with st.sidebar:
    menu_place = st.container(gap="xsmall")
    st.divider()
reader = pickers.pick_run()
query = None
try:
    if reader is not None:
        pickers.drop_unknown(reader)
        query = pickers.pick_query(reader)
        pickers.pick_side(reader)
    links.keep(here)
    with menu_place:
        menu()
    if reader is not None and query is not None and here not in WITHOUT_QUERY:
        method = wording.method(reader.run().method)
        query_panel(links.view()["run"], query, reader.query_items(query.query_id), method)
    if query is not None or here == "method" or (reader is not None and here in OF_THE_RUN):
        draw(page)
except InputError as error:
    pickers.say(str(error))
