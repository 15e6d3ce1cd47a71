"""From which sources the top documents of a query come, against their share of the corpus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import streamlit as st

from attribution_engine.store.comparison_views import TOPS
from attribution_engine.store.query_views import SourceShare
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, QueryInfo, Side
from pages.parts import captions, links, wording
from pages.parts.compare_panels import choose
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table


def show_sources(reader: StoreReader, query: QueryInfo) -> Callable[[], None] | None:
    """The table of sources; returns what draws the plot beside it, None where there is none."""
    view, run = links.view(), reader.run()
    method, k = wording.method(run.method), int(links.view()["top"])
    st.subheader("From which sources", anchor=False)
    sides: tuple[Side, ...] = SIDES if method.signed else ("helpful",)
    shares = {side: reader.query_sources(query.query_id, side, k) for side in sides}
    if not any(shares.values()):
        st.text(
            "The documents of this run name no source. A corpus with a field `source` supplies it: "
            "name the field in the [corpus] section of the configuration file."
        )
        return None
    choose("Top documents of either end", "top", [str(k) for k in TOPS], {})
    st.caption(
        f"× = share of a source among the top {k} documents of an end ÷ its share of all "
        f"{wording.whole(run.n_documents)} documents. 1: as often as in the corpus; 2: twice as "
        "often. In brackets the 95% interval for so many draws (Wilson, by number of documents); "
        "where it holds 1, the source is neither over- nor under-represented for certain."
    )
    names: dict[Side, str] = {
        side: wording.SIDE_NAMES[side] if method.signed else method.side_names[side]
        for side in sides
    }
    caption = captions.caption(
        view["run"], query.query_id, k, "share of the top k ÷ share of the corpus",
        intervals="95% Wilson",
    )  # fmt: skip
    _show_table(shares, names, k)
    downloads(
        f"sources-query{query.query_id}-top{k}",
        lambda: [{"side": side, **_flat(one)} for side in sides for one in shares[side]],
        f"export sources {k}",
        caption,
        run=view["run"],
        query_id=query.query_id,
        k=k,
    )
    return partial(_draw, st.container(), shares, names, query, k, caption)


def _show_table(shares: dict[Side, list[SourceShare]], names: dict[Side, str], k: int) -> None:
    first = next(iter(shares.values()))
    by_source = {side: {one.source: one for one in found} for side, found in shares.items()}
    rows = []
    for one in first:
        cells = [one.source or "(none)", wording.percent(one.share_corpus, 1)]
        for side in shares:
            here = by_source[side][one.source]
            cells += [
                wording.whole(here.n_top),
                f"× {wording.decimal(here.multiplier)} ({wording.decimal(here.low)} to "
                f"{wording.decimal(here.high)})",
            ]
        rows.append(Row(one.source, cells))
    columns = [Column("Source"), Column("Corpus", "number", "Share of all documents")]
    for side in shares:
        columns += [
            Column(f"{names[side][0]} in top {k}", "number",
                   f"Documents of the source in the top {k}, {names[side][2:].lower()} end"),
            Column(f"{names[side]} ×", "number",
                   f"Share of the top {k} ÷ share of the corpus, with 95% interval"),
        ]  # fmt: skip
    table("Sources of the top documents", columns, rows, key=f"sources {k} {links.view()['query']}")


def _draw(
    place: st.delta_generator.DeltaGenerator,
    shares: dict[Side, list[SourceShare]],
    names: dict[Side, str],
    query: QueryInfo,
    k: int,
    caption: str,
) -> None:
    from pages.parts.figure import figure
    from pages.parts.query_figures import sources_figure

    with place:
        figure(
            sources_figure(shares, names, k),
            f"sources figure {links.view()['run']} {query.query_id} {k}",
            f"sources-query{query.query_id}-top{k}",
            f"{caption}, log axis",
            f"Multiplier of each source in the top {k} of query {query.query_id}, both ends, with "
            "95% intervals and a line at 1",
        )


def _flat(one: SourceShare) -> dict[str, object]:
    return {
        "source": one.source,
        "n_top": one.n_top,
        "share_top": one.share_top,
        "share_corpus": one.share_corpus,
        "multiplier": one.multiplier,
        "low_95": one.low,
        "high_95": one.high,
    }
