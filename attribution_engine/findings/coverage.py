"""How much influence the strongest documents of a query hold: sums and shares of each sign.

The documents of a query fall into those that raise its completion's log-probability (the positive
part, "helpful") and those that lower it (the negative part, "harmful"). Each part is ordered by
size, and summed from its strongest document down to two kinds of depth: so many percent of the
part's documents, as "Procedural Knowledge in Pretraining Drives Reasoning" draws it, and a number
of documents that is the same for all queries.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

import numpy as np

SIDES: Final = ("helpful", "harmful")
# Ten depths a decade (Renard's series), so that 1, 5, 10 and 100 are among them.
_STEPS: Final = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)
# Percent of the documents of one sign, the strongest first.
PERCENTILES: Final = (
    *(round(step * 10.0**power, 8) for power in range(-3, 2) for step in _STEPS),
    100.0,
)
# Parts of all documents, of either sign: what two runs are compared at.
TOPS: Final = (0.001, 0.01, 0.05, 0.1)


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """The strongest k documents of one sign.

    Attributes:
        grid: "percentile" where k is so many percent of the sign's documents, rounded up; "k"
            where k itself was asked for.
        percentile: k as a part of the sign's documents (%); as asked for where that is the grid.
        total: summed influence (the unit of the scores); negative on the harmful side.
        share: of the total of all documents of this sign, 0 to 1.
    """

    side: str
    grid: str
    percentile: float
    k: int
    total: float
    share: float


def numbers_of_documents(n_documents: int) -> list[int]:
    """Depths in documents, ten a decade up to the size of the corpus, and its `TOPS`."""
    found = {
        round(step * 10.0**power)
        for power in range(len(str(max(n_documents, 1))))
        for step in _STEPS
    }
    found |= {top_of(part, n_documents) for part in TOPS}
    return sorted(k for k in found if 1 <= k <= n_documents)


def top_of(part: float, n_documents: int) -> int:
    """How many documents a part of the corpus is, rounded up: 0.01 of 5 million are 50,000."""
    return ceil(part * n_documents - 1e-9)


def coverage(scores: np.ndarray) -> Iterator[CoveragePoint]:
    """Sums over the strongest documents of each sign; nothing of a sign that no document has.

    A percentile that is less than one document is left out: its sum would be that of a larger
    one. Sums are float64, whatever the scores are.

    Args:
        scores: [documents] influence on one query; what is not finite is left out.
    """
    numbers = numbers_of_documents(len(scores))
    for side in SIDES:
        sizes = strongest_first(scores, side)
        n = len(sizes)
        if not n:
            continue
        sums = np.cumsum(sizes, dtype=np.float64)
        sign, whole = 1.0 if side == "helpful" else -1.0, float(sums[-1])
        depths = [
            ("percentile", percentile, ceil(percentile * n / 100 - 1e-9))
            for percentile in PERCENTILES
            if percentile * n / 100 >= 1 - 1e-9
        ]
        depths += [("k", 100 * k / n, k) for k in numbers if k < n]
        for grid, percentile, k in (*depths, ("k", 100.0, n)):
            total = float(sums[k - 1])
            yield CoveragePoint(side, grid, percentile, k, sign * total, total / whole)


def strongest_first(scores: np.ndarray, side: str) -> np.ndarray:
    """Sizes of the influence of one sign, in descending order."""
    signed = scores if side == "helpful" else -scores
    return np.sort(signed[(signed > 0) & (signed < np.inf)])[::-1]
