"""The queries that draw on the same documents: correlation of scores over all documents."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.query_views import QueryNeighbour
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryInfo
from pages.parts import captions, links, wording
from pages.parts.export import downloads
from pages.parts.table import Column, Near, Row, picking_table, table_data

MOST = 100  # rows; an export has all
FOLLOWED = "a neighbour to be compared with"


def show_neighbours(reader: StoreReader, query: QueryInfo) -> None:
    """All other queries, the one with the highest Pearson correlation first."""
    view, run = links.view(), reader.run()
    method = wording.method(run.method)
    noun = method.noun.lower()
    alike = "help and harm both" if method.signed else "score high and low for both"
    st.subheader("Its neighbours", anchor=False)
    if run.n_queries < 2:
        st.text("This run has one query only: nothing to compare with.")
        return
    found = reader.query_neighbours(query.query_id)
    if not found:
        st.text(
            "This run's store holds no correlations of queries, and it is too large to work them "
            "out while you wait. Building the store anew with this version supplies them."
        )
        return
    st.caption(
        f"Correlation of {noun} with every other query over "
        f"{wording.whole(found[0].n)} documents: Pearson of the scores, Spearman of their ranks. "
        f"Near 1: the same documents {alike}; near 0: nothing in common. Click a row to "
        "open that query, or “Compare” to see both over all documents."
        + (f" The first {MOST} of {wording.whole(len(found))}." if len(found) > MOST else "")
    )
    with st.container(height=560 if len(found) > 9 else "content", border=False):
        picking_table(
            table_data(
                "Correlation neighbours",
                [
                    Column("Query", "number"),
                    Column("Pearson", "number", f"Of {noun} over all documents"),
                    Column("Spearman", "number", f"Of ranks by {noun} over all documents"),
                    Column("Suite"),
                    Column("Task"),
                    Column("Kind"),
                    Column("Prompt", "snippet"),
                ],
                [_row(one) for one in found[:MOST]],
                action="Open this query",
            ),
            f"neighbours of {view['run']} {query.query_id}",
            {"chosen": _open, "followed": _follow},
        )
    downloads(
        f"neighbours-query{query.query_id}",
        lambda: [_flat(one) for one in found],
        f"export neighbours {query.query_id}",
        captions.caption(
            view["run"], query.query_id, scale=f"correlation of {noun} over all documents"
        ),
        run=view["run"],
        query_id=query.query_id,
    )
    followed = st.session_state.pop(FOLLOWED, None)
    if followed is not None:
        links.go("compare", mode="queries", query2=followed)


def _open(query_id: str) -> None:
    links.put(query=query_id, place=links.DEFAULTS["place"])


def _follow(query_id: str) -> None:
    st.session_state[FOLLOWED] = query_id
    links.put()


def _row(one: QueryNeighbour) -> Row:
    other = one.query
    return Row(
        str(other.query_id),
        [
            wording.whole(other.query_id),
            wording.decimal(one.pearson, 3),
            wording.decimal(one.spearman, 3),
            other.suite,
            other.task,
            other.kind,
            wording.one_line(other.prompt, 240),
        ],
        links.href("query", query=other.query_id),
        near=Near(
            str(other.query_id),
            "Compare",
            links.href("compare", mode="queries", query2=other.query_id),
            "Compare both queries over all documents",
        ),
    )


def _flat(one: QueryNeighbour) -> dict[str, object]:
    return {
        "other_query_id": one.query.query_id,
        "pearson": one.pearson,
        "spearman": one.spearman,
        "n": one.n,
        "suite": one.query.suite,
        "task": one.query.task,
        "kind": one.query.kind,
        "prompt": one.query.prompt,
        "completion": one.query.completion,
    }
