"""A note on the page Groups: its figures and tables, read again from the run."""

from __future__ import annotations

from typing import Any

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, groups_figures
from pages.parts.groups_shown import (
    GROUPING_NAMES,
    HOW_STANDARD,
    NO_GROUPS,
    TABLE,
    GroupsShown,
    cells,
    changes,
    dots,
    groups_shown,
    measures,
    swap_cells,
)
from pages.report.address import View
from pages.report.claims import claims_content
from pages.report.section import Plot, Section, Table

HEADS = tuple(name for name, *_ in TABLE)
NUMBERS = frozenset(at for at, (_, kind, _) in enumerate(TABLE) if kind == "number")


def groups(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding groups."""
    shown = groups_shown(reader, view.fields) if reader.claims("groups") else None
    if shown is None:
        found = claims_content(reader, "groups", section)
        if not found.missing:
            found = claims_content(reader, "groups", section, Table(NO_GROUPS, (), []))
        return found
    words = shown.set_.words
    about = captions.caption(
        view["run"], None, shown.k if shown.measure == "top" else None,
        measures(shown)[shown.measure], queries=words,
        grouped_by=GROUPING_NAMES[shown.grouping].lower(), method=shown.method.name,
        citation=section.note.citation,
    )  # fmt: skip
    content: list[Any] = [
        Plot(
            groups_figures.heat(shown.sets, shown.effects, shown.rows),
            "groups",
            about,
            "Standardised mean influence of every group on every suite and kind of query",
            f"{HOW_STANDARD} A star: the 95 % interval, by resampling queries and random blocks of "
            "documents, does not hold zero.",
        )
    ]
    if shown.measure != "top" or shown.k is not None:
        content.append(
            Plot(
                dots(shown),
                "groups-of-a-suite",
                about,
                f"{measures(shown)[shown.measure]} of every group on {words}, with intervals",
                shown.behind,
            )
        )
    content.append(
        Table(
            f"Groups on {words}", HEADS, [cells(one) for one in shown.groups], NUMBERS, shown.groups
        )
    )
    if found_contrasts := reader.group_contrasts():
        content.append(
            Plot(
                groups_figures.contrasts(found_contrasts),
                "group-contrasts",
                about,
                "Differences between groups of documents on math and code suites, with intervals",
                "What the claims rest on; right of zero speaks for them.",
            )
        )
    content += _flip(reader, view, shown)
    return claims_content(reader, "groups", section, *content)


def _flip(reader: StoreReader, view: View, shown: GroupsShown) -> list[Table]:
    plan = (
        reader.flip_plan(shown.set_.suite if view["asked"] else "") if shown.method.signed else []
    )
    if not plan:
        return []
    return [
        Table(
            "What a flip would swap",
            ("Domain", "Out", "In", "Then"),
            [swap_cells(swap) for swap in plan],
        ),
        Table(
            "Expected change to first order",
            ("Suite", "About", "Queries", "Change of the mean log-probability"),
            changes(plan, shown.sets, shown.n_documents),
            frozenset({2, 3}),
        ),
    ]
