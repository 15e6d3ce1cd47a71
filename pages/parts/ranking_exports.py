"""A ranking as files: the rows that are shown, and the first thousands with their whole texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from attribution_engine.store.ranking_rows import RankingRow
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import Distribution, RankingPage, Score, Side
from pages.parts import captions, links, wording
from pages.parts.export import downloads
from pages.parts.tails import tail_name

EXPORTED = 10_000  # documents of one end


def ranking_caption(reader: StoreReader, query_id: int, score: Score, **more: Any) -> str:
    """Where the numbers of a ranking are from."""
    run = reader.run()
    method = wording.method(run.method)
    return captions.caption(
        run.name or links.view()["run"],
        query_id,
        scale=f"{method.score_names[score]}, {method.score_units[score]}",
        method=method.name,
        **more,
    )


def ranking_exports(
    reader: StoreReader,
    query_id: int,
    score: Score,
    tails: Mapping[Side, RankingPage],
    shape: Distribution,
) -> None:
    """Draws what can be saved of the rankings that are shown."""
    view, only, fold = links.view(), links.only(), links.folds()
    both = view["tails"] == "both"
    method = wording.method(reader.run().method)
    caption = ranking_caption(reader, query_id, score, k=shape.tail or None)
    filtered = "filtered" if only.restricts else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        for side, page in tails.items():
            name = f"ranking query {query_id} {side}"
            same = {"run": view["run"], "query_id": query_id, "side": side, "ordered_by": score}
            n = min(EXPORTED, page.n_listed)

            def read(
                offset: int, limit: int, side: Side = side
            ) -> Callable[[], Sequence[RankingRow]]:
                return lambda: reader.ranking_rows(
                    query_id, side, score, offset, limit, only, fold, both
                )

            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall",
                              width="content"):  # fmt: skip
                st.caption(f"{tail_name(side, method)}:", width="content")
                downloads(
                    f"{name} page {view['place']}",
                    read(page.offset, len(page.documents)),
                    key=f"export page {side}",
                    button="This page",
                    caption=ranking_caption(
                        reader, query_id, score, k=len(page.documents), documents=filtered
                    ),
                    **same,
                )
                downloads(
                    f"{name} first {n}",
                    read(0, n),
                    key=f"export all {side}",
                    button=f"First {wording.whole(n)}",
                    caption=ranking_caption(reader, query_id, score, k=n, documents=filtered),
                    **same,
                )
        st.download_button(
            "Distribution as PDF",
            lambda: _distribution_pdf(shape, method, score, caption, query_id),
            file_name=f"scores-query{query_id}-{score}.pdf",
            mime="application/pdf",
            on_click="ignore",
            key="export distribution",
            type="tertiary",
        )


def _distribution_pdf(
    shape: Distribution, method: wording.Method, score: Score, caption: str, query_id: int
) -> bytes:
    # Both libraries cost seconds and memory, which only those who ask for the file pay.
    from pages.parts import figures
    from pages.parts.print_figure import print_figure

    figure = figures.distribution(shape, method.score_names[score], method.signed)
    return print_figure(figure, "pdf", f"Scores of query {query_id}", caption)
