"""A note on the page Groups: its figures and tables, read again from the run."""

from __future__ import annotations

from typing import Any

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, groups_figures
from pages.parts.groups_sections import INTERVALS
from pages.parts.groups_shown import (
    GROUPING_NAMES,
    HOW_STANDARD,
    NO_GROUPS,
    GroupsShown,
    cells,
    change_cells,
    change_records,
    columns,
    dots,
    groups_shown,
    measures,
    swap_cells,
    swap_records,
)
from pages.report.address import View
from pages.report.claims import claims_content, in_vain
from pages.report.section import Plot, Section, Table


def groups(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding groups."""
    shown = groups_shown(reader, view.fields) if reader.claims("groups") else None
    if shown is None:
        found = claims_content(reader, "groups", section)
        if not found.missing:
            found = claims_content(reader, "groups", section, Table(NO_GROUPS, (), []))
        return found
    words = shown.set_.words
    citation, by = section.note.citation, GROUPING_NAMES[shown.grouping].lower()
    about = captions.caption(
        view["run"], None, shown.k if shown.measure == "top" else None,
        measures(shown)[shown.measure], queries=words, grouped_by=by,
        intervals="95%, Wilson" if shown.measure == "top" else INTERVALS,
        method=shown.method.name, citation=citation,
    )  # fmt: skip
    of_all = captions.caption(
        view["run"], scale="mean ÷ standard deviation of the query's scores", grouped_by=by,
        intervals=INTERVALS, method=shown.method.name, citation=citation,
    )  # fmt: skip
    of_claims = captions.caption(
        view["run"], scale="standard deviations of a query's scores", intervals=INTERVALS,
        method=shown.method.name, citation=citation,
    )  # fmt: skip
    content: list[Any] = [
        Plot(
            groups_figures.heat(shown.sets, shown.effects, shown.rows),
            "groups",
            of_all,
            "Standardised mean influence of every group on every suite and kind of query",
            f"{HOW_STANDARD} A star: the 95% interval, by resampling queries and random blocks of "
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
    heads = columns(shown)
    content.append(
        Table(
            f"Groups on {words}",
            tuple(column.label for column in heads),
            [cells(one, shown.measure) for one in shown.groups],
            frozenset(at for at, column in enumerate(heads) if column.kind == "number"),
            shown.groups,
        )
    )
    if found_contrasts := reader.group_contrasts():
        content.append(
            Plot(
                groups_figures.contrasts(found_contrasts),
                "group-contrasts",
                of_claims,
                "Differences between groups of documents on math and code suites, with intervals",
                "What the claims rest on; right of zero speaks for them.",
            )
        )
    content += _flip(reader, view, shown)
    return in_vain(claims_content(reader, "groups", section, *content), shown.vain)


def _flip(reader: StoreReader, view: View, shown: GroupsShown) -> list[Table]:
    plan = (
        reader.flip_plan(shown.set_.suite if view["asked"] else "") if shown.method.signed else []
    )
    if not plan:
        return []
    changed = change_records(plan, shown.sets, shown.n_documents)
    return [
        Table(
            "What a flip would swap",
            ("Domain", "Out", "In", "Then"),
            [swap_cells(swap) for swap in plan],
            frozenset((3,)),
            swap_records(plan),
        ),
        Table(
            "Expected change to first order",
            ("Suite", "About", "Queries", "Change of the mean log-probability"),
            [change_cells(one) for one in changed],
            frozenset({2, 3}),
            changed,
        ),
    ]
