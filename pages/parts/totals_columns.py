"""The columns of the tables of Totals and coverage, for the page and for reports."""

from __future__ import annotations

from pages.parts.table import Column
from pages.parts.totals_shown import Shown

OUTCOME = Column("Outcome", help="Whether the completion is correct, wrong, or nobody knows")
SIDE = Column("Side")
QUERIES = Column("Queries", "number")


def figure_columns(view: Shown) -> list[Column]:
    """Of the means with their intervals."""
    return [
        Column("Group"),
        *([OUTCOME] if view.apart else []),
        SIDE,
        Column("Documents", help="Of the query's documents of this side, the strongest first"),
        Column("Mean", "number", f"Over the queries; {view.unit}"),
        Column("95% interval", "number", "Of the mean, by bootstrap over the queries"),
        Column("Deviation", "number", "Standard deviation over the queries"),
        QUERIES,
    ]


def tail_columns(view: Shown) -> list[Column]:
    """Of slopes and exponents by group."""
    return [
        Column("Group"),
        *([OUTCOME] if view.apart else []),
        SIDE,
        Column("Slope s", "number", "Of log |influence| on log rank: mean ± standard deviation"),
        Column("95% interval", "number", "Of the mean slope, by bootstrap over the queries"),
        Column("Survival α", "number", "P(|influence| > x) ∝ x^(−α): mean ± standard deviation"),
        Column("95% interval", "number", "Of the mean α, by bootstrap over the queries"),
        Column("Density α + 1", "number", "The density falls as x^−(α + 1); of the mean α"),
        Column("−1/α", "number", "The slope that an exact power law of the mean α would have"),
        Column(
            "Law stands",
            "number",
            "Queries whose power law Kolmogorov and Smirnov's test does not reject at 5 %",
        ),
        QUERIES,
    ]


def test_columns() -> list[Column]:
    """Of the t-tests."""
    return [
        SIDE,
        Column("Completions"),
        Column("Reasoning", "number", "Mean ± standard deviation (queries)"),
        Column("Factual", "number", "Mean ± standard deviation (queries)"),
        Column("Difference", "number", "Reasoning less factual; negative: reasoning is steeper"),
        Column("95% interval", "number", "Of the difference, by Welch's t"),
        Column("t", "number"),
        Column("p", "number", "Two-sided"),
    ]


def multiplier_columns() -> list[Column]:
    """Of the multipliers of two runs."""
    return [
        Column("Kind"),
        SIDE,
        Column("Mean ± standard error", "number", "Over the shared queries"),
        Column("Median", "number"),
        Column("Above 1", "number", "Queries on which the other run has more"),
        QUERIES,
    ]
