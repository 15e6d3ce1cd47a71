"""The notebook as files that need neither a network nor this program: HTML, Markdown, figures.

Everything is made from the same answers of the reader and with the same figures as the pages; what
a note's run does not have is said in its place.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution_engine.notes import Note

__all__ = ["report_figures", "report_html", "report_markdown"]


def report_html(notes: Sequence[Note]) -> bytes:
    """One HTML file with every note, its view, its text; figures and heatmaps keep hover."""
    from pages.report.html import html_of
    from pages.report.sections import sections_of

    return html_of(sections_of(notes))


def report_markdown(notes: Sequence[Note]) -> bytes:
    """The notes as Markdown in which no text of a store or a person is markup."""
    from pages.report.markdown import markdown_of
    from pages.report.sections import sections_of

    return markdown_of(sections_of(notes))


def report_figures(notes: Sequence[Note]) -> bytes:
    """A zip with a folder for every note: its figures, heatmaps, tables and caption."""
    from pages.report.folder import zip_of
    from pages.report.sections import sections_of

    return zip_of(sections_of(notes))
