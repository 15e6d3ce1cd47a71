"""The text of a document under its token influence. Texts reach the page as text only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

import streamlit as st

from attribution_engine.store.split_views import DocumentSpans
from attribution_engine.store.token_scale import SHADES
from attribution_engine.store.views import DocumentView, TokenCell, TokenScores
from pages.parts import wording

FOLDER = Path(__file__).parent
DEEPEST = 0.60  # opacity of the deepest shade: text stays readable on light and dark
RAISES, LOWERS = "0 114 178", "213 94 0"  # #0072B2 and #D55E00
CLASSES = {
    "connective": "logical connective",
    "code": "code syntax",
    "markdown": "Markdown structure",
    "number": "number",
    "operator": "operator",
    "other": "other",
}


def _shade_rules() -> str:
    steps = range(1, SHADES + 1)
    up = [f".up{n} {{ background: rgb({RAISES} / {DEEPEST * n / SHADES:.3f}); }}" for n in steps]
    down = [
        f".down{n} {{ background: rgb({LOWERS} / {DEEPEST * n / SHADES:.3f}); }}" for n in steps
    ]
    return "\n".join(up + down)


_heatmap = st.components.v2.component(
    "influence_heatmap",
    html=(FOLDER / "heatmap.html").read_text(encoding="utf-8"),
    css=(FOLDER / "heatmap.css").read_text(encoding="utf-8") + _shade_rules(),
    js=(FOLDER / "heatmap.js").read_text(encoding="utf-8"),
)


def heatmap(
    identity: str,
    document: DocumentView,
    scores: TokenScores | None,
    spans: DocumentSpans | None,
    marks: Sequence[str],
    key: str,
    on_marks: Callable[[], None],
    unit: str,
) -> None:
    """Draws the document; without `scores` its plain text with the marks only.

    Args:
        spans: listed beside the text; None where the run has none for this pair.
        unit: what stands behind a number, "nats" or nothing.
    """
    cells = scores.cells if scores else document.plain
    names = list(CLASSES)
    unseen = document.text[document.seen_chars :]
    clip = f"{wording.plain(scores.clip)} {unit}".strip() if scores else ""
    words = ""
    if scores:
        words = (
            "Blue raises and orange lowers the log-probability of the completion. Shade: square "
            f"root of the size, deepest from {clip} on ("
            + (
                f"99th percentile of this document; {scores.n_clipped} beyond it)."
                if scores.n_clipped
                else "the largest of this document)."
            )
        )
    _heatmap(
        key=key,
        data={
            "id": identity,
            "scored": scores is not None,
            "cells": {
                "text": [cell.text for cell in cells],
                "value": [cell.value for cell in cells],
                "shade": [cell.shade for cell in cells],
                "class": [names.index(cell.token_class) for cell in cells],
                "position": [cell.position for cell in cells],
                "n": [cell.n_tokens for cell in cells],
            },
            "nTokens": document.n_tokens,
            "parts": parts(cells, document.loss_ranges),
            "spans": span_rows(cells, document.text, spans) if spans else [],
            "spansNote": spans_note(spans, unit) if spans else "",
            "unseen": unseen,
            "unseenLabel": f"Not seen by the model: {wording.whole(len(unseen))} more characters "
            "(the text was cut at the run's longest document)",
            "classes": names,
            "classNames": CLASSES,
            "classCounts": scores.class_counts if scores else document.class_counts,
            "marks": list(marks),
            "low": f"lowers: −{clip}",
            "high": f"+{clip}: raises",
            "words": words,
            "unit": unit,
            "mostHelpful": list(scores.most_helpful) if scores else [],
            "mostHarmful": list(scores.most_harmful) if scores else [],
        },
        on_marks_change=on_marks,
    )


def parts(
    cells: Sequence[TokenCell], loss_ranges: Sequence[tuple[int, int]]
) -> list[tuple[int, bool]]:
    """Where the text turns from what is only read to what is trained on, and back.

    A cell is trained on if it overlaps a range, as in the engine. Blank cells between stay with
    what stands before them.

    Returns:
        (first cell, whether it is trained on) of each part; nothing where all is trained on.
    """
    found: list[tuple[int, bool]] = []
    start, at = 0, 0
    for index, cell in enumerate(cells):
        end = start + len(cell.text)
        while at < len(loss_ranges) and loss_ranges[at][1] <= start:
            at += 1
        learnt = at < len(loss_ranges) and loss_ranges[at][0] < end
        if not found or (found[-1][1] != learnt and (learnt or cell.text.strip())):
            found.append((index, learnt))
        start = end
    return [] if [learnt for _, learnt in found] == [True] else found


def span_rows(cells: Sequence[TokenCell], text: str, spans: DocumentSpans) -> list[dict[str, Any]]:
    """The spans as the list shows them: their cells are those whose last character lies in them."""
    ends = list(accumulate(len(cell.text) for cell in cells))
    rows = []
    for one in spans.spans:
        first, last = bisect_right(ends, one.start), bisect_right(ends, one.end) - 1
        rows.append(
            {
                "first": first,
                "last": max(first, last),
                "opening": wording.one_line(text[one.start : one.end], 90),
                "about": " · ".join(filter(None, (one.kind, one.behaviour))),
                "value": one.influence,
                "cut": one.cut_influence,
                "bar": one.bar,
            }
        )
    return rows


def spans_note(spans: DocumentSpans, unit: str) -> str:
    """What the numbers beside the spans are."""
    note = f"Sums of {spans.alignment} token scores{f', {unit}' if unit else ''}."
    if any(one.cut_influence is not None for one in spans.spans):
        note += " Cut: the document's influence less that without the span."
    return note
