"""Two runs on the prompts they share: how much more influence per nat the other one's top holds.

Only tables of totals are read, so that two runs over a million documents take no longer than two
small ones.
"""

from __future__ import annotations

import statistics
from collections import defaultdict

from attribution_engine.findings.coverage import SIDES, top_of
from attribution_engine.store.comparison import pairs_of_queries
from attribution_engine.store.comparison_views import QueryPair
from attribution_engine.store.findings.totals_views import (
    MultiplierGroup,
    Multipliers,
    SharedTotal,
)
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import Side


def shared_queries(here: StoreReader, there: StoreReader) -> dict[int, QueryPair]:
    """The queries of the same suite and prompt in both runs, by number in the one here."""
    return here.remember_with(
        there, "pairs", lambda: pairs_of_queries(here.queries(), there.queries())
    )


def multipliers(here: StoreReader, there: StoreReader, part: float) -> Multipliers:
    """The other run's summed influence over the open one's, on every shared query and side.

    Sums are per nat where both runs know the nats of every shared completion; otherwise raw. A
    query without a document of a side in one of the runs has no multiplier there.

    Args:
        part: of each run's documents, the strongest of a side first.
    """
    return here.remember_with(there, ("multipliers", part), lambda: _multipliers(here, there, part))


def _multipliers(here: StoreReader, there: StoreReader, part: float) -> Multipliers:
    sets = here.sets_of_queries()
    shared = shared_queries(here, there)
    pairs = [one for one in shared.values() if one.query.query_id not in sets]
    pairs = pairs or list(shared.values())
    others = {one.query_id: one for one in there.queries()}
    nats = {
        one.query.query_id: (one.query.nats or 0.0, others[one.there].nats or 0.0) for one in pairs
    }
    per_nat = bool(pairs) and all(first and second for first, second in nats.values())
    mine, theirs = here.sums_of_top(part), there.sums_of_top(part)
    found = []
    for side in SIDES:
        for one in pairs:
            number = one.query.query_id
            first, second = mine.get((number, side)), theirs.get((one.there, side))
            if not first or second is None:
                continue
            if per_nat:
                first, second = first / nats[number][0], second / nats[number][1]
            found.append(
                SharedTotal(
                    number, one.there, one.query.suite, one.query.kind, side, first, second,
                    second / first, one.same_completion,
                )
            )  # fmt: skip
    return Multipliers(
        part,
        top_of(part, here.run().n_documents),
        top_of(part, there.run().n_documents),
        per_nat,
        len(shared),
        tuple(found),
        tuple(_groups(found)),
    )


def _groups(found: list[SharedTotal]) -> list[MultiplierGroup]:
    ratios: dict[tuple[str, Side], list[float]] = defaultdict(list)
    for one in found:
        ratios[one.kind, one.side].append(one.ratio)
    return [
        MultiplierGroup(
            kind,
            side,
            len(values),
            statistics.fmean(values),
            statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else None,
            statistics.median(values),
            sum(value > 1 for value in values),
        )
        for (kind, side), values in ratios.items()
    ]
