"""The method note of the project, read from docs/method.md."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.navigation import through_app

NOTE = Path(__file__).resolve().parents[1] / "docs" / "method.md"

through_app()
if NOTE.is_file():
    # The note ships with the program; it is the one text that is drawn as Markdown.
    st.markdown(NOTE.read_text(encoding="utf-8"))
else:
    st.header("Method", anchor=False)
    st.info("The method note (docs/method.md) is not part of this copy.")
