"""A note on the page Correlations: its figures and tables, read again from the run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from attribution_engine.findings.correlation_relations import Measure
from attribution_engine.store.findings.correlations_views import GroupCorrelation
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, wording
from pages.parts.correlation_figures import correlation_heatmap
from pages.parts.correlations_shown import (
    GROUP_COLUMNS,
    INTERVAL,
    MEASURES,
    PAIR_COLUMNS,
    STRONGEST,
    behind,
    constant_words,
    group_cells,
    heatmap_words,
    of_kinds,
    of_tasks,
    pair_cells,
)
from pages.report.address import View
from pages.report.claims import claims_content
from pages.report.section import Plot, Section, Table


def correlations(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding correlations."""
    measure = cast(Measure, view["correlation"])
    matrix = reader.correlation_matrix(measure)
    if matrix is None:
        return claims_content(reader, "correlations", section)
    method = wording.method(reader.run().method)
    groups = reader.correlation_groups(measure)
    about = captions.caption(
        view["run"],
        scale=f"{MEASURES[measure]}, −1 to 1, over {wording.whole(matrix.n)} documents",
        method=method.name, citation=section.note.citation,
    )  # fmt: skip
    words = f"{heatmap_words(measure, groups, method)} {behind(matrix)} {constant_words(matrix)}"
    content: list[Any] = [
        Plot(
            correlation_heatmap(matrix, measure), f"correlations-{measure}", about,
            f"{MEASURES[measure]}'s correlations of all pairs of queries, by task", words.strip(),
        )
    ]  # fmt: skip
    for title, members in (
        ("Means by kind and control", of_kinds(groups)),
        ("Means by task", of_tasks(groups)),
    ):
        if members:
            content.append(_table(title, members))
    pairs = reader.correlated_pairs(measure, STRONGEST)
    if pairs:
        names = tuple(column.label for column in PAIR_COLUMNS)
        content.append(
            Table("Strongest pairs", names, [pair_cells(one) for one in pairs],
                  frozenset((0, 1, 2)), pairs)
        )  # fmt: skip
    return claims_content(reader, "correlations", replace(section, caption=about), *content)


def _table(title: str, groups: list[GroupCorrelation]) -> Table:
    names = tuple(column.label for column in GROUP_COLUMNS)
    return Table(
        title, names, [group_cells(one) for one in groups], frozenset(range(1, 7)), groups,
        f"{INTERVAL}.",
    )  # fmt: skip
