"""What a search over the corpus finds, and the document of a number."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import RankedDocument
from attribution_engine.store.word_index import matches
from pages.parts import captions, links, wording
from pages.parts.export import downloads
from pages.parts.pager import pager
from pages.parts.table import Column, Row, picking_table, table_data
from pages.parts.view_values import LOOKS_LIKE_NUMBER

PAGE = 20  # documents
EXPORTED = 10_000  # documents of a search in a file at most


def _does(reader: StoreReader) -> str:
    """What a row leads to; scores without a sign neither help nor harm."""
    signed = wording.method(reader.run().method).signed
    return "which queries it helps and harms" if signed else "how it scores on every query"


def document_of_number(reader: StoreReader, number: int) -> RankedDocument | None:
    """A document by its number, as a row of the chosen query's ranking."""
    try:
        return reader.ranked_documents(int(links.view()["query"]), [number])[0]
    except KeyError:
        return None


def show_found(reader: StoreReader, search: str) -> None:
    """The documents that a search finds, a page at a time; a click chooses one."""
    view = links.view()
    as_number = LOOKS_LIKE_NUMBER.fullmatch(search)
    if as_number:
        _show_number(reader, int(as_number[1]))
    if search.startswith("#") and as_number:
        return
    place = max(1, links.number("place") or 1)
    with st.spinner("Searching"):
        found = reader.search_documents(search, (place - 1) * PAGE, PAGE)
        n_pages = max(1, -(-found.total // PAGE))
        if place > n_pages:
            place = n_pages
            view["place"] = str(place)
            links.keep("search")
            found = reader.search_documents(search, (place - 1) * PAGE, PAGE)
    if not found.total:
        st.info(
            wording.label(
                f"No document of this run has “{wording.one_line(search, 200)}”. Try fewer words, "
                "the beginning of a word with a star (deriv*), or no quotes."
            )
        )
        return
    first, last = found.offset + 1, found.offset + len(found.documents)
    st.caption(
        wording.label(
            f"Documents {wording.whole(first)} to {wording.whole(last)} of "
            f"{wording.whole(found.total)} found (of {wording.whole(reader.run().n_documents)}), "
            f"{found.order}. Click a row to see {_does(reader)}."
        )
    )
    labels = [
        (title, name)
        for title, name in (("Source", "source"), ("Domain", "domain"), ("Category", "category"),
                            ("Difficulty", "difficulty"))
        if any(getattr(one, name) for one in found.documents)
    ]  # fmt: skip
    rows = [
        Row(
            str(one.doc_id),
            [
                wording.whole(one.doc_id),
                *(getattr(one, name) or "–" for _, name in labels),
                wording.whole(one.n_tokens),
                one.snippet,
            ],
            links.href("search", doc=one.doc_id),
            current=str(one.doc_id) == view["doc"],
        )
        for one in found.documents
    ]
    with st.container(height=420 if view["doc"] and len(rows) > 6 else "content", border=False):
        picking_table(
            table_data(
                "Documents found",
                [
                    Column("Document", "number"),
                    *(Column(title) for title, _ in labels),
                    Column("Tokens", "number", "Tokens of it that the model saw"),
                    Column("Text", "snippet", "The first place that the search found."),
                ],
                rows,
                f"Show {_does(reader)}",
                marks=matches(search),
            ),
            f"found {view['run']} {search} {place}",
            {"chosen": _choose},
        )
    left, right = st.columns([4, 1], vertical_alignment="center")
    with left:
        pager("Documents found", n_pages, place, f"pages of {view['run']} {search}", _turn)
    with right:
        downloads(
            "search",
            lambda: reader.with_texts(reader.search_documents(search, 0, EXPORTED).documents),
            "export found",
            captions.caption(view["run"], search=search),
            run=view["run"],
            search=search,
        )
    if found.total > EXPORTED:
        st.caption(f"An export holds the first {wording.whole(EXPORTED)} documents.")


def _turn(page: int) -> None:
    links.put(place=str(page))


def _choose(doc_id: str) -> None:
    links.put(doc=doc_id)


def _show_number(reader: StoreReader, number: int) -> None:
    """Offers the document of a number that was searched for."""
    one = document_of_number(reader, number)
    if one is None:
        last = wording.whole(reader.run().n_documents - 1)
        st.caption(f"No document of this run has the number {number}: they go from 0 to {last}.")
        return
    row = Row(
        str(one.doc_id),
        [wording.whole(one.doc_id), one.source or "–", wording.whole(one.n_tokens), one.snippet],
        links.href("search", doc=one.doc_id),
        current=str(one.doc_id) == links.view()["doc"],
    )
    picking_table(
        table_data(
            "The document of this number",
            [
                Column("Document", "number"),
                Column("Source"),
                Column("Tokens", "number", "Tokens of it that the model saw"),
                Column("Text", "snippet"),
            ],
            [row],
            f"Show {_does(reader)}",
        ),
        f"number {links.view()['run']} {number}",
        {"chosen": _choose},
    )
