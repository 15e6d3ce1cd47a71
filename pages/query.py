"""Query: prompt and completion by token, what helps and harms it, its sources, its neighbours."""

from __future__ import annotations

import streamlit as st

from pages.parts import links, runs, wording
from pages.parts.facts import facts
from pages.parts.navigation import through_app
from pages.parts.query_neighbours import show_neighbours
from pages.parts.query_panel import query_panel
from pages.parts.query_sources import show_sources
from pages.parts.query_text import query_text
from pages.parts.query_tops import show_tops

through_app()
reader = runs.current()
view = links.view()
query = reader.query(int(view["query"]))
assert query is not None  # app.py draws this page only for a query of the run
method = wording.method(reader.run().method)
items = reader.query_items(query.query_id)
text = reader.query_text(query.query_id)

st.header(f"Query {query.query_id}", anchor=False)
glyph, verdict = wording.verdict(query.correct)
reference = "no reference answer" if query.reference is None else f"reference: {query.reference}"
if items:
    answered = sum(one.in_set for one in items)
    answer = ("Answers", f"{wording.whole(answered)} of {wording.whole(len(items))} correct",
              "the set is of these")  # fmt: skip
else:
    answer = ("Answer", f"{glyph} {verdict}", wording.one_line(reference, 120))
keywords = text.keywords if text else ()
facts(
    [
        ("Suite", query.suite, query.task if query.task != query.suite else ""),
        ("Kind", query.kind),
        ("Information of the completion",
         f"{wording.plain(query.nats)} nats" if query.n_tokens else "–",
         "−log p(completion | prompt), mean over the set's items" if items
         else "−log p(completion | prompt), summed over its tokens"),
        ("Nats per token",
         "–" if query.nats_per_token is None else wording.plain(query.nats_per_token),
         f"{'not for a set:' if items else 'over'} {wording.whole(query.n_tokens)} explained "
         "tokens"),
        answer,
        ("Keywords", wording.one_line(" · ".join(keywords), 300) or "none",
         "words by which documents that hold its answer or a step are found"),
    ],
    key="query_facts",
)  # fmt: skip
st.page_link(
    "pages/method.py", label="How the scores are computed", query_params=links.address_of("method")
)

if items:
    query_panel(view["run"], query, items, method)
elif text is None or text.nats is None:
    query_panel(view["run"], query, items, method)
    st.text(
        "No nats of single tokens: this run's store holds none for this query. A run with a "
        "language model supplies them."
    )
else:
    query_text(f"{view['run']} {query.query_id}", query, text, "query_text")

show_tops(reader, query)
sources = show_sources(reader, query)
show_neighbours(reader, query)
# Last, so that no text waits for the plot library.
if sources is not None:
    sources()
