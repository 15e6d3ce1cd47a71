"""A note on the page Totals and coverage: its figures and tables, read again from the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attribution_engine.records import InputError
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, runs, wording
from pages.parts.table import Column
from pages.parts.totals_columns import (
    figure_columns,
    multiplier_columns,
    tail_columns,
    test_columns,
)
from pages.parts.totals_runs import multiplier_behind, multiplier_words
from pages.parts.totals_shown import (
    Shown,
    behind,
    compared,
    curves_plot,
    curves_words,
    figure_rows,
    figures_of,
    multiplier_plot,
    multiplier_rows,
    shown,
    slopes_plot,
    tail_groups_of,
    tail_rows,
    test_rows,
)
from pages.report.address import View
from pages.report.claims import claims_content
from pages.report.section import Plot, Section, Table


def totals(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding totals."""
    seen = shown(reader, view.fields)
    if seen is None:
        return claims_content(reader, "totals", section)
    about = captions.caption(
        view["run"], seen.query, scale=f"{seen.axes[1]} by {seen.axes[0]}",
        method=seen.method.name, citation=section.note.citation,
    )  # fmt: skip
    content: list[Any] = []
    if (drawn := curves_plot(seen)) is not None:
        words = f"{curves_words(seen)} {behind(seen)}"
        content.append(Plot(drawn, "totals", about, "Summed influence by depth, by group", words))
    content.append(
        _table("Means by group", figure_columns(seen), figure_rows(seen), figures_of(seen))
    )
    if (drawn := slopes_plot(seen)) is not None:
        content.append(
            Plot(
                drawn,
                "slopes",
                captions.caption(
                    view["run"],
                    seen.query,
                    seen.about.k,
                    "slope of log |influence| on log rank",
                    method=seen.method.name,
                    citation=section.note.citation,
                ),
                "Slopes of single queries by group, both sides",
                "Each dot is the slope of log |influence| on log rank over the top "
                f"{wording.whole(seen.about.k)} of one query; large marks are the mean of a group "
                "± one standard deviation.",
            )
        )
        content.append(
            _table("Slopes and exponents", tail_columns(seen), tail_rows(seen),
                   tail_groups_of(seen))
        )  # fmt: skip
        content.append(
            _table("t-tests of slopes", test_columns(), test_rows(seen), reader.slope_tests())
        )
    other, lost = _other(seen, view, section.note.citation)
    found = claims_content(reader, "totals", replace(section, caption=about), *content, *other)
    return replace(found, missing=" ".join(filter(None, (found.missing, lost))))


def _other(seen: Shown, view: View, citation: str) -> tuple[list[Any], str]:
    """The comparison with another run where the view names one, and why there is none of it."""
    names = (str(view["run"]), str(view["other"]))
    if names[1] in ("", names[0]):
        return [], ""
    path = runs.stores().get(names[1])
    if path is None:
        return [], f"The run “{names[1]}” is not in the runs folder."
    try:
        there = runs.reader_of(path)
    except InputError as error:
        return [], str(error)
    if there.totals_about() is None:
        return [], f"The run “{names[1]}” has no totals."
    if wording.method(there.run().method).unit != seen.method.unit:
        return [], f"The run “{names[1]}” is of another method: one cannot be divided by the other."
    found = compared(seen, there, view["strongest"])
    drawn = multiplier_plot(seen, found, names)
    if drawn is None:
        return [], f"The run “{names[1]}” shares no query that could be divided."
    caption = captions.caption(
        names[0], seen.query, scale=f"multiplier of the summed {seen.noun}", other_run=names[1],
        documents=wording.percent(found.part, 1), citation=citation,
    )  # fmt: skip
    words = f"{multiplier_words(seen, found, names)} {multiplier_behind(seen, there, found)}"
    return [
        Plot(drawn, "multipliers", caption, "Multipliers by kind of query", words),
        _table("Multipliers", multiplier_columns(), multiplier_rows(seen, found), found.queries),
    ], ""


def _table(
    title: str, columns: Sequence[Column], rows: Sequence[Sequence[str]], records: Sequence[Any]
) -> Table:
    numbers = frozenset(place for place, one in enumerate(columns) if one.kind == "number")
    return Table(title, tuple(one.label for one in columns), rows, numbers, tuple(records))
