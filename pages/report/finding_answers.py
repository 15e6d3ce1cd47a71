"""A note on the page Answers: its figures and tables, read again from the run."""

from __future__ import annotations

from typing import Any

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, wording
from pages.parts.answers_figures import curves_figure, shares_figure
from pages.parts.answers_sections import CURVES_WORDS, SHARES_WORDS
from pages.parts.answers_shown import (
    COMPLETIONS,
    SHARE_COLUMNS,
    Shown,
    hit_cells,
    query_cells,
    share_cells,
    share_rows,
    shown,
    sought_cells,
)
from pages.report.address import View
from pages.report.claims import claims_content, in_vain
from pages.report.finding_relations import relations_content
from pages.report.section import Plot, Section, Table

QUERY_COLUMNS = (
    "Query", "Suite", "Kind", "Completion", "Counts", "Here", "By rank",
    "Steps: top / anywhere / known", "Top", "Elsewhere", "By chance", "Prompt",
)  # fmt: skip
SOUGHT_COLUMNS = (
    "What", "In these words", "And near it", "Top", "Bottom", "Elsewhere", "First rank",
)  # fmt: skip
HIT_COLUMNS = ("Document", "Says", "Where", "Rank", "Source", "Matched", "Judge", "Text")


def answers(reader: StoreReader, view: View, section: Section) -> Section:
    """The finding answers."""
    seen = shown(reader, view.fields)
    citation = section.note.citation
    related = relations_content(reader, view.fields, citation)
    if seen is None:
        return claims_content(reader, "answers", section, *related)
    about = " · ".join(filter(None, (seen.caption, citation and f"citation {citation}")))
    by_k = captions.caption(
        seen.run, None, None, "share of queries (%) against k, logarithmic",
        completions=COMPLETIONS[seen.completions], citation=citation,
    )  # fmt: skip
    content: list[Any] = []
    if seen.shares:
        content.append(
            Plot(
                shares_figure(seen.shares, seen.k, seen.method.first("helpful")),
                f"answers-{seen.run}-top-{seen.k}",
                about,
                "Share of queries whose answer or steps are found",
                f"{SHARES_WORDS} {seen.counted}",
            )
        )
        content.append(_shares(seen))
    if seen.curves:
        content.append(
            Plot(
                curves_figure(seen.curves, seen.k, seen.method.first("helpful")),
                f"answers-{seen.run}-by-k",
                by_k,
                "Share of queries found within the top k against k",
                CURVES_WORDS,
            )
        )
    queries = seen.queries
    content.append(
        Table(
            "Queries and where they are found",
            QUERY_COLUMNS,
            [query_cells(one, seen.about.top) for one in queries],
            frozenset((0, 6, 7, 8, 9, 10)),
            queries,
        )
    )
    if seen.sought:
        content.append(
            Table(
                f"What was looked for of query {seen.query_id}",
                SOUGHT_COLUMNS,
                [sought_cells(one) for one in seen.sought],
                frozenset((3, 4, 5, 6)),
                seen.sought,
            )
        )
    if seen.hits:
        content.append(
            Table(
                f"Places of query {seen.query_id}",
                HIT_COLUMNS,
                [hit_cells(one) for one in seen.hits],
                frozenset((0, 3)),
                seen.hits,
                whole=lambda: reader.with_texts(seen.hits),
            )
        )
    return in_vain(claims_content(reader, "answers", section, *content, *related), seen.in_vain)


def _shares(seen: Shown) -> Table:
    pairs = share_rows([*seen.kinds_of_shares, *seen.suites])
    columns = [*SHARE_COLUMNS]
    columns[3] = f"Top {wording.whole(seen.k)}"
    return Table(
        "Shares of queries found, by kind and by suite",
        tuple(columns),
        [share_cells(*pair) for pair in pairs],
        frozenset((2, 3, 4, 5)),
        [one for pair in pairs for one in pair],
    )
