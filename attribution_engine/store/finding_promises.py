"""What a store promises about its findings."""

from __future__ import annotations

from typing import Final

from attribution_engine.findings.claims import FINDINGS, STANDINGS
from attribution_engine.store import (
    finding_promises_answers,
    finding_promises_correlations,
    finding_promises_exploration,
    finding_promises_groups,
    finding_promises_relations,
    finding_promises_sources,
    finding_promises_tokens,
    finding_promises_totals,
)
from attribution_engine.store.promises import Promise


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"'{word}'" for word in words)


CLAIMS: Final = (
    Promise(
        "finding: the claim {1} is of the finding {0}, which there is not",
        f"SELECT finding, claim FROM finding WHERE finding NOT IN ({_listed(FINDINGS)})",
    ),
    Promise(
        "finding: the claim {0} stands at {1}, which is none of the three",
        f"SELECT claim, standing FROM finding WHERE standing NOT IN ({_listed(STANDINGS)})",
    ),
    Promise(
        "finding: the claim {0} of {1} lacks its sentence or its rule",
        """SELECT claim, finding FROM finding
        WHERE coalesce(sentence, '') = '' OR coalesce(rule, '') = ''""",
    ),
    Promise(
        "finding: the claim {0} is over {1} queries and {2} documents, more than there are",
        """SELECT claim, f.n_queries, f.n_documents FROM finding f, run r
        WHERE f.n_queries > r.n_queries OR f.n_documents > r.n_documents""",
    ),
)
FINDING_PROMISES: Final[tuple[Promise, ...]] = (
    *CLAIMS,
    *finding_promises_correlations.PROMISES,
    *finding_promises_totals.PROMISES,
    *finding_promises_answers.PROMISES,
    *finding_promises_relations.PROMISES,
    *finding_promises_sources.PROMISES,
    *finding_promises_groups.PROMISES,
    *finding_promises_tokens.PROMISES,
    *finding_promises_exploration.PROMISES,
)
