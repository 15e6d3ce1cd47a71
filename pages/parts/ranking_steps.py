"""Where a document stands in the ranking it was opened from, and the ones beside it."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import Neighbours
from pages.parts import links, wording


def show_steps(reader: StoreReader, query_id: int, doc_id: int) -> None:
    """The way back, the place, and buttons to the document before and behind (keys P and N)."""
    near = _neighbours(reader, query_id, doc_id)
    back, before, where, after = st.columns([1.6, 1.1, 3, 1.1], vertical_alignment="center")
    with back:
        st.page_link("pages/rankings.py", label="‹ Back to the ranking",
                     query_params=links.address_of("rankings"))  # fmt: skip
    before.button("‹ Previous", key="document_before", disabled=near.previous is None,
                  on_click=_step, args=(reader, query_id, -1), width="stretch",
                  shortcut="p")  # fmt: skip
    after.button("Next ›", key="document_after", disabled=near.following is None,
                 on_click=_step, args=(reader, query_id, 1), width="stretch",
                 shortcut="n")  # fmt: skip
    with where:
        if near.place is None:
            st.text(_why_not(), text_alignment="center")
        else:
            st.caption(_place(reader, near), text_alignment="center")


def _neighbours(reader: StoreReader, query_id: int, doc_id: int) -> Neighbours:
    both = links.view()["tails"] == "both"
    return reader.neighbours(
        query_id, doc_id, links.side(), links.score(), links.only(), links.folds(), both
    )


def _step(reader: StoreReader, query_id: int, by: int) -> None:
    """Another document of the ranking, from where the view is when the button is pressed."""
    at = links.number("doc")
    if at is None:
        return
    beside = _neighbours(reader, query_id, at)
    other = beside.following if by > 0 else beside.previous
    if other is not None and beside.place is not None:
        page = (beside.place + by - 1) // links.RANKING_PAGE + 1
        links.put(doc=str(other), place=str(page), span="")


def _why_not() -> str:
    if links.only().restricts:
        return "This document does not pass the ranking's filter."
    return "This document is folded behind a near-duplicate in the ranking."


def _place(reader: StoreReader, near: Neighbours) -> str:
    method = wording.method(reader.run().method)
    side, score = links.side(), links.score()
    order = f"most {side}" if method.signed else "highest" if side == "helpful" else "lowest"
    filtered = " that pass the filter" if links.only().restricts else ""
    folded = ", near-duplicates folded" if links.folds() else ""
    return (
        f"Place {wording.whole(near.place)} of {wording.whole(near.total)} documents{filtered}"
        f"{folded}, {order} first, by {method.score_names[score].lower()}"
    )
