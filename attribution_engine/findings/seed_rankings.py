"""Does the order of the methods hold from one seed of the retraining to the next?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from attribution_engine.findings.faithfulness import FaithfulnessRow, overall
from attribution_engine.findings.paired_differences import share_of


@dataclass(frozen=True, slots=True)
class SeedRanking:
    """How the order of methods holds over seeds, for one condition of one quantity.

    Attributes:
        orders: by seed, the methods from the highest figure down.
        first: seeds in which the run's method is first; same_order: seeds that order all methods
            as their mean over seeds does.
        kept: pairs of methods that stand in the same order in every seed, of `pairs`.
        tau: Kendall's tau of the orders of two seeds, mean over pairs of seeds; None of one seed.
    """

    experiment: str
    condition: str
    orders: tuple[tuple[int, tuple[str, ...]], ...]
    first: int
    same_order: int
    kept: int
    pairs: int
    tau: float | None

    @property
    def n_seeds(self) -> int:
        """Seeds that were ranked."""
        return len(self.orders)


def seed_rankings(rows: Sequence[FaithfulnessRow], quantity: str, method: str) -> list[SeedRanking]:
    """Of every condition of a quantity that has figures by seed, shares in order.

    Only methods with a figure in every seed are ranked.
    """
    of_seeds = [
        row
        for row in rows
        if row.quantity == quantity
        and row.seed is not None
        and row.query_id is None
        and not row.suite
    ]
    found = []
    for condition in sorted({row.condition or "" for row in of_seeds}, key=share_of):
        here = [row for row in of_seeds if (row.condition or "") == condition]
        means = [row for row in overall(rows, quantity) if (row.condition or "") == condition]
        found.append(_ranking(here, means, condition, method))
    return found


def _ranking(
    of_seeds: Sequence[FaithfulnessRow],
    means: Sequence[FaithfulnessRow],
    condition: str,
    method: str,
) -> SeedRanking:
    seeds = sorted({row.seed for row in of_seeds if row.seed is not None})
    n_seeds = {
        name: sum(row.method == name for row in of_seeds) for name in {r.method for r in of_seeds}
    }
    ranked = {name for name, n in n_seeds.items() if n == len(seeds)}
    orders = [
        (seed, _order(row for row in of_seeds if row.seed == seed and row.method in ranked))
        for seed in seeds
    ]
    mean = _order(row for row in means if row.method in ranked)
    pairs = list(combinations(sorted(ranked), 2))
    # Whether the first of a pair stands before the second, [seeds][pairs].
    before = [
        [order.index(one) < order.index(other) for one, other in pairs] for _, order in orders
    ]
    taus = [
        2 * np.mean([x == y for x, y in zip(one, other, strict=True)]) - 1
        for one, other in combinations(before, 2)
        if pairs
    ]
    return SeedRanking(
        experiment=of_seeds[0].experiment,
        condition=condition,
        orders=tuple(orders),
        first=sum(order[0] == method for _, order in orders if order),
        same_order=sum(order == mean for _, order in orders),
        kept=sum(len(set(column)) == 1 for column in zip(*before, strict=True)),
        pairs=len(pairs),
        tau=float(np.mean(taus)) if taus else None,
    )


def _order(rows: Iterable[FaithfulnessRow]) -> tuple[str, ...]:
    return tuple(row.method for row in sorted(rows, key=lambda row: (-row.figure, row.method)))
