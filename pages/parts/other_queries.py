"""What a document does to other queries than the one it is read under."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryEffect
from pages.parts import links, wording
from pages.parts.captions import caption
from pages.parts.document_effects import flat_effect
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table

LISTED = 8  # queries listed at either end


def show_other_queries(reader: StoreReader, query_id: int, doc_id: int) -> None:
    """The queries that the document helps and harms most, and where all of them are."""
    method = wording.method(reader.run().method)
    effects = reader.strongest_effects(doc_id, query_id, LISTED)
    st.subheader("What this document does to other queries", anchor=False)
    st.caption(
        f"{method.noun} of this document on the other queries of the run, ordered by per-nat "
        f"{method.noun.lower()} so that long and short completions compare; completions of few "
        "nats tend to lead. Click a row to see this document under that query."
    )
    st.page_link(
        "pages/search.py",
        label=f"All {wording.whole(effects.n)} other queries",
        query_params=links.address_of("search", doc=doc_id, suite="", task="", find=""),
    )
    _export(reader, query_id, doc_id, method)
    if not method.signed:
        _effects(f"The {LISTED} highest", effects.helped, "helped", doc_id, method)
        return
    left, right = st.columns(2)
    with left:
        _effects(
            f"Helps most, of {wording.whole(effects.n_helped)} queries",
            effects.helped,
            "helped",
            doc_id,
            method,
        )
    with right:
        _effects(
            f"Harms most, of {wording.whole(effects.n_harmed)} queries",
            effects.harmed,
            "harmed",
            doc_id,
            method,
        )


def _export(reader: StoreReader, query_id: int, doc_id: int, method: wording.Method) -> None:
    """All other queries, not only those that are listed."""
    run = links.view()["run"]
    downloads(
        f"other-queries-document{doc_id}",
        lambda: [
            flat_effect(one)
            for one in reader.query_effects(doc_id)
            if one.query.query_id != query_id
        ],
        f"export other queries {doc_id}",
        caption(run, scale=method.unit, document=doc_id, method=method.name),
        run=run,
        doc_id=doc_id,
    )


def _effects(
    title: str, listed: Sequence[QueryEffect], key: str, doc_id: int, method: wording.Method
) -> None:
    st.markdown(f"**{title}**")
    if not listed:
        st.text("None.")
        return
    # Blue and orange say raises and lowers: a method without a sign has no bars.
    kind: Literal["bar", "number"] = "bar" if method.signed else "number"
    columns = [
        Column("Query"),
        Column("Per-nat", kind, f"{method.score_units['per_nat']}." + (
            " Bar: relative to the largest effect of this document." if method.signed else "")),
        Column("Rank", "number", f"Rank of this document for that query; {method.first_rank}"),
        Column("Prompt", "snippet"),
    ]  # fmt: skip
    rows = [
        Row(
            str(one.query.query_id),
            [
                f"{wording.verdict(one.query.correct)[0]} {one.query.query_id} · {one.query.suite}",
                (wording.signed(one.per_nat), one.bar)
                if method.signed
                else wording.plain(one.per_nat),
                wording.whole(one.rank),
                wording.one_line(one.query.prompt, 200),
            ],
            links.href("document", query=one.query.query_id, place=1, span=""),
        )
        for one in listed
    ]
    opened = table(
        title,
        columns,
        rows,
        key=f"{key} {links.view()['run']} {links.view()['query']} {doc_id}",
        action="Open this query",
    )
    if opened is not None:
        links.go("document", query=opened, place="1", span="")
