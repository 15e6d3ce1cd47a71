"""The lines of all findings on the overview: what replicates in this run, and what does not."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, links
from pages.parts.claims import MEND, claims_table, counted
from pages.parts.export import downloads

TALL = 560  # pixels of the list, which is some 40 claims long


def show_all_claims(reader: StoreReader) -> None:
    """A line a claim, each leading to the page of its finding."""
    run = links.view()["run"]
    claims = reader.claims()
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.header("The published findings, here", anchor=False, width="content")
        if claims:
            downloads(
                f"claims {run}",
                lambda: claims,
                key="claim_files",
                caption=captions.caption(run),
                run=run,
            )
    if not claims:
        st.info(MEND)
        return
    st.caption(
        f"{counted(claims)}, each by a rule that is written on its page, for this run's model, "
        "corpus and queries alone; at 95% each, about one in twenty comes out by chance. Click a "
        "row to see the figures behind it."
    )
    with st.container(height=TALL, border=False):
        claims_table(claims, run)
