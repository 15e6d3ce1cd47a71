"""The text of a document under its token influence. Texts reach the page as text only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from attribution_engine.store.document_views import (
    Cells,
    DocumentView,
    Overlay,
    Passage,
    Reading,
)
from attribution_engine.store.split_views import DocumentSpans, SpanScore
from attribution_engine.store.token_scale import SHADES, overlapping
from attribution_engine.text.hidden import BIDI
from pages.parts import packed, wording
from pages.parts.reading_words import CLASSES, MARK_NAMES, legend_words, passage_lines

__all__ = ["CLASSES", "Shown", "heatmap"]

FOLDER = Path(__file__).parent
DEEPEST = 0.60  # opacity of the deepest shade: text stays readable on light and dark
RAISES, LOWERS = "0 114 178", "213 94 0"  # #0072B2 and #D55E00
ANSWER, EXPLORATION, ISOLATED = 8, 16, 32  # bits of a cell beside its class
SPANS_LISTED = 60  # of either sign, where a document has more than twice as many
UNSEEN = 200_000  # characters of the rest of a text that are sent to the page
OPENING = 300  # characters of a unit or passage in a list


def _shade_rules() -> str:
    steps = range(1, SHADES + 1)
    return "\n".join(
        f".{name}{n} {{ background-color: rgb({colour} / {DEEPEST * n / SHADES:.3f}); }}"
        for name, colour in (("up", RAISES), ("down", LOWERS))
        for n in steps
    )


def _read(*names: str) -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


_heatmap = st.components.v2.component(
    "influence_heatmap",
    html=_read("heatmap.html"),
    css=_read("heatmap.css", "heatmap_lists.css", "unseen.css") + _shade_rules(),
    js=_read("heatmap.js", "heatmap_model.js", "heatmap_lists.js", "unseen.js"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a heatmap shows, and how.

    Attributes:
        identity: of run, query, document and place on the page.
        reading: None where there are no token scores.
        spans: listed beside the text; None where the run has none for this pair.
        unit: what stands behind a number, "nats" or nothing.
        blanks: whether white space and control characters are made visible.
        compact: the text alone, without lists and switches.
    """

    identity: str
    document: DocumentView
    cells: Cells
    reading: Reading | None
    overlays: Sequence[Overlay]
    marks: Sequence[str]
    unit: str
    spans: DocumentSpans | None = None
    passage: Passage | None = None
    blanks: bool = False
    compact: bool = False


def heatmap(
    shown: Shown,
    key: str,
    on_marks: Callable[[], None] = lambda: None,
    on_passage: Callable[[], None] = lambda: None,
) -> None:
    """Draws the document; without token scores its plain text with the marks only."""
    _heatmap(
        key=key,
        data=heatmap_data(shown),
        on_marks_change=on_marks,
        on_passage_change=on_passage,
    )


def heatmap_data(shown: Shown) -> dict[str, Any]:
    """What the component is given."""
    document, cells, reading = shown.document, shown.cells, shown.reading
    unseen = document.text[document.seen_chars : document.seen_chars + UNSEEN]
    n_unseen = len(document.text) - document.seen_chars
    data: dict[str, Any] = {
        "id": shown.identity,
        "text": cells.text,
        "lengths": packed.counts(cells.utf16),
        "joined": [[int(at), int(cells.counts[at])] for at in np.flatnonzero(cells.counts > 1)],
        "kinds": packed.small(_kinds(shown)),
        "nTokens": document.n_tokens,
        "parts": parts(cells, document.loss_ranges),
        "unseen": unseen,
        "unseenLabel": unseen_label(n_unseen, len(unseen)),
        "classNames": list(CLASSES.values()),
        "overlays": [_overlay(one, shown.unit) for one in shown.overlays],
        "marks": list(shown.marks),
        "unit": shown.unit,
        "scored": reading is not None,
        "blanks": shown.blanks,
        "compact": shown.compact,
        "spans": [],
        "pin": _pin(shown),
    }
    if reading is not None:
        data |= _influence(shown, reading)
        if shown.spans and not shown.compact:
            data["spans"] = span_rows(cells, document.text, shown.spans)
            data["spansNote"] = spans_note(shown.spans, shown.unit)
    return data


def _influence(shown: Shown, reading: Reading) -> dict[str, Any]:
    """Shades, values and lists of a document with token scores."""
    cells, units, values = shown.cells, reading.units, reading.scores.values
    clip = f"{wording.plain(reading.clip.value)} {shown.unit}".strip()
    level = units.level
    names = list(dict.fromkeys(units.names))
    data: dict[str, Any] = {
        "level": level,
        "values": packed.reals(values),
        "shades": packed.small(reading.shades.astype(np.int64) + SHADES),
        "low": f"lowers: −{clip}",
        "high": f"+{clip}: raises",
        "words": legend_words(reading, shown.unit),
        "tokens": _ends(cells, None, values, reading.helpful_cells, reading.harmful_cells),
    }
    if level != "token":
        data["units"] = packed.counts(np.diff(units.starts, append=len(cells)))
        data["sums"] = packed.reals(reading.sums)
        data["names"] = names
        data["nameOf"] = [names.index(name) for name in units.names]
        data["listed"] = _ends(
            cells, reading, reading.sums, reading.most_helpful, reading.most_harmful
        )
    return data


def _ends(
    cells: Cells,
    reading: Reading | None,
    values: np.ndarray,
    helpful: Sequence[int],
    harmful: Sequence[int],
) -> list[list[dict[str, Any]]]:
    """The strongest units, or cells where there is no reading, of both signs, as a list."""
    starts = np.arange(len(cells)) if reading is None else reading.units.starts
    ends = np.append(starts[1:], len(cells))
    return [
        [
            {
                "first": int(starts[at]),
                "last": int(ends[at]) - 1,
                "text": cells.piece(int(starts[at]), int(ends[at]) - 1)[:OPENING],
                "value": wording.signed(float(values[at])),
            }
            for at in side
        ]
        for side in (helpful, harmful)
    ]


def _kinds(shown: Shown) -> np.ndarray:
    """[cells] class and bits: in an answer, in an exploration, holds a mark of direction."""
    kinds = shown.cells.classes.astype(np.int64)
    for one in shown.overlays:
        bit = {"answer": ANSWER, "exploration": EXPLORATION}.get(one.name)
        if bit is not None:
            kinds = kinds + bit * one.cells
    ranges = [match.span() for match in BIDI.finditer(shown.cells.text)]
    return kinds + ISOLATED * overlapping(shown.cells, ranges)


def _overlay(one: Overlay, unit: str) -> dict[str, Any]:
    behind = f" {unit}" if unit else ""
    said = [f"{wording.whole(one.n_tokens)} tokens in {wording.whole(one.n_places)} places"]
    if one.share is not None:
        said.append(
            f"{wording.percent(one.share, 1)} of the summed sizes of all tokens' influence; "
            f"their sum is {wording.signed(one.total)}{behind}"
        )
    named = ", ".join(
        f"{wording.one_line(name, 40)} {wording.whole(n)}×" for name, n in one.found[:6]
    )
    return {
        "name": one.name,
        "label": MARK_NAMES[one.name],
        "count": wording.whole(one.n_tokens),
        "share": "" if one.share is None else wording.percent(one.share),
        "title": "; ".join(said),
        "found": named + (f" and {len(one.found) - 6} more" if len(one.found) > 6 else ""),
        "some": one.n_tokens > 0,
    }


def _pin(shown: Shown) -> dict[str, Any] | None:
    """The passage that is marked, in words."""
    one = shown.passage
    if one is None:
        return None
    return {
        "first": one.first,
        "last": one.last,
        "text": shown.cells.piece(one.first, one.last)[:OPENING],
        "lines": passage_lines(one, shown.cells, shown.reading, shown.unit),
    }


def unseen_label(n: int, n_sent: int) -> str:
    """What the rest of the text is, and how much of it is not on the page."""
    rest = f"; {wording.whole(n - n_sent)} of them are only in the file" if n > n_sent else ""
    return (
        f"Not seen by the model: {wording.whole(n)} more characters (the text was cut at the "
        f"run's longest document){rest}"
    )


def parts(cells: Cells, loss_ranges: Sequence[tuple[int, int]]) -> list[tuple[int, bool]]:
    """Where the text turns from what is only read to what is trained on, and back.

    A cell is trained on if it overlaps a range, as in the engine. Blank cells between stay with
    what stands before them.

    Returns:
        (first cell, whether it is trained on) of each part; nothing where all is trained on.
    """
    learnt = overlapping(cells, loss_ranges)
    # A blank cell that is not trained on changes nothing, unless it is the first.
    telling = np.flatnonzero(learnt | ~cells.blank | (np.arange(len(cells)) == 0))
    turns = np.flatnonzero(np.diff(learnt[telling].astype(np.int8), prepend=2))
    found = [(int(telling[at]), bool(learnt[telling[at]])) for at in turns]
    return [] if [trained for _, trained in found] == [True] else found


def span_rows(cells: Cells, text: str, spans: DocumentSpans) -> list[dict[str, Any]]:
    """The spans as the list shows them: their cells are those whose last character lies in them."""
    ends = cells.ends.tolist()
    rows = []
    for one in outermost(spans.spans):
        first, last = bisect_right(ends, one.start), bisect_right(ends, one.end) - 1
        rows.append(
            {
                "first": first,
                "last": max(first, last),
                "text": text[one.start : min(one.end, one.start + OPENING)],
                "about": " · ".join(filter(None, (one.kind, one.behaviour))),
                "value": one.influence,
                "shown": wording.signed(one.influence),
                "cut": None if one.cut_influence is None else wording.signed(one.cut_influence),
                "bar": one.bar,
            }
        )
    return rows


def outermost(spans: Sequence[SpanScore]) -> Sequence[SpanScore]:
    """The spans with the largest sums of both signs where there are many, in the text's order."""
    if len(spans) <= 2 * SPANS_LISTED:
        return spans
    order = sorted(range(len(spans)), key=lambda at: -spans[at].influence)
    return [spans[at] for at in sorted((*order[:SPANS_LISTED], *order[-SPANS_LISTED:]))]


def spans_note(spans: DocumentSpans, unit: str) -> str:
    """What the numbers beside the spans are."""
    note = f"Sums of {spans.alignment} token scores{f', {unit}' if unit else ''}."
    if any(one.cut_influence is not None for one in spans.spans):
        note += " Cut: the document's influence less that without the span."
    if len(spans.spans) > 2 * SPANS_LISTED:
        note += (
            f" Listed: the {SPANS_LISTED} most helpful and the {SPANS_LISTED} most harmful of "
            f"{wording.whole(len(spans.spans))}; the level Step shades all."
        )
    return note
