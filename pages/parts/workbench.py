"""Both ends of a ranking, the scores between them and the chosen document, side by side.

A click on a row runs only this part of the page again: it takes its tables from the run before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter, RankedDocument, RankingPage, Score, Side
from pages.parts import filters, links, wording
from pages.parts.preview import preview
from pages.parts.strip import strip
from pages.parts.table import picking_table

PAGE = "rankings"
FIRST_OR_LAST = "the document to choose on the next page of a ranking"
OPENS = "the chosen document is to be opened"
# The preview stays beside the tables while the page is scrolled, and scrolls by itself.
STYLE = """<style>
.st-key-preview_box { position: sticky; top: 3.2rem; max-height: calc(100vh - 4.4rem);
  overflow-y: auto; overscroll-behavior: contain; }
@media print { .st-key-preview_box { position: static; max-height: none; overflow: visible; } }
</style>"""

_settle = st.components.v2.component(
    "influence_settle",
    js=(Path(__file__).parent / "settle.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the workbench shows, as it was read when the whole page was drawn.

    Attributes:
        identity: says which page of which ranking this is, as `identity` does.
        tails: the page of the ranking at each end that is shown, the upper one first.
        tables: what their tables draw.
        spread: what the distribution draws.
    """

    reader: StoreReader
    query_id: int
    score: Score
    only: DocumentFilter
    place: int
    n_pages: int
    identity: str
    tails: Mapping[Side, RankingPage]
    tables: Mapping[Side, dict[str, Any]]
    spread: dict[str, Any]


def identity() -> str:
    """Everything of the view that decides which documents are shown, as a short key."""
    fields = ("run", "query", "score", "tails", "fold", *links.FILTERS, "place")
    one = links.side() if links.view()["tails"] == "one" else ""
    decides = repr([one, *(links.view()[name] for name in fields)])
    return sha256(decides.encode("utf-8", "surrogatepass")).hexdigest()[:20]


def settle() -> None:
    """Draws the whole page anew a while after a choice, so that every link on it knows of it."""
    _settle(key="settle", on_settled_change=links.put)


@st.fragment
def workbench(shown: Shown) -> None:
    """Draws it."""
    view = links.view()
    if st.session_state.pop(OPENS, False):
        links.go("document")
    if identity() != shown.identity:
        st.rerun()
    # This run may be of the workbench alone, which does not come by where this is taken back.
    st.session_state.pop(links.ACTED, None)
    _write_address()
    chosen, holder = _chosen(shown)
    left, right = st.columns([3, 2], gap="small")
    with left:
        first, *rest = shown.tails
        if rest:
            _tail(shown, first, chosen if holder == first else None)
            _spread(shown, chosen)
            for side in rest:
                _tail(shown, side, chosen if holder == side else None)
        else:
            _spread(shown, chosen)
            _tail(shown, first, chosen if holder == first else None)
    with right, st.container(border=True, key="preview_box"):
        if chosen is None:
            st.text(f"This link names the document “{view['doc']}”, which is not in this run.")
        else:
            _preview(shown, chosen, holder)
    st.html(STYLE)


def _write_address() -> None:
    """As `links.keep`, but what stands outside this part is drawn anew later, by `settle`."""
    address = links.address_of(PAGE)
    if {name: st.query_params.get_all(name) for name in st.query_params} != address:
        st.query_params.from_dict(address)
        st.session_state[links.WRITTEN] = address


# Its parts ----------------------------------------------------------------------------------------


def _tail(shown: Shown, side: Side, chosen: RankedDocument | None) -> None:
    picking_table(
        {**shown.tables[side], "current": str(chosen.doc_id) if chosen else ""},
        f"{shown.identity} {side}",
        {
            "chosen": lambda doc_id: links.put(side=side, doc=doc_id),
            "opened": lambda doc_id: _open(side, doc_id),
            "followed": lambda group: links.put(**filters.alone(group)),
            "beyond": lambda by: _beyond(shown, side, int(by)),
            "other": lambda _: links.put(side=_other(side), place="1", doc=""),
        },
    )


def _spread(shown: Shown, chosen: RankedDocument | None) -> None:
    method = wording.method(shown.reader.run().method)
    value = getattr(chosen, shown.score) if chosen else None
    marked = (
        (value, f"Document {chosen.doc_id}: {wording.written(value, method)}")
        if chosen and value is not None
        else None
    )
    key = f"strip {links.view()['run']} {shown.query_id} {shown.score}"
    strip(shown.spread, shown.only, marked, key, _select)


def _preview(shown: Shown, one: RankedDocument, side: Side | None) -> None:
    method = wording.method(shown.reader.run().method)
    if side is None:
        where, beside = "Not on the pages shown here.", (False, False)
    else:
        ids = [row.doc_id for row in shown.tails[side].documents]
        at = ids.index(one.doc_id)
        place = shown.tails[side].offset + at + 1
        order = f"most {side}" if method.signed else {"helpful": "highest"}.get(side, "lowest")
        where = f"Place {wording.whole(place)}, {order} first"
        beside = (place > 1, at + 1 < len(ids) or shown.place < shown.n_pages)
    preview(
        shown.reader,
        shown.query_id,
        one,
        where,
        beside,
        lambda by: _step(shown, side, one.doc_id, by),
        lambda doc_id: _open(side or links.side(), doc_id),
    )


def _chosen(shown: Shown) -> tuple[RankedDocument | None, Side | None]:
    """The document of the view and the end whose table holds it, if any does.

    Where the view names none it is the first one that is shown; None where the run has no such
    document. Where both ends hold it, it is in the one that was clicked.
    """
    wanted = str(links.view()["doc"])
    for side in sorted(shown.tails, key=lambda side: side != links.side()):
        for one in shown.tails[side].documents:
            if wanted in ("", str(one.doc_id)):
                return one, side
    number = links.number("doc")
    try:
        found = shown.reader.ranked_documents(shown.query_id, [] if number is None else [number])
    except KeyError:
        found = ()
    return (found[0] if found else None), None


# What a click does --------------------------------------------------------------------------------


def _other(side: Side) -> Side:
    return "harmful" if side == "helpful" else "helpful"


def _open(side: Side, doc_id: str) -> None:
    links.put(side=side, doc=doc_id)
    st.session_state[OPENS] = True


def _step(shown: Shown, side: Side | None, doc_id: int, by: int) -> None:
    """The document beside one, on the next page where the page ends."""
    if side is None:
        return
    ids = [one.doc_id for one in shown.tails[side].documents]
    at = ids.index(doc_id) + by
    if 0 <= at < len(ids):
        links.put(side=side, doc=str(ids[at]))
    else:
        _beyond(shown, side, by)


def _beyond(shown: Shown, side: Side, by: int) -> None:
    place = shown.place + by
    if 1 <= place <= shown.n_pages:
        links.put(side=side, place=str(place), doc="")
        st.session_state[FIRST_OR_LAST] = "last" if by < 0 else "first"


def _select(ends: list[float]) -> None:
    low, high = (f"{one:.10g}" for one in ends) if ends else ("", "")
    links.put(low=low, high=high, place="1")
