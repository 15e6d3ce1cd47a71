"""What the modes of Compare share: pickers of a second query and of documents, cards, exports."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

import streamlit as st

from attribution_engine.store import query_pairs
from attribution_engine.store.comparison_views import PLOTS, TOPS, Agreement, Counterpart, QueryPair
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, QueryInfo, RankedDocument, Side
from pages.parts import captions, links, pickers, wording
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table

PLOT_NAMES = {"rank_log": "Ranks, log–log", "rank": "Ranks", "score": "Scores"}
NO_QUERY = (
    "This run has one query only, and this comparison needs two. A run with further [[queries]] "
    "sections in its configuration file supplies them."
)


def method_link() -> None:
    """A link to the note that says how the numbers come about."""
    st.page_link(
        "pages/method.py", label="How the scores are computed",
        query_params=links.address_of("method"),
    )  # fmt: skip


def choose(label: str, name: str, choices: Sequence[str], names: dict[str, str]) -> None:
    """A segmented control on a field of the view."""
    links.show(f"pick_{name}", links.view()[name])
    st.segmented_control(
        label,
        choices,
        key=f"pick_{name}",
        required=True,
        format_func=lambda one: names.get(one, one),
        on_change=links.change,
        args=(name, f"pick_{name}"),
    )


def plot_and_top(label: str) -> None:
    """Which plot, and how many documents are a top."""
    left, right = st.columns(2)
    with left:
        choose("Plot", "plot", PLOTS, PLOT_NAMES)
    with right:
        choose(label, "top", [str(k) for k in TOPS], {})


def second_query(reader: StoreReader, query_id: int) -> QueryInfo | None:
    """The query to compare with, and its picker; None, with one line why, where there is none."""
    view = links.view()
    queries = {one.query_id: one for one in reader.queries()}
    if len(queries) < 2:
        st.info(NO_QUERY)
        return None
    number = links.number("query2")
    known = number in queries
    picker, swap = st.columns([5, 1], vertical_alignment="bottom")
    links.show("pick_query2", number if known else None)
    picker.selectbox(
        "Compare with the query",
        list(queries),
        index=0 if known else None,
        key="pick_query2",
        format_func=lambda one: wording.query_label(queries[one], length=110),
        placeholder="Choose a query",
        on_change=_take_query,
        args=(list(queries),),
    )
    swap.button(
        "Swap the queries",
        on_click=links.put,
        kwargs={"query": str(number), "query2": str(query_id)},
        disabled=not known,
        width="stretch",
    )
    if not known or number is None:
        pickers.say(
            f"This link compares with the query “{view['query2']}”, which is not in this run."
        )
        st.text("Choose one of the queries above.")
        return None
    if number == query_id:
        st.info("Both queries are the same one: choose another above or in the sidebar.")
        return None
    return queries[number]


def first_other_query(reader: StoreReader, query: QueryInfo) -> str:
    """The number of the query that stands beside one at first: the next of its suite."""
    others = [one for one in reader.queries() if one.query_id != query.query_id]
    alike = [one for one in others if one.suite == query.suite] or others
    later = [one for one in alike if one.query_id > query.query_id] or alike
    return str(later[0].query_id) if later else ""


def _take_query(numbers: Sequence[int]) -> None:
    chosen = st.session_state["pick_query2"]
    if chosen in numbers:
        links.put(query2=str(chosen))


def pick_document(
    reader: StoreReader, query_id: int, name: str, label: str
) -> RankedDocument | None:
    """A document by number, and its picker; None, with one line why, where there is none.

    Args:
        name: the field of the view that holds the number.
    """
    view = links.view()
    number, helpful, harmful = st.columns([2, 1, 1], vertical_alignment="bottom")
    links.show(f"pick_{name}", view[name])
    number.text_input(
        label,
        key=f"pick_{name}",
        placeholder="its number",
        on_change=_take_number,
        args=(name, f"pick_{name}"),
        help="The number of a document. It starts with the one you opened last; Search finds one "
        "by its words.",
    )
    method = wording.method(reader.run().method)
    for column, side in ((helpful, "helpful"), (harmful, "harmful")):
        end: Side = "helpful" if side == "helpful" else "harmful"
        column.button(
            method.side_names[end],
            key=f"{name}_{side}",
            help=f"Take the first document of query {query_id} from the {side} end",
            on_click=_put_first,
            args=(reader, query_id, name, end),
            width="stretch",
        )
    found = links.number(name)
    try:
        documents = () if found is None else reader.ranked_documents(query_id, [found])
    except KeyError:
        documents = ()
    if not documents:
        pickers.say(f"This link names the document “{view[name]}”, which is not in this run.")
        st.text(
            f"Type a number from 0 to {wording.whole(reader.run().n_documents - 1)} above, or take "
            "one of the ends."
        )
        return None
    return documents[0]


def _take_number(name: str, key: str) -> None:
    links.put(**{name: st.session_state[key].strip().removeprefix("#")})


def first_document(reader: StoreReader, query_id: int, side: Side) -> str:
    """The number of the first document of an end of the query's ranking."""
    found = reader.rankings(query_id, side, "influence", 0, 1).documents
    return str(found[0].doc_id) if found else ""


def _put_first(reader: StoreReader, query_id: int, name: str, side: Side) -> None:
    links.put(**{name: first_document(reader, query_id, side)})


def query_facts(query: QueryInfo) -> tuple[str, str, str]:
    """A query in short: name, verdict and size, its prompt's beginning."""
    glyph, word = wording.verdict(query.correct)
    size = f" · {wording.plain(query.nats)} nats" if query.n_tokens else ""
    return (
        f"Query {query.query_id} · {query.suite} · {query.kind}",
        f"{glyph} {word}{size}",
        wording.one_line(query.prompt, 240),
    )


def document_facts(one: RankedDocument) -> tuple[str, str, str]:
    """A document in short: number, labels, where its snippet begins."""
    labels = [one.source, one.domain, one.category, one.difficulty]
    return (
        f"Document {one.doc_id}",
        " · ".join(filter(None, labels)) or f"{wording.whole(one.n_tokens)} tokens",
        one.snippet,
    )


def scores_table(
    reader: StoreReader, query_id: int, one: RankedDocument, name: str, key: str
) -> None:
    """What a document does to a query: its scores and ranks, in one row."""
    run = reader.run()
    method = wording.method(run.method)
    columns, cells = [], []
    for score, words in method.score_names.items():
        columns.append(Column(words, "number", method.score_units[score]))
        cells.append(wording.written(query_pairs.value_of(one, score), method))  # type: ignore[arg-type]
    n = f"among all {wording.whole(run.n_documents)} documents"
    columns.append(Column("Rank", "number", f"By {method.noun.lower()} {n}: {method.first_rank}"))
    cells.append(wording.whole(one.rank))
    if "normed" in method.score_names:
        columns.append(Column("Rank, norm-c.", "number", f"By the norm-corrected score {n}"))
        cells.append(wording.whole(one.rank_normed))
    table(name, columns, [Row(str(one.doc_id), cells)], key=key)
    downloads(
        f"scores-query{query_id}-document{one.doc_id}",
        lambda: reader.with_texts([one]),
        f"export {key}",
        captions.caption(
            links.view()["run"], query_id, scale=method.unit, document=one.doc_id,
            method=method.name,
        ),
        run=links.view()["run"],
        query_id=query_id,
    )  # fmt: skip


def flat(reader: StoreReader, listed: Sequence[Counterpart]) -> list[dict[str, Any]]:
    """The rows of a list with places in another ranking and the whole texts, for export.

    Args:
        reader: of the run whose documents these are.
    """
    texts = reader.with_texts([one.document for one in listed])
    return [
        {
            "rank_from_this_end": one.rank,
            "rank_in_the_other": one.other_rank,
            "score_in_the_other": one.other_score,
            "document_in_the_other": one.other_doc,
            **{name: value for name, value in row.items() if name != "bar"},
        }
        for one, row in zip(listed, texts, strict=True)
    ]


def pearson_words(found: Sequence[tuple[QueryPair, Agreement]]) -> str:
    """Mean and largest Pearson over the shared queries, as the paper gives them of two models."""
    known = {pair.query.query_id: one.pearson for pair, one in found if one.pearson is not None}
    if not known:
        return ""
    largest = max(known, key=lambda query: known[query])
    return (
        f"Pearson of one query's scores in both runs: mean "
        f"{wording.decimal(statistics.fmean(known.values()), 3)} over {wording.whole(len(known))} "
        f"queries, the largest {wording.decimal(known[largest], 3)} (query {largest})."
    )


def agreement_row(pair: QueryPair, found: Agreement) -> dict[str, Any]:
    """A shared query and how far the runs agree on it, for export."""
    query = pair.query
    return {
        "query_id": query.query_id,
        "query_id_there": pair.there,
        "suite": query.suite,
        "task": query.task,
        "kind": query.kind,
        "same_completion": pair.same_completion,
        "n": found.n,
        "spearman": found.spearman,
        "pearson": found.pearson,
        "spearman_of_sizes": found.spearman_of_sizes,
        **{
            f"{side}_top{one.k}_in_both": one.n_both
            for side in SIDES
            for one in found.overlaps[side]
        },
        "prompt": query.prompt,
        "completion": query.completion,
    }
