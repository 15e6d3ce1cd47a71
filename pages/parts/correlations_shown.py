"""What the page Correlations and its report show: words, columns and rows."""

from __future__ import annotations

from collections.abc import Sequence

from attribution_engine.findings import correlation_relations as relations
from attribution_engine.findings.correlation_relations import Measure
from attribution_engine.store.findings.correlations_views import (
    CorrelatedPair,
    CorrelationMatrix,
    GroupCorrelation,
)
from pages.parts import wording
from pages.parts.table import Column

MEASURES: dict[Measure, str] = {"pearson": "Pearson", "spearman": "Spearman"}
STRONGEST, EXPORTED = 50, 10_000  # pairs of the table, and of the longest export
INTERVAL = "95% interval by resampling documents in random blocks; the queries stay as they are"
MEND = (
    "This run's store holds no correlations of queries. They need two queries at the least; a "
    "further [[queries]] section in the configuration file supplies them."
)
# Relations of kinds, in the order of the table; the others are of single tasks.
OF_KINDS = {
    relations.WITHIN_TASKS: "{a}: pairs of one task",
    relations.ACROSS_TASKS: "{a}: pairs of different tasks",
    relations.WITHIN_KIND: "{a}: all pairs",
    relations.ACROSS_KINDS: "{a} with {b}",
    relations.UNRELATED: "Different tasks or kinds, controls left out",
    relations.KIND_CONTROL: "{a} with {b}",
    relations.WITHIN_CONTROLLED: "Reasoning tasks that have a control: pairs of one task",
    relations.OWN_CONTROLS: "Reasoning tasks with their own controls",
    relations.BETWEEN_CONTROLS: "{a} with {b}",
}
OF_TASKS = {
    relations.WITHIN_TASK: "{a}: within the task",
    relations.OWN_CONTROL: "{a} with its own control",
    relations.TASK_CONTROL: "{a} with {b}",
    relations.BETWEEN_TASKS: "{a} with {b}",
}
GROUP_COLUMNS = [
    Column("Pairs of queries"),
    Column("Mean", "number", "Over the pairs that have a correlation"),
    Column("95% interval", "number", INTERVAL),
    Column("Largest", "number", "The largest correlation of a pair"),
    Column("Its queries", "number"),
    Column("Pairs", "number"),
    Column("Queries", "number"),
]


def of_kinds(groups: Sequence[GroupCorrelation]) -> list[GroupCorrelation]:
    """The groups that are of kinds, in the order of the table."""
    order = list(OF_KINDS)
    return sorted((one for one in groups if one.relation in OF_KINDS),
                  key=lambda one: order.index(one.relation))  # fmt: skip


def of_tasks(groups: Sequence[GroupCorrelation]) -> list[GroupCorrelation]:
    """The groups that are of tasks, in the order of the table."""
    order = list(OF_TASKS)
    return sorted((one for one in groups if one.relation in OF_TASKS),
                  key=lambda one: order.index(one.relation))  # fmt: skip


def pairs_in_words(one: GroupCorrelation) -> str:
    """What the pairs of a group are."""
    words = {**OF_KINDS, **OF_TASKS}.get(one.relation, f"{one.relation}: {{a}}, {{b}}")
    # Replaced, not formatted: a task may hold braces.
    found = words.replace("{b}", "\0").replace("{a}", one.group_a).replace("\0", one.group_b)
    return found[:1].upper() + found[1:] if one.relation in OF_KINDS else found


def correlation(value: float | None) -> str:
    """A correlation with its sign and three decimals."""
    text = wording.decimal(value, 3)
    return f"+{text}" if value is not None and value > 0 and not text.startswith("−") else text


def group_cells(one: GroupCorrelation) -> list[str]:
    """The cells of `GROUP_COLUMNS`."""
    interval = (
        "–"
        if one.low is None or one.high is None
        else f"{correlation(one.low)} to {correlation(one.high)}"
    )
    return [
        pairs_in_words(one),
        correlation(one.mean),
        interval,
        correlation(one.largest),
        f"{one.largest_a} and {one.largest_b}",
        wording.whole(one.n_pairs),
        wording.whole(one.n_queries),
    ]


PAIR_COLUMNS = [
    Column("Queries", "number"),
    Column("Pearson", "number"),
    Column("Spearman", "number"),
    Column("First task"),
    Column("Second task"),
    Column("First prompt", "snippet"),
    Column("Second prompt", "snippet"),
]


def pair_cells(one: CorrelatedPair) -> list[str]:
    """The cells of `PAIR_COLUMNS`."""
    return [
        f"{one.first.query_id} and {one.second.query_id}",
        correlation(one.pearson),
        correlation(one.spearman),
        one.first.task or one.first.suite,
        one.second.task or one.second.suite,
        wording.one_line(one.first.prompt, 120),
        wording.one_line(one.second.prompt, 120),
    ]


def heatmap_words(
    measure: Measure, groups: Sequence[GroupCorrelation], method: wording.Method
) -> str:
    """Two sentences on what the heatmap shows."""
    of = {"pearson": method.noun.lower(), "spearman": f"the ranks by {method.noun.lower()}"}
    first = (
        f"Each cell is {MEASURES[measure]}'s correlation of {of[measure]} over all documents of "
        "two queries, ordered by kind, suite and task: blue where what helps one helps the other, "
        "orange where it harms the other, no colour at 0."
        if method.signed
        else f"Each cell is {MEASURES[measure]}'s correlation of {of[measure]} over all documents "
        "of two queries, ordered by kind, suite and task: blue where both score the same documents "
        "high, orange where one scores high what the other scores low, no colour at 0."
    )
    means = {
        one.relation: one for one in groups if one.group_a in ("reasoning", "all but controls")
    }
    same, apart = means.get(relations.WITHIN_TASKS), means.get(relations.ACROSS_TASKS)
    other = means.get(relations.UNRELATED)
    if same and apart:
        second = (
            f"Pairs of one reasoning task have a mean of {correlation(same.mean)}, pairs of "
            f"different reasoning tasks one of {correlation(apart.mean)}."
        )
    elif other:
        second = (
            f"Pairs of different tasks or kinds, controls left out, have a mean of "
            f"{correlation(other.mean)}."
        )
    else:
        second = (
            "Coloured squares along the diagonal are tasks whose queries share their documents."
        )
    return f"{first} {second}"


def behind(matrix: CorrelationMatrix) -> str:
    """How many queries and documents are behind the heatmap, and what is not drawn."""
    n = matrix.n_queries
    words = f"{wording.whole(n)} queries, {wording.whole(matrix.n)} documents."
    if len(matrix.queries) < n:
        words += (
            f" That is more than can be told apart: {wording.whole(len(matrix.queries))} are "
            "drawn, the first of each task; the means below are over all."
        )
    return words


def constant_words(matrix: CorrelationMatrix) -> str:
    """Which queries have no correlation; nothing where all have."""
    constant = matrix.constant
    if not constant:
        return ""
    listed = ", ".join(str(one) for one in constant[:12])
    more = f" and {len(constant) - 12} more" if len(constant) > 12 else ""
    if len(constant) == 1:
        return (
            f"Query {listed} has the same score for every document, so that it correlates with "
            "nothing: its row and column are empty, grey and marked ×."
        )
    return (
        f"Queries {listed}{more} have the same score for every document each, so that they "
        "correlate with nothing: their rows and columns are empty, grey and marked ×."
    )
