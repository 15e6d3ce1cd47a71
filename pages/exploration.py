"""Exploration: what spans do that explore, verify or conclude, beside equal-length text."""

from __future__ import annotations

import streamlit as st

from attribution_engine.findings.behaviour_cut import EXPERIMENT
from pages.parts import captions, links, runs, wording
from pages.parts.beside import show_beside
from pages.parts.claims import show_claims, show_published
from pages.parts.exploration_plots import behaviour_figure, drawn_rows
from pages.parts.exploration_sections import show_figures, show_readers, table_rows
from pages.parts.exploration_spans import show_spans
from pages.parts.exploration_words import (
    ENDS,
    MEASURES,
    METHOD,
    NO_CUTS,
    OF_THE_RUN,
    behaviours_of,
    behind,
    chosen,
    explained,
    reader_name,
    readers_of,
)
from pages.parts.figure import figure
from pages.parts.navigation import through_app

through_app()
reader = runs.current()
view = links.view()
run = view["run"]
method = wording.method(reader.run().method)

st.title("Exploration", anchor=False)
has_findings = show_claims(reader, "exploration")
verdict = reader.trust().verdicts.get(EXPERIMENT)
if verdict is not None and verdict.tone != "untested":
    st.caption(
        wording.label(
            "The harder test stands on Trust: there exploration was cut out of the whole corpus "
            f"and models were trained again. It says: {verdict.sentence}"
        )
    )
    st.page_link(
        "pages/trust.py",
        label="The retraining without exploration",
        query_params=links.address_of("trust"),
    )
rows = reader.behaviour_rows()
if has_findings and not rows:
    st.info(OF_THE_RUN)
if rows:
    name, does, said = chosen(reader, view)
    for line in said:
        st.warning(wording.label(f"This view {line}"))
    if said:
        view["reader"], view["does"] = name, does
    st.subheader("What each behaviour does", anchor=False)
    readers = readers_of(rows)
    first, second, third = st.columns([10, 9, 9])
    links.show("pick_reader", name)
    first.segmented_control(
        "Behaviours read by",
        readers,
        key="pick_reader",
        required=True,
        format_func=lambda one: wording.label(reader_name(one)),
        on_change=links.change,
        args=("reader", "pick_reader", ("does", "place"), readers),
    )
    links.show("pick_ends", view["ends"])
    second.segmented_control(
        "Documents at",
        list(ENDS),
        key="pick_ends",
        required=True,
        format_func=ENDS.__getitem__,
        on_change=links.change,
        args=("ends", "pick_ends"),
    )
    links.show("pick_measured", view["measured"])
    third.segmented_control(
        "Measure of a span",
        list(MEASURES),
        key="pick_measured",
        required=True,
        format_func=MEASURES.__getitem__,
        on_change=links.change,
        args=("measured", "pick_measured", ("place",)),
    )
    drawn = drawn_rows(rows, name, view["ends"], view["measured"])
    alignment = str(reader.finding_settings().get("exploration", {}).get("alignment", "predicted"))
    about = captions.caption(
        run,
        k=reader.run().tail or None,
        scale=f"mean {MEASURES[view['measured']].lower()} of a span, {method.unit}",
        read_by=reader_name(name),
        documents=ENDS[view["ends"]].lstrip("▲▼ ").lower(),
        alignment=alignment,
        method=method.name,
    )
    if not drawn:
        st.info(NO_CUTS if view["measured"] == "cut" else OF_THE_RUN)
    else:
        figure(
            behaviour_figure(drawn, name, method.unit, view["measured"]),
            key="behaviours",
            name=f"behaviours-{run}",
            caption=about,
            alt="Mean influence of a span by behaviour with 95% intervals, beside controls of "
            "equal length, math and code suites side by side",
        )
        st.caption(explained(view["measured"]))
        st.caption(wording.label(behind(drawn)))
        show_beside("exploration", "Influence of going on", "MATH500")
        listed = table_rows(rows, name, view["ends"], view["measured"])
        show_figures(listed, run, method.unit, about)
    with st.expander("How this is computed"):
        st.text(METHOD)
    show_spans(reader, name, does, behaviours_of(rows, name), alignment, method.unit)
    show_readers(reader, behaviours_of(rows, name), run)
show_published("exploration")
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
