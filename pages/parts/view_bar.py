"""The bar on top of every page: its link, its citation, a bookmark of it, large type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from attribution_engine.findings.claims import FINDINGS
from attribution_engine.records import InputError
from attribution_engine.store.reader import StoreReader
from pages.parts import citation, links, pickers
from pages.parts.notebook_file import notebook
from pages.parts.view_title import title_of

FOLDER = Path(__file__).parent
KEY = "view_bar"
SAID, PROBLEM = "what the view bar says", "what the view bar cannot do"
LOST = "a note that could not be kept"
OF_THE_RUN = (
    *("overview", "trust", "rank_curves", "search", "notebook", "method"),
    *FINDINGS,
)
SHOWN_PROBLEMS = 4

_bar = st.components.v2.component(
    "influence_view_bar",
    html=(FOLDER / "view_bar.html").read_text(encoding="utf-8"),
    css=(FOLDER / "view_bar.css").read_text(encoding="utf-8"),
    js="".join(
        (FOLDER / name).read_text(encoding="utf-8") for name in ("view_bar.js", "history.js")
    ),
)


def view_bar(page: str, reader: StoreReader | None) -> None:
    """Draws the bar, does what is asked of it, and lists what the link asked for in vain."""
    cited = cited_view(page, reader)
    try:
        tags = [tag for tag, _ in notebook().tags()]
    except InputError as error:
        tags = []
        st.session_state[PROBLEM] = str(error)
    result = _bar(
        key=KEY,
        data={
            "citation": cited,
            "example": cited or "858b21·q12·d345",
            "title": title_of(page),
            "keeps": page != "notebook",
            "tags": tags,
            "large": links.view()["size"] == "large",
            "said": st.session_state.pop(SAID, {"id": ""}),
            "problem": st.session_state.pop(PROBLEM, ""),
            "lost": st.session_state.pop(LOST, False),
            "step": links.step(page),
        },
        on_keep_change=lambda: _keep(page, cited),
        on_size_change=_toggle_size,
        on_goto_change=links.put,
        on_open_change=links.put,
    )
    if result.goto:
        _go_to(result.goto)
    if result.open:
        links.go("notebook", note=str(result.open))
    for words in problems():
        pickers.say(words)


def cited_view(page: str, reader: StoreReader | None) -> str:
    """The citation of what a page shows; nothing without a run."""
    if reader is None:
        return ""
    view = links.view()
    run_id = reader.run().run_id or view["run"]
    if page in OF_THE_RUN:
        return citation.citation(run_id)
    doc = links.number("doc") if page == "document" else None
    return citation.citation(
        run_id, links.number("query"), doc, links.passage() if page == "document" else None
    )


def problems() -> list[str]:
    """What the link asked for that no view has, in words."""
    found = [
        f"This link has a field “{name}”, which this version of the explorer does not know."
        if name not in links.DEFAULTS
        else f"This link asks for {NAMES.get(name, name)} “{value}”, which there is not; "
        f"shown without it."
        for name, value in links.problems()
    ]
    more = len(found) - SHOWN_PROBLEMS
    return found[:SHOWN_PROBLEMS] + ([f"{more} more fields cannot be read."] if more > 0 else [])


NAMES = {
    "side": "a side of the ranking",
    "score": "a score",
    "place": "a page of the ranking",
    "low": "a lowest score",
    "high": "a highest score",
    "group": "a group of near-duplicates",
    "span": "the characters",
    "alignment": "a token alignment",
    "marks": "an overlay",
    "mode": "a comparison",
    "top": "a number of top documents",
    "unit": "a unit",
    "amount": "an amount",
    "depth": "a depth of the ranking",
    "grouped": "groups of queries",
    "strongest": "a share of the strongest documents",
    "ends": "ends of the ranking",
    "measured": "a measure of spans",
    "topic": "a topic of queries",
    "labels": "groups of documents",
    "measure": "a measure of groups",
    "correlation": "a correlation",
    "token_class": "a class of tokens",
    "order": "an order of tokens",
    "least": "a least number of documents",
    "completions": "completions",
    "hits": "a part of the corpus",
    "relation": "a relation of documents",
}


def _keep(page: str, cited: str) -> None:
    """Callback: writes the view, note and tags into the notebook."""
    asked: dict[str, Any] | None = st.session_state[KEY].get("keep")
    if not asked:
        return
    links.put()
    address = links.address_of(page, present="", size="")
    try:
        note = notebook().add(
            page,
            address,
            run=links.view()["run"],
            citation=cited,
            title=title_of(page),
            text=str(asked.get("text", "")),
            tags=[str(tag) for tag in asked.get("tags", [])],
        )
    except InputError as error:
        st.session_state[PROBLEM] = f"Not kept: {error}"
        st.session_state[LOST] = True
        return
    st.session_state[SAID] = {
        "id": str(note.note_id),
        "words": f"Kept as note {note.note_id}.",
        "href": links.href("notebook", note=note.note_id),
    }


def _toggle_size() -> None:
    links.put(size="" if links.view()["size"] else "large")


def _go_to(text: str) -> None:
    """Opens what a typed citation names, or has the bar say why not."""
    cited = citation.parse(text)
    if cited is None:
        st.session_state[PROBLEM] = (
            f"“{text[:60]}” is no citation. One reads run·query·document·characters, such as "
            "858b21·q12·d345·c120-180; the later parts may be left out, and - may stand for ·."
        )
        st.rerun()
    try:
        run = citation.resolve(cited, citation.run_ids())
    except InputError as error:
        st.session_state[PROBLEM] = str(error)
        st.rerun()
    fields = {name: [str(value)] for name, value in cited.fields(run).items()}
    links.open_address(cited.page, fields)
