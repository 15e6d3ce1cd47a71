"""Names and values in a grid. Values reach the page as text only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent

_facts = st.components.v2.component(
    "influence_facts",
    html='<dl class="facts"></dl>',
    css=(FOLDER / "facts.css").read_text(encoding="utf-8"),
    js=(FOLDER / "facts.js").read_text(encoding="utf-8"),
)


def facts(pairs: Sequence[tuple[str, str] | tuple[str, str, str]], key: str) -> None:
    """Draws name, value and, where given, a note in small print."""
    _facts(key=key, data=[[*pair, ""][:3] for pair in pairs])
