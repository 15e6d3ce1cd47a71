"""The controls above a ranking: which score orders it and which documents it shows."""

from __future__ import annotations

import streamlit as st

from attribution_engine.store.reader import StoreReader
from pages.parts import links, wording


def score_and_filters(reader: StoreReader) -> None:
    """Draws the controls; they change the view."""
    view = links.view()
    method = wording.method(reader.run().method)
    choices = reader.filter_choices()
    offered = [
        (name, label, values)
        for name, label, values in (
            ("source", "Source", choices.sources),
            ("domain", "Domain", choices.domains),
            ("category", "Category", choices.categories),
            ("difficulty", "Difficulty", choices.difficulties),
        )
        if len(values) > 1 or view[name]
    ]
    first, second = st.columns([3, 2], vertical_alignment="bottom")
    links.show("pick_score", links.score())
    with first:
        st.segmented_control(
            "Order by",
            list(method.score_names),
            key="pick_score",
            required=True,
            format_func=method.score_names.__getitem__,
            on_change=links.change,
            args=("score", "pick_score", ("place",)),
            help=f"{method.noun}: {method.unit}. Per-nat: that, divided by the nats of the "
            "completion (the same order). Norm-corrected: that, divided by the length of the "
            "document's gradient, which takes long or surprising documents down.",
        )
    links.show("pick_text", view["text"])
    with second:
        st.text_input(
            "Text contains",
            key="pick_text",
            placeholder="exact text, case ignored",
            on_change=links.change,
            args=("text", "pick_text", ("place",)),
        )
    if not offered:
        return
    for column, (name, label, values) in zip(st.columns(len(offered)), offered, strict=True):
        links.show(f"pick_{name}", view[name])
        column.multiselect(
            label,
            values,
            key=f"pick_{name}",
            placeholder="All",
            on_change=links.change,
            args=(name, f"pick_{name}", ("place",)),
        )


def clear() -> None:
    """Takes every filter off."""
    links.put(**{name: links.DEFAULTS[name] for name in (*links.FILTERS, "place")})
