"""Opens a store for reading, or says in one line why not; finds the stores of a folder."""

from __future__ import annotations

from pathlib import Path

import duckdb

from attribution_engine.records import InputError
from attribution_engine.store.schema import SCHEMA_VERSION, TABLES

HEADER_BYTES = 3 * 4096  # before the first block of a DuckDB file
REBUILD = "`python -m attribution_engine run CONFIG.toml`"
CONTRACT = (
    *("run", "documents", "queries", "query_items", "influence", "token_influence"),
    *("spans", "span_influence", "token_class_influence", "rank_curve", "rank_fit"),
    *("faithfulness", "faithfulness_lab"),
)


def list_stores(folder: Path) -> list[Path]:
    """The stores of a folder by name.

    Raises:
        InputError: there is no such folder, or no store in it.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; set INFLUENCE_RUNS to the folder of your runs, "
            f"or make a run with {REBUILD}"
        )
    found = sorted(folder.glob("*.duckdb"))
    if not found:
        raise InputError(f"{folder}: holds no run (*.duckdb); make one with {REBUILD}")
    return found


def open_store(path: Path) -> duckdb.DuckDBPyConnection:
    """A read-only connection that can reach nothing but this file.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; pick another run or make it with {REBUILD}")
    if path.with_name(path.name + ".wal").exists():
        raise InputError(f"{path}: is still being written; wait until the run has finished")
    try:
        connection = duckdb.connect(
            str(path),
            read_only=True,
            config={"enable_external_access": "false", "lock_configuration": "true"},
        )
    except duckdb.Error as error:
        if "lock on file" in str(error) or "different configuration" in str(error):
            raise InputError(
                f"{path}: is held by a writer; wait until the run has finished"
            ) from error
        raise InputError(
            f"{path}: not a readable DuckDB file (cut short or of another format); "
            f"copy it again or rebuild it with {REBUILD}"
        ) from error
    try:
        _check_contract(path, connection)
    except InputError:
        connection.close()
        raise
    except duckdb.Error as error:
        connection.close()
        raise InputError(
            f"{path}: the file is damaged; copy it again or rebuild it with {REBUILD}"
        ) from error
    return connection


def _check_contract(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Checks size, version, tables and columns before any page relies on them."""
    blocks = connection.execute("SELECT total_blocks * block_size FROM pragma_database_size()")
    size = blocks.fetchone()
    if size is None or path.stat().st_size < size[0] + HEADER_BYTES:
        raise InputError(f"{path}: is cut short; copy it again or rebuild it with {REBUILD}")
    columns = set(
        connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall()
    )
    if ("run", "schema_version") not in columns:
        raise InputError(f"{path}: is no store (it has no table `run`); pick another file")
    row = connection.execute("SELECT schema_version FROM run").fetchone()
    if row is None:
        raise InputError(f"{path}: is not complete (`run` is empty); wait or rebuild it")
    if row[0] != SCHEMA_VERSION:
        raise InputError(
            f"{path}: has schema version {row[0]}, this explorer reads {SCHEMA_VERSION}; "
            f"rebuild it with {REBUILD}"
        )
    for table in CONTRACT:
        if not any(name == table for name, _ in columns):
            raise InputError(f"{path}: has no table `{table}`; rebuild it with {REBUILD}")
        for declaration in TABLES[table].split(","):
            column = declaration.split()[0].strip('"')
            if (table, column) not in columns:
                raise InputError(
                    f"{path}: table `{table}` has no column `{column}`; rebuild it with {REBUILD}"
                )
