"""The one writer of stores: builds a file aside and moves it into place when it is complete."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from attribution_engine.store.schema import TABLES, create_statements

# How DuckDB says that the disk is full; after that the connection is good for nothing.
UNWRITABLE = (duckdb.OperationalError, duckdb.FatalException)
BATCH_ROWS = 2_000  # rows of texts or token arrays that are held at a time

DIGITS = 6  # of an influence that is kept


class StoreWriter:
    """Fills the tables of one store. Use `building`, which moves the file into place."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, create: bool = True) -> None:
        self._connection = connection
        for statement in create_statements() if create else ():
            connection.execute(statement)

    def clear(self, table: str) -> None:
        """Takes all rows out of a table."""
        self._column_types(table)  # only what is a table of the schema
        self._connection.execute(f'DELETE FROM "{table}"')

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends rows in order; columns a row lacks are NULL, dicts become JSON.

        Raises:
            KeyError: a row has a column that the table does not.
        """
        types = self._column_types(table)
        for group in _groups(rows, BATCH_ROWS):
            unknown = set(group[0]) - set(types)
            if unknown:
                raise KeyError(f"table {table} has no column {', '.join(sorted(unknown))}")
            columns = {
                name: pa.array([_plain(row.get(name)) for row in group]) for name in group[0]
            }
            self._append(table, pa.table(columns), types)

    def insert_table(self, table: str, rows: pa.Table) -> None:
        """Appends rows that are columns already.

        Raises:
            KeyError: there is a column that the table does not have.
        """
        types = self._column_types(table)
        unknown = set(rows.column_names) - set(types)
        if unknown:
            raise KeyError(f"table {table} has no column {', '.join(sorted(unknown))}")
        self._append(table, rows, types)

    def insert_influence(self, influence: np.ndarray, gradient_norms: np.ndarray | None) -> None:
        """Fills `influence`, every document for every query, ordered by query and rank.

        Influence is kept to six significant digits: the last ones of a float32 are rounding of
        the passes over the corpus, and do not compress.

        Args:
            influence: [queries, documents], nats.
            gradient_norms: [documents]; a document with norm 0 has norm-corrected score 0. None =
                there are no gradients; both ranks are then the same.
        """
        types = self._column_types("influence")
        for query, exact in enumerate(influence):
            scores = significant(exact)
            order, ranks = ranked(scores)
            normed = ranks
            if gradient_norms is not None:
                _, normed = ranked(norm_corrected(scores, gradient_norms))
            table = pa.table(
                {
                    "query_id": np.full(len(scores), query, dtype=np.int32),
                    "doc_id": order.astype(np.int32),
                    "influence": scores[order].astype(np.float32),
                    "rank": ranks[order].astype(np.int32),
                    "rank_normed": normed[order].astype(np.int32),
                }
            )
            self._append("influence", table, types)

    def _append(self, table: str, rows: pa.Table, types: dict[str, str]) -> None:
        self._connection.register("incoming", rows)
        names = rows.column_names
        columns = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(f'CAST("{name}" AS {types[name]})' for name in names)
        self._connection.execute(f'INSERT INTO "{table}" ({columns}) SELECT {values} FROM incoming')
        self._connection.unregister("incoming")

    def _column_types(self, table: str) -> dict[str, str]:
        if table not in TABLES:
            raise KeyError(f"the store has no table {table}")
        described = self._connection.execute(f'DESCRIBE "{table}"').fetchall()
        return {name: kind for name, kind, *_ in described}


def significant(values: np.ndarray) -> np.ndarray:
    """Values of float32 rounded to `DIGITS` significant digits; zero and not finite ones stay."""
    exact = values.astype(np.float64)
    sized = np.isfinite(exact) & (exact != 0)
    digits = DIGITS - 1 - np.floor(np.log10(np.abs(np.where(sized, exact, 1.0))))
    scale = 10.0**digits
    return np.where(sized, np.round(exact * scale) / scale, exact).astype(np.float32)


@contextmanager
def building(path: Path) -> Iterator[StoreWriter]:
    """A writer on a new file beside `path`; on success it replaces `path`, else it is removed.

    Explorers that have the old file open keep it; nobody ever sees half a store.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    with _aside(path) as part, _written(part) as connection:
        yield StoreWriter(connection)


@contextmanager
def amending(path: Path) -> Iterator[StoreWriter]:
    """A writer on a copy beside the store `path`; on success the copy replaces it.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    with _aside(path) as part, _written(part) as connection:
        # Not a copy of the file: blocks that amending frees would stay in it, and be counted.
        (fresh,) = connection.execute("SELECT current_database()").fetchall()[0]
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS before (READ_ONLY)")
        connection.execute(f'COPY FROM DATABASE before TO "{fresh}"')
        connection.execute("DETACH before")
        yield StoreWriter(connection, create=False)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A file beside `path` to write; on success it replaces `path`, else it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    _remove(part)
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except UNWRITABLE as error:
        said = (str(error).splitlines() or ["no reason given"])[0]
        raise OSError(f"{path}: cannot be written ({said[:200]}); is the disk full?") from error
    finally:
        _remove(part)


@contextmanager
def _written(part: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that writes; afterwards everything is in the file itself."""
    connection = duckdb.connect(str(part))
    try:
        yield connection
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    if _wal(part).exists():
        raise RuntimeError(f"{part}: the write-ahead log is still there after CHECKPOINT")


def _remove_left_over(path: Path) -> None:
    """Removes what processes that were killed had written of this store."""
    for left in path.parent.glob(f".{path.name}.*.part"):
        process = left.name.removesuffix(".part").rpartition(".")[2]
        if process.isdigit() and not _is_alive(int(process)):
            _remove(left)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another user's
    return True


def _remove(part: Path) -> None:
    """Removes an unfinished store with what DuckDB puts beside it."""
    part.unlink(missing_ok=True)
    _wal(part).unlink(missing_ok=True)
    shutil.rmtree(part.with_name(part.name + ".tmp"), ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def ranked(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Documents from most helpful to most harmful, and each document's rank from 1.

    Scores count as float32, as the store keeps them; ties go to the lower doc_id.
    """
    order = np.argsort(-scores.astype(np.float32), kind="stable")
    ranks = np.empty(len(scores), dtype=np.int64)
    ranks[order] = np.arange(1, len(scores) + 1)
    return order, ranks


def norm_corrected(scores: np.ndarray, gradient_norms: np.ndarray) -> np.ndarray:
    """Influence ÷ ‖∇L‖ of each document, both as the float32 numbers that the store keeps."""
    norms = gradient_norms.astype(np.float32)
    return np.divide(
        scores.astype(np.float32), norms, out=np.zeros(len(norms), np.float32), where=norms > 0
    )


def _plain(value: Any) -> Any:
    """What a column can hold: JSON text for dicts, lists for tuples and arrays."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple | np.ndarray):
        return list(value)
    return value


def _groups(rows: Iterable[Mapping[str, Any]], size: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _wal(path: Path) -> Path:
    return path.with_name(path.name + ".wal")
