"""How often groups of documents stand at either end of a ranking, against their share."""

from __future__ import annotations

import numpy as np


def end_rows(scores: np.ndarray, k: int) -> dict[str, np.ndarray | None]:
    """The documents at both ends of a ranking, of rank 1 to k and of the last k.

    Ties go to the lower doc_id, as in the store. An end is None where chance of numbering would
    decide most of it: more documents share the score of its last than it has places.

    Args:
        scores: [documents].
        k: at most half the documents.
    """
    return {
        "helpful": _top(scores, k, last_first=False),
        "harmful": _top(-scores, k, last_first=True),
    }


def _top(scores: np.ndarray, k: int, last_first: bool) -> np.ndarray | None:
    n = len(scores)
    if not 0 < k < n:
        return None
    bound = np.partition(scores, n - k)[n - k]
    above = np.flatnonzero(scores > bound)
    tied = np.flatnonzero(scores == bound)
    if len(above) + len(tied) > k and len(tied) > k:
        return None
    room = k - len(above)
    return np.concatenate((above, tied[len(tied) - room :] if last_first else tied[:room]))


def shares_of_part(sums: np.ndarray, total: float) -> np.ndarray | None:
    """[groups] shares of the positive (or negative) part; None where there is no such part."""
    return sums / total if total else None
