"""The sections of the page Trust: verdict, plot, what it shows, and the figures behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import plotly.graph_objects as go
import streamlit as st

from attribution_engine.findings.faithfulness import (
    ACCURACY,
    ACCURACY_DROP,
    CEILING,
    DROP,
    LDS,
    LOG_PROBABILITY,
    PLANTED,
    SPEARMAN,
    FaithfulnessRow,
    overall,
)
from attribution_engine.findings.verdicts import Verdict
from attribution_engine.store.trust_views import TrustReport
from pages.parts import figures, links, trust_figures, wording
from pages.parts.export import csv_bytes
from pages.parts.table import Column, Row, table
from pages.parts.trust_facts import COLOURS, QUESTIONS, TITLES, command, lab_accuracies, why_not
from pages.parts.trust_figures import method_name

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
    DRAWN[experiment](report, query_id)
    st.download_button(
        "All figures of this test as CSV",
        csv_bytes(rows, run=links.view()["run"]),
        file_name=f"trust-{experiment}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"csv_{experiment}",
    )


def _removal(report: TrustReport, query_id: int | None) -> None:
    view = links.view()
    drops = report.of("removal", DROP)
    shares = list(dict.fromkeys(row.condition or "" for row in drops))
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
    chosen = {
        "mean": overall(drops, DROP),
        "seeds": [row for row in drops if row.seed is not None and row.query_id is None],
        "query": [row for row in drops if row.query_id == query_id and row.seed is None],
    }[view["spread"]]
    if chosen:
        lines = view["spread"] != "seeds"
        figure = trust_figures.removal(chosen, shares, report.method, lines, report.one_percent)
        _plot(figure, "removal", "Drop in log-probability by share of the lab's documents removed")
    else:
        _lacking(drops, query_id, view["spread"])
    st.caption(
        "How much less likely completions become when the lab is trained again without the "
        "documents that a method ranks highest, in nats: higher is better for the method. "
        "Upright lines are 95\u00a0% intervals, over queries and seeds for the mean and over seeds "
        "for one query; documents drawn at random show what any removal costs. Which method is "
        "ahead is not read off these lines but off the interval of the paired difference, which "
        "stands among the figures at the end of this page."
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _accuracy_drops(report, shares)
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
    st.caption(
        "Percentage points of the suite's completions that greedy decoding reproduces to the "
        "letter, mean over seeds; − = more reproduced than before."
    )


def _lds(report: TrustReport, query_id: int | None) -> None:
    rows = report.of("lds", LDS)
    means = _best_first([row for row in overall(rows, LDS) if row.method != CEILING])
    singles = [row for row in rows if row.query_id is not None and row.seed is None]
    noted = any(row.condition for row in means)
    ceilings = [row for row in overall(rows, LDS) if row.method == CEILING]
    _plot(
        trust_figures.methods_beside(
            [("Spearman of predicted and real change of log-probability", means, singles)],
            report.method, query_id, ceilings,
        ),
        "lds",
        "Linear datamodelling score of every method",
    )  # fmt: skip
    st.caption(
        "The lab is trained again on many random halves of its documents; the score is Spearman's "
        "correlation, over these halves, between the sum of a query's scores on a half and the "
        "log-probability that training on it gave (Park et al. 2023). Large dots are means over "
        "queries with 95\u00a0% intervals by bootstrap over halves, small dots single queries"
        + _ringed(singles, query_id)
        + "; the dashed line is what a perfect predictor of the part that seeds have in common "
        "would reach against one seed: the root of the correlation between seeds. The scores are "
        "made from a model of the same seed and may know some of its own part, so they can exceed "
        "it."
        + (
            " Open marks and the dotted line: of the means over seeds, in which noise is smaller."
            if noted
            else ""
        )
    )
    _seed_rankings(report, "lds")


def _planted(report: TrustReport, query_id: int | None) -> None:
    panels: list[tuple[str, Sequence[FaithfulnessRow], Sequence[FaithfulnessRow]]] = []
    for quantity in PLANTED:
        means = _best_first(overall(report.of("planted", quantity), quantity))
        panels.append((f"{quantity} (0 to 1)", means, []))
    own = any(row.condition for _, means, _ in panels for row in means)
    _plot(
        trust_figures.methods_beside(panels, report.method, span=(-0.04, 1.04)),
        "planted",
        "Mean reciprocal rank and recall at 10 of every method",
    )
    st.caption(
        "Some documents alone state a fact that a query asks for. Mean reciprocal rank is the mean "
        "of 1 ÷ rank of that document, recall@10 the share of facts whose document is among the "
        "first ten; both are 1 at best. Such documents share rare words with their query, so a "
        "search for words (BM25) does well here by nature and is left out of the verdict. Lines "
        "are 95\u00a0% intervals over facts."
        + (" Open marks: in this run's own rankings, filled ones in the lab." if own else "")
    )


def _stability(report: TrustReport, query_id: int | None) -> None:
    rows = report.of("stability", SPEARMAN)
    medians = overall(rows, SPEARMAN)
    singles = [row for row in rows if row.query_id is not None]
    _plot(
        trust_figures.conditions(medians, singles, query_id),
        "stability",
        "Spearman's correlation of scores under pairs of choices",
    )
    st.caption(
        "Each query is scored twice, under two choices that ought to give the same order of "
        "documents; 1 is the same order. Large dots are medians over queries, lines the middle "
        "half, small dots single queries" + _ringed(singles, query_id) + "."
    )


def _behaviour(report: TrustReport, query_id: int | None) -> None:
    rows = {
        quantity: [row for row in report.of("behaviour_cut", quantity) if row.seed is None]
        for quantity in (LOG_PROBABILITY, ACCURACY)
    }
    titles = {
        LOG_PROBABILITY: "log-probability (nats per item)",
        ACCURACY: "accuracy (share)",
        "change": "change in log-probability (nats)",
    }
    _plot(
        trust_figures.behaviour(rows, report.effects, titles),
        "behaviour_cut",
        "Log-probability and accuracy by suite with and without the behaviour",
    )
    st.caption(
        "The traces are trained on as they are, without their exploration, and without text of the "
        "same length elsewhere. On the right the change against the uncut traces: filled marks "
        "are what happened, open ones what the influence of the cut text had predicted; on the "
        "same side of zero they agree."
    )
    if report.effects:
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


DRAWN = {
    "removal": _removal,
    "lds": _lds,
    "planted": _planted,
    "stability": _stability,
    "behaviour_cut": _behaviour,
}


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


def _plot(figure: go.Figure, name: str, alt: str) -> None:
    st.plotly_chart(figure, key=f"trust_{name}", config=figures.DOWNLOAD, alt=alt)


def _lacking(rows: Sequence[FaithfulnessRow], query_id: int | None, spread: str) -> None:
    if spread == "query":
        tested = sorted({row.query_id for row in rows if row.query_id is not None})
        numbers = ", ".join(map(str, tested)) or "none"
        st.info(f"Query {query_id} was not tested. Those that were: {numbers}.")
    else:
        st.info("The store holds no such figures.")


def _best_first(rows: Sequence[FaithfulnessRow]) -> list[FaithfulnessRow]:
    return sorted(rows, key=lambda row: -row.figure)


def _ringed(rows: Sequence[FaithfulnessRow], query_id: int | None) -> str:
    return f" (ringed: query {query_id})" if query_id in {row.query_id for row in rows} else ""


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
