"""What Totals and coverage shows of a view: its plots and tables, for the page and for reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import plotly.graph_objects as go

from attribution_engine.store.findings.multipliers import multipliers
from attribution_engine.store.findings.totals_views import (
    Amount,
    By,
    Depth,
    Multipliers,
    TailGroup,
    TotalsAbout,
)
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, Side
from pages.parts import wording
from pages.parts.figures import inert
from pages.parts.totals_figures import (
    MOST_BANDS,
    multiplier_figure,
    slopes_figure,
    totals_figure,
)
from pages.parts.wording import Method

# A score that does not grow with the completion's information is not divided by it.
NOT_PER_NAT = {
    "bm25": "BM25 compares words and knows nothing of the completion's probability",
    "gradient-cosine": "a cosine does not grow with the completion's information",
    "self-influence": "no completion is explained",
}
PARTS = {"helpful": "positive", "harmful": "negative"}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a view of the page asks for, as far as the run has it.

    Attributes:
        per_nat: why there is nothing per nat; empty where there is.
        kinds: of queries that are shown.
    """

    reader: StoreReader
    about: TotalsAbout
    method: Method
    amount: Amount
    depth: Depth
    by: By
    apart: bool
    kinds: tuple[str, ...]
    query: int | None
    no_per_nat: str

    @property
    def noun(self) -> str:
        """What a single number is called."""
        return self.method.noun.lower()

    @property
    def sides(self) -> dict[Side, str]:
        """The sides that the run has, with their names."""
        return {side: self.method.side_names[side] for side in self.about.sides}

    @property
    def axes(self) -> tuple[str, str]:
        """Titles of the axes of the first plot."""
        across = (
            "strongest documents of the side (%, log scale)"
            if self.depth == "percentile"
            else "strongest documents of the side (number, log scale)"
        )
        upright = {
            "share": f"share of the side's summed {self.noun} (%)",
            "per_nat": f"size of summed {self.noun} per nat of completion",
            "total": f"size of summed {self.noun} ({self.method.unit})",
        }
        return across, upright[self.amount]

    @property
    def unit(self) -> str:
        """Of the amounts, in words."""
        return {
            "share": "part of the side's total",
            "per_nat": f"{self.noun} ÷ nats of the completion",
            "total": self.method.unit,
        }[self.amount]


def kinds_of(reader: StoreReader) -> list[str]:
    """The kinds of the run's queries, in their order."""
    return list(dict.fromkeys(one.kind for one in reader.queries()))


def no_per_nat(reader: StoreReader, about: TotalsAbout) -> str:
    """Why there is no amount per nat; empty where there is one."""
    method = reader.run().method
    if method in NOT_PER_NAT:
        return NOT_PER_NAT[method]
    if about.n_without_nats == about.n_single + about.n_sets:
        return "no query of this run has nats (−log p of its completion)"
    return ""


def shown(reader: StoreReader, fields: Mapping[str, Any]) -> Shown | None:
    """What a view asks for; None where the run has no totals."""
    about = reader.totals_about()
    if about is None:
        return None
    lacking = no_per_nat(reader, about)
    per_nat = fields["unit"] == "per_nat" and not lacking
    known = kinds_of(reader)
    query = str(fields["query"])
    return Shown(
        reader,
        about,
        wording.method(reader.run().method),
        "share" if fields["amount"] == "share" else "per_nat" if per_nat else "total",
        cast(Depth, fields["depth"]),
        cast(By, fields["grouped"]),
        fields["apart"] == "1",
        tuple(kind for kind in fields["kind"] if kind in known) or tuple(known),
        int(query) if query.isascii() and query.isdigit() and len(query) < 10 else None,
        lacking,
    )


def curves_plot(view: Shown) -> go.Figure | None:
    """The first plot; None where none of the chosen queries has the amount."""
    curves = [
        one
        for one in view.reader.totals_curves(view.by, view.apart, view.depth, view.amount)
        if one.kind in view.kinds and one.depths
    ]
    if not curves:
        return None
    chosen = (
        () if view.query is None else view.reader.query_curves(view.query, view.depth, view.amount)
    )
    return totals_figure(curves, chosen, view.sides, view.axes, view.amount == "share")


def curves_words(view: Shown) -> str:
    """What the first plot shows, in two sentences."""
    if view.amount == "share":
        first = (
            f"Each line says which share of a side's summed {view.noun} its strongest documents "
            "hold, from the strongest one on the left to all of them on the right"
        )
    else:
        first = (
            f"Each line adds up the {view.noun} of a side's documents from the strongest one on "
            "the left to all of them on the right, as sizes: what raises a completion on one "
            "panel, what lowers it on the other"
            if view.method.signed
            else f"Each line adds up the {view.noun}s from the highest one on the left to all of "
            "them on the right"
        )
    curves = view.reader.totals_curves(view.by, view.apart, view.depth, view.amount)
    most = max(
        (sum(one.side == side and one.kind in view.kinds for one in curves) for side in view.sides),
        default=0,
    )
    bands = (
        "bands are one standard deviation over its queries (cut at 0)"
        if most <= MOST_BANDS
        else "the spread over its queries is in the table below, as bands would hide each other"
    )
    query = "" if view.query is None else f", and the thin line is query {view.query}"
    return f"{first}. Coloured lines are the mean of a group, {bands}{query}."


def behind(view: Shown) -> str:
    """How many queries and documents are behind the figures, and what is left out."""
    about, run = view.about, view.reader.run()
    words = [
        f"Behind it: {_counted(about.n_single, 'query', 'queries')} and "
        f"{wording.whole(run.n_documents)} documents."
    ]
    if about.n_sets and about.n_single:
        words.append(
            f"{_counted(about.n_sets, 'query is a set', 'queries are sets')} (means over a suite's "
            "items): they are in no kind, as their items are, and are suites of their own. Their "
            "nats are means over items too."
        )
    if view.no_per_nat:
        words.append(f"Nothing is per nat here, as {view.no_per_nat}: sums are raw.")
    elif about.n_without_nats and view.amount == "per_nat":
        words.append(
            f"{_counted(about.n_without_nats, 'query has', 'queries have')} no nats and "
            f"{'is' if about.n_without_nats == 1 else 'are'} left out."
        )
    if not view.method.signed:
        words.append(
            f"{view.method.name} has no sign: there is no harmful side, and sums say nothing about "
            "what raises or lowers a completion."
        )
    return " ".join(words)


def starred(view: Shown) -> str:
    """Which dot is the chosen query, where there is one."""
    return "" if view.query is None else f" (the star is query {view.query})"


def _counted(n: int, one: str, many: str) -> str:
    return f"{wording.whole(n)} {one if n == 1 else many}"


def figure_rows(view: Shown) -> list[list[str]]:
    """Rows of the means with their intervals: group, side, percentile, mean, interval, …"""
    return [
        [
            one.group if one.group == one.kind else f"{one.group} ({one.kind})",
            *([one.outcome] if view.apart else []),
            view.sides[one.side],
            f"top {one.percentile:g} %" if one.percentile < 100 else "all",
            amount(view, one.mean),
            "–" if one.low is None else f"{amount(view, one.low)} to {amount(view, one.high)}",
            "–" if one.deviation is None else amount(view, one.deviation),
            wording.whole(one.n_queries),
        ]
        for one in figures_of(view)
    ]


def figures_of(view: Shown) -> list[Any]:
    """The means that the table shows."""
    return [
        one
        for one in view.reader.totals_figures(view.by, view.apart)
        if one.quantity == view.amount
        and one.kind in view.kinds
        and one.side in view.sides
        and not (view.amount == "share" and one.percentile == 100)
    ]


def amount(view: Shown, value: float | None) -> str:
    """An amount as the tables write it."""
    return wording.percent(value, 1) if view.amount == "share" else wording.plain(value)


def tail_groups_of(view: Shown) -> list[TailGroup]:
    """The groups of tails that are shown."""
    return [
        one
        for one in view.reader.tail_groups(view.by, view.apart)
        if one.kind in view.kinds and one.side in view.sides
    ]


def slopes_plot(view: Shown) -> go.Figure | None:
    """The slopes by group; None where no query has one."""
    groups = tail_groups_of(view)
    if not groups:
        return None
    slopes = view.reader.tail_slopes()
    members = {
        (one.group, one.outcome): frozenset(
            each.query_id
            for each in slopes
            if one.group == (each.kind if view.by == "kind" else each.suite)
            and one.outcome in ("all", each.outcome)
        )
        - (view.reader.sets_of_queries() if view.by == "kind" and view.about.n_single else set())
        for one in groups
    }
    return slopes_figure(slopes, groups, members, view.sides, view.query)


def tail_rows(view: Shown) -> list[list[str]]:
    """Rows of slopes and exponents by group."""
    return [
        [
            one.group if one.group == one.kind else f"{one.group} ({one.kind})",
            *([one.outcome] if view.apart else []),
            view.sides[one.side],
            pm(one.slope, one.slope_deviation),
            ends(one.slope_low, one.slope_high),
            pm(one.exponent, one.exponent_deviation),
            ends(one.exponent_low, one.exponent_high),
            wording.decimal(None if one.exponent is None else one.exponent + 1),
            wording.decimal(None if not one.exponent else -1 / one.exponent),
            f"{wording.whole(one.n_kept)} of {wording.whole(one.n_tested)} "
            f"({wording.percent(one.n_kept / one.n_tested)})"
            if one.n_tested
            else "–",
            wording.whole(one.n_queries),
        ]
        for one in tail_groups_of(view)
    ]


def test_rows(view: Shown) -> list[list[str]]:
    """Rows of the t-tests of slopes."""
    return [
        [
            view.sides[one.side],
            one.outcome,
            f"{pm(one.mean_a, one.deviation_a)} ({wording.whole(one.n_a)})",
            f"{pm(one.mean_b, one.deviation_b)} ({wording.whole(one.n_b)})",
            wording.decimal(one.difference),
            ends(one.low, one.high),
            wording.decimal(one.t),
            p_value(one.p),
        ]
        for one in view.reader.slope_tests()
        if one.side in view.sides and one.n_a and one.n_b
    ]


def pm(mean: float | None, spread: float | None) -> str:
    """A mean and its standard deviation or error."""
    if mean is None or spread is None:
        return wording.decimal(mean)
    return f"{wording.decimal(mean)} ± {wording.decimal(spread)}"


def ends(low: float | None, high: float | None) -> str:
    """An interval of slopes or exponents."""
    return "–" if low is None else f"{wording.decimal(low)} to {wording.decimal(high)}"


def p_value(p: float | None) -> str:
    """A p-value; very small ones as a bound."""
    return "–" if p is None else "< 0.001" if p < 0.001 else wording.decimal(p, 3)


def compared(view: Shown, there: StoreReader, part: str) -> Multipliers:
    """The open run and another on their shared queries, of the shown kinds all."""
    return multipliers(view.reader, there, float(part))


def multiplier_plot(view: Shown, found: Multipliers, names: tuple[str, str]) -> go.Figure | None:
    """The multipliers by kind; None where there are none."""
    if not found.queries:
        return None
    title = (
        f"{wording.one_line(names[1], 24)} ÷ {wording.one_line(names[0], 24)}, summed {view.noun}"
        + (" per nat" if found.per_nat else "")
        + " (log scale)"
    )
    sides = {side: view.method.side_names[side] for side in SIDES
             if any(one.side == side for one in found.queries)}  # fmt: skip
    return multiplier_figure(found, sides, inert(title, 120), view.query)


def multiplier_rows(view: Shown, found: Multipliers) -> list[list[str]]:
    """Rows of the multipliers by kind and side."""
    return [
        [
            one.kind,
            view.method.side_names[one.side],
            pm(one.mean, one.standard_error),
            wording.decimal(one.median),
            f"{wording.whole(one.n_above)} ({wording.percent(one.n_above / one.n_queries)})",
            wording.whole(one.n_queries),
        ]
        for one in found.groups
    ]
