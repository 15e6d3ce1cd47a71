"""What a run says of a published claim: replicates, does not, or cannot tell, by a written rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Standing = Literal["replicates", "does not", "cannot tell"]
STANDINGS: Final = ("replicates", "does not", "cannot tell")
# The findings in the order of their pages; a page has the name of its finding.
FINDINGS: Final = (
    "correlations",
    "totals",
    "answers",
    "sources",
    "groups",
    "tokens",
    "exploration",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One published claim held against a run.

    Attributes:
        finding: one of `FINDINGS`; claim: the claim in a few words, as the paper makes it.
        paper: "Procedural, finding 1" or "Infra, analysis 5".
        standing: by `rule`, never by hand.
        sentence: what this run says, with its figures and units; of "cannot tell": what is
            missing and what would supply it.
        rule: when it replicates and when it does not, in words.
        n_queries, n_documents: behind the figures.
    """

    finding: str
    claim: str
    paper: str
    standing: Standing
    sentence: str
    rule: str
    n_queries: int
    n_documents: int


def above(low: float | None, high: float | None, threshold: float = 0.0) -> Standing:
    """Where an interval lies: above replicates, below does not, across cannot tell."""
    if low is None or high is None or low != low or high != high:
        return "cannot tell"
    if low > threshold:
        return "replicates"
    return "does not" if high < threshold else "cannot tell"


def signed(value: float, decimals: int) -> str:
    """A number with its sign and so many decimals; one that rounds to zero has no sign."""
    text = f"{value:+.{decimals}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")
