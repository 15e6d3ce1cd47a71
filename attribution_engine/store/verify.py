"""Does a store keep its own promises? Every one that it breaks is a line."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np

from attribution_engine.findings.rank_curves import SIDES, RankFit, rank_fit
from attribution_engine.records import ALIGNMENTS, METHODS, InputError
from attribution_engine.store.derived_promises import DERIVED_PROMISES, correlations
from attribution_engine.store.finding_promises import FINDING_PROMISES
from attribution_engine.store.opening import open_store
from attribution_engine.store.promises import PROMISES, Promise
from attribution_engine.store.schema import SIGN, create_statements
from attribution_engine.store.trust_promises import TRUST_PROMISES

RECOMPUTED: Final = 5  # queries whose rank curves and fits are computed again
CURVE_TOLERANCE: Final = 1e-4  # of the largest size of a query's influence
FIT_TOLERANCE: Final = 1e-3
NO_TOKENS: Final = ("bm25", "self-influence")  # methods without token scores

Columns = dict[str, dict[str, str]]  # type of each column, by table
Check = Callable[[duckdb.DuckDBPyConnection], Iterator[str]]


def verify(path: Path) -> list[str]:
    """Checks a store against its contract.

    Args:
        path: a `.duckdb` file.

    Returns:
        One line a broken promise, naming table, row and what is wrong; empty if all are kept.
    """
    try:
        connection = open_store(path)
    except InputError as error:
        return [str(error)]
    with connection:
        return [f"{path}: {line}" for line in broken_promises(connection)]


def broken_promises(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The lines of `verify`, without the name of the file, for a store that is open."""
    missing = list(_missing_columns(_columns(connection)))
    if missing:
        return missing
    lines: list[str] = []
    promises = map(_promise, (*PROMISES, *DERIVED_PROMISES, *TRUST_PROMISES, *FINDING_PROMISES))
    for check in (_run, *promises, _finite, _curves, correlations):
        lines += _lines(connection, check)
    return list(dict.fromkeys(lines))  # damage shows in many checks


def _lines(connection: duckdb.DuckDBPyConnection, check: Check) -> list[str]:
    """The lines of one check; a part of the file that cannot be read is a line as well."""
    try:
        return list(check(connection))
    except duckdb.ProgrammingError:
        raise  # a wrong query of ours, not a damaged file
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        return [f"cannot be read in full ({reason}); copy it again or rebuild it"]


def _missing_columns(there: Columns) -> Iterator[str]:
    """Tables and columns of the schema that are not there, or have another type."""
    for table, columns in _promised_columns().items():
        if table not in there:
            yield f"there is no table {table}; rebuild the store"
            continue
        for column, kind in columns.items():
            found = there[table].get(column)
            if found is None:
                yield f"{table}: there is no column {column}; rebuild the store"
            elif found != kind:
                yield f"{table}: column {column} is {found}, not {kind}; rebuild the store"


@cache
def _promised_columns() -> Columns:
    with duckdb.connect() as scratch:
        for statement in create_statements():
            scratch.execute(statement)
        return _columns(scratch)


def _columns(connection: duckdb.DuckDBPyConnection) -> Columns:
    tables: Columns = {}
    for table, column, kind in connection.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
    ).fetchall():
        tables.setdefault(table, {})[column] = kind
    return tables


def _run(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT sign, method, token_alignment, tail, config->'$.influence.levels' FROM run"
    ).fetchall()
    if len(rows) != 1:
        yield f"run: has {len(rows)} rows, 1 is promised"
        return
    sign, method, alignments, tail, levels = rows[0]
    if sign != SIGN:
        yield f'run: sign is "{sign}", promised is "{SIGN}"'
    if method not in METHODS:
        yield f'run: method is "{method}", not one of {", ".join(METHODS)}'
    without_tokens = method in NO_TOKENS or (levels is not None and "token" not in levels)
    if without_tokens:
        if alignments != "":
            yield f'run: token_alignment is "{alignments}", and the run has no token scores'
        if tail != 0:
            yield f"run: tail is {tail}, and the run has no token scores"
        return
    if not alignments or not set(re.split(", *", alignments)) <= set(ALIGNMENTS):
        yield f'run: token_alignment is "{alignments}", not some of {",".join(ALIGNMENTS)}'
    if tail is None or tail < 1:
        yield f"run: tail is {tail}, not a number of documents"


def _promise(promise: Promise) -> Check:
    """A check that tells of the first broken row and how many more there are."""

    def check(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
        row = connection.execute(
            f"SELECT count(*) OVER (), broken.* FROM ({promise.broken}) AS broken "
            "ORDER BY ALL LIMIT 1"
        ).fetchone()
        if row is not None:
            more = f" (and {row[0] - 1} more)" if row[0] > 1 else ""
            yield promise.sentence.format(*map(_shown, row[1:])) + more

    return check


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _finite(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """No number in any table is NaN or infinite."""
    for table, columns in _columns(connection).items():
        # A list's sum is finite only if every number in it is.
        numbers = {
            column: f'list_sum("{column}"::DOUBLE[])' if kind.endswith("[]") else f'"{column}"'
            for column, kind in columns.items()
            if kind.removesuffix("[]") in ("FLOAT", "DOUBLE")
        }
        if not numbers:
            continue
        counts = [f"count(*) FILTER (NOT isfinite({number}))" for number in numbers.values()]
        row = connection.execute(f'SELECT {", ".join(counts)} FROM "{table}"').fetchone()
        for column, count in zip(numbers, row or (), strict=True):
            if count:
                yield f"{table}: {column} is NaN or infinite in {count} rows"


def _curves(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Rank curves and fits of a few queries say what their influence says."""
    queries = [q for (q,) in connection.execute("SELECT query_id FROM queries").fetchall()]
    chosen = np.linspace(0, len(queries) - 1, min(RECOMPUTED, len(queries))).astype(int)
    for query in sorted(queries[index] for index in chosen):
        scores = connection.execute(
            "SELECT influence FROM influence WHERE query_id = ? ORDER BY rank", [query]
        ).fetchnumpy()["influence"]
        scores = np.ma.filled(scores, np.nan)
        if not (len(scores) and np.isfinite(scores).all()):
            continue  # another check tells of it
        for side in SIDES:
            yield from _bins(connection, query, side, scores)
            yield from _fit(connection, query, side, scores)


def _bins(
    connection: duckdb.DuckDBPyConnection, query: int, side: str, scores: np.ndarray
) -> Iterator[str]:
    """Bins follow each other from rank 1 to the last, and have the mean of their documents."""
    ordered = np.sort(scores.astype(np.float64))
    ordered = ordered[::-1] if side == "helpful" else ordered
    tolerance = CURVE_TOLERANCE * np.abs(ordered).max()
    last = 0
    bins = connection.execute(
        "SELECT rank_low, rank_high, influence, n FROM rank_curve "
        "WHERE query_id = ? AND side = ? ORDER BY rank_low",
        [query, side],
    ).fetchall()
    for low, high, mean, n in bins:
        if low != last + 1 or high < low or n != high - low + 1 or high > len(ordered):
            yield f"rank_curve: query {query}, {side}: the bin {low} to {high} does not fit"
            return
        expected = float(ordered[low - 1 : high].mean())
        if mean is None or not abs(mean - expected) <= tolerance:
            yield (
                f"rank_curve: query {query}, {side}: ranks {low} to {high} have {mean}, their "
                f"documents {expected:.6g}"
            )
            return
        last = high
    if bins and last != len(ordered):
        yield f"rank_curve: query {query}, {side}: ends at rank {last} of {len(ordered)}"


def _fit(
    connection: duckdb.DuckDBPyConnection, query: int, side: str, scores: np.ndarray
) -> Iterator[str]:
    names = list(RankFit.__dataclass_fields__)
    row = connection.execute(
        f"SELECT {', '.join(names)} FROM rank_fit WHERE query_id = ? AND side = ?", [query, side]
    ).fetchone()
    if row is None:
        return  # another check tells of it
    stored = dict(zip(names, row, strict=True))
    if not stored["k"] or stored["k"] < 1:
        yield f"rank_fit: query {query}, {side}: k is {stored['k']}"
        return
    fit = rank_fit(scores, side, stored["k"])
    for name in names:
        expected = getattr(fit, name)
        if not _alike(stored[name], expected):
            yield (
                f"rank_fit: query {query}, {side}: {name} is {stored[name]}, its influence gives "
                f"{expected}"
            )
            return


def _alike(stored: float | None, expected: float | None) -> bool:
    if stored is None or expected is None:
        return stored is expected
    return math.isclose(stored, expected, rel_tol=FIT_TOLERANCE, abs_tol=FIT_TOLERANCE)
