"""A note on the page Answers: how the top documents relate to the query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attribution_engine.store.reader import StoreReader
from pages.parts.relations_figures import relations_figure
from pages.parts.relations_shown import (
    COUNT_COLUMNS,
    DOCUMENT_COLUMNS,
    SHARE_COLUMNS,
    RelationsShown,
    behind,
    column_names,
    count_cells,
    document_cells,
    figure_words,
    procedure_words,
    relations_shown,
    share_cells,
    share_records,
)
from pages.report.section import Plot, Table


def relations_content(
    reader: StoreReader, fields: Mapping[str, Any], citation: str
) -> list[Plot | Table]:
    """Its figure and tables; nothing where the store holds no relations."""
    seen = relations_shown(reader, fields)
    if seen is None:
        return []
    content: list[Plot | Table] = []
    if seen.of_suite:
        content.append(
            Plot(
                relations_figure(seen.of_suite, seen.method),
                f"answers-{seen.run}-relations-{seen.of_suite[0].suite}",
                seen.caption(citation=citation),
                "Share of documents with each relation to the query",
                f"{figure_words(seen)} {behind(seen)}",
            )
        )
    content.append(
        Table(
            "Relations by suite",
            column_names(SHARE_COLUMNS, seen.about.k),
            [share_cells(one) for one in seen.shares],
            frozenset(range(2, 8)),
            share_records(seen.shares),
        )
    )
    return [*content, *_of_query(seen)]


def _of_query(seen: RelationsShown) -> list[Table]:
    found = seen.of_query
    if found is None:
        return []
    documents = seen.documents
    content = [
        Table(
            f"Relations to query {found.query_id}",
            column_names(COUNT_COLUMNS, found.k),
            [count_cells(found, one) for one in found.counts],
            frozenset((2, 3)),
            found.counts,
            procedure_words(found),
        )
    ]
    if documents:
        content.append(
            Table(
                f"Top documents of query {found.query_id}"
                + (f" with the relation “{seen.relation}”" if seen.relation else ""),
                DOCUMENT_COLUMNS,
                [document_cells(one) for one in documents],
                frozenset((0, 3)),
                documents,
                whole=lambda: seen.reader.with_texts(documents),
            )
        )
    return content
