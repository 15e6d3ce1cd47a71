"""Search: find a document first, then see every query that it helps and harms."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.effects import both_ends, by_suite
from attribution_engine.store.views import RankedDocument
from pages.parts import links, pickers, runs, wording
from pages.parts.document_effects import show_effects, show_suites
from pages.parts.facts import facts
from pages.parts.found_documents import document_of_number, show_found
from pages.parts.navigation import through_app

through_app()
reader = runs.current()
view = links.view()
run = reader.run()
method = wording.method(run.method)
n_documents = wording.whole(run.n_documents)

st.header("Search", anchor=False)
st.caption(
    "Find a document by its words or its number, then see "
    + (
        "every query that it helps and every query that it harms."
        if method.signed
        else "how it scores on every query."
    )
)
links.show("pick_look", view["look"])
st.text_input(
    f"Search the full text of all {n_documents} documents",
    key="pick_look",
    placeholder='slope "rise over run" deriv* -proof      or a number: 345',
    on_change=links.change,
    args=("look", "pick_look", ("place",)),
)
st.caption(
    'Words in any order: all must occur, case does not count · `"a phrase"`: exactly these words '
    "· `deriv*`: every word that begins so · `-proof`: without this word · `345` or `#345`: the "
    "document of that number"
)
search = view["look"].strip()
results = st.container()
if view["doc"]:
    number = links.number("doc")
    document = None if number is None else document_of_number(reader, number)
    if document is None:
        pickers.say(f"This link names the document “{view['doc']}”, which is not in this run.")
        st.text("Search for another above.")
elif not search:
    st.info(
        "Nothing is searched for yet. Type words above, or open a document from Rankings: what you "
        "opened last is shown here with all queries"
        + (" that it helps and harms." if method.signed else " and its scores on them.")
    )
if search:
    with results:
        show_found(reader, search)
if not view["doc"] or document is None:
    st.stop()


def about(one: RankedDocument) -> None:
    """The chosen document in short, and where to read it."""
    labels = (("Source", one.source), ("Domain", one.domain), ("Category", one.category),
              ("Difficulty", one.difficulty))  # fmt: skip
    facts(
        [
            *((name, value) for name, value in labels if value),
            ("Tokens the model saw", wording.whole(one.n_tokens)),
        ],
        key="found_document",
    )
    st.text(one.snippet)
    left, middle, right = st.columns(3)
    left.page_link(
        "pages/document.py",
        label=f"Read it under query {view['query']}",
        query_params=links.address_of("document", doc=one.doc_id),
    )
    middle.page_link(
        "pages/compare.py",
        label="Compare it under two queries",
        query_params=links.address_of("compare", mode="document", doc=one.doc_id),
    )
    right.page_link(
        "pages/method.py", label="How the scores are computed",
        query_params=links.address_of("method"),
    )  # fmt: skip


effects = reader.query_effects(document.doc_id)
title, away = st.columns([5, 1], vertical_alignment="center")
title.subheader(f"Document {document.doc_id}", anchor=False)
away.button("Choose no document", on_click=links.put, kwargs={"doc": ""}, width="stretch",
            type="tertiary")  # fmt: skip
about(document)
show_suites(reader, document.doc_id, by_suite(effects))
show_effects(reader, document.doc_id, both_ends(effects, view["suite"]))
