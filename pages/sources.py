"""Sources: from which the top and bottom documents come, beside what the paper reports."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.reader import StoreReader
from pages.parts import captions, links, runs, wording
from pages.parts.beside import show_beside
from pages.parts.claims import show_claims, show_published
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.navigation import through_app
from pages.parts.source_figures import sources_figure
from pages.parts.sources_shown import (
    INTERVALS,
    MEND,
    NO_QUERY,
    SourcesShown,
    asked_words,
    behind,
    figure_words,
    method_words,
    sources_shown,
    table_cells,
    table_columns,
)
from pages.parts.table import Row, table


def controls(shown: SourcesShown) -> None:
    """Whose top documents, and how many of them the table is about."""
    left, right = st.columns([3, 4], gap="medium")
    names = {one.key: asked_words(one) for one in shown.asked}
    links.show("pick_whose", shown.whose.key)
    left.selectbox(
        "Queries",
        list(names),
        key="pick_whose",
        format_func=lambda key: names.get(key, key),
        on_change=links.change,
        args=("whose", "pick_whose", (), list(names)),
    )
    if len(shown.ks) > 1:
        links.show("pick_k", str(shown.k))
        right.selectbox(
            "k of the table",
            [str(k) for k in shown.ks],
            key="pick_k",
            format_func=lambda k: wording.whole(int(k)),
            on_change=links.change,
            args=("k", "pick_k", (), [str(k) for k in shown.ks]),
        )


def query_for_rankings(reader: StoreReader, shown: SourcesShown) -> str:
    """The chosen query where it is one of those that are looked at, else the first of these."""
    view, whose = links.view(), shown.whose
    chosen = reader.query(links.number("query") or 0)
    if chosen is not None and whose.name == (chosen.suite if whose.is_suite else chosen.kind):
        return str(view["query"])
    return str(whose.first)


def filtered(reader: StoreReader, shown: SourcesShown, source: str) -> dict[str, object]:
    """The fields of Rankings with the documents of one source only."""
    without = {name: links.DEFAULTS[name] for name in links.FILTERS}
    query = query_for_rankings(reader, shown)
    return {**without, "source": [source], "query": query, "place": "1", "doc": ""}


through_app()
reader = runs.current()
view = links.view()

st.title("Sources", anchor=False)
has_claims = show_claims(reader, "sources")
shown = sources_shown(reader, view)
if shown is None:
    if has_claims:
        st.info(NO_QUERY if reader.filter_choices().sources else MEND)
else:
    for words in shown.in_vain:
        st.warning(wording.label(words))
    st.header("Top and bottom documents by source", anchor=False)
    controls(shown)
    about = captions.caption(
        view["run"],
        scale="share among the k documents of an end ÷ share of the corpus, log–log axes",
        method=shown.method.name,
        queries=asked_words(shown.whose),
        intervals="95% Wilson",
    )
    name = f"sources-{view['run']}-{shown.whose.key}"
    figure(
        sources_figure(shown.ends, shown.method, shown.k),
        key=f"sources {view['run']} {shown.whose.key} {shown.k}",
        name=name,
        caption=about,
        alt="Multiplier of each source against k, both ends of the ranking, with a line at 1",
    )
    st.caption(wording.label(figure_words(shown)))
    st.caption(wording.label(f"{behind(shown)} {method_words(shown.method)}"))
    if "control" in shown.whose.key:
        show_beside("sources", "Controls", "The bottom k")
    else:
        kind = "factual" if "factual" in shown.whose.key else "reasoning"
        show_beside("sources", f"{kind} queries", "The bottom k")
    st.subheader(f"Sources at k = {wording.whole(shown.k)}", anchor=False)
    st.caption(
        f"{INTERVALS} A row opens the ranking of a query with the documents of that source only."
    )
    rows = [
        Row(
            pair[0].source,
            table_cells(pair),
            links.href("rankings", **filtered(reader, shown, pair[0].source)),
        )
        for pair in shown.rows
    ]
    opened = table(
        f"Sources at k = {shown.k}",
        table_columns(shown),
        rows,
        key=f"sources table {view['run']} {shown.whose.key} {shown.k}",
        action="Open the ranking with this source only",
    )
    ends = shown.ends
    downloads(
        name,
        lambda: list(ends),
        key="source_files",
        caption=about,
        run=view["run"],
        queries=shown.whose.key,
    )
    if opened is not None:
        links.go("rankings", **filtered(reader, shown, opened))
show_published("sources")
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
