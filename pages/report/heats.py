"""Texts with shades: a document under a query, and a query by its nats."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from attribution_engine.records import InputError
from attribution_engine.store.document_views import (
    Cells,
    DocumentView,
    LevelName,
    Reading,
    ScaleName,
)
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryInfo
from pages.parts import wording
from pages.parts.heatmap import parts
from pages.parts.reading_words import CLASSES, MARK_NAMES, legend_words, level_words
from pages.report.address import View
from pages.report.section import Heat

PROMPT, RESPONSE = "Prompt: given to the model, no loss on it", "Response: trained on"


def document_heat(reader: StoreReader, query_id: int, doc: DocumentView, view: View) -> Heat:
    """A document under its token influence, at the view's level and scale."""
    cells = reader.document_cells(doc.doc_id)
    unit = wording.method(reader.run().method).bare_unit
    alignment = ""
    if doc.alignments:
        wanted = view["alignment"]
        alignment = wanted if wanted in doc.alignments else doc.alignments[0]
    level = cast(LevelName, view["level"])
    if level == "behaviour" and not doc.behaviours:
        level = "token"
    reading: Reading | None = None
    words = []
    try:
        if alignment:
            scale = cast(ScaleName, view["scale"])
            reading = reader.reading(query_id, doc.doc_id, alignment, level, scale)
    except InputError as error:
        words.append(str(error))
    if reading is None:
        words.append(wording.no_token_scores(reader.run()))
    else:
        words += [f"Token alignment: {alignment}.", wording.ALIGNMENTS.get(alignment, "")]
        words.append(level_words(reading))
        behind = f" {unit}" if unit else ""
        words.append(
            f"Sum: {wording.signed(reading.scores.total)}{behind}; the document's influence: "
            f"{wording.signed(doc.influence)}{behind}."
        )
    words.append(wording.hidden_words(doc.text))
    clip = "" if reading is None else f"{wording.plain(reading.clip.value)} {unit}".strip()
    passage = None
    if view.passage:
        passage = reader.document_passage(query_id, doc.doc_id, alignment, *view.passage)
    shown = [mark for mark in view["marks"] if mark in MARK_NAMES]
    n_unseen = len(doc.text) - doc.seen_chars
    return Heat(
        title=f"Document {doc.doc_id} under query {query_id}",
        pieces=[cells.piece(at, at) for at in range(len(cells))],
        shades=_shades(cells, reading),
        says=_says(cells, reading, unit),
        classes=_marked(reader, query_id, doc.doc_id, cells, shown),
        turns=[
            (first, RESPONSE if learnt else PROMPT)
            for first, learnt in parts(cells, doc.loss_ranges)
        ],
        rest=(
            doc.text[doc.seen_chars :],
            f"Not seen by the model: {wording.whole(n_unseen)} more characters (the text was cut "
            "at the run's longest document)",
        ),
        scale=(
            ("", "", "")
            if reading is None
            else (f"lowers: −{clip}", f"+{clip}: raises", legend_words(reading, unit))
        ),
        marked=[(mark, MARK_NAMES[mark]) for mark in shown],
        framed=None if passage is None else (passage.first, passage.last),
        values=_values(cells, reading),
        words=" ".join(filter(None, words)),
    )


def _shades(cells: Cells, reading: Reading | None) -> list[int]:
    if reading is None:
        return [0] * len(cells)
    sizes = np.diff(reading.units.starts, append=len(cells))
    return [int(shade) for shade in np.repeat(reading.shades, sizes)]


def _values(cells: Cells, reading: Reading | None) -> list[float]:
    """What the shades are of: the sums of the units, of each piece that of its unit."""
    if reading is None:
        return []
    sizes = np.diff(reading.units.starts, append=len(cells))
    return [float(value) for value in np.repeat(reading.sums, sizes)]


def _says(cells: Cells, reading: Reading | None, unit: str) -> list[str]:
    """What stands at each piece: its value, its class, where it is."""
    names = list(CLASSES.values())
    behind = f" {unit}" if unit else ""
    unit_of = None
    if reading is not None and reading.units.level != "token":
        sizes = np.diff(reading.units.starts, append=len(cells))
        unit_of = np.repeat(np.arange(len(sizes)), sizes)
    said = []
    for at in range(len(cells)):
        first, n = int(cells.firsts[at]) + 1, int(cells.counts[at])
        words = (
            [] if reading is None else [wording.signed(float(reading.scores.values[at])) + behind]
        )
        if reading is not None and unit_of is not None:
            of = int(unit_of[at])
            level = reading.units.level
            named = f" ({reading.units.names[of]})" if reading.units.names else ""
            words.append(f"{level}{named} {wording.signed(float(reading.sums[of]))}{behind}")
        words.append(names[cells.classes[at]])
        words.append(f"token {first}" if n == 1 else f"tokens {first}–{first + n - 1}")
        said.append(" · ".join(words))
    return said


def _marked(
    reader: StoreReader, query_id: int, doc_id: int, cells: Cells, shown: list[str]
) -> list[str]:
    """Names of the chosen marks of each piece."""
    found = [""] * len(cells)
    for one in reader.document_overlays(query_id, doc_id):
        if one.name in shown:
            for at in np.flatnonzero(one.cells):
                found[at] = f"{found[at]} m-{one.name}".strip()
    return found


def query_heat(reader: StoreReader, query: QueryInfo) -> Heat | None:
    """Prompt and completion, each explained token shaded by its nats; None without them."""
    text: Any = reader.query_text(query.query_id)
    if text is None or text.nats is None:
        return None
    says = []
    for cell in text.cells:
        nats = "not explained" if cell.nats is None else f"{wording.plain(cell.nats)} nats"
        end = cell.position + cell.n_tokens
        at = f"token {end}" if cell.n_tokens == 1 else f"tokens {cell.position + 1}–{end}"
        says.append(f"{nats} · {at}")
    deepest = f"{wording.plain(text.clip)} nats"
    return Heat(
        title=f"Query {query.query_id}: prompt and completion",
        pieces=[cell.text for cell in text.cells],
        shades=[cell.shade for cell in text.cells],
        says=says,
        classes=[""] * len(text.cells),
        turns=[
            (0, "Prompt: given to the model, not explained"),
            (text.completion_from, "Completion: what influence explains"),
        ],
        hue="nats",
        values=[cell.nats or 0.0 for cell in text.cells],
        scale=(
            "0 nats",
            deepest,
            "Nats of a token: −log of the probability that the model gave it. Shade: square root "
            f"of the nats, deepest from {deepest} on.",
        ),
        words=f"The explained tokens sum to {wording.plain(text.nats)} nats. "
        + wording.hidden_words(query.prompt + query.completion),
    )
