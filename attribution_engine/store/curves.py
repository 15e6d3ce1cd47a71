"""Rank curves by query and by kind of query: log-space mean and spread, slope groups."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from attribution_engine.store.views import CurveSeries, RankFit, SlopeGroup, Unit


def query_series(rows: Iterable[Sequence[Any]], unit: Unit) -> list[CurveSeries]:
    """Curves from rows (side, kind, query_id, nats, rank, influence) ordered by rank.

    A curve ends at the first bin whose mean has the other sign: a logarithm has none to show.
    """
    points: dict[tuple[str, str, int], list[tuple[float, float]]] = defaultdict(list)
    ended: set[tuple[str, str, int]] = set()
    for side, kind, query_id, nats, rank, influence in rows:
        key = (side, kind, query_id)
        size = influence if side == "helpful" else -influence
        if unit == "per_nat":
            size = size / nats if nats else 0.0
        if not size > 0:
            ended.add(key)
        if key not in ended:
            points[key].append((rank, size))
    return [
        CurveSeries(side, kind, query_id, 1, tuple(r for r, _ in curve), tuple(v for _, v in curve))
        for (side, kind, query_id), curve in points.items()
    ]


def kind_series(series: Sequence[CurveSeries]) -> list[CurveSeries]:
    """Mean and standard deviation of log |score| over the queries of each kind and side.

    A bin counts only where every query of the kind has a value: otherwise the mean would rise
    as weak queries drop out.
    """
    groups: dict[tuple[str, str], list[CurveSeries]] = defaultdict(list)
    for one in series:
        groups[one.side, one.kind].append(one)
    result = []
    for (side, kind), members in groups.items():
        at_rank: dict[float, list[float]] = defaultdict(list)
        for one in members:
            for rank, value in zip(one.ranks, one.values, strict=True):
                at_rank[rank].append(math.log(value))
        logs = {r: values for r, values in sorted(at_rank.items()) if len(values) == len(members)}
        means = [statistics.fmean(values) for values in logs.values()]
        spreads = [statistics.stdev(v) if len(v) > 1 else 0.0 for v in logs.values()]
        pairs = list(zip(means, spreads, strict=True))
        result.append(
            CurveSeries(
                side,
                kind,
                None,
                len(members),
                tuple(logs),
                tuple(math.exp(mean) for mean in means),
                tuple(math.exp(mean - spread) for mean, spread in pairs),
                tuple(math.exp(mean + spread) for mean, spread in pairs),
            )
        )
    return result


def slope_groups(fits: Sequence[RankFit]) -> list[SlopeGroup]:
    """Mean ± standard deviation of the slope over the queries of each kind and side."""
    groups: dict[tuple[str, str], list[float]] = defaultdict(list)
    for fit in fits:
        if fit.slope is not None and math.isfinite(fit.slope):
            groups[fit.kind, fit.side].append(fit.slope)
    return [
        SlopeGroup(
            kind,
            side,
            len(slopes),
            statistics.fmean(slopes),
            statistics.stdev(slopes) if len(slopes) > 1 else None,
        )
        for (kind, side), slopes in groups.items()
    ]
