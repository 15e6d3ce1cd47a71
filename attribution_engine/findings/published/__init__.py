"""What the papers report, figure by figure, each with how it is known."""

from __future__ import annotations

from attribution_engine.findings.published import (
    answers,
    correlations,
    exploration,
    groups,
    sources,
    tokens,
    totals,
)
from attribution_engine.findings.published.figures import Published

PUBLISHED: dict[str, tuple[Published, ...]] = {
    "correlations": correlations.PUBLISHED,
    "totals": totals.PUBLISHED,
    "answers": answers.PUBLISHED,
    "sources": sources.PUBLISHED,
    "groups": groups.PUBLISHED,
    "tokens": tokens.PUBLISHED,
    "exploration": exploration.PUBLISHED,
}
