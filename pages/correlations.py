"""Correlations: how alike queries rank the documents, beside what the paper reports."""

from __future__ import annotations

from typing import cast

import streamlit as st

from attribution_engine.findings.correlation_relations import Measure
from attribution_engine.store.findings.correlations_views import GroupCorrelation
from pages.parts import captions, links, runs, wording
from pages.parts.beside import show_beside
from pages.parts.claims import show_claims, show_published
from pages.parts.compare_panels import choose
from pages.parts.correlation_figures import correlation_heatmap
from pages.parts.correlations_shown import (
    EXPORTED,
    GROUP_COLUMNS,
    INTERVAL,
    MEASURES,
    MEND,
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
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.figure_clicks import clicked_cell
from pages.parts.navigation import through_app
from pages.parts.table import Row, table

TALL = 430  # pixels


def compare(first: int, second: int) -> None:
    """Opens the scatter of two queries."""
    links.go("compare", mode="queries", query=str(first), query2=str(second), doc="")


def compare_href(first: int, second: int) -> str:
    """The address of the scatter of two queries."""
    return links.href("compare", mode="queries", query=first, query2=second, doc="")


def groups_table(title: str, groups: list[GroupCorrelation], key: str) -> None:
    """Means of groups; a row opens the scatter of the pair that correlates most."""
    rows = [
        Row(
            f"{one.largest_a} {one.largest_b} {number}",
            group_cells(one),
            compare_href(one.largest_a, one.largest_b),
        )
        for number, one in enumerate(groups)
    ]
    with st.container(height=TALL if len(rows) > 11 else "content", border=False):
        opened = table(
            title, GROUP_COLUMNS, rows, key=key, action="Compare the two queries of the largest"
        )
    if opened is not None:
        compare(int(opened.split()[0]), int(opened.split()[1]))


through_app()
reader = runs.current()
view = links.view()
method = wording.method(reader.run().method)
measure = cast(Measure, view["correlation"])

st.title("Correlations", anchor=False)
show_claims(reader, "correlations")
matrix = reader.correlation_matrix(measure)
if matrix is None:
    st.info(MEND)
else:
    st.header("Every pair of queries", anchor=False)
    choose(
        "Correlation",
        "correlation",
        list(MEASURES),
        {str(one): words for one, words in MEASURES.items()},
    )
    groups = reader.correlation_groups(measure)
    about = captions.caption(
        view["run"],
        scale=f"{MEASURES[measure]}, −1 to 1, over {wording.whole(matrix.n)} documents",
        method=method.name,
    )
    key = f"correlations {view['run']} {measure}"
    figure(
        correlation_heatmap(matrix, measure),
        key=key,
        name=f"correlations-{view['run']}-{measure}",
        caption=about,
        alt=f"Heatmap of {MEASURES[measure]}'s correlations of all pairs of queries, by task",
        width="content",
    )
    cell = clicked_cell(key)
    st.caption(wording.label(heatmap_words(measure, groups, method)))
    st.caption(wording.label(behind(matrix)))
    show_beside("correlations", "Mean Pearson", "Largest Pearson", "Queries of different tasks")
    if words := constant_words(matrix):
        st.info(words)
    st.caption(
        "Click a cell to compare its two queries over all documents, where a point opens its "
        "document; drag over cells to enlarge them, double-click to see all. By keyboard: the "
        "tables below lead to the same comparisons."
    )
    if groups:
        st.subheader("Means by kind and control", anchor=False)
        st.caption(
            f"{INTERVAL}. Sets of queries are left out. A row opens the pair that correlates most."
        )
        groups_table("Means by kind and control", of_kinds(groups), f"kinds {key}")
        st.subheader("Means by task", anchor=False)
        groups_table("Means by task", of_tasks(groups), f"tasks {key}")
        downloads(
            f"correlation-groups-{view['run']}-{measure}",
            lambda: reader.correlation_groups(measure),
            key="group_files",
            caption=about,
            run=view["run"],
            measure=measure,
        )
    pairs = reader.correlated_pairs(measure, STRONGEST)
    if pairs:
        st.subheader("Strongest pairs", anchor=False)
        st.caption(
            f"The {len(pairs)} pairs that correlate most, either way, by {MEASURES[measure]}; sets "
            "of queries are left out."
        )
        with st.container(height=TALL if len(pairs) > 11 else "content", border=False):
            opened = table(
                "Strongest pairs",
                PAIR_COLUMNS,
                [
                    Row(
                        f"{one.first.query_id} {one.second.query_id}",
                        pair_cells(one),
                        compare_href(one.first.query_id, one.second.query_id),
                    )
                    for one in pairs
                ],
                key=f"pairs {key}",
                action="Compare these two queries",
            )
        n_pairs = matrix.n_queries * (matrix.n_queries - 1) // 2
        more = f"the first {wording.whole(EXPORTED)}" if n_pairs > EXPORTED else "all pairs"
        with st.container(horizontal=True):
            for button, name, most in (
                ("Export", "correlated-pairs", STRONGEST),
                (f"Export {more}", "all-correlated-pairs", EXPORTED),
            ):
                downloads(
                    f"{name}-{view['run']}-{measure}",
                    lambda most=most: reader.correlated_pairs(measure, most),  # type: ignore[misc]
                    key=f"{name} files",
                    caption=about,
                    button=button,
                    run=view["run"],
                )
        if opened is not None:
            compare(*map(int, opened.split()))
    if cell is not None and max(cell) < len(matrix.queries):
        first, second = (matrix.queries[at].query_id for at in cell)
        if first == second:
            links.go("query", query=str(first))
        compare(first, second)
show_published("correlations")
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
