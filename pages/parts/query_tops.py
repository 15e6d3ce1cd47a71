"""What helps a query most and what harms it most, side by side."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, QueryInfo, Side
from pages.parts import captions, links, wording
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table

LISTED = 10  # documents of either end
TITLES = {"helpful": "What helps it", "harmful": "What harms it"}


def show_tops(reader: StoreReader, query: QueryInfo) -> None:
    """The first documents of either end; a click opens one."""
    method = wording.method(reader.run().method)
    st.subheader(
        "What helps it, what harms it" if method.signed else "Highest and lowest scores",
        anchor=False,
    )
    st.caption(
        wording.label(
            f"The first {LISTED} documents of either end of the ranking. {method.noun}: "
            f"{method.unit}. Click a row to read the document under this query."
        )
    )
    for column, side in zip(st.columns(2, gap="medium"), SIDES, strict=True):
        with column:
            _show_end(reader, query, side)


def _show_end(reader: StoreReader, query: QueryInfo, side: Side) -> None:
    view, run = links.view(), reader.run()
    method = wording.method(run.method)
    page = reader.rankings(query.query_id, side, "influence", 0, LISTED)
    listed = page.documents
    kind: Literal["bar", "number"] = "bar" if method.signed else "number"
    title = TITLES[side] if method.signed else method.side_names[side]
    st.markdown(f"**{wording.SIDE_NAMES[side][0]} {title.removeprefix('▲ ').removeprefix('▼ ')}**")
    rows = []
    for one in listed:
        size = wording.written(one.influence, method)
        rows.append(
            Row(
                str(one.doc_id),
                [
                    wording.whole(one.rank),
                    (size, one.bar) if method.signed else size,
                    one.source or "–",
                    wording.whole(one.doc_id),
                    one.snippet,
                ],
                links.href("document", side=side, doc=one.doc_id, place=1),
            )
        )
    opened = table(
        f"{title}: the first {LISTED} documents",
        [
            Column("Rank", "number", f"Among all {wording.whole(run.n_documents)} documents: "
                   f"{method.first_rank}"),
            Column(method.noun, kind, f"{method.unit}. Bar: relative to the largest of this query."
                   if method.signed else method.unit),
            Column("Source"),
            Column("Document", "number"),
            Column("Text", "snippet", "Its most influential passage where token scores are kept, "
                   "else its beginning."),
        ],
        rows,
        key=f"tops of {view['run']} {query.query_id} {side}",
        action="Read this document under this query",
    )  # fmt: skip
    left, right = st.columns([3, 2], vertical_alignment="center")
    left.page_link(
        "pages/rankings.py",
        label="The whole ranking from this end",
        query_params=links.address_of(
            "rankings", side=side, score="influence", place=1,
            **{name: links.DEFAULTS[name] for name in links.FILTERS},
        ),
    )  # fmt: skip
    with right:
        downloads(
            f"query{query.query_id}-{side}",
            lambda: reader.with_texts(listed),
            f"export tops {side}",
            captions.caption(view["run"], query.query_id, LISTED, method.unit, side=side),
            run=view["run"],
            query_id=query.query_id,
            side=side,
        )
    if opened is not None:
        links.go("document", side=side, doc=opened, place="1")
