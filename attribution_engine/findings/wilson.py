"""Wilson's interval of a binomial share (Wilson 1927), for one share and for arrays of them."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import Final

import numpy as np

LEVEL: Final = 0.95


def wilson(share: float, n: float, level: float = LEVEL) -> tuple[float, float]:
    """The interval of a share of n independent draws; 0 to 1 where there are none.

    It holds the share itself, and reaches 0 and 1 exactly where the share does.
    """
    if n <= 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (
        min(share, max(0.0, middle - half)) if share > 0 else 0.0,
        max(share, min(1.0, middle + half)) if share < 1 else 1.0,
    )


def wilson_arrays(
    share: np.ndarray, trials: np.ndarray, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """The same, element by element."""
    z = NormalDist().inv_cdf((1 + level) / 2)
    n = np.maximum(np.asarray(trials, float), 1e-9)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return (
        np.where(share > 0, np.clip(middle - half, 0, share), 0.0),
        np.where(share < 1, np.clip(middle + half, share, 1), 1.0),
    )
