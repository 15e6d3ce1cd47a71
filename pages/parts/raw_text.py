"""A text as it is: one block that can be selected as a whole, with a button that copies it."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.parts import wording

FOLDER = Path(__file__).parent
SENT = 500_000  # characters that are sent to the page

_raw = st.components.v2.component(
    "influence_raw_text",
    html=(FOLDER / "raw_text.html").read_text(encoding="utf-8"),
    css=(FOLDER / "raw_text.css").read_text(encoding="utf-8"),
    js="\n".join(
        (FOLDER / name).read_text(encoding="utf-8")
        for name in ("raw_text.js", "heatmap_model.js", "unseen.js")
    ),
)


def raw_text(text: str, name: str, key: str) -> None:
    """Draws the text and its button.

    Args:
        name: what the text is called, for screen readers.
    """
    _raw(key=wording.component_key(key), data=raw_data(text, name))


def raw_data(text: str, name: str) -> dict[str, str]:
    """What the component is given."""
    n = len(text)
    words = f"{wording.whole(n)} characters, unaltered."
    copy = "Copy the text"
    if n > SENT:
        words = (
            f"The first {wording.whole(SENT)} of {wording.whole(n)} characters, unaltered. "
            "“Text as .txt” below holds all of them."
        )
        copy = f"Copy these {wording.whole(SENT)} characters"
    return {"id": key_of(text), "text": text[:SENT], "name": name, "words": words, "copy": copy}


def key_of(text: str) -> str:
    """Tells two texts apart within one session."""
    return f"{len(text)} {hash(text)}"
