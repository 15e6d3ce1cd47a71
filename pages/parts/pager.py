"""The pages of a table, to choose from.

Streamlit's own pagination tells the page of a moment ago where another run of the script crosses
its change, and so turns back; a press of these buttons is told once.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.parts import wording

FOLDER = Path(__file__).parent

_pager = st.components.v2.component(
    "influence_pager",
    html="<nav></nav>",
    css=(FOLDER / "pager.css").read_text(encoding="utf-8"),
    js=(FOLDER / "pager.js").read_text(encoding="utf-8"),
)


def pager(name: str, pages: int, page: int, key: str, on_page: Callable[[int], None]) -> None:
    """Draws the pages; nothing where there is only one.

    Args:
        name: what is paged, for screen readers.
        page: the one that is shown, from 1.
        on_page: what to do with the page that is pressed; runs before the script does.
    """
    key = wording.component_key(key)
    if pages > 1:
        _pager(
            key=key,
            data={"name": name, "page": page, "pages": pages},
            on_page_change=lambda: on_page(int(st.session_state[key].page)),
        )
