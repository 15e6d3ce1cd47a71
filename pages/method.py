"""The method notes of the project, read from docs/method.md and docs/findings.md."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts.navigation import through_app

DOCS = Path(__file__).resolve().parents[1] / "docs"
NOTES = {"How the numbers are made": "method.md", "The findings": "findings.md"}

through_app()
for tab, name in zip(st.tabs(list(NOTES)), NOTES.values(), strict=True):
    note = DOCS / name
    with tab:
        if note.is_file():
            # The notes ship with the program; they are the only texts that are drawn as Markdown.
            st.markdown(note.read_text(encoding="utf-8"))
        else:
            st.info(f"This note (docs/{name}) is not part of this copy.")
