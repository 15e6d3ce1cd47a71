"""For which k sources are counted among the top and bottom k documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

SIDES: Final = ("helpful", "harmful")
STEPS: Final = (1, 2, 5)  # of each power of ten
FIRST_K: Final = 10
MOST_K: Final = 500  # documents of an end that claims are about, as in the paper
MOST_SHARE: Final = 0.05  # of the corpus that they may be
KS: Final = (
    f"k: the largest of 10, 20, 50, 100 … up to {MOST_K} and to {100 * MOST_SHARE:g} % of the "
    "documents."
)


def ks_of(n_documents: int) -> tuple[int, ...]:
    """10, 20, 50, 100 … up to the number of documents; from 1 on where there are under 100."""
    first = FIRST_K if n_documents >= 10 * FIRST_K else 1
    powers = range(len(str(max(1, n_documents))))
    found = (step * 10**power for power in powers for step in STEPS)
    return tuple(k for k in found if first <= k <= n_documents)


def claim_k(ks: Sequence[int], n_documents: int) -> int:
    """The k that claims are about; see `KS`."""
    fitting = [k for k in ks if k <= min(MOST_K, MOST_SHARE * n_documents)]
    return fitting[-1] if fitting else ks[0]
