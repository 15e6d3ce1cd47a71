"""The distribution of all scores of a query, from which a range is selected.

Drawn without the plot library, which the page would have to wait for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from attribution_engine.store.views import Distribution, DocumentFilter, Score
from pages.parts import wording

FOLDER = Path(__file__).parent

_strip = st.components.v2.component(
    "influence_strip",
    html=(FOLDER / "strip.html").read_text(encoding="utf-8"),
    css=(FOLDER / "strip.css").read_text(encoding="utf-8"),
    js=(FOLDER / "strip.js").read_text(encoding="utf-8"),
)


def strip_data(
    shape: Distribution,
    query_id: int,
    score: Score,
    method: wording.Method,
    caption: str,
) -> dict[str, Any]:
    """What the component draws of a query's distribution, all but what is chosen in it."""
    name = method.score_names[score]
    named = name if name == "Score" else f"{name} score"
    counts = (
        f"{wording.whole(shape.n_positive)} raise the completion, "
        f"{wording.whole(shape.n_negative)} lower it"
        if method.signed
        else f"{wording.whole(shape.n_positive)} score above 0"
    )
    ends = (("harmful", shape.harmful_from), ("helpful", shape.helpful_from))
    return {
        "edges": list(shape.edges),
        "counts": list(shape.counts),
        "names": [
            [wording.written(low, method), wording.written(high, method)]
            for low, high in zip(shape.edges[:-1], shape.edges[1:], strict=True)
        ],
        "tails": [
            {"at": at, "side": side, "words": tail_words(side, shape.tail, method)}
            for side, at in ends
            if at is not None
        ],
        "unit": _short_unit(score, method),
        "axis": f"{named} ({method.score_units[score]})",
        "signed": method.signed,
        "hint": "Drag over the bars, or click one, to see only documents with such scores.",
        "words": f"Of all documents, {counts}."
        + (f" Dotted: where the {wording.whole(shape.tail)} first at either end begin."
           if shape.tail else ""),
        "alt": f"Histogram of the {named.lower()}s of all documents on query {query_id}, "
        f"counts on a logarithmic axis: {counts}",
        "caption": caption,
        "file": f"scores-query{query_id}-{score}",
    }  # fmt: skip


def tail_words(side: str, tail: int, method: wording.Method) -> str:
    """What stands where a tail begins."""
    first = {"helpful": "most helpful", "harmful": "most harmful"}
    plain = {"helpful": "highest", "harmful": "lowest"}
    return f"{wording.whole(tail)} {(first if method.signed else plain)[side]}"


def _short_unit(score: Score, method: wording.Method) -> str:
    return method.bare_unit if score == "influence" else {
        "per_nat": "per nat", "normed": "norm-corrected"}[score]  # fmt: skip


def strip(
    data: dict[str, Any],
    only: DocumentFilter,
    marked: tuple[float, str] | None,
    key: str,
    on_range: Callable[[list[float]], None],
) -> None:
    """Draws the distribution.

    Args:
        only: what the ranking is restricted to; its range is shown.
        marked: a score that is pointed at, and what it is.
        on_range: what to do with a selected range (low, high), or with an empty list: none.
    """
    key = wording.component_key(key)
    _strip(
        key=key,
        data={
            **data,
            "signature": key,
            "low": only.low,
            "high": only.high,
            "mark": {"value": marked[0], "words": marked[1]} if marked else None,
        },
        on_range_change=lambda: on_range(st.session_state[key].range),
    )
