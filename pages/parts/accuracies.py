"""How right the model of a run answers: its suites, and fresh questions of the same tasks."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from attribution_engine.store.views import ENTRY_CONDITION, RunInfo, SuiteSummary, TaskAccuracy
from pages.parts import captions, links, wording
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table

MET = {True: "✓ met", False: "✗ not met"}


def show_accuracies(run: RunInfo, suites: Sequence[SuiteSummary]) -> None:
    """Fresh questions with the entry condition of the Procedural paper, and other suites.

    Args:
        suites: those of the run, whose table says the same of most of them already.
    """
    known = {(one.suite, one.n_known, one.n_correct) for one in suites}
    fresh = [one for one in run.accuracies if one.fresh]
    asked = [
        one for one in run.accuracies if not one.fresh and (one.name, one.n, one.right) not in known
    ]
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.header("What the model can do", anchor=False, width="content")
        downloads(
            f"accuracies {links.view()['run']}",
            lambda: run.accuracies,
            "export accuracies",
            caption=captions.caption(run.name or links.view()["run"]),
            run=links.view()["run"],
        )
    missed = [one for one in fresh if one.meets is False]
    st.caption(
        "Share of questions answered right, step by step in greedy decoding. The Procedural paper "
        f"takes a task only if the model solves {wording.percent(ENTRY_CONDITION)} of fresh "
        "questions of it, which stand in no suite and not in the corpus."
        + (" Below that, explanations are in good part those of wrong answers." if missed else "")
        + ("" if asked else " The run's own suites are counted below.")
    )
    left, right = st.columns(2, gap="medium")
    with left:
        if fresh:
            _accuracies("Fresh questions", fresh, with_condition=True)
    with right:
        if asked:
            _accuracies("Suites in full", asked, with_condition=False)


def _accuracies(name: str, rows: list[TaskAccuracy], with_condition: bool) -> None:
    condition = f"{wording.percent(ENTRY_CONDITION)} condition"
    table(
        f"{name}: answers of the model",
        [
            Column(name),
            Column("Right", "number"),
            Column("Asked", "number"),
            Column("Accuracy", "number"),
            *([Column(condition, "number")] if with_condition else []),
        ],
        [
            Row(
                one.name,
                [
                    one.name,
                    wording.whole(one.right),
                    wording.whole(one.n),
                    wording.percent(one.accuracy),
                    *([MET[one.meets]] if one.meets is not None else []),
                ],
            )
            for one in rows
        ],
        key=f"accuracies {name}",
    )
