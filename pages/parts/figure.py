"""A figure on a page: the chart, its caption, and the three files that can be had of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from zlib import crc32

import plotly.graph_objects as go
import streamlit as st

from pages.parts import captions
from pages.parts.enlarged import enlarged
from pages.parts.figures import CONFIG, recoloured
from pages.parts.wording import component_key, label

FOLDER = Path(__file__).parent

_buttons = st.components.v2.component(
    "influence_figure",
    html='<div class="buttons"><button type="button" value="svg">SVG</button>'
    '<button type="button" value="png">PNG</button></div>',
    css=(FOLDER / "figure.css").read_text(encoding="utf-8"),
    js=(FOLDER / "figure.js").read_text(encoding="utf-8"),
)


def figure(fig: go.Figure, key: str, name: str, caption: str, alt: str, **chart: Any) -> Any:
    """Draws a figure with its caption and its buttons SVG, PNG (by the browser) and PDF.

    Args:
        fig: drawn in light colours, as the functions of `figures` do.
        name: what the files are called.
        caption: where the numbers are from, see `captions.caption`; part of every file.
        alt: what the figure shows, for screen readers.
        chart: what `st.plotly_chart` takes further, such as `on_select`.

    Returns:
        What `st.plotly_chart` returns.
    """
    # Keys may hold names of runs; the class of a container may not.
    box = f"figure-{crc32(key.encode()):08x}"
    file = captions.file_name(name)
    config = {**CONFIG, "toImageButtonOptions": {"format": "svg", "filename": file}}
    is_dark = st.context.theme.type == "dark"

    def pdf() -> bytes:
        # Loading matplotlib costs seconds and memory, which only those who ask for it pay.
        from pages.parts.print_figure import print_figure

        return print_figure(fig, "pdf", name, caption)

    with st.container(key=box, gap="xsmall"):
        result = st.plotly_chart(
            enlarged(recoloured(fig) if is_dark else fig),
            key=key,
            config={**config, **chart.pop("config", {})},
            alt=alt,
            **chart,
        )
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            st.caption(label(caption), width="stretch")
            _buttons(
                key=component_key(f"{key} files"),
                data={"box": box, "caption": caption, "name": name, "file": file},
                width="content",
            )
            st.download_button(
                "PDF",
                pdf,
                file_name=f"{file}.pdf",
                mime="application/pdf",
                on_click="ignore",
                key=f"{key} pdf",
                type="tertiary",
                help=f"{label(name)} as PDF, made by the server",
            )
    return result
