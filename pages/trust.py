"""Trust: how far the scores of this run may be believed, by tests against retraining."""

from __future__ import annotations

import streamlit as st

from attribution_engine.findings.faithfulness import EXPERIMENTS
from pages.parts import links, runs, wording
from pages.parts.facts import facts
from pages.parts.navigation import through_app
from pages.parts.trust_facts import about_the_lab, assumed, command, lab_facts
from pages.parts.trust_figures import method_name
from pages.parts.trust_sections import (
    show_figures,
    show_lab_accuracy,
    show_section,
    show_summary,
)

through_app()
reader = runs.current()
run = reader.run()
report = reader.trust()

st.title("Trust", anchor=False)
st.caption(
    f"How far may the {wording.label(method_name(report.method))} scores of this run be believed? "
    "Five tests compare them with what happens when a model is trained again."
)
if not report.tested:
    st.info(
        "Not tested: this run's store holds no test of its scores. Until it does, read its "
        "rankings as the output of a method that works on other models, not as findings. This "
        "tests them:"
    )
    st.code(command(reader.path), language=None)
    st.caption(
        "It trains a small model many times on a sample of this run's documents, on a GPU many at "
        "once, and writes what it finds into the store. It can be stopped and goes on where it "
        "was."
    )
else:
    st.header("What the tests say", anchor=False)
    show_summary(report.verdicts)
    st.caption(
        "“Ahead” and “behind” need a paired difference (EK-FAC minus the other method, on the same "
        "retrainings) whose 95\u00a0% interval does not hold zero; everything else counts as not "
        "separated, which is no proof of equality."
    )
    st.header("The lab", anchor=False)
    facts(lab_facts(report.lab), key="lab_facts")
    with st.container(border=True):
        left, right = st.columns(2, gap="medium")
        left.markdown(about_the_lab(report.lab, run))
        right.markdown(assumed(report.lab))
    show_lab_accuracy(report)
    if more := lab_facts(report.lab, more=True):
        with st.expander("Every other setting of the lab"):
            facts(more, key="lab_settings")
    query_id = links.number("query")
    for experiment in EXPERIMENTS:
        show_section(report, experiment, query_id, reader.path)
    show_figures(report)
st.page_link("pages/method.py", label="The method note", query_params=links.address_of("method"))
