"""Opens a store for reading, or says in one line why not; finds the stores of a folder."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import duckdb

from attribution_engine.records import InputError
from attribution_engine.store.finding_schema import FINDING_TABLES
from attribution_engine.store.schema import SCHEMA_VERSION, TABLES, UPGRADABLE

MEMORY = "200MB"  # that DuckDB may take for a store that the explorer reads
THREADS = 2
HEADER_BYTES = 3 * 4096  # before the first block of a DuckDB file
T = TypeVar("T")
UPGRADE = "python -m attribution_engine upgrade"
REBUILD = "`python -m attribution_engine run CONFIG.toml`"
CONTRACT = (
    *("run", "documents", "queries", "query_items", "influence", "token_influence"),
    *("spans", "span_influence", "token_class_influence", "rank_curve", "rank_fit"),
    *("faithfulness", "faithfulness_lab", "words", "document_influence", "query_correlation"),
    *FINDING_TABLES,
)


def list_stores(folder: Path) -> list[Path]:
    """The stores of a folder by name: files of their own, or links to one in the folder.

    Neither hidden files, such as those that are still being written, nor links that lead out.

    Raises:
        InputError: there is no such folder, or no store in it.
    """
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such folder; set INFLUENCE_RUNS to the folder of your runs, "
            f"or make a run with {REBUILD}"
        )
    inside = folder.resolve()
    found = sorted(path for path in folder.glob("*.duckdb") if _is_of(path, inside))
    if not found:
        raise InputError(f"{folder}: holds no run (*.duckdb); make one with {REBUILD}")
    return found


def _is_of(path: Path, folder: Path) -> bool:
    """Whether a path is a file of a folder, by itself or by a link, and not hidden."""
    if path.name.startswith(".") or not path.is_file():
        return False
    target = path.resolve()
    return target.parent == folder and not target.name.startswith(".")


def open_store(path: Path, memory: str = "") -> duckdb.DuckDBPyConnection:
    """A read-only connection that can reach nothing but this file.

    Args:
        memory: what DuckDB may take, such as "200MB"; by itself it would take most there is.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """
    return _opened(path, _check_contract, memory)[0]


def version_of(path: Path) -> int:
    """The schema version of a store, which may be another than this explorer reads.

    Raises:
        InputError: the file is missing, broken, no store or still being written.
    """
    connection, version = _opened(path, _read_version)
    connection.close()
    return version


def _opened(
    path: Path, check: Callable[[Path, duckdb.DuckDBPyConnection], T], memory: str = ""
) -> tuple[duckdb.DuckDBPyConnection, T]:
    """The file opened for reading, and what a check found in it; closed if that fails."""
    if not path.is_file():
        raise InputError(f"{path}: no such file; pick another run or make it with {REBUILD}")
    if path.with_name(path.name + ".wal").exists():
        raise InputError(f"{path}: is still being written; wait until the run has finished")
    try:
        connection = duckdb.connect(
            str(path),
            read_only=True,
            config={
                "enable_external_access": "false",
                "lock_configuration": "true",
                **({"memory_limit": memory, "threads": str(THREADS)} if memory else {}),
            },
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
        return connection, check(path, connection)
    except InputError:
        connection.close()
        raise
    except duckdb.Error as error:
        connection.close()
        raise InputError(
            f"{path}: the file is damaged; copy it again or rebuild it with {REBUILD}"
        ) from error


def _read_version(path: Path, connection: duckdb.DuckDBPyConnection) -> int:
    """The schema version of a file that has its full size and the table `run`."""
    # Free blocks at the end may have been cut off the file by DuckDB itself.
    blocks = connection.execute("SELECT used_blocks * block_size FROM pragma_database_size()")
    size = blocks.fetchone()
    if size is None or path.stat().st_size < size[0] + HEADER_BYTES:
        raise InputError(f"{path}: is cut short; copy it again or rebuild it with {REBUILD}")
    if ("run", "schema_version") not in _columns(connection):
        raise InputError(f"{path}: is no store (it has no table `run`); pick another file")
    row = connection.execute("SELECT schema_version FROM run").fetchone()
    if row is None:
        raise InputError(f"{path}: is not complete (`run` is empty); wait or rebuild it")
    return int(row[0])


def _check_contract(path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    """Checks size, version, tables and columns before any page relies on them."""
    version = _read_version(path, connection)
    if version != SCHEMA_VERSION:
        mend = f"rebuild it with {REBUILD}"
        if version in UPGRADABLE:
            mend = f"bring it up to date with `{UPGRADE} {shlex.quote(str(path))}`"
        raise InputError(
            f"{path}: has schema version {version}, this explorer reads {SCHEMA_VERSION}; {mend}"
        )
    columns = _columns(connection)
    for table in CONTRACT:
        if not any(name == table for name, _ in columns):
            raise InputError(f"{path}: has no table `{table}`; rebuild it with {REBUILD}")
        for declaration in TABLES[table].split(","):
            column = declaration.split()[0].strip('"')
            if (table, column) not in columns:
                raise InputError(
                    f"{path}: table `{table}` has no column `{column}`; rebuild it with {REBUILD}"
                )


def _columns(connection: duckdb.DuckDBPyConnection) -> set[tuple[str, str]]:
    """Every column, with its table."""
    return set(
        connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall()
    )
