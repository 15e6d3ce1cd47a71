"""One document under a query: its token heatmap, its scores, and what else it helps or harms."""

from __future__ import annotations

import json
from typing import cast

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.views import DocumentView, QueryEffect, TokenScores
from pages.parts import links, pickers, runs, wording
from pages.parts.facts import facts
from pages.parts.heatmap import heatmap
from pages.parts.navigation import through_app
from pages.parts.table import Column, Row, table

LISTED = 8  # queries listed at either end

through_app()
reader = runs.current()
view = links.view()
query_id = int(view["query"])
side, score = links.side(), links.score()
n_documents = reader.run().n_documents
method = wording.method(reader.run().method)
unit = f" {method.bare_unit}".rstrip()

if not view["doc"]:
    top = reader.rankings(query_id, side, score, 0, 1, links.only()).documents
    top = top or reader.rankings(query_id, side, score, 0, 1).documents
    view["doc"] = str(top[0].doc_id)
    links.keep("document")
doc_id = links.number("doc")
document = None if doc_id is None else reader.document(query_id, doc_id)
if document is None:
    pickers.say(f"This link names the document “{view['doc']}”, which is not in this run.")
    st.page_link("pages/rankings.py", label="Choose one from the ranking",
                 query_params=links.address_of("rankings"))  # fmt: skip
    st.stop()
document = cast(DocumentView, document)
shown = document.doc_id


def step(by: int) -> None:
    """Another document of the ranking, from where the view is when the button is pressed."""
    at = links.number("doc")
    if at is None:
        return
    beside = reader.neighbours(query_id, at, side, score, links.only())
    other = beside.following if by > 0 else beside.previous
    if other is not None and beside.place is not None:
        page = (beside.place + by - 1) // links.RANKING_PAGE + 1
        links.put(doc=str(other), place=str(page))


near = reader.neighbours(query_id, document.doc_id, side, score, links.only())
back, before, where, after = st.columns([1.6, 1, 3, 1], vertical_alignment="center")
with back:
    st.page_link("pages/rankings.py", label="‹ Back to the ranking",
                 query_params=links.address_of("rankings"))  # fmt: skip
before.button("‹ Previous", key="document_before", disabled=near.previous is None, on_click=step,
              args=(-1,), width="stretch")  # fmt: skip
after.button("Next ›", key="document_after", disabled=near.following is None, on_click=step,
             args=(1,), width="stretch")  # fmt: skip
order = f"most {side}" if method.signed else "highest" if side == "helpful" else "lowest"
filtered = " that pass the filter" if links.only().restricts else ""
with where:
    if near.place is None:
        st.text("This document does not pass the ranking's filter.", text_alignment="center")
    else:
        st.caption(
            f"Place {wording.whole(near.place)} of {wording.whole(near.total)} documents"
            f"{filtered}, {order} first, by {method.score_names[score].lower()}",
            text_alignment="center",
        )

st.header(f"Document {document.doc_id}", anchor=False)
effect = "raises" if document.influence > 0 else "lowers" if document.influence < 0 else "leaves"
facts(
    [
        (method.noun, wording.written(document.influence, method) + unit, method.unit
         + (f"; {effect} log p of the completion" if method.signed else "")),
        ("Rank", f"{wording.whole(document.rank)} of {wording.whole(n_documents)}",
         method.first_rank),
        *([("Per-nat", wording.written(document.per_nat, method), method.score_units["per_nat"])]
          if "per_nat" in method.score_names else []),
        *([("Norm-corrected", wording.written(document.normed, method),
            f"rank {wording.whole(document.rank_normed)}; gradient norm "
            f"{wording.plain(document.gradient_norm)}")]
          if "normed" in method.score_names else []),
        ("Source", document.source or "–"),
        ("Domain", document.domain or "–"),
        ("Category", document.category or "–"),
        ("Difficulty", document.difficulty or "–"),
    ],
    key="document_facts",
)  # fmt: skip

scores: TokenScores | None = None
if document.alignments:
    if view["alignment"] not in document.alignments:
        view["alignment"] = document.alignments[0]
        links.keep("document")
    links.show("pick_alignment", view["alignment"])
    choice, words = st.columns([1, 3], vertical_alignment="center")
    with choice:
        st.segmented_control(
            "Token alignment",
            document.alignments,
            key="pick_alignment",
            required=True,
            on_change=links.change,
            args=("alignment", "pick_alignment"),
        )
    with words:
        st.caption(wording.ALIGNMENTS.get(view["alignment"], ""))
    try:
        scores = reader.token_scores(query_id, document.doc_id, view["alignment"])
    except InputError as error:
        pickers.say(str(error))
else:
    st.info(wording.no_token_scores(reader.run()))
if scores:
    st.caption(
        f"Sum over tokens: {wording.signed(scores.total)}{unit}; the document's influence: "
        f"{wording.signed(document.influence)}{unit}; difference "
        f"{wording.signed(scores.gap)}{unit}."
    )

identity = f"{view['run']} {query_id} {document.doc_id} {view['alignment']}"


def take_marks() -> None:
    """The component's switches have changed."""
    links.put(marks=list(st.session_state[f"heatmap {identity}"]["marks"]))


heatmap(
    identity,
    document,
    scores,
    reader.document_spans(query_id, document.doc_id) if scores else None,
    view["marks"],
    f"heatmap {identity}",
    take_marks,
    method.bare_unit,
)


def effects_table(title: str, listed: list[QueryEffect], key: str) -> None:
    """The queries that are helped or harmed most; a click opens one."""
    st.markdown(f"**{title}**")
    if not listed:
        st.text("None.")
        return
    columns = [
        Column("Query"),
        Column("Per-nat", "bar", f"{method.score_units['per_nat']}. Bar: relative to the largest "
               "effect of this document."),
        Column("Rank", "number", f"Rank of this document for that query; {method.first_rank}"),
        Column("Prompt", "snippet"),
    ]  # fmt: skip
    rows = [
        Row(
            str(one.query.query_id),
            [
                f"{wording.verdict(one.query.correct)[0]} {one.query.query_id} · {one.query.suite}",
                (wording.signed(one.per_nat), one.bar),
                wording.whole(one.rank),
                wording.one_line(one.query.prompt, 200),
            ],
            links.href("document", query=one.query.query_id, place=1),
        )
        for one in listed
    ]
    opened = table(title, columns, rows, key=f"{key} {identity}", action="Open this query")
    if opened is not None:
        links.go("document", query=opened, place="1")


def other_queries() -> None:
    """What else the document helps or harms."""
    effects = [one for one in reader.query_effects(shown) if one.query.query_id != query_id]
    helped = [one for one in effects if one.influence > 0][:LISTED]
    harmed = [one for one in effects[::-1] if one.influence < 0][:LISTED]
    st.subheader("What this document does to other queries", anchor=False)
    st.caption(
        f"{method.noun} of this document on the other queries of the run, ordered by per-nat "
        f"{method.noun.lower()} so that long and short completions compare; completions of few "
        "nats tend to lead. Click a row to see this document under that query."
    )
    if not method.signed:
        effects_table("Highest", helped, "helped")
        return
    left, right = st.columns(2)
    with left:
        effects_table("Helps most", helped, "helped")
    with right:
        effects_table("Harms most", harmed, "harmed")


if reader.run().n_queries > 1:
    other_queries()


def trained_on(document: DocumentView) -> str:
    """How much of the text has a loss."""
    n = sum(end - start for start, end in document.loss_ranges)
    if n == len(document.text):
        return "the whole text: no prompt"
    answers = len(document.loss_ranges)
    where = f" in {wording.whole(answers)} answers" if answers > 1 else ""
    return f"{wording.whole(n)} characters{where}; the rest is prompt, without loss"


st.subheader("About this document", anchor=False)
facts(
    [
        ("Tokens the model saw", wording.whole(document.n_tokens)),
        ("Characters", wording.whole(len(document.text)),
         f"{wording.whole(document.seen_chars)} of them seen by the model"),
        ("Trained on", trained_on(document)),
        *((name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
          for name, value in document.metadata.items()),
    ],
    key="document_metadata",
)  # fmt: skip
