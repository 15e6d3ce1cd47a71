"""The text of a document under its token influence. Texts reach the page as text only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

from attribution_engine.store.token_scale import SHADES
from attribution_engine.store.views import DocumentView, TokenScores
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
    marks: Sequence[str],
    key: str,
    on_marks: Callable[[], None],
    unit: str,
) -> None:
    """Draws the document; without `scores` its plain text with the marks only.

    Args:
        unit: what stands behind a number, "nats" or nothing.
    """
    cells = scores.cells if scores else document.plain
    names = list(CLASSES)
    unseen = document.text[document.seen_chars :]
    covered, prompt_cells = 0, 0
    for cell in cells:
        prompt_cells += covered < document.prompt_chars
        covered += len(cell.text)
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
            "promptCells": prompt_cells,
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
