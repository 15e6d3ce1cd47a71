"""What the finding totals reads of the store that it is written into."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class TailFit:
    """Of the tail of one side of a query: slope, survival exponent, p of the law, values used."""

    slope: float | None
    survival_exponent: float | None
    ks_p: float | None
    n: int


def tail_fits(connection: duckdb.DuckDBPyConnection) -> dict[tuple[int, str], TailFit]:
    """The fits of `rank_fit`, by query and side."""
    rows = connection.execute(
        "SELECT query_id, side, slope, survival_exponent, ks_p, n FROM rank_fit"
    ).fetchall()
    return {(query_id, side): TailFit(*values) for query_id, side, *values in rows}
