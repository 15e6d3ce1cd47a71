"""Long columns of numbers in few bytes, for components; `heatmap_model.js` unpacks them."""

from __future__ import annotations

from base64 import b64encode

import numpy as np
from numpy.typing import ArrayLike

LONG = 255  # stands for a count that does not fit a byte; these follow by themselves


def small(values: ArrayLike) -> str:
    """Whole numbers from 0 to 255, a byte each."""
    return b64encode(np.asarray(values, np.uint8).tobytes()).decode("ascii")


def counts(values: ArrayLike) -> tuple[str, list[int]]:
    """Whole numbers from 0 that are mostly small."""
    given = np.asarray(values, np.int64)
    return small(np.minimum(given, LONG)), given[given >= LONG].tolist()


def reals(values: ArrayLike) -> str:
    """Numbers of seven digits."""
    return b64encode(np.asarray(values, "<f4").tobytes()).decode("ascii")
