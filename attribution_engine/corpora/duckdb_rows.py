"""Rows of a table or view of a DuckDB file, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import duckdb

from attribution_engine.corpora.rows import RowOrError, batch_rows, first_line, missing_field
from attribution_engine.records import InputError

BATCH: Final = 256  # rows in memory at once
# A corpus file is data: its views may not read other files, nor load extensions. DuckDB keeps
# what it has read until its memory is full.
SETTINGS: Final[dict[str, str | bool | int | float | list[str]]] = {
    "enable_external_access": False,
    "autoload_known_extensions": False,
    "memory_limit": "512MB",
    "threads": 1,
}


def duckdb_rows(path: Path, table: str | None, fields: list[str]) -> Iterator[RowOrError]:
    """Rows of one table in the order they were inserted.

    Args:
        table: name of a table or view; None = the only one of the file.
        fields: the columns needed; no others are read.

    Raises:
        InputError: no DuckDB file, no such table, or a column that it does not have.
    """
    with _opened(path) as connection:
        name = _table(path, connection, table)
        there = connection.sql(f"SELECT * FROM {_quoted(name)} LIMIT 0").columns
        for field in fields:
            if field not in there:
                raise missing_field(f'{path}: table "{name}"', field, there)
        columns = ", ".join(_quoted(field) for field in fields)
        relation = connection.sql(f"SELECT {columns} FROM {_quoted(name)}")
        number = 0
        for batch in relation.to_arrow_reader(BATCH):
            yield from batch_rows(path, number, batch)
            number += batch.num_rows


def count_duckdb_rows(path: Path, table: str | None) -> int:
    """How many rows the table has.

    Raises:
        InputError: no DuckDB file, or no such table.
    """
    with _opened(path) as connection:
        name = _table(path, connection, table)
        row = connection.execute(f"SELECT count(*) FROM {_quoted(name)}").fetchone()
        return int(row[0]) if row else 0


@contextmanager
def _opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        connection = duckdb.connect(str(path), read_only=True, config=SETTINGS)
    except duckdb.Error as error:
        raise InputError(
            f"{path}: cannot be opened as a DuckDB file ({first_line(error)}); close what writes "
            "to it, or write it anew"
        ) from None
    try:
        yield connection
    except duckdb.OutOfMemoryException:
        raise InputError(
            f"{path}: its texts are too long to be read 2,048 at once, as DuckDB does; export the "
            "table to Parquet (COPY … TO 'corpus.parquet')"
        ) from None
    except duckdb.Error as error:
        raise InputError(
            f"{path}: cannot be read ({first_line(error)}); write the file anew"
        ) from None
    finally:
        connection.close()


def _table(path: Path, connection: duckdb.DuckDBPyConnection, table: str | None) -> str:
    found = connection.execute(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1"
    ).fetchall()
    names = [name for (name,) in found]
    if table in names:
        return str(table)
    if table is None and len(names) == 1:
        return str(names[0])
    there = ", ".join(names) or "none"
    wrong = "holds several tables" if table is None else f'has no table "{table}"'
    raise InputError(f"{path}: {wrong}; name one as corpus.table, there are: {there}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
