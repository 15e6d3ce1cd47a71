"""The plane of two scorings of the same documents: points where they are few, else a density."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from attribution_engine.store.comparison_views import ALL_POINTS, At, Plane, PlanePoint, Plot
from attribution_engine.store.views import Side

STEPS = 48  # of a density, each way
WHERE: tuple[At, ...] = ("neither", "here", "there", "both")


@dataclass(frozen=True, slots=True, eq=False)
class PlaneData:
    """Documents in both scorings: numbers, scores, ranks, and how many documents each ranks."""

    here: np.ndarray
    there: np.ndarray
    score_here: np.ndarray
    score_there: np.ndarray
    rank_here: np.ndarray
    rank_there: np.ndarray
    n_here: int
    n_there: int


def plane_of(
    data: PlaneData, side: Side | None, plot: Plot, k: int, chosen: int | None = None
) -> Plane:
    """The plane of two scorings.

    Args:
        side: whose end ranks count from and whose first k documents are named; None = from the
            helpful end, and the first k of both.
        chosen: a document, by its number here, that is to be marked.
    """
    from_end = [
        n + 1 - rank if side == "harmful" else rank
        for rank, n in ((data.rank_here, data.n_here), (data.rank_there, data.n_there))
    ]
    x, y = (data.score_here, data.score_there) if plot == "score" else from_end
    in_here, in_there = (
        (rank <= k) | (rank > n - k) if side is None else rank <= k
        for rank, n in zip(from_end, (data.n_here, data.n_there), strict=True)
    )
    n = len(x)
    at = in_here + 2 * in_there
    shown = np.arange(n) if n <= ALL_POINTS else np.flatnonzero(at)

    def points(which: np.ndarray) -> tuple[PlanePoint, ...]:
        return tuple(
            PlanePoint(here, there, one_x, one_y, WHERE[where])
            for here, there, one_x, one_y, where in zip(
                data.here[which].tolist(),
                data.there[which].tolist(),
                x[which].astype(float).tolist(),
                y[which].astype(float).tolist(),
                at[which].tolist(),
                strict=True,
            )
        )

    marked = next(iter(points(np.flatnonzero(data.here == chosen))), None)
    if n <= ALL_POINTS:
        return Plane(plot, n, points(shown), chosen=marked)
    edges = [_edges(values, plot) for values in (x, y)]
    columns, rows = (_bins(values, each) for values, each in zip((x, y), edges, strict=True))
    n_columns, n_rows = (len(each) - 1 for each in edges)
    counts = np.bincount(rows * n_columns + columns, minlength=n_rows * n_columns)
    return Plane(
        plot,
        n,
        points(shown),
        tuple(edges[0].tolist()),
        tuple(edges[1].tolist()),
        tuple(map(tuple, counts.reshape(n_rows, n_columns).tolist())),
        marked,
    )


def _edges(values: np.ndarray, plot: Plot) -> np.ndarray:
    """Edges of the cells of a density: of ranks halfway between two, of scores evenly spaced."""
    low, high = float(values.min()), float(values.max())
    if plot == "rank_log":
        return np.unique(np.geomspace(1, high + 1, STEPS + 1).astype(np.int64)) - 0.5
    if plot == "rank":
        return np.linspace(0.5, high + 0.5, STEPS + 1)
    return np.linspace(low, high if high > low else low + 1, STEPS + 1)


def _bins(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The bin of each value, the last one with its upper edge."""
    last = len(edges) - 2
    if values.dtype.kind == "i":
        # Ranks: one look into a table a document.
        table = np.searchsorted(edges, np.arange(int(values.max()) + 1), side="right") - 1
        return np.clip(table, 0, last)[values]
    bins = (values - edges[0]) * ((last + 1) / (edges[-1] - edges[0]))
    found = np.clip(bins.astype(np.int64), 0, last)
    # Rounding may put a value beside its bin.
    found -= values < edges[found]
    found += (values >= edges[found + 1]) & (found < last)
    return found
