"""The notebook as files: one HTML page, Markdown, a folder of figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from attribution_engine.notes import Note


def exports(notes: Sequence[Note]) -> None:
    """Buttons for the files of these notes; each is made when it is asked for."""
    files = (
        ("Export as one HTML page", "html", "notebook.html", "text/html",
         "Opens in any browser, without a network and without this explorer; figures keep hover."),
        ("Export as Markdown", "markdown", "notebook.md", "text/markdown",
         "Notes, citations and links."),
        ("Export the figures", "figures", "notebook-figures.zip", "application/zip",
         "Every figure of these notes as a file, with its caption."),
    )  # fmt: skip
    with st.container(horizontal=True, key="notebook_exports"):
        for label, kind, name, mime, says in files:
            st.download_button(
                label,
                _maker(kind, tuple(notes)),
                file_name=name,
                mime=mime,
                on_click="ignore",
                key=f"export_{kind}",
                help=says,
            )


def _maker(kind: str, notes: tuple[Note, ...]) -> Callable[[], bytes]:
    def make() -> bytes:
        # Drawing figures needs libraries that no page should wait for.
        from pages import report

        makers: dict[str, Callable[[tuple[Note, ...]], bytes]] = {
            "html": report.report_html,
            "markdown": report.report_markdown,
            "figures": report.report_figures,
        }
        return makers[kind](notes)

    return make
