"""The document that is chosen in a ranking, read beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import RankedDocument
from pages.parts import links, wording
from pages.parts.document_text import show_document_text

FOLDER = Path(__file__).parent

_head = st.components.v2.component(
    "influence_preview",
    html=(FOLDER / "preview.html").read_text(encoding="utf-8"),
    css=(FOLDER / "preview.css").read_text(encoding="utf-8"),
    js=(FOLDER / "preview.js").read_text(encoding="utf-8"),
)


def preview(
    reader: StoreReader,
    query_id: int,
    one: RankedDocument,
    where: str,
    beside: tuple[bool, bool],
    on_step: Callable[[int], None],
    on_open: Callable[[str], None],
) -> None:
    """Draws the head of a document and its text.

    Args:
        where: where the document stands in what is shown beside it, in words.
        beside: whether there is a document before it and after it.
        on_step: what to do with a step to the one before (−1) or after (1).
    """
    run = reader.run()
    method = wording.method(run.method)
    of_all = f"of {wording.whole(run.n_documents)}"
    ranks = {"influence": one.rank, "normed": one.rank_normed}
    facts = [
        (
            words,
            wording.written(getattr(one, name), method)
            + (f" {method.bare_unit}" if name == "influence" and method.bare_unit else ""),
            f"rank {wording.whole(ranks[name])} {of_all}" if name in ranks else "",
            f"{method.score_units[name]}; {method.first_rank}",
        )
        for name, words in method.score_names.items()
    ]
    key = "preview head"
    _head(
        key=key,
        data={
            "id": str(one.doc_id),
            "title": f"Open document {one.doc_id}",
            "href": links.href("document", doc=one.doc_id),
            "where": where,
            "facts": facts,
            "labels": about(one),
            "before": beside[0],
            "after": beside[1],
        },
        on_step_change=lambda: on_step(int(st.session_state[key].step)),
        on_opened_change=lambda: on_open(str(st.session_state[key].opened)),
    )
    show_document_text(reader, query_id, one.doc_id, key="preview", compact=True)


def about(one: RankedDocument) -> str:
    """The labels of a document, on one line."""
    labels = [wording.one_line(text, 120) for text in
              (one.source, one.domain, one.category, one.difficulty) if text]  # fmt: skip
    near = f"{wording.whole(one.n_near)} near-duplicates" if one.n_near else ""
    tokens = f"{wording.whole(one.n_tokens)} tokens"
    return " · ".join([*labels, tokens, *([near] if near else [])])
