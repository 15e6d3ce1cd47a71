"""What each class of token does to a query, over all documents, as a small table."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.split_views import ClassShare
from pages.parts import captions, links, wording
from pages.parts.export import downloads
from pages.parts.heatmap import CLASSES
from pages.parts.table import Column, Row, table


def token_classes(reader: StoreReader, query_id: int, method: wording.Method) -> None:
    """Draws the table, and one by domain below it; nothing where the run has none."""
    shares = reader.token_classes(query_id)
    if not shares:
        return
    by_domain = reader.token_classes(query_id, by_domain=True)
    run = links.view()["run"]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.header(f"Token classes of query {query_id}", anchor=False, width="content")
        downloads(
            f"token classes query {query_id}",
            lambda: [*shares, *by_domain],
            "export token classes",
            caption=captions.caption(
                reader.run().name or run,
                query_id,
                scale=f"share: sum of a class ÷ summed sizes; mean: {method.bare_unit} a token",
                alignment="update",
            ),
            run=run,
            query_id=query_id,
        )
    st.caption(
        "Each document's influence on this query is split over its tokens (alignment update: where "
        "the weight update is made) and summed by the class of the token, over all documents. "
        "Share: the sum of a class ÷ the summed sizes of all classes in all domains."
    )
    domains = {one.domain for one in by_domain}
    left, _ = st.columns([3, 2])
    with left:
        _table("Token classes", shares, method, f"token_classes {query_id}")
    if len(domains) > 1:
        with (
            st.expander(f"By domain of the documents ({len(domains)} domains)"),
            st.container(height=min(420, 60 + 36 * len(by_domain)), border=False),
        ):
            _table("By domain", by_domain, method, f"token_classes_by_domain {query_id}")


def _table(name: str, shares: Sequence[ClassShare], method: wording.Method, key: str) -> None:
    with_domain = any(one.domain is not None for one in shares)
    unit = method.bare_unit or "scores"
    table(
        name,
        [
            *([Column("Domain")] if with_domain else []),
            Column("Class"),
            Column("Tokens", "number", "Tokens of this class in all documents"),
            Column("Mean a token", "number", f"{unit} a token, over all documents"),
            Column("Share", "bar", "Sum of the class ÷ summed sizes of all classes and domains. "
                   "Blue helps, orange harms."),
        ],
        [
            Row(
                f"{one.domain} {one.token_class}",
                [
                    *([one.domain or "none"] if with_domain else []),
                    CLASSES.get(one.token_class, one.token_class),
                    wording.whole(one.n_tokens),
                    wording.signed(one.mean),
                    (_percent(one.share), one.bar),
                ],
            )
            for one in shares
        ],
        key=key,
    )  # fmt: skip


def _percent(share: float) -> str:
    sign = "+" if share > 0 else "−" if share < 0 else ""
    return sign + wording.percent(abs(share), 1)
