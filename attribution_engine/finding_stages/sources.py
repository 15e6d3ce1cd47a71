"""The finding sources: computed from a run's scores and written into its store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.query_roles import roles
from attribution_engine.findings.run_scores import Grouping, RunScores
from attribution_engine.findings.source_claims import SourceScores, source_claims, untold_claims
from attribution_engine.findings.source_ks import SIDES, ks_of
from attribution_engine.findings.source_multipliers import (
    MOST_SOURCES,
    GroupCounts,
    Multiplier,
    QueryGroup,
    group_counts,
    multipliers,
    query_groups,
)
from attribution_engine.findings.suite_domains import suite_domains
from attribution_engine.store.writer import StoreWriter

NO_SOURCE = (
    "No document states a source. Set `source` in [corpus] of the configuration file to the field "
    "that holds it, and run again."
)
NO_QUERY = (
    "No query of this run has scores that differ between documents. A suite of queries supplies "
    "them."
)

ONLY_CODE = (
    "This run has no reasoning query outside suites about code, and no other query, with scores "
    "that differ between documents. A suite of math or of facts supplies them."
)


def fill(store: StoreWriter, scores: RunScores, options: FindingOptions) -> Iterator[Claim]:
    """Fills `group_influence` by source; what the run says of the published claims."""
    grouping = scores.groupings.get("source")
    if grouping is None or not scores.n_documents:
        yield from untold_claims(NO_SOURCE, scores.n_documents)
        return
    ks = ks_of(scores.n_documents)
    shares = grouping.counts[:MOST_SOURCES] / scores.n_documents
    by_kind: dict[str, GroupCounts] = {}
    groups = query_groups(scores.queries, roles(scores.queries))
    claimed = _claimed(scores, groups)
    for found in group_counts(scores.influence, grouping, [*groups, *claimed], ks):
        if found.group in claimed:
            by_kind.pop("reasoning", None)
            if found.query_ids:
                by_kind["reasoning"] = found
            continue
        if not found.query_ids:
            continue
        if found.group.kind is not None:
            by_kind[found.group.kind] = found
        store.insert("group_influence", _rows(found, grouping, shares, ks, options))
    if not by_kind:
        yield from untold_claims(ONLY_CODE if claimed else NO_QUERY, scores.n_documents)
        return
    yield from source_claims(
        SourceScores(
            names=grouping.names[:MOST_SOURCES],
            share_corpus=shares,
            by_kind=by_kind,
            ks=ks,
            n_documents=scores.n_documents,
            signed=scores.signed,
            draws=options.resamples,
            seed=options.seed,
            reasoning="reasoning queries outside suites about code"
            if claimed
            else "reasoning queries",
        )
    )


def _claimed(scores: RunScores, groups: Sequence[QueryGroup]) -> list[QueryGroup]:
    """The reasoning queries that claims are about, where some ask for code; it has no rows.

    A share of both together is that of the suites: two thirds math, one third code.
    """
    about = suite_domains(scores.queries)
    code = {query.query_id for query in scores.queries if about[query.suite] == "code"}
    reasoning = next((one for one in groups if one.kind == "reasoning"), None)
    if reasoning is None or code.isdisjoint(reasoning.query_ids):
        return []
    kept = tuple(query for query in reasoning.query_ids if query not in code)
    return [QueryGroup("reasoning outside code", None, kept)]


def _rows(
    found: GroupCounts,
    grouping: Grouping,
    shares: np.ndarray,
    ks: tuple[int, ...],
    options: FindingOptions,
) -> Iterator[dict[str, Any]]:
    """A row a source, end and k."""
    sizes = grouping.counts
    rows = multipliers(
        found.counts, found.distinct, ks, shares, draws=options.resamples, seed=options.seed
    )
    for side, k, source in np.ndindex(rows.shape):
        one = cast(Multiplier, rows[side, k, source])
        yield {
            "suite": found.group.suite,
            "kind": found.group.kind,
            "grouping": "source",
            "value": grouping.names[source],
            "k": ks[k],
            "side": SIDES[side],
            "share": one.share,
            "multiplier": one.multiplier,
            "share_corpus": one.share_corpus,
            "low": one.low,
            "high": one.high,
            "queries_low": one.queries_low,
            "queries_high": one.queries_high,
            "n_top": one.n_top,
            "n_different": int(found.distinct[side, k]),
            "n": int(sizes[source]),
            "n_queries": len(found.query_ids),
        }
