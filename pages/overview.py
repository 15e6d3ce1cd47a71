"""Overview: what this run is, how far to trust its numbers, and its queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.parts import links, runs, wording
from pages.parts.accuracies import show_accuracies
from pages.parts.all_claims import show_all_claims
from pages.parts.captions import caption
from pages.parts.export import downloads
from pages.parts.facts import facts
from pages.parts.navigation import through_app
from pages.parts.pager import pager
from pages.parts.run_facts import run_facts, what_is_seen
from pages.parts.table import Column, Row, table
from pages.parts.token_classes import token_classes
from pages.parts.trust_facts import badge

PART = 50  # queries of a page of their table
SOURCES = 20  # the largest that are listed
MEANING = """
**What a number means.** *Influence* is the first-order change of the completion's log-probability,
in nats, per unit of extra weight on one document. Positive is **helpful**: it raises the
likelihood of what the model said. Negative is **harmful**. Helpful does not mean true or good: a
document can help a wrong answer.

**Three scores.** *Influence* is the raw number. *Per-nat* divides it by the nats of the completion,
so that long and short completions compare; the order of documents stays. *Norm-corrected* divides
it by the length of the document's gradient, which takes down documents that are merely long or
surprising; the order changes.
"""
TRUST = """
**How far to trust it.** The estimate is linear around the final weights, with an approximate,
damped curvature. {seen} It explains likelihood, not accuracy, and only among the documents of this
corpus.

**What the size means.** A unit of extra weight is as much as N further copies in a corpus of N
documents: to first order, taking a document out once changes the log-probability by −influence ÷ N.
Read ranks and ratios within a run, and take no number for the effect of retraining. Token scores
say how a document's influence is shared out over its tokens; a single token's sign is the least
certain number here.
"""

OTHER_TRUST = """
**How far to trust it.** Read the order of documents within a query; sizes do not compare with those
of another method. How far the order is that of another method shows on the compare page, once both
have been run on the same corpus and queries.
"""

through_app()
reader = runs.current()
run = reader.run()
view = links.view()
method = wording.method(run.method)
of_nats = method.bare_unit == "nats" and method.signed

st.title("Influence Explorer", anchor=False)
st.caption(
    "Which training documents, and which tokens in them, made this model say what it said? Choose "
    "a query in the sidebar, or click one below, and read what helped or harmed it most."
)

st.header("This run", anchor=False)
facts(run_facts(run, method, view["run"]), key="run_facts")
if run.notes:
    st.text(run.notes)

st.header("What the numbers mean and how far to trust them", anchor=False)
with st.container(border=True):
    left, right = st.columns(2, gap="medium")
    left.markdown(MEANING if of_nats else f"**What a number means.** {method.meaning}")
    helpful = " Helpful does not mean true or good." if method.signed else ""
    right.markdown(
        TRUST.format(seen=what_is_seen(run)) if of_nats else f"{OTHER_TRUST.rstrip()}{helpful}"
    )
    beyond = reader.beyond_linear() if of_nats else 0
    if beyond:
        right.markdown(
            f"**In this run** that first-order size cannot hold for {wording.whole(beyond)} of "
            f"{wording.whole(run.n_queries)} queries: without the most harmful document the "
            "completion's probability would be above 1. Only the order is to be read."
        )
    right.page_link(
        "pages/trust.py",
        label=badge(reader.trust_badge()),
        query_params=links.address_of("trust"),
    )
    right.page_link(
        "pages/method.py", label="The method note", query_params=links.address_of("method")
    )

if run.accuracies:
    show_accuracies(run, reader.suites())

show_all_claims(reader)

here = {"run": view["run"]}
about = caption(run.name or view["run"])


def titled(title: str, records: Callable[[], Sequence[Any]]) -> None:
    """A heading, and its table as a file."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.header(title, anchor=False, width="content")
        downloads(f"{title} {view['run']}", records, f"export {title}", caption=about, **here)


suites, corpus = st.columns([3, 2], gap="medium")
with suites:
    titled("Suites", reader.suites)
    table(
        "Suites",
        [
            Column("Suite"),
            Column("Kind"),
            Column("Queries", "number"),
            Column("Correct", "number", "Of the queries whose reference answer is known"),
            Column("Accuracy", "number"),
            Column("Mean nats", "number", "−log p of the completion, mean over the suite"),
        ],
        [
            Row(
                one.suite,
                [
                    one.suite,
                    one.kinds,
                    wording.whole(one.n_queries),
                    f"{one.n_correct} of {one.n_known}" if one.n_known else "no reference",
                    wording.percent(one.accuracy),
                    wording.plain(one.mean_nats),
                ],
            )
            for one in reader.suites()
        ],
        key="suites",
    )
with corpus:
    titled("Corpus", reader.sources)
    sources = reader.sources()
    table(
        "Documents by source",
        [
            Column("Source"),
            Column("Documents", "number"),
            Column("Share", "number"),
            Column("Tokens", "number"),
        ],
        [
            Row(
                one.source,
                [
                    wording.one_line(one.source, 120),
                    wording.whole(one.n_documents),
                    wording.percent(one.share, 1),
                    wording.whole(one.n_tokens),
                ],
            )
            for one in sources[:SOURCES]
        ],
        key="sources",
    )
    if len(sources) > SOURCES:
        rest = sources[SOURCES:]
        st.caption(
            f"The {SOURCES} largest of {wording.whole(len(sources))} sources; the others hold "
            f"{wording.whole(sum(one.n_documents for one in rest))} documents. The export has all."
        )
if view["query"]:
    token_classes(reader, int(view["query"]), method)
asked = (view["suite"], view["task"], view["find"].strip())
queries = reader.queries(*asked, outcome=view["outcome"])
titled("Queries", lambda: queries)
narrowed = any((*asked, view["outcome"]))
n_parts = max(1, -(-len(queries) // PART))
part = min(max(1, links.number("part") or 1), n_parts)
first = (part - 1) * PART
listed = queries[first : first + PART]
st.caption(
    (
        f"{wording.whole(len(queries))} of {wording.whole(run.n_queries)} queries, as narrowed in "
        "the sidebar. "
        if narrowed
        else f"{wording.whole(run.n_queries)} queries; the sidebar narrows them by suite, answer "
        "and words. "
    )
    + (
        f"Here: {wording.whole(first + 1)} to {wording.whole(first + len(listed))}. "
        if n_parts > 1
        else ""
    )
    + "Completions are explained as the model gave them, wrong ones too. Click a row to see the "
    "documents behind it."
)
opened = None
if listed:
    with st.container(height=min(560, 60 + 56 * len(listed)), border=False):
        opened = table(
            "Queries",
            [
                Column("Query", "number"),
                Column("Suite"),
                Column("Task"),
                Column("Kind"),
                Column("Answer"),
                Column("Nats", "number", "−log p of the completion"),
                Column("Nats per token", "number"),
                Column("Prompt", "snippet"),
            ],
            [
                Row(
                    str(one.query_id),
                    [
                        wording.whole(one.query_id),
                        one.suite,
                        one.task,
                        one.kind,
                        " ".join(wording.verdict(one.correct)),
                        wording.plain(one.nats),
                        wording.plain(one.nats_per_token),
                        wording.one_line(one.prompt, 240),
                    ],
                    links.href("rankings", query=one.query_id, place=1, doc=""),
                    current=str(one.query_id) == view["query"],
                )
                for one in listed
            ],
            key=f"queries {view['run']} {part} {asked} {view['outcome']}",
            action="See the documents behind this query",
        )
else:
    st.info("No query of this run is so. Choose other words, another suite or all answers.")
pager("Pages of the queries", n_parts, part, "query pages", lambda to: links.put(part=str(to)))
if opened is not None:
    links.go("rankings", query=opened, place="1", doc="")

with st.expander("Tracked layers and configuration"):
    st.code("\n".join(run.tracked_layers) or "none", language=None)
    st.code(run.config, language=None, wrap_lines=True)
