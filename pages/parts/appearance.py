"""How the whole page looks: widths, focus, print, large type, a presentation."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from pages.parts import links

FOLDER = Path(__file__).parent
SCREEN = "width of the screen"  # in pixels, of the presentation that runs
BASE, LARGE, SHARE_OF_WIDTH = 15, 1.27, 0.0106  # as .streamlit/config.toml and the CSS have it


@cache
def _css(name: str) -> str:
    return (FOLDER / f"{name}.css").read_text(encoding="utf-8")


def is_large() -> bool:
    """Whether type is to be read from the back of a room: charts take a larger type then too."""
    return bool(links.view()["size"] or links.view()["present"])


def apply_appearance() -> None:
    """Writes the styles of the page: fixed ones of this project, no text of a run."""
    styles = _css("appearance")
    if links.view()["present"]:
        styles += _css("presenting")
    elif links.view()["size"]:
        styles += _css("appearance_large")
    st.html(f"<style>{styles}</style>")


def type_scale() -> float:
    """How much larger than on a desk the type of a chart is to be; the page's own follows its CSS.

    A presentation knows how wide its screen is where it was started from the notebook.
    """
    if not is_large():
        return 1.0
    return max(LARGE, st.session_state.get(SCREEN, 0) * SHARE_OF_WIDTH / BASE)
