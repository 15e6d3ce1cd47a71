"""The text of a document as it is read: under its token influence, or raw, with its switches."""

from __future__ import annotations

from typing import cast

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.document_views import (
    DocumentView,
    LevelName,
    Passage,
    Reading,
    ScaleName,
)
from attribution_engine.store.reader import StoreReader
from pages.parts import links, pickers, wording
from pages.parts.captions import caption
from pages.parts.export import downloads
from pages.parts.heatmap import UNSEEN, Shown, heatmap
from pages.parts.raw_text import raw_text
from pages.parts.reading_words import LEVEL_NAMES, SCALE_NAMES, level_words


def show_document_text(
    reader: StoreReader, query_id: int, doc_id: int, key: str, compact: bool = False
) -> None:
    """Draws the heatmap of a document with the view's alignment, level, scale and marks.

    Args:
        key: of the component; one a place on the page.
        compact: the text alone, for a preview or beside another.
    """
    document = reader.document(query_id, doc_id)
    if document is None:
        st.text(f"This run has no document {doc_id}.")
        return
    if compact:
        _draw(reader, query_id, document, key, compact=True)
        return
    show_reading_controls(reader, document)
    if links.view()["raw"]:
        raw_text(document.text, f"document{doc_id}", key=f"raw {links.view()['run']} {doc_id}")
    else:
        _draw(reader, query_id, document, key, compact=False)
    _export(reader, query_id, document, key)


def alignment_of(document: DocumentView) -> str:
    """The view's alignment where the document has it, else its first; empty without scores."""
    if not document.alignments:
        return ""
    wanted = links.view()["alignment"]
    return wanted if wanted in document.alignments else document.alignments[0]


def level_of(document: DocumentView) -> LevelName:
    """The view's level; tokens where the document has nothing at that level, or no scores."""
    level = links.view()["level"]
    return cast(LevelName, level if level in levels_of(document) else "token")


def levels_of(document: DocumentView) -> list[str]:
    """The levels that a document can be read at."""
    return [
        name
        for name in LEVEL_NAMES
        if document.alignments and (name != "behaviour" or document.behaviours)
    ]


def show_reading_controls(reader: StoreReader, document: DocumentView) -> None:
    """The switches of alignment, level, scale, blanks and raw text; they change the view."""
    view = links.view()
    raw = bool(view["raw"])
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        if document.alignments and not raw:
            _switch("Level", "level", levels_of(document), LEVEL_NAMES, level_of(document))
            _switch("Scale by", "scale", list(SCALE_NAMES), SCALE_NAMES, view["scale"])
            _switch(
                "Token alignment", "alignment", list(document.alignments), {},
                alignment_of(document),
            )  # fmt: skip
        with st.container(gap=None, width="content"):
            if not raw:
                _toggle("Show blanks", "blanks")
            _toggle("Raw text", "raw")
    if not document.alignments:
        st.info(wording.no_token_scores(reader.run()))


def _switch(title: str, name: str, options: list[str], names: dict[str, str], chosen: str) -> None:
    links.show(f"pick_{name}", chosen)
    st.segmented_control(
        title,
        options,
        key=f"pick_{name}",
        required=True,
        format_func=lambda one: names.get(one, one),
        on_change=links.change,
        args=(name, f"pick_{name}"),
    )


def _toggle(title: str, name: str) -> None:
    key = f"pick_{name}"
    links.show(key, bool(links.view()[name]))
    st.checkbox(title, key=key, on_change=_take_toggle, args=(name, key))


def _take_toggle(name: str, key: str) -> None:
    links.put(**{name: "1" if st.session_state[key] else ""})


def _draw(
    reader: StoreReader, query_id: int, document: DocumentView, key: str, compact: bool
) -> None:
    view, doc_id = links.view(), document.doc_id
    method = wording.method(reader.run().method)
    alignment, level = alignment_of(document), level_of(document)
    reading: Reading | None = None
    try:
        if alignment:
            scale = cast(ScaleName, view["scale"])
            reading = reader.reading(query_id, doc_id, alignment, level, scale)
    except InputError as error:
        pickers.say(str(error))
        alignment = ""
    if not compact:
        said = [*_read_as(document, reading, method), _hidden(document)]
        st.caption("  \n".join(filter(None, said)))
    identity = wording.component_key(f"{key} {view['run']} {query_id} {doc_id}")

    def take_marks() -> None:
        """The component's switches have changed."""
        links.put(marks=list(st.session_state[identity]["marks"]))

    def take_passage() -> None:
        """Tokens were marked, or the mark was taken away."""
        first, _, last = str(st.session_state[identity]["passage"] or "").partition("-")
        if not (first.isdecimal() and last.isdecimal()):
            links.put(span="")
            return
        cells = reader.document_cells(doc_id)
        if int(first) <= int(last) < len(cells):
            links.put(span=f"{cells.starts[int(first)]}-{cells.ends[int(last)]}")

    heatmap(
        Shown(
            identity=identity,
            document=document,
            cells=reader.document_cells(doc_id),
            reading=reading,
            overlays=reader.document_overlays(query_id, doc_id, alignment),
            marks=view["marks"],
            unit=method.bare_unit,
            spans=reader.document_spans(query_id, doc_id) if reading and not compact else None,
            passage=None if compact else _passage(reader, query_id, document, alignment),
            blanks=bool(view["blanks"]),
            compact=compact,
        ),
        identity,
        take_marks,
        take_passage,
    )


def _read_as(document: DocumentView, reading: Reading | None, method: wording.Method) -> list[str]:
    """What is shaded: the alignment, the units, and how their sum compares with the influence."""
    view = links.view()
    lines: list[str] = []
    if reading is None:
        return lines
    words = [wording.ALIGNMENTS.get(reading.scores.alignment, "")]
    if view["alignment"] not in document.alignments:
        words.append(f"This run has no token scores in alignment {view['alignment']}.")
    lines.append(" ".join(words))
    if view["level"] == "behaviour" and not document.behaviours:
        lines.append("No span of this document has a behaviour, so it is read by tokens.")
    unit = f" {method.bare_unit}".rstrip()
    gap = wording.signed(reading.scores.gap)
    lines.append(
        f"{level_words(reading)} Their sum is {wording.signed(reading.scores.total)}{unit}, the "
        f"document's influence {wording.signed(document.influence)}{unit} (difference {gap})."
    )
    return lines


def _hidden(document: DocumentView) -> str:
    """Which characters of the shown text cannot be seen."""
    words = wording.hidden_words(document.text[: document.seen_chars + UNSEEN])
    return words and f"{words} “Show blanks” shows where."


def _passage(
    reader: StoreReader, query_id: int, document: DocumentView, alignment: str
) -> Passage | None:
    """The passage that the address names; says so where the text does not reach that far."""
    asked = links.passage()
    if asked is None:
        return None
    start, end = asked
    length = len(document.text)
    named = f"This link marks characters {wording.whole(start)} to {wording.whole(end)}"
    if end > length:
        pickers.say(f"{named}, but the document has {wording.whole(length)} only.")
    found = reader.document_passage(query_id, document.doc_id, alignment, start, end)
    if found is None and end <= length:
        seen = wording.whole(document.seen_chars)
        pickers.say(f"{named}, but the model saw the first {seen} characters only.")
    return found


def _file(reader: StoreReader, query_id: int, doc_id: int) -> bytes:
    """The text in UTF-8; read when it is asked for."""
    document = reader.document(query_id, doc_id)
    return document.text.encode("utf-8", "surrogatepass") if document else b""


def _export(reader: StoreReader, query_id: int, document: DocumentView, key: str) -> None:
    """The text as a file, and the table of its tokens."""
    view, doc_id = links.view(), document.doc_id
    alignment, level = alignment_of(document), level_of(document)
    run = view["run"]
    with st.container(horizontal=True, gap="small"):
        st.download_button(
            "Text as .txt",
            lambda: _file(reader, query_id, doc_id),
            file_name=f"document{doc_id}.txt",
            mime="text/plain",
            key=f"{key} text {doc_id}",
            on_click="ignore",
            help=f"All {wording.whole(len(document.text))} characters, unaltered, in UTF-8",
        )
        downloads(
            f"tokens-query{query_id}-document{doc_id}",
            lambda: reader.token_rows(query_id, doc_id, alignment, level),
            f"{key} tokens {query_id} {doc_id}",
            caption=caption(run, query_id, document=doc_id, alignment=alignment, level=level),
            button="Tokens as a table",
            run=run,
            query_id=query_id,
            doc_id=doc_id,
            alignment=alignment,
            level=level,
        )
        if document.alignments and reader.document_spans(query_id, doc_id):
            downloads(
                f"spans-query{query_id}-document{doc_id}",
                lambda: reader.span_rows(query_id, doc_id),
                f"{key} spans {query_id} {doc_id}",
                caption=caption(run, query_id, document=doc_id),
                button="Spans as a table",
                run=run,
                query_id=query_id,
                doc_id=doc_id,
            )
