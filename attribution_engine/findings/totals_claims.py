"""What a run's totals say of the published claims, each by a rule that is written down."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from attribution_engine.findings.claims import Claim, Standing, above, signed
from attribution_engine.findings.intervals import DRAWS
from attribution_engine.findings.totals import (
    Between,
    QueryTotals,
    difference_of_means,
    mean_within,
    ratio_of_spreads,
    share_within,
    single_queries,
    slopes_of,
    spread_p,
    welch,
)

PAPER: Final = "Procedural, finding 2"
KINDS: Final = ("factual", "reasoning")
FEWEST: Final = 5  # queries of a kind, below which a bootstrap over them is not honest
FEWEST_SLOPES: Final = 3  # for Welch's t-test, whose interval widens by itself
FEWEST_VALUES: Final = 50  # of a tail whose law is tested
NOT_REJECTED: Final = 0.05
MOST_TAIL: Final = 0.01  # of the documents that a tail is; EK-FAC's is 0.0001
# Half the smallest and twice the largest mean share that the paper's plots show for the top 1 %.
SHARE_LOW, SHARE_HIGH = 0.0335, 0.2
PARTS: Final = {"helpful": "positive", "harmful": "negative"}


@dataclass(frozen=True, slots=True)
class Behind:
    """A run as its claims see it.

    Attributes:
        lacks: why the scores have no total per nat; empty where they have.
        unsigned: why they have no positive part; empty where they have.
        unit: of a total per nat, in words.
        tail: documents that a power law was fitted to, of the query with most.
    """

    n_documents: int
    lacks: str = ""
    unsigned: str = ""
    unit: str = "nats per nat"
    draws: int = DRAWS
    seed: int = 0
    tail: int = 0


def totals_claims(queries: Sequence[QueryTotals], run: Behind) -> Iterator[Claim]:
    """Every claim of the finding.

    Args:
        queries: one for each query and side.
    """
    singles = single_queries(queries)
    for side in PARTS:
        yield _larger(singles, run, side)
    yield _steadier(singles, run)
    yield _covers(singles, run)
    yield _denser(singles, run)
    yield _power_law(singles, run)
    for outcome in ("correct", "wrong"):
        yield _steeper(singles, run, outcome)


def _larger(queries: Sequence[QueryTotals], run: Behind, side: str) -> Claim:
    """Factual queries have more influence per nat."""
    part = PARTS[side]

    def judge(groups: list[list[float]]) -> tuple[Standing, str]:
        found = difference_of_means(groups[0], groups[1], run.draws, run.seed)
        means = [_mean(group) for group in groups]
        return above(found.low, found.high), (
            f"Mean size of the summed {part} influence: {number(means[0])} {run.unit} over "
            f"{len(groups[0])} factual queries, {number(means[1])} over {len(groups[1])} reasoning "
            f"queries; difference {number(found.figure)} (95% "
            f"interval {_ends(found)})."
        )

    return _of_kinds(
        f"Summed {part} influence per nat is larger for factual than for reasoning queries", PAPER,
        "Difference of the kinds' mean sizes (factual less reasoning) over all documents of this "
        f"sign, with its 95% interval by bootstrap over queries, each kind by itself ({run.draws} "
        "draws). Replicates: the interval lies above 0. Does not: below 0. Otherwise, and with "
        f"fewer than {FEWEST} queries of a kind, it cannot tell. Sets of queries are left out.",
        queries, run, side, lambda one: one.value("per_nat"), judge, run.lacks or run.unsigned,
    )  # fmt: skip


def _steadier(queries: Sequence[QueryTotals], run: Behind) -> Claim:
    """Reasoning queries spread less."""

    def judge(groups: list[list[float]]) -> tuple[Standing, str]:
        found = ratio_of_spreads(groups[0], groups[1], run.draws, run.seed)
        if found is None:
            return "cannot tell", "The reasoning queries do not differ at all, so no ratio exists."
        relative = [_deviation(group) / _mean(group) for group in groups]
        p = spread_p(groups[0], groups[1])
        standing = above(found.low, found.high, 1.0) if p < NOT_REJECTED else "cannot tell"
        return standing, (
            f"The standard deviation over {len(groups[0])} factual queries is "
            f"{number(found.figure)} times that over {len(groups[1])} reasoning queries (95% "
            f"interval {_ends(found)}; Brown and Forsythe's test p = {p:.2g}); as a part of their "
            f"means it is {relative[0]:.2f} (factual) and {relative[1]:.2f} (reasoning)."
        )

    return _of_kinds(
        "Summed influence per nat varies less from query to query for reasoning than for factual "
        "queries", PAPER,
        "Ratio of the standard deviations over queries (factual ÷ reasoning) of the summed "
        "positive influence per nat, with its 95% interval by bootstrap over queries "
        f"({run.draws} draws). Replicates: the interval lies above 1. Does not: below 1. "
        f"Otherwise, with fewer than {FEWEST} queries of a kind, and where Brown and Forsythe's "
        f"test of the spreads has p ≥ {NOT_REJECTED}, it cannot tell: the bootstrap is too narrow "
        "where few queries vary much.",
        queries, run, "helpful", lambda one: one.value("per_nat"), judge, run.lacks or run.unsigned,
    )  # fmt: skip


def _covers(queries: Sequence[QueryTotals], run: Behind) -> Claim:
    """The top 1 % holds several times its part, and far from all."""

    def judge(groups: list[list[float]]) -> tuple[Standing, str]:
        means = [mean_within(group, run.draws, run.seed) for group in groups]
        words = " and ".join(
            f"{_percent(mean.figure)} for {len(group)} {kind} queries (95% interval "
            f"{_percent(mean.low)} to {_percent(mean.high)})"
            for mean, group, kind in zip(means, groups, KINDS, strict=True)
        )
        inside = all(one.low >= SHARE_LOW and one.high <= SHARE_HIGH for one in means)
        outside = any(one.high < SHARE_LOW or one.low > SHARE_HIGH for one in means)
        standing: Standing = (
            "replicates" if inside else "does not" if outside else "cannot tell"
        )  # fmt: skip
        return standing, f"The top 1 % of the positive documents cover {words}."

    return _of_kinds(
        "The top 1 % of the documents cover 7 to 10 % of a query's positive influence, give or "
        "take a factor of two",
        f"{PAPER}, shares read off its plots",
        f"Mean over the queries of either kind. Replicates: both 95% intervals (bootstrap over "
        f"queries) lie within {_percent(SHARE_LOW)} to {_percent(SHARE_HIGH)}, half the smallest "
        "to twice the largest mean of the paper; the bounds are ours. Does not: an interval lies "
        f"wholly outside. Otherwise, and with fewer than {FEWEST} queries of a kind, it cannot "
        "tell.",
        queries, run, "helpful", lambda one: one.value("share", 1.0), judge, run.unsigned,
        "each with at least 100 documents of positive influence",
    )  # fmt: skip


def _denser(queries: Sequence[QueryTotals], run: Behind) -> Claim:
    """At the larger model, reasoning rests on fewer documents."""

    def judge(groups: list[list[float]]) -> tuple[Standing, str]:
        found = difference_of_means(groups[1], groups[0], run.draws, run.seed)
        return above(found.low, found.high), (
            f"The top 1 % cover {_percent(_mean(groups[1]))} for {len(groups[1])} reasoning and "
            f"{_percent(_mean(groups[0]))} for {len(groups[0])} factual queries: difference "
            f"{signed(100 * found.figure, 1)} points (95% interval {signed(100 * found.low, 1)} to "
            f"{signed(100 * found.high, 1)})."
        )

    return _of_kinds(
        "The top 1 % of the documents cover more of the positive influence for reasoning than for "
        "factual queries", f"{PAPER}: its larger model only; the smaller one has equal shares",
        "Difference of the kinds' mean shares (reasoning less factual) with its 95% interval by "
        f"bootstrap over queries ({run.draws} draws). Replicates: the interval lies above 0. Does "
        f"not: below 0. Otherwise, and with fewer than {FEWEST} queries of a kind, it cannot tell.",
        queries, run, "helpful", lambda one: one.value("share", 1.0), judge, run.unsigned,
        "each with at least 100 documents of positive influence",
    )  # fmt: skip


def _power_law(queries: Sequence[QueryTotals], run: Behind) -> Claim:
    """The tail is a power law."""
    claim = "Influence falls as a power law over the top of a ranking"
    paper = "Grosse et al. (EK-FAC), section 5.2; Procedural, finding 2"
    rule = (
        "Share of queries whose most helpful documents (as many as the fit takes, 500 by default) "
        "a power law is not rejected for by Kolmogorov and Smirnov's test at 5%, with its exact "
        "95% binomial interval. Replicates: the interval lies above one half. Does not: below, "
        f"where the fit takes {100 * MOST_TAIL:g}% of the run's documents at most: more are no "
        f"tail. Otherwise, with fewer than {FEWEST} queries, or fewer than {FEWEST_VALUES} "
        "positive documents a query, it cannot tell. Were the law exact, 95% of the queries would "
        "pass."
    )
    if run.unsigned:
        return _claim(claim, paper, "cannot tell", run.unsigned, rule, 0, run)
    tested = {
        side: [one.ks_p for one in queries if one.side == side and one.ks_p is not None]
        for side in PARTS
    }
    if len(tested["helpful"]) < FEWEST:
        sentence = (
            f"{len(tested['helpful'])} queries have {FEWEST_VALUES} documents of positive "
            f"influence or more, {FEWEST} are needed: ask more queries, or score more documents."
        )
        n = len(tested["helpful"])
        return _claim(claim, paper, "cannot tell", sentence, rule, n, run)
    passed = {
        side: sum(p >= NOT_REJECTED for p in values) for side, values in tested.items() if values
    }
    found = share_within(passed["helpful"], len(tested["helpful"]))
    other = (
        f" On the harmful side {passed['harmful']} of {len(tested['harmful'])}."
        if "harmful" in passed
        else ""
    )
    sentence = (
        f"Not rejected for {passed['helpful']} of {len(tested['helpful'])} queries on the helpful "
        f"side: {_percent(found.figure)} (95% interval {_percent(found.low)} to "
        f"{_percent(found.high)}).{other}"
    )
    standing = above(found.low, found.high, 0.5)
    if standing == "does not" and run.tail > MOST_TAIL * run.n_documents:
        standing = "cannot tell"
        sentence += (
            f" The fits take {_count(run.tail)} of {_count(run.n_documents)} documents, "
            f"{_percent(run.tail / run.n_documents)}: the law may hold further up. A corpus of "
            f"{_count(math.ceil(run.tail / MOST_TAIL))} documents would tell."
        )
    return _claim(claim, paper, standing, sentence, rule, len(tested["helpful"]), run)


def _steeper(queries: Sequence[QueryTotals], run: Behind, outcome: str) -> Claim:
    """Reasoning falls faster with rank, in the same outcome."""
    claim = (
        f"Among {outcome} completions, influence falls faster with rank for reasoning than for "
        "factual queries"
    )
    rule = (
        "Welch's t-test, two-sided, on the slopes of log |influence| on log rank over the top of "
        f"the helpful side, {outcome} completions only. Replicates: p < 0.05 and reasoning has the "
        "lower (steeper) mean slope. Does not: p < 0.05 the other way. Otherwise, and with fewer "
        f"than {FEWEST_SLOPES} queries of a kind, it cannot tell."
    )
    if run.unsigned:
        return _claim(claim, PAPER, "cannot tell", run.unsigned, rule, 0, run)
    groups = {kind: slopes_of(queries, "helpful", kind, outcome) for kind in KINDS}
    n = sum(map(len, groups.values()))
    for kind, slopes in groups.items():
        if len(slopes) < FEWEST_SLOPES:
            sentence = (
                f"{_counted(len(slopes), kind, outcome)} with a slope; {FEWEST_SLOPES} are needed. "
                f"Queries of the kind {kind} with a reference to judge their completions by, "
                f"answered {'right' if outcome == 'correct' else 'wrong'}, would supply it."
            )
            return _claim(claim, PAPER, "cannot tell", sentence, rule, n, run)
    found = welch(groups["reasoning"], groups["factual"])
    if found.p is None:
        sentence = "No slope differs from the others of its kind, so no test is possible."
        return _claim(claim, PAPER, "cannot tell", sentence, rule, n, run)
    standing: Standing = "cannot tell"
    if found.p < NOT_REJECTED:
        standing = "replicates" if (found.difference or 0) < 0 else "does not"
    sentence = (
        f"Mean slope {_two(found.mean_a)} ± {_two(found.deviation_a)} over {found.n_a} reasoning, "
        f"{_two(found.mean_b)} ± {_two(found.deviation_b)} over {found.n_b} factual queries (± one "
        f"standard deviation); difference {_two(found.difference)} (95% interval "
        f"{_two(found.low)} to {_two(found.high)}), p = {found.p:.2g}."
    )
    return _claim(claim, PAPER, standing, sentence, rule, n, run)


def _of_kinds(
    claim: str,
    paper: str,
    rule: str,
    queries: Sequence[QueryTotals],
    run: Behind,
    side: str,
    value: Callable[[QueryTotals], float | None],
    judge: Callable[[list[list[float]]], tuple[Standing, str]],
    lacking: str,
    known: str = "with a completion whose nats are known",
) -> Claim:
    """A claim on a value of either kind; cannot tell where there are too few queries of one."""
    groups = [
        [
            found
            for one in queries
            if one.side == side and one.kind == kind and (found := value(one)) is not None
        ]
        for kind in KINDS
    ]
    n = sum(map(len, groups))
    if lacking:
        return _claim(claim, paper, "cannot tell", lacking, rule, 0, run)
    for kind, group in zip(KINDS, groups, strict=True):
        if len(group) < FEWEST:
            sentence = (
                f"{_counted(len(group), kind)} to go by, {FEWEST} are needed: ask more queries of "
                f"the kind {kind}, {known}."
            )
            return _claim(claim, paper, "cannot tell", sentence, rule, n, run)
    return _claim(claim, paper, *judge(groups), rule, n, run)


def _claim(
    claim: str, paper: str, standing: Standing, sentence: str, rule: str, n: int, run: Behind
) -> Claim:
    return Claim("totals", claim, paper, standing, sentence, rule, n, run.n_documents)


def _counted(n: int, kind: str, outcome: str = "") -> str:
    words = " ".join(filter(None, (outcome, kind)))
    return f"There {'is' if n == 1 else 'are'} {n or 'no'} {words} quer{'y' if n == 1 else 'ies'}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _deviation(values: Sequence[float]) -> float:
    mean = _mean(values)
    return float((sum((one - mean) ** 2 for one in values) / (len(values) - 1)) ** 0.5)


def number(value: float) -> str:
    """Three significant digits, thin spaces between thousands: 0.0401, 3.97, 1 780 000."""
    if math.isinf(value):
        return "unbounded"
    size = float(f"{abs(value):.3g}")
    text = f"{size:,.0f}".replace(",", "\u202f") if size >= 1000 else f"{size:.3g}"
    return f"−{text}" if value < 0 else text


def _count(n: int) -> str:
    return f"{n:,}".replace(",", "\u202f")


def _two(value: float | None) -> str:
    """Two decimals; a zero has no sign."""
    return f"{round(value or 0.0, 2) + 0.0:.2f}".replace("-", "−")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


def _ends(found: Between) -> str:
    return f"{number(found.low)} to {number(found.high)}"
