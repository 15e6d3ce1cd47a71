"""The sections of the page Trust: verdict, plot, what it shows, and the figures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from attribution_engine.findings.faithfulness import ACCURACY_DROP, DROP, FaithfulnessRow
from attribution_engine.findings.verdicts import Verdict
from attribution_engine.store.trust_views import TrustReport
from pages.parts import captions, links, runs, wording
from pages.parts.export import downloads
from pages.parts.figure import figure
from pages.parts.table import Column, Row, table
from pages.parts.trust_facts import (
    COLOURS,
    QUESTIONS,
    TITLES,
    command,
    lab_accuracies,
    lab_accuracy_records,
    why_not,
)
from pages.parts.trust_figures import method_name
from pages.parts.trust_plots import TrustPlot, shares_removed, trust_plot

EXACT = "figure (low to high)"


def show_summary(verdicts: dict[str, Verdict]) -> None:
    """The verdicts of all tests, one a line."""
    with st.container(border=True):
        for name, verdict in verdicts.items():
            test, standing, sentence = st.columns([5, 3, 12], vertical_alignment="center")
            test.markdown(f"**{TITLES[name]}**")
            standing.badge(verdict.standing, color=COLOURS[verdict.tone])
            sentence.markdown(wording.label(verdict.sentence))


def show_section(report: TrustReport, experiment: str, query_id: int | None, path: Path) -> None:
    """One test: what it asks, its verdict, its figures; or that it was not made."""
    verdict = report.verdicts[experiment]
    rows = [row for row in report.rows if row.experiment == experiment]
    st.space("small")
    line = st.container(horizontal=True, vertical_alignment="center", gap="small")
    line.header(TITLES[experiment], anchor=False, width="content")
    line.badge(verdict.standing, color=COLOURS[verdict.tone], width="content")
    st.caption(QUESTIONS[experiment])
    if not rows:
        st.info(wording.label(f"Not tested{why_not(report.lab, experiment)}. This makes the test:"))
        st.code(command(path), language=None)
        return
    st.markdown(wording.label(verdict.sentence))
    if experiment == "removal":
        _removal(report, query_id)
    else:
        _plot(trust_plot(report, experiment, query_id), experiment, query_id)
        if experiment == "lds":
            _seed_rankings(report, "lds")
        if experiment == "behaviour_cut":
            _effects(report)
    _export(f"every figure of the test {TITLES[experiment].lower()}", rows, f"rows_{experiment}")
    method_link(f"method_{experiment}", "How this test is made")


def method_link(key: str, words: str) -> None:
    """A link to the note that says how the figures came about."""
    with st.container(key=key):
        st.page_link("pages/method.py", label=words, query_params=links.address_of("method"))


def _removal(report: TrustReport, query_id: int | None) -> None:
    view = links.view()
    of_query = "The chosen query" if query_id is None else f"Query {query_id}"
    spreads = {"mean": "Mean over queries", "seeds": "Every seed", "query": of_query}
    links.show("pick_spread", view["spread"])
    st.segmented_control(
        "What is drawn",
        list(spreads),
        key="pick_spread",
        required=True,
        format_func=spreads.__getitem__,
        on_change=links.change,
        args=("spread", "pick_spread"),
    )
    plot = trust_plot(report, "removal", query_id, view["spread"])
    if plot.figure is None:
        _lacking(report.of("removal", DROP), query_id, view["spread"])
    _plot(plot, "removal", query_id)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _accuracy_drops(report, shares_removed(report))
    with right:
        _seed_rankings(report, "removal")


def _seed_rankings(report: TrustReport, experiment: str) -> None:
    """Whether the order of the methods holds from seed to seed."""
    rankings = [each for each in report.seed_rankings if each.experiment == experiment]
    if not rankings:
        return
    st.markdown(":small[Order of the methods from seed to seed]")
    own = method_name(report.method)
    table(
        "The order of methods over seeds",
        [
            Column("Removed" if experiment == "removal" else "Score"),
            Column("Seeds", "number", "Trainings from different first weights"),
            Column(f"{own} first", "number", "Seeds in which its figure is the largest"),
            Column(
                "Same order", "number", "Seeds in which all methods come in the order of the mean"
            ),
            Column("Pairs kept", "number", "Pairs of methods in the same order in every seed"),
            Column("Tau", "number", "Kendall's tau of two seeds' orders, mean over pairs of seeds"),
        ],
        [
            Row(
                f"{number}",
                [
                    each.condition or "single seeds",
                    wording.whole(each.n_seeds),
                    f"{each.first} of {each.n_seeds}",
                    f"{each.same_order} of {each.n_seeds}",
                    f"{each.kept} of {each.pairs}",
                    wording.decimal(each.tau),
                ],
            )
            for number, each in enumerate(rankings)
        ],
        key=f"seed_rankings_{experiment}",
    )
    with st.expander("The order in every seed"):
        table(
            "The order of methods in every seed",
            [Column("Condition"), Column("Seed", "number"), Column("From the highest down")],
            [
                Row(f"{number} {seed}", [
                    each.condition or "single seeds", str(seed),
                    ", ".join(method_name(method) for method in order),
                ])
                for number, each in enumerate(rankings)
                for seed, order in each.orders
            ],
            key=f"seed_orders_{experiment}",
        )  # fmt: skip
    _export(f"order of methods over seeds, {experiment}", rankings, f"seed_files_{experiment}")


def _accuracy_drops(report: TrustReport, shares: list[str]) -> None:
    """Drop in the share reproduced by suite and method at one share."""
    for suite, n in report.not_measurable:
        st.caption(
            f"{wording.label(suite)}: not measurable here: the lab's models reproduce 0 of "
            f"{wording.whole(n)} completions."
        )
    rows = [row for row in report.of("removal", ACCURACY_DROP) if row.seed is None]
    if not rows or not shares:
        return
    view = links.view()
    if view["share"] not in ("", *shares):
        st.warning(
            wording.label(
                f"This view asks for what happens with {view['share']} removed, which was not "
                "tested."
            )
        )
    share = view["share"] if view["share"] in shares else shares[-1]
    links.show("pick_share", share)
    st.segmented_control(
        "Drop in share reproduced with so much removed",
        shares,
        key="pick_share",
        required=True,
        format_func=wording.label,
        on_change=links.change,
        args=("share", "pick_share"),
    )
    here = {(row.suite or "all", row.method): row for row in rows if row.condition == share}
    methods = list(dict.fromkeys(method for _, method in here))
    suites = list(dict.fromkeys(suite for suite, _ in here))
    table(
        f"Drop in share reproduced with {share} removed",
        [Column("Suite"), *(Column(method_name(method), "number") for method in methods)],
        [
            Row(suite, [suite, *(_percent(here.get((suite, method))) for method in methods)])
            for suite in suites
        ],
        key="accuracy_drops",
    )
    found = [row for row in rows if row.condition == share]
    _export(f"drop in share reproduced with {share} removed", found, "accuracy_drops_files")
    st.caption(
        "Percentage points of the suite's completions that greedy decoding reproduces to the "
        "letter, mean over seeds; − = more reproduced than before."
    )


def _effects(report: TrustReport) -> None:
    """What cutting did by suite, and what the influence had said."""
    if not report.effects:
        return
    table(
        "Predicted and real change by suite and cut",
        [
            Column("Suite"),
            Column("Cut"),
            Column("Predicted (nats)", "number"),
            Column("Happened (nats)", "number"),
            Column("Accuracy", "number", "Change in percentage points"),
            Column("Beyond noise", "number", "The change by seed has its interval off zero"),
            Column("Agrees", "number", "Both changes have the same sign"),
        ],
        [
            Row(f"{number}", [
                each.suite, each.condition, wording.signed(each.predicted),
                wording.signed(each.real), _points(each.accuracy),
                "yes" if each.separated else "no",
                "–" if each.predicted is None else "yes" if each.agrees else "no",
            ])
            for number, each in enumerate(report.effects)
        ],
        key="effects",
    )  # fmt: skip
    _export("predicted and real change by suite and cut", report.effects, "effects_files")


def show_lab_accuracy(report: TrustReport) -> None:
    """What the lab's models can do, by suite."""
    suites = lab_accuracies(report.lab)
    if not suites:
        return
    with st.expander("What the lab's models can do"):
        table(
            "Completions under the lab's models",
            [
                Column("Suite"),
                Column("Questions", "number"),
                Column("Nats", "number", "−log p of a completion, mean over questions and seeds"),
                Column("Reproduced", "number", "Completions that greedy decoding gives"),
            ],
            [Row(cells[0], cells) for cells in suites],
            key="lab_accuracy",
        )
        records = lab_accuracy_records(report.lab)
        _export("completions under the models of the lab", records, "lab_accuracy_files")


def show_figures(report: TrustReport) -> None:
    """Every mean of every test with how it was taken, as it stands in the store."""
    means = [row for row in report.rows if row.query_id is None and row.seed is None]
    with st.expander(f"How every figure was taken ({len(means)} means)"):
        table(
            "Every mean of every test",
            [
                Column("Test"), Column("Method"), Column("Quantity"), Column("Suite"),
                Column("Condition"), Column("Figure", "number", EXACT), Column("Unit"),
                Column("n", "number"), Column("How", "snippet"),
            ],
            [
                Row(f"{number}", [
                    TITLES.get(row.experiment, row.experiment), method_name(row.method),
                    row.quantity, row.suite or "–", row.condition or "–", _exact(row), row.unit,
                    wording.whole(row.n), row.how,
                ])
                for number, row in enumerate(means)
            ],
            key="all_figures",
        )  # fmt: skip
        _export("every mean of every test", means, "all_figures_files")


def _plot(plot: TrustPlot, experiment: str, query_id: int | None) -> None:
    """The figure with its files, and below what it shows."""
    if plot.figure is not None:
        run = runs.current().run()
        figure(
            plot.figure,
            key=f"trust_{experiment}",
            name=f"trust-{experiment}-{links.view()['run']}",
            caption=captions.caption(
                links.view()["run"], query_id, scale=plot.scale, test=TITLES[experiment],
                method=wording.method(run.method).name,
            ),
            alt=plot.alt,
        )  # fmt: skip
    st.caption(plot.words)


def _export(name: str, records: Sequence[Any], key: str) -> None:
    run = links.view()["run"]
    downloads(
        f"trust, {name}, {run}",
        lambda: records,
        key=key,
        caption=captions.caption(run, method=method_name(runs.current().run().method)),
        run=run,
    )


def _lacking(rows: Sequence[FaithfulnessRow], query_id: int | None, spread: str) -> None:
    if spread == "query":
        tested = sorted({row.query_id for row in rows if row.query_id is not None})
        numbers = ", ".join(map(str, tested)) or "none"
        st.info(f"Query {query_id} was not tested. Those that were: {numbers}.")
    else:
        st.info("The store holds no such figures.")


def _percent(row: FaithfulnessRow | None) -> str:
    return "–" if row is None else _points(row.figure, plus=False)


def _points(value: float | None, plus: bool = True) -> str:
    """A share as percentage points with its sign."""
    if value is None:
        return "–"
    text = wording.percent(value).removesuffix(" %").replace("-", "−")
    return f"+{text}" if plus and value > 0 else text


def _exact(row: FaithfulnessRow) -> str:
    if row.low is None:
        return wording.decimal(row.figure, 3)
    ends = f"{wording.decimal(row.low, 3)} to {wording.decimal(row.high, 3)}"
    return f"{wording.decimal(row.figure, 3)} ({ends})"
