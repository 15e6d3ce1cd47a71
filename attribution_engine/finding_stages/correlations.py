"""The finding correlations: computed from a run's scores and written into its store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.correlation_claims import correlation_claims
from attribution_engine.findings.correlation_groups import all_correlation_groups
from attribution_engine.findings.run_scores import RunScores
from attribution_engine.store.writer import StoreWriter


def fill(store: StoreWriter, scores: RunScores, options: FindingOptions) -> Iterator[Claim]:
    """Fills `correlation_group`; what the run says of the published claims.

    Correlations of single pairs are in `query_correlation`, which does not change.
    """
    found = all_correlation_groups(
        scores.influence,
        scores.queries,
        blocks=options.blocks,
        draws=options.resamples,
        seed=options.seed,
        scratch=options.scratch,
    )
    for grouped in found.values():
        store.insert("correlation_group", map(asdict, grouped.rows))
    rows = (np.asarray(row) for row in scores.influence)
    constant = [at for at, row in enumerate(rows) if not row.size or row.min() == row.max()]
    yield from correlation_claims(found["pearson"], scores.queries, constant, scores.n_documents)
