"""Infra's claim on exploration, held against a run: does exploring after an answer help?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attribution_engine.findings.behaviour_figures import AFTER, BehaviourRow, Level
from attribution_engine.findings.claims import Claim, Standing, above

FINDING: Final = "exploration"
INFRA: Final = "Infra, analysis 5"
OURS: Final = "Infra, analysis 5; the test is ours"
# Below these a run cannot tell: intervals by drawing fewer documents are too narrow.
FEWEST_SPANS: Final = 30
FEWEST_DOCUMENTS: Final = 20
ABOVE: Final = (
    "Replicates if the 95% interval of {} lies above zero, does not if below, cannot tell if it "
    f"holds zero or there are fewer than {FEWEST_SPANS} such spans or {FEWEST_DOCUMENTS} "
    "documents. Over the documents at both ends of the rankings, which are there by selection; "
    "intervals by resampling documents."
)
RULES: Final = {
    "tokens": ABOVE.format("the mean sum of token scores of spans that explore after an answer")
    + " It cannot tell either where the interval of the mean difference to text of equal length "
    "that does not explore is not above zero: what stands in selected documents may help whatever "
    "it does.",
    "difference": ABOVE.format(
        "the mean difference to a control, text of equal length that does not explore, of the same "
        "document where it has such,"
    )
    + " Suites of math and of code together.",
    "cut": ABOVE.format("the mean cut influence of spans that explore after an answer")
    + " Suites of math and of code together; cut influence is the document's less that of the "
    "document scored again without the span.",
}
CLAIMS: Final = {
    "math": "Exploring another way after an answer was reached helps math",
    "code": "Exploring another way after an answer was reached helps code",
    "difference": "Exploring after an answer helps more than equally long text that does not "
    "explore",
    "cut": "Without their exploration after an answer, documents would help less",
}
READERS: Final = {"corpus": "the corpus's own marks", "rules": "the rule-based detector"}


def exploration_claims(
    rows: Sequence[BehaviourRow],
    detector: str,
    lacking: str = "",
    unit: str = "nats per unit of extra weight",
    cut: bool = False,
    n_queries: int = 0,
    n_documents: int = 0,
) -> Iterator[Claim]:
    """The four claims.

    Args:
        rows: of all detectors and scopes; detector: whose reading the claims rest on.
        lacking: what is missing and what would supply it; no claim can then be told.
        cut: whether any span was cut out of its document.
        n_queries, n_documents: that were looked at.
    """
    pooled = {
        (row.domain, row.level): row
        for row in rows
        if row.suite is None
        and row.detector == detector
        and row.behaviour == AFTER
        and row.side == "both"
    }
    scopes = {row.domain for row in rows if row.suite is None}
    for name, domain, level in (
        ("math", "math", "tokens"),
        ("code", "code", "tokens"),
        ("difference", "math and code", "tokens"),
        ("cut", "math and code", "cut"),
    ):
        row = pooled.get((domain, level))  # type: ignore[arg-type]
        standing, sentence = _said(name, domain, row, scopes, lacking, unit, detector, cut)
        yield Claim(
            finding=FINDING,
            claim=CLAIMS[name],
            paper=INFRA if name in ("math", "code") else OURS,
            standing=standing,
            sentence=sentence,
            rule=RULES["tokens" if name in ("math", "code") else name],
            n_queries=row.n_queries if row else n_queries,
            n_documents=row.n_documents if row else n_documents,
        )


def _said(
    name: str,
    domain: str,
    row: BehaviourRow | None,
    scopes: set[str],
    lacking: str,
    unit: str,
    detector: str,
    cut: bool,
) -> tuple[Standing, str]:
    if lacking:
        return "cannot tell", lacking
    if domain not in scopes:
        return "cannot tell", (
            f"No suite of this run counts as {domain.replace(' and ', ' or ')}; add one as "
            "[[queries]] and run again."
        )
    if name == "cut" and not cut:
        return "cannot tell", (
            "No span of this run was cut out of its document; set cut_documents in [influence] to "
            "the number of documents at either end to cut, and run again."
        )
    count = row.n_control if row and name == "difference" else row.n if row else 0
    documents = row.n_documents if row else 0
    by = READERS.get(detector, f"the judge {detector}")
    if row is None or count < FEWEST_SPANS or documents < FEWEST_DOCUMENTS:
        more = "a larger cut_documents" if name == "cut" else "a larger tail"
        kind = {"cut": " and were cut", "difference": " and have a control"}.get(name, "")
        return "cannot tell", (
            f"{_counted(count, 'span')} of {_counted(documents, 'document')} explore after an "
            f"answer{kind}, by {by}, on suites of {domain}; {FEWEST_SPANS} spans of "
            f"{FEWEST_DOCUMENTS} documents are the least. Traces that go on after their answer, or "
            f"{more} in [influence], would supply them."
        )
    behind = f"{_counted(row.n, 'span')} of {_counted(documents, 'document')}, by {by}"
    if name == "difference":
        standing = above(row.difference_low, row.difference_high)
        return standing, (
            f"Spans that explore after an answer differ from their controls by "
            f"{_figure(row.difference, row.difference_low, row.difference_high)} {unit} on "
            f"suites of {domain} ({behind}; {row.n_control} of them have a control); the controls "
            f"have {size(row.control_mean)}."
        )
    standing = above(row.low, row.high)
    what = "cut influence" if name == "cut" else "influence, the sum of its tokens,"
    beside = ""
    if row.difference is not None:
        beside = (
            f" Less {'cut ' if name == 'cut' else ''}controls of equal length: "
            f"{_figure(row.difference, row.difference_low, row.difference_high)}."
        )
    if (
        name != "cut"
        and standing == "replicates"
        and above(row.difference_low, row.difference_high) != "replicates"
    ):
        standing = "cannot tell"
        beside += " Other text of these documents may help as much."
    return standing, (
        f"A span that explores after an answer has a mean {what} of "
        f"{_figure(row.mean, row.low, row.high)} {unit} on suites of {domain} ({behind}); "
        f"{round(100 * row.share_helpful)}% are above zero.{beside}"
    )


def preferred(detectors: Sequence[str]) -> str:
    """Whose reading the claims rest on: the corpus's own marks, else a judge, else the rules."""
    judges = [name for name in detectors if name not in READERS]
    for name in ("corpus", *judges, "rules"):
        if name in detectors:
            return name
    return ""


def _figure(mean: float | None, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{size(mean)} (no interval)"
    return f"{size(mean)} (95% interval {size(low)} to {size(high)})"


def size(value: float | None) -> str:
    """A signed number with three significant digits."""
    if value is None:
        return "no figure"
    if value == 0:
        return "0"
    exact = abs(value)
    if 1e-4 <= exact < 999.5:
        text = f"{exact:#.3g}".rstrip(".")
    elif exact < 1e7 and exact >= 999.5:
        text = f"{round(float(f'{exact:.3g}')):,}".replace(",", "\u202f")
    else:
        text = f"{exact:.2e}"
    return ("+" if value > 0 else "−") + text


def _counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}".replace(",", "\u202f")


def levels_with(rows: Sequence[BehaviourRow], level: Level) -> bool:
    """Whether any figure is of a level."""
    return any(row.level == level for row in rows)
