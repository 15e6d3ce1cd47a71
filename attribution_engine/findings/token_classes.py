"""Which classes of tokens carry more influence than their share of the tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from attribution_engine.findings.intervals import percentiles, resamples


@dataclass(frozen=True, slots=True)
class ClassStatistic:
    """A class of tokens, or several taken together, on a set of queries.

    Attributes:
        places: of the classes in `CLASSES`.
        n: tokens, over all documents that are read under each query.
        share: of the sizes of all tokens' scores, mean over queries; token_share: of the tokens.
        multiplier: share ÷ token_share; low, high: its 95% interval over resampled queries. None
            where no token is of the class, or there is one query only.
    """

    places: tuple[int, ...]
    n: int
    share: float
    token_share: float
    multiplier: float | None
    low: float | None
    high: float | None
    n_queries: int


def class_statistics(
    sizes: np.ndarray,
    counts: np.ndarray,
    groups: Sequence[tuple[int, ...]],
    draws: int,
    seed: int,
) -> list[ClassStatistic]:
    """Shares of classes, every query counting the same.

    Args:
        sizes: [queries, classes] summed sizes of scores; counts: [queries, classes] tokens.
            Queries without either count for nothing.
        groups: classes, or several classes taken as one.
        draws: resamples of the queries, with replacement (percentile bootstrap).
    """
    wholes, totals = sizes.sum(axis=1), counts.sum(axis=1)
    told = np.isfinite(wholes) & (wholes > 0) & (totals > 0)
    shares = sizes[told] / wholes[told, None]
    token_shares = counts[told] / totals[told, None]
    n_queries = int(told.sum())
    drawn = resamples(n_queries, seed, draws) if n_queries > 1 else None
    return [
        _statistic(group, shares, token_shares, int(counts[told][:, group].sum()), drawn)
        for group in groups
        if n_queries
    ]


def _statistic(
    group: tuple[int, ...],
    shares: np.ndarray,
    token_shares: np.ndarray,
    n: int,
    drawn: np.ndarray | None,
) -> ClassStatistic:
    share = shares[:, group].sum(axis=1)
    token_share = token_shares[:, group].sum(axis=1)
    tokens = float(token_share.mean())
    low = high = None
    if tokens and drawn is not None:
        below = token_share[drawn].mean(axis=1)
        above = share[drawn].mean(axis=1)
        if (below > 0).all():  # else a draw has no such token, and its multiplier no value
            low, high = percentiles(above / below)
    return ClassStatistic(
        places=group,
        n=n,
        share=float(share.mean()),
        token_share=tokens,
        multiplier=float(share.mean()) / tokens if tokens else None,
        low=low,
        high=high,
        n_queries=len(share),
    )
