"""The finding totals: computed from a run's scores and written into its store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.coverage import SIDES, CoveragePoint, coverage
from attribution_engine.findings.run_scores import QueryFacts, RunScores
from attribution_engine.findings.totals import (
    OUTCOMES,
    SHOWN,
    QueryTotals,
    group_means,
    slope_tests,
)
from attribution_engine.findings.totals_claims import FEWEST_VALUES, Behind, totals_claims
from attribution_engine.store.finding_reads_totals import TailFit, tail_fits
from attribution_engine.store.writer import StoreWriter

NO_TAIL: Final = TailFit(None, None, None, 0)
UNSIGNED: Final = {
    "bm25": "BM25 scores have no sign, so that no document lowers anything and sums of them are no "
    "influence.",
    "self-influence": "Self-influence is one number a document, never negative, and explains no "
    "completion.",
}
SUPPLIES: Final = 'A run with method = "ek-fac" in [influence] would supply it.'
# A cosine does not grow with the completion's information: dividing by it would say nothing.
NOT_PER_NAT: Final = {
    "gradient-cosine": "A cosine does not grow with the completion's information, so that it has "
    "no score per nat.",
}


def fill(store: StoreWriter, scores: RunScores, options: FindingOptions) -> Iterator[Claim]:
    """Fills the tables of this finding; what the run says of the published claims."""
    fits = tail_fits(store.connection)
    totals: list[QueryTotals] = []

    def rows() -> Iterator[dict[str, Any]]:
        for query in scores.queries:
            points = list(coverage(scores.influence[query.query_id]))
            totals.extend(
                _totals(query, side, points, fits.get((query.query_id, side), NO_TAIL))
                for side in SIDES
            )
            yield from ({"query_id": query.query_id, **asdict(point)} for point in points)

    store.insert("coverage", rows())
    # A side that no query has documents of is not a side on which all of them sum to nothing.
    there = {"helpful", *(one.side for one in totals if one.shares)}
    totals = [one for one in totals if one.side in there]
    draws, seed = options.resamples, options.seed
    store.insert("coverage_group", map(asdict, group_means(totals, draws, seed)))
    store.insert(
        "slope_test",
        (
            {"side": side, "outcome": outcome, "group_a": "reasoning", "group_b": "factual"}
            | asdict(test)
            for side, outcome, test in slope_tests(totals)
        ),
    )
    tail = max((fit.n for fit in fits.values()), default=0)
    yield from totals_claims(totals, behind(scores, options, tail))


def behind(scores: RunScores, options: FindingOptions, tail: int = 0) -> Behind:
    """The run as its claims see it; `tail`: documents that a power law was fitted to."""
    unsigned = "" if scores.signed else UNSIGNED.get(scores.method, "The scores have no sign.")
    lacks = NOT_PER_NAT.get(scores.method, "")
    if not lacks and not any(query.nats for query in scores.queries):
        lacks = (
            "No query has nats: −log p of its completion is not known, so that nothing can be "
            "divided by it."
        )
    return Behind(
        scores.n_documents,
        f"{lacks} {SUPPLIES}" if lacks else "",
        f"{unsigned} {SUPPLIES}" if unsigned else "",
        "nats per nat" if scores.of_nats else "score units per nat",
        options.resamples,
        options.seed,
        tail,
    )


def _totals(query: QueryFacts, side: str, points: list[CoveragePoint], fit: TailFit) -> QueryTotals:
    shown = {
        point.percentile: point
        for point in points
        if point.side == side and point.grid == "percentile" and point.percentile in SHOWN
    }
    totals = {percentile: abs(point.total) for percentile, point in shown.items()}
    return QueryTotals(
        query.query_id,
        side,
        query.suite,
        query.kind,
        OUTCOMES[query.correct],
        query.nats,
        totals or dict.fromkeys(SHOWN, 0.0),
        {percentile: point.share for percentile, point in shown.items()},
        fit.slope,
        fit.survival_exponent,
        fit.ks_p if fit.n >= FEWEST_VALUES else None,
        query.is_set,
    )
