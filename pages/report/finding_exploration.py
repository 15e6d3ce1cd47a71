"""A note on the page Exploration: its figures and tables, read again from the run."""

from __future__ import annotations

from typing import Any

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, wording
from pages.parts.exploration_plots import behaviour_figure, drawn_rows
from pages.parts.exploration_sections import (
    FIGURES,
    LENGTHS,
    SCORES,
    cells,
    length_cells,
    score_cells,
    table_rows,
)
from pages.parts.exploration_spans import COLUMNS, PAGE, SPAN_SIDES
from pages.parts.exploration_spans import cells as span_cells
from pages.parts.exploration_words import (
    ENDS,
    MEASURES,
    NO_CUTS,
    OF_THE_RUN,
    behaviour,
    behind,
    chosen,
    explained,
    reader_name,
    suites_asked,
)
from pages.report.address import View
from pages.report.claims import claims_content, in_vain
from pages.report.section import Plot, Section, Table


def exploration(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding exploration."""
    rows = reader.behaviour_rows()
    if not rows:
        return claims_content(reader, "exploration", section)
    run = reader.run()
    method = wording.method(run.method)
    name, does, vain = chosen(reader, view.fields)
    ends, measured = view["ends"], view["measured"]
    drawn = drawn_rows(rows, name, ends, measured)
    caption = captions.caption(
        view["run"],
        k=run.tail or None,
        scale=f"mean {MEASURES[measured].lower()} of a span, {method.unit}",
        read_by=reader_name(name),
        documents=ENDS[ends].lstrip("▲▼ ").lower(),
        method=method.name,
        citation=section.note.citation,
    )
    content: list[Any] = []
    if drawn:
        content = [
            Plot(
                behaviour_figure(drawn, name, method.unit, measured),
                "behaviours",
                caption,
                "Mean influence of a span by behaviour with 95% intervals, beside controls",
                f"{explained(measured)} {behind(drawn)}",
            ),
            _table("Influence by behaviour", FIGURES, table_rows(rows, name, ends, measured), cells,
                   f"Means in {method.unit}, of a span on a query."),
            _table("Spans by behaviour, per token", LENGTHS,
                   table_rows(rows, name, ends, measured), length_cells,
                   f"Per token in {method.unit} ÷ token."),
        ]  # fmt: skip
    asked = (
        *(name, does, view.side, (max(1, view.number("place") or 1) - 1) * PAGE, PAGE),
        *(suites_asked(rows, view.fields), measured == "cut"),
    )
    found = reader.behaviour_spans(*asked)
    if found.spans:
        content.append(
            _table(
                f"Spans, {behaviour(does)}: {SPAN_SIDES[view.side].lower()}",
                COLUMNS,
                found.spans,
                span_cells,
                f"{wording.whole(found.total)} spans, the strongest first; a page of them.",
                lambda: reader.behaviour_spans(*asked, whole=True).spans,
            )
        )
    scores = reader.reading_scores()
    if scores:
        content.append(
            _table("Precision and recall of the readers", SCORES, scores, score_cells,
                   "Against labels by hand, on traces that the reader was not written on.")
        )  # fmt: skip
    drawn_section = in_vain(
        claims_content(reader, "exploration", section, *content),
        [f"This view {line}" for line in vain],
    )
    if drawn:
        return drawn_section
    missing = NO_CUTS if measured == "cut" else OF_THE_RUN
    return in_vain(drawn_section, [missing.replace("`", "")])


def _table(
    title: str, columns: Any, records: Any, in_words: Any, words: str, whole: Any = None
) -> Table:
    return Table(
        title,
        tuple(column.label for column in columns),
        [in_words(one) for one in records],
        frozenset(at for at, column in enumerate(columns) if column.kind == "number"),
        records,
        words,
        whole,
    )
