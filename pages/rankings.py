"""Rankings: the most helpful and the most harmful documents of a query."""

from __future__ import annotations

from zlib import crc32

import streamlit as st

from pages.parts import figures, filters, links, runs, wording
from pages.parts.export import csv_bytes
from pages.parts.navigation import through_app
from pages.parts.table import Column, Row, table
from pages.parts.trust_facts import badge

PAGE = links.RANKING_PAGE

through_app()
reader = runs.current()
view = links.view()
query_id = int(view["query"])
side, score = links.side(), links.score()
n_documents = reader.run().n_documents
method = wording.method(reader.run().method)
score_names, score_units = method.score_names, method.score_units

heading = f"Most {side} documents" if method.signed else f"Documents {method.end(side)}"
st.header(heading, anchor=False)
st.page_link(
    "pages/trust.py",
    label=badge(reader.trust_badge()),
    query_params=links.address_of("trust"),
    help="The tests of these scores against retraining: linear datamodelling score (Spearman of "
    "predicted and real change), removal, planted facts, stability.",
)
filters.score_and_filters(reader)
only = links.only()
place = max(1, links.number("place") or 1)
page = reader.rankings(query_id, side, score, (place - 1) * PAGE, PAGE, only)
n_pages = max(1, -(-page.total // PAGE))
if place > n_pages:
    place = n_pages
    view["place"] = str(place)
    links.keep("rankings")
    page = reader.rankings(query_id, side, score, (place - 1) * PAGE, PAGE, only)

if not page.documents:
    st.info("No document of this run passes the filter. Take a filter off or search other words.")
    st.button("Take all filters off", on_click=filters.clear)
    st.stop()

first, last = page.offset + 1, page.offset + len(page.documents)
of = f"{wording.whole(page.total)} documents"
if only.restricts:
    of += f" that pass the filter (of {wording.whole(n_documents)} in the run)"
st.caption(
    f"Places {wording.whole(first)} to {wording.whole(last)} of {of}, from the end "
    f"{method.end(side)}, ordered by {score_names[score].lower()} ({score_units[score]}). Click a "
    "row to read the document."
)
others = [one for one in page.documents if (one.influence > 0) != (side == "helpful")]
if others and method.signed:
    does = "lower" if side == "helpful" else "raise"
    st.caption(
        f"{wording.whole(len(others))} of the {wording.whole(len(page.documents))} documents on "
        f"this page {does} the completion's log-probability: this far down, the other side begins."
    )

labels = [
    ("Source", "source", bool(reader.filter_choices().sources)),
    ("Domain", "domain", bool(reader.filter_choices().domains)),
    ("Category", "category", bool(reader.filter_choices().categories)),
    ("Difficulty", "difficulty", bool(reader.filter_choices().difficulties)),
]
shown = [(title, name) for title, name, present in labels if present]


arrow = " ↓" if side == "helpful" else " ↑"


def scores(name: str) -> Column:
    """The column of a score; the one that orders the table has a bar."""
    return Column(
        score_names[name] + (arrow if name == score else ""),
        "bar" if name == score and method.signed else "number",
        f"{score_units[name]}."
        + (
            " Bar: relative to the largest of this query."
            if name == score and method.signed
            else ""
        ),
    )


with_normed = "normed" in score_names
columns = [
    Column(
        "Rank",
        "number",
        f"Global rank by {method.noun.lower()} among all {n_documents} documents: "
        f"{method.first_rank}. Filters do not change it.",
    ),
    *(scores(name) for name in score_names),
    *(
        [Column("Rank, norm-c.", "number", "Global rank by the norm-corrected score.")]
        if with_normed
        else []
    ),
    *(Column(title) for title, _ in shown),
    Column("Document", "snippet", "Its beginning, or the first place that the search found."),
]
# Everything that decides which documents are shown is in the key: a click can never be taken for
# one on another ranking.
ranking = f"{view['run']} {query_id} {side} {score} {crc32(repr(only).encode())} {place}"
rows = []
for one in page.documents:
    values = {name: wording.written(getattr(one, name), method) for name in score_names}
    cells = [
        (value, one.bar) if name == score and method.signed else value
        for name, value in values.items()
    ]
    rows.append(
        Row(
            str(one.doc_id),
            [
                wording.whole(one.rank),
                *cells,
                *([wording.whole(one.rank_normed)] if with_normed else []),
                *(getattr(one, name) or "–" for _, name in shown),
                one.snippet,
            ],
            links.href("document", doc=one.doc_id),
            current=str(one.doc_id) == view["doc"],
        )
    )
chosen = table(
    f"{heading} for query {query_id}",
    columns,
    rows,
    key=f"ranking {ranking}",
    action="Read this document",
)
if chosen is not None:
    links.go("document", doc=chosen)

left, right = st.columns([4, 1], vertical_alignment="center")
with left:
    if n_pages > 1:
        pages_key = f"pages {ranking}"
        st.pagination(
            n_pages,
            default=place,
            key=pages_key,
            on_change=links.change,
            args=("place", pages_key),
        )
with right:
    st.download_button(
        "This page as CSV",
        csv_bytes(page.documents, run=view["run"], query_id=query_id, side=side),
        file_name=f"ranking-query{query_id}-{side}-{place}.csv",
        mime="text/csv",
        on_click="ignore",
        width="stretch",
    )

st.subheader("All scores of this query", anchor=False)
shape = reader.distribution(query_id, score)
name = score_names[score].lower()
named = name if name == "score" else f"{name} score"
counts = (
    f"{wording.whole(shape.n_positive)} documents raise this completion and "
    f"{wording.whole(shape.n_negative)} lower it"
    if method.signed
    else f"{wording.whole(shape.n_positive)} documents score above 0"
)
st.caption(
    f"How many documents have which {named} ({score_units[score]}), on a logarithmic count axis: "
    f"{counts}."
    + (
        f" The dotted lines are where the {shape.tail} most harmful and the {shape.tail} most "
        f"helpful documents by this score begin. Token scores are kept for the {shape.tail} at "
        "either end by influence."
        if reader.run().tail
        else ""
    )
)
st.plotly_chart(
    figures.distribution(shape, score_names[score], method.signed),
    key="distribution",
    config=figures.DOWNLOAD,
    alt=f"Histogram of the {named}s of query {query_id}",
)
st.page_link(
    "pages/method.py", label="How the scores are computed", query_params=links.address_of("method")
)
