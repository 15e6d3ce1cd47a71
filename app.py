"""Influence Explorer: `streamlit run app.py`. Page setup, navigation and the shared pickers."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from attribution_engine.records import InputError
from pages.parts import links, pickers
from pages.parts.navigation import draw, navigation
from pages.parts.query_panel import query_panel

ICON = Path(__file__).parent / "pages" / "parts" / "icon.png"

st.set_page_config(page_title="Influence Explorer", page_icon=str(ICON), layout="wide")
page = navigation()
here = page.url_path or "overview"
links.arrive(here)
reader = pickers.pick_run()
if reader is None:
    links.keep(here)
    if here == "method":
        draw(page)
    st.stop()
try:
    query = pickers.pick_query(reader)
    pickers.pick_side()
    links.keep(here)
    if here in ("overview", "method"):
        draw(page)
    elif query is not None:
        query_panel(links.view()["run"], query)
        draw(page)
except InputError as error:
    pickers.say(str(error))
