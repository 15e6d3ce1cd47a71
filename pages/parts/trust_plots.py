"""The plots of the page Trust with what they say: one a test, for the page and for the report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from attribution_engine.findings.faithfulness import (
    ACCURACY,
    CEILING,
    DROP,
    LDS,
    LOG_PROBABILITY,
    PLANTED,
    SPEARMAN,
    FaithfulnessRow,
    overall,
)
from attribution_engine.store.trust_views import TrustReport
from pages.parts import trust_figures


@dataclass(frozen=True, slots=True)
class TrustPlot:
    """A plot of a test.

    Attributes:
        figure: None where the store has no such figures; then `words` still say what it would be.
        alt: what it shows, in one line.
        scale: which numbers stand on which axes.
        words: what is drawn and how to read it.
    """

    figure: go.Figure | None
    alt: str
    scale: str
    words: str


def trust_plot(
    report: TrustReport, experiment: str, query_id: int | None, spread: str = "mean"
) -> TrustPlot:
    """The plot of a test.

    Args:
        query_id: the chosen query, ringed where single queries are drawn.
        spread: for removal, which figures are drawn: "mean", "seeds" or "query".
    """
    if experiment == "removal":
        return _removal(report, query_id, spread)
    return DRAWN[experiment](report, query_id)


def shares_removed(report: TrustReport) -> list[str]:
    """The shares of the lab's documents that removal took out."""
    return list(dict.fromkeys(row.condition or "" for row in report.of("removal", DROP)))


def _removal(report: TrustReport, query_id: int | None, spread: str) -> TrustPlot:
    drops = report.of("removal", DROP)
    chosen = {
        "mean": overall(drops, DROP),
        "seeds": [row for row in drops if row.seed is not None and row.query_id is None],
        "query": [row for row in drops if row.query_id == query_id and row.seed is None],
    }[spread]
    drawn = None
    if chosen:
        shares, lines = shares_removed(report), spread != "seeds"
        drawn = trust_figures.removal(chosen, shares, report.method, lines, report.one_percent)
    of = {
        "mean": "mean over queries and seeds",
        "seeds": "every seed",
        "query": f"query {query_id}",
    }
    return TrustPlot(
        drawn,
        "Drop in log-probability by share of the lab's documents removed",
        f"drop in log-probability (nats), {of[spread]}, by share of documents removed",
        "How much less likely completions become when the lab is trained again without the "
        "documents that a method ranks highest, in nats: higher is better for the method. "
        "Upright lines are 95\u00a0% intervals, over queries and seeds for the mean and over seeds "
        "for one query; documents drawn at random show what any removal costs. Which method is "
        "ahead is not read off these lines but off the interval of the paired difference, which "
        "stands among the figures at the end of this page.",
    )


def _lds(report: TrustReport, query_id: int | None) -> TrustPlot:
    rows = report.of("lds", LDS)
    means = _best_first([row for row in overall(rows, LDS) if row.method != CEILING])
    singles = [row for row in rows if row.query_id is not None and row.seed is None]
    ceilings = [row for row in overall(rows, LDS) if row.method == CEILING]
    title = "Spearman of predicted and real change of log-probability"
    noted = any(row.condition for row in means)
    return TrustPlot(
        trust_figures.methods_beside([(title, means, singles)], report.method, query_id, ceilings),
        "Linear datamodelling score of every method",
        "Spearman's correlation (−1 to 1, no unit)",
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
        ),
    )


def _planted(report: TrustReport, query_id: int | None) -> TrustPlot:
    panels: list[tuple[str, Sequence[FaithfulnessRow], Sequence[FaithfulnessRow]]] = []
    for quantity in PLANTED:
        means = _best_first(overall(report.of("planted", quantity), quantity))
        panels.append((f"{quantity} (0 to 1)", means, []))
    own = any(row.condition for _, means, _ in panels for row in means)
    return TrustPlot(
        trust_figures.methods_beside(panels, report.method, span=(-0.04, 1.04)),
        "Mean reciprocal rank and recall at 10 of every method",
        "mean reciprocal rank and recall@10 (0 to 1, no unit)",
        "Some documents alone state a fact that a query asks for. Mean reciprocal rank is the mean "
        "of 1 ÷ rank of that document, recall@10 the share of facts whose document is among the "
        "first ten; both are 1 at best. Such documents share rare words with their query, so a "
        "search for words (BM25) does well here by nature and is left out of the verdict. Lines "
        "are 95\u00a0% intervals over facts."
        + (" Open marks: in this run's own rankings, filled ones in the lab." if own else ""),
    )


def _stability(report: TrustReport, query_id: int | None) -> TrustPlot:
    rows = report.of("stability", SPEARMAN)
    medians = overall(rows, SPEARMAN)
    singles = [row for row in rows if row.query_id is not None]
    return TrustPlot(
        trust_figures.conditions(medians, singles, query_id),
        "Spearman's correlation of scores under pairs of choices",
        "Spearman's correlation (−1 to 1, no unit)",
        "Each query is scored twice, under two choices that ought to give the same order of "
        "documents; 1 is the same order. Large dots are medians over queries, lines the middle "
        "half, small dots single queries" + _ringed(singles, query_id) + ".",
    )


def _behaviour(report: TrustReport, query_id: int | None) -> TrustPlot:
    rows = {
        quantity: [row for row in report.of("behaviour_cut", quantity) if row.seed is None]
        for quantity in (LOG_PROBABILITY, ACCURACY)
    }
    titles = {
        LOG_PROBABILITY: "log-probability (nats per item)",
        ACCURACY: "accuracy (share)",
        "change": "change in log-probability (nats)",
    }
    return TrustPlot(
        trust_figures.behaviour(rows, report.effects, titles),
        "Log-probability and accuracy by suite with and without the behaviour",
        "log-probability and its change (nats), accuracy (share)",
        "The traces are trained on as they are, without their exploration, and without text of the "
        "same length elsewhere. On the right the change against the uncut traces: filled marks "
        "are what happened, open ones what the influence of the cut text had predicted; on the "
        "same side of zero they agree.",
    )


DRAWN = {"lds": _lds, "planted": _planted, "stability": _stability, "behaviour_cut": _behaviour}


def _best_first(rows: Sequence[FaithfulnessRow]) -> list[FaithfulnessRow]:
    return sorted(rows, key=lambda row: -row.figure)


def _ringed(rows: Sequence[FaithfulnessRow], query_id: int | None) -> str:
    return f" (ringed: query {query_id})" if query_id in {row.query_id for row in rows} else ""
