"""A note on the page Sources: its figures and tables, read again from the run."""

from __future__ import annotations

from dataclasses import replace

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, wording
from pages.parts.source_figures import sources_figure
from pages.parts.sources_shown import (
    INTERVALS,
    asked_words,
    behind,
    figure_words,
    method_words,
    sources_shown,
    table_cells,
    table_columns,
)
from pages.report.address import View
from pages.report.claims import claims_content, in_vain
from pages.report.section import Plot, Section, Table


def sources(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding sources."""
    shown = sources_shown(reader, view.fields)
    if shown is None:
        return claims_content(reader, "sources", section)
    about = captions.caption(
        view["run"], queries=asked_words(shown.whose),
        scale="share among the k documents of an end ÷ share of the corpus, log–log axes",
        method=shown.method.name, intervals="95% Wilson", citation=section.note.citation,
    )  # fmt: skip
    words = [figure_words(shown), behind(shown), method_words(shown.method)]
    plot = Plot(
        sources_figure(shown.ends, shown.method, shown.k),
        "sources",
        about,
        "Multiplier of each source against k, both ends of the ranking, with a line at 1",
        " ".join(word for word in words if word),
    )
    columns = tuple(column.label for column in table_columns(shown))
    rows = Table(
        f"Sources at k = {wording.whole(shown.k)}",
        columns,
        [table_cells(pair) for pair in shown.rows],
        frozenset(range(1, len(columns))),
        shown.ends,
        INTERVALS,
    )
    drawn = claims_content(reader, "sources", replace(section, caption=about), plot, rows)
    return in_vain(drawn, shown.in_vain)
