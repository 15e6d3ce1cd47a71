"""The papers' own figures near the plot that they belong to."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from attribution_engine.findings.published import PUBLISHED
from pages.parts import wording

FOLDER = Path(__file__).parent
NAME = "The paper's own figures"

_beside = st.components.v2.component(
    "influence_beside",
    html="<section><h4></h4><dl></dl></section>",
    css=(FOLDER / "beside.css").read_text(encoding="utf-8"),
    js=(FOLDER / "beside.js").read_text(encoding="utf-8"),
)


def show_beside(finding: str, *quantities: str) -> None:
    """The papers' own figures that belong to a plot, below it; see `beside`."""
    if found := beside(finding, *quantities):
        rows = [{"quantity": name, "figures": figures} for name, figures in found.items()]
        _beside(
            key=wording.component_key(f"beside {finding} {' '.join(quantities)}"),
            data={"name": NAME, "quantities": rows},
        )


def beside(finding: str, *quantities: str) -> dict[str, list[tuple[str, str]]]:
    """Figures by quantity, each with its model and how it is known.

    Args:
        quantities: words of the quantities that are meant.
    """
    found: dict[str, list[tuple[str, str]]] = {}
    for one in PUBLISHED[finding]:
        if any(words in one.quantity for words in quantities):
            about = ", ".join(part for part in (one.model, one.tag) if part)
            found.setdefault(capital(one.quantity), []).append((one.figure, about))
    return found


def capital(words: str) -> str:
    """Words with a capital first, where the first is no name as “arXiv” is."""
    first = words.partition(" ")[0]
    return words[:1].upper() + words[1:] if first == first.lower() else words
