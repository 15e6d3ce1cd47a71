"""The prompt and the completion of a query by token. Texts reach the page as text only."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from attribution_engine.store.query_views import QueryText
from attribution_engine.store.token_scale import SHADES
from attribution_engine.store.views import QueryInfo
from pages.parts import wording

FOLDER = Path(__file__).parent
# Neither of the colours of the sign, and told apart from both by the colour-blind.
HUE = "204 121 167"  # #CC79A7
DEEPEST = 0.62  # opacity of the deepest shade: text stays readable on light and dark


def _read(*names: str) -> str:
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def _shade_rules() -> str:
    return "\n".join(
        f".n{n} {{ background: rgb({HUE} / {DEEPEST * n / SHADES:.3f}); }}"
        for n in range(1, SHADES + 1)
    )


_text = st.components.v2.component(
    "influence_query_text",
    html=_read("query_text.html"),
    css=_read("query_text.css", "unseen.css") + _shade_rules(),
    js=_read("query_text.js", "unseen.js"),
)


def query_text(identity: str, query: QueryInfo, text: QueryText, key: str) -> None:
    """Draws the prompt and the completion, each explained token shaded by its nats."""
    cells = text.cells
    span = "the marked part of the completion" if query.span else "the completion"
    deepest = f"{wording.plain(text.clip)} nats"
    _text(
        key=wording.component_key(key),
        data={
            "id": identity,
            "scored": any(cell.nats is not None for cell in cells),
            "shades": SHADES,
            "completionFrom": text.completion_from,
            "nCells": sum(cell.n_tokens for cell in cells),
            "cells": {
                "text": [cell.text for cell in cells],
                "nats": [cell.nats for cell in cells],
                "written": [wording.plain(cell.nats) for cell in cells],
                "probability": [probability(cell.probability) for cell in cells],
                "shade": [cell.shade for cell in cells],
                "position": [cell.position for cell in cells],
                "n": [cell.n_tokens for cell in cells],
            },
            "promptLabel": "Prompt: given to the model, not explained",
            "completionLabel": "Completion: what influence explains"
            if not query.span
            else "Completion: influence explains the shaded part of it only",
            "hidden": wording.hidden_words(query.prompt + query.completion),
            "unexplained": "not explained: no nats",
            "low": "0 nats",
            "high": f"{deepest} and more" if text.n_clipped else deepest,
            "words": "Nats of a token: −log of the probability that the model gave it, after all "
            "that stands before it; the darker, the more surprising. Shade: square root of the "
            f"nats, deepest from {deepest} on. The tokens of {span} sum to "
            f"{wording.plain(text.nats)} nats.",
            "surprising": list(text.most_surprising),
            "listNote": "Click one to find it in the text.",
        },
    )


def probability(value: float | None) -> str:
    """A probability with as many digits as tell it from 0 and from 1."""
    if value is None:
        return "–"
    if value >= 1:
        return "1"
    if value > 0.999:
        return f"1 − {wording.plain(1 - value)}"
    return wording.plain(value)
