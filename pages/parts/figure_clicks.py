"""Clicks on the cells of a heatmap, which Streamlit's own charts do not report."""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import streamlit as st

from pages.parts import links
from pages.parts.wording import component_key

_clicks = st.components.v2.component(
    "influence_figure_clicks",
    html="<span hidden></span>",
    js=(Path(__file__).parent / "figure_clicks.js").read_text(encoding="utf-8"),
)


def clicked_cell(key: str) -> tuple[int, int] | None:
    """Row and column of the cell of a heatmap that was just clicked.

    Args:
        key: of the figure, as `figure` was given it on the same page.
    """
    result = _clicks(
        key=component_key(f"{key} clicks"),
        data={"box": f"figure-{crc32(key.encode()):08x}"},
        on_clicked_change=links.put,
        height=1,
    )
    cell = result.clicked
    return (int(cell[0]), int(cell[1])) if cell else None
