"""What the correlations of a run say of the published claims."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attribution_engine.findings.claims import Claim, Standing, above, signed
from attribution_engine.findings.correlation_groups import CorrelationGroup, GroupedCorrelations
from attribution_engine.findings.correlation_relations import (
    ACROSS_TASKS,
    ALL,
    OWN,
    OWN_CONTROLS,
    UNRELATED,
    WITHIN_CONTROLLED,
    WITHIN_KIND,
    WITHIN_TASKS,
)
from attribution_engine.findings.query_roles import roles
from attribution_engine.findings.run_scores import QueryFacts

PAPER: Final = "Procedural, finding 1"
NEAR_ZERO: Final = 0.1  # the paper calls averages up to 0.06 near zero, and one of 0.16 low
MEANS: Final = (
    "Means are of Pearson's correlation over pairs of queries; 95% intervals are by resampling "
    "documents and, task by task, queries; sets of queries are left out."
)
HIGHER: Final = (
    "Replicates if the interval of the difference lies above 0, does not if it lies below; "
    f"otherwise it cannot be told. {MEANS}"
)
SMALL: Final = (
    f"Replicates if the interval of the mean lies within ±{NEAR_ZERO:g}, does not if it lies "
    f"outside; otherwise it cannot be told. {MEANS}"
)


def correlation_claims(
    found: GroupedCorrelations,
    queries: Sequence[QueryFacts],
    constant: Sequence[int],
    n_documents: int,
) -> Iterator[Claim]:
    """The claims, by Pearson's correlation.

    Args:
        constant: queries whose scores are all the same.
    """
    lacking = _Lacking(queries, constant)
    yield _higher(
        "Queries of one reasoning task draw on the same documents more than queries of different "
        "reasoning tasks do",
        found,
        (WITHIN_TASKS, "reasoning", "reasoning", "pairs of one reasoning task"),
        (ACROSS_TASKS, "reasoning", "reasoning", "pairs of different reasoning tasks"),
        lacking.tasks(),
        n_documents,
    )
    yield _small(
        "Queries of different tasks or kinds do not correlate on average",
        found,
        found.find(UNRELATED, ALL, ALL),
        "pairs of queries of different tasks or kinds, controls left out",
        lacking.others(),
        n_documents,
    )
    yield _small(
        "Factual queries hardly correlate with one another on average",
        found,
        found.find(WITHIN_KIND, "factual", "factual"),
        "pairs of factual queries",
        lacking.of_kind("factual"),
        n_documents,
    )
    yield _higher(
        "A reasoning task correlates with itself more than with its control, which needs no step",
        found,
        (WITHIN_CONTROLLED, "reasoning", "reasoning", "pairs within tasks that have a control"),
        (OWN_CONTROLS, "reasoning", OWN, "pairs of such a query and a control of its task"),
        lacking.controls(),
        n_documents,
    )


def _higher(
    claim: str,
    found: GroupedCorrelations,
    first: tuple[str, str, str, str],
    second: tuple[str, str, str, str],
    lacking: str,
    n_documents: int,
) -> Claim:
    one, other = found.find(*first[:3]), found.find(*second[:3])
    if one is None or other is None:
        return _untold(claim, lacking, HIGHER, n_documents)
    gap, low, high = found.difference(one, other)
    means = f"{_mean(found, one, first[3])}; {_mean(found, other, second[3], 'mean')}"
    sentence = f"{means}. Difference {_span(gap, low, high)}."
    n_queries = max(one.n_queries, other.n_queries)
    return Claim("correlations", claim, PAPER, above(low, high), sentence, HIGHER, n_queries,
                 n_documents)  # fmt: skip


def _small(
    claim: str,
    found: GroupedCorrelations,
    one: CorrelationGroup | None,
    pairs: str,
    lacking: str,
    n_documents: int,
) -> Claim:
    if one is None:
        return _untold(claim, lacking, SMALL, n_documents)
    most = f"{_number(one.largest)} (queries {one.largest_a} and {one.largest_b})"
    sentence = f"{_mean(found, one, pairs)}; the largest is {most}."
    standing = within(*found.interval(one), NEAR_ZERO)
    return Claim(
        "correlations", claim, PAPER, standing, sentence, SMALL,
        one.n_queries, n_documents,
    )  # fmt: skip


def within(low: float | None, high: float | None, bound: float) -> Standing:
    """Whether an interval lies within ±bound (replicates) or wholly outside (does not)."""
    if low is None or high is None:
        return "cannot tell"
    if -bound <= low and high <= bound:
        return "replicates"
    return "does not" if low > bound or high < -bound else "cannot tell"


def _untold(claim: str, lacking: str, rule: str, n_documents: int) -> Claim:
    return Claim("correlations", claim, PAPER, "cannot tell", lacking, rule, 0, n_documents)


def _mean(
    found: GroupedCorrelations, one: CorrelationGroup, pairs: str, words: str = "Mean correlation"
) -> str:
    return f"{words} {_span(one.mean, *found.interval(one))} over {one.n_pairs} {pairs}"


def _span(figure: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{_number(figure)} (no interval: too few documents or queries)"
    return f"{_number(figure)} (95% interval {_number(low)} to {_number(high)})"


def _number(value: float) -> str:
    return signed(value, 3)


class _Lacking:
    """What a claim that cannot be told lacks, and what would supply it."""

    def __init__(self, queries: Sequence[QueryFacts], constant: Sequence[int]) -> None:
        self._roles = roles(queries)
        self._used = [
            one for one in queries if not one.is_set and one.query_id not in set(constant)
        ]
        self._constant = (
            f" {len(constant)} queries whose scores are all the same have no correlations."
            if constant
            else ""
        )

    def _tasks(self, kind: str) -> list[str]:
        return [one.task for one in self._used if self._roles[one.query_id] == kind]

    def of_kind(self, kind: str) -> str:
        n = len(self._tasks(kind))
        return (
            f"This run has {_count(n, f'{kind} query', f'{kind} queries')} with scores that differ "
            f"between documents, and a pair needs two. A suite of {kind} queries supplies them."
            f"{self._constant}"
        )

    def tasks(self) -> str:
        found = self._tasks("reasoning")
        if len(found) < 2:
            return self.of_kind("reasoning")
        n = len(set(found))
        if n < 2:
            return (
                "All reasoning queries of this run are of one task, so that nothing lies across "
                f"tasks. A suite of another reasoning task supplies it.{self._constant}"
            )
        return (
            f"Each of the {n} reasoning tasks of this run has one query, so that no pair lies "
            f"within a task. Suites with several queries a task supply them.{self._constant}"
        )

    def others(self) -> str:
        n = len({(self._roles[q.query_id], q.task) for q in self._used
                 if "control" not in self._roles[q.query_id]})  # fmt: skip
        return (
            f"This run has {_count(n, 'task', 'tasks')} with queries that are no controls, and two "
            f"are needed. A second suite supplies one.{self._constant}"
        )

    def controls(self) -> str:
        if len(self._tasks("reasoning")) < 2:
            return self.of_kind("reasoning")
        return (
            "No reasoning task of this run has both several queries and a control of its own: "
            "queries of the kind “control” with the wording of the task that need no step, such as "
            f"a slope problem that states the slope. A suite of such controls supplies them."
            f"{self._constant}"
        )


def _count(n: int, one: str, several: str) -> str:
    return f"no {one}" if not n else f"one {one}" if n == 1 else f"{n} {several}"
