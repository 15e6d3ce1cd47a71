"""Brings a store of the schema before this one up to date, from its own texts and scores."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import numpy as np

from attribution_engine.records import InputError
from attribution_engine.store.derived_tables import insert_derived
from attribution_engine.store.opening import REBUILD, version_of
from attribution_engine.store.schema import MEANINGS, SCHEMA_VERSION, TABLES, UPGRADABLE
from attribution_engine.store.writer import amending


def upgrade(path: Path) -> bool:
    """Adds what the schema has gained: near-duplicates, words, correlations, documents' rows.

    The store is replaced only when its successor is complete.

    Returns:
        False if the store was up to date; it is then left alone.

    Raises:
        InputError: the file is no store, broken, still being written, or of another schema.
    """
    version = version_of(path)
    if version == SCHEMA_VERSION:
        return False
    if version != UPGRADABLE:
        raise InputError(
            f"{path}: has schema version {version}, only {UPGRADABLE} can be brought up to "
            f"{SCHEMA_VERSION}; rebuild it with {REBUILD}"
        )
    with amending(path) as store, tempfile.TemporaryFile(dir=path.parent) as file:
        _add_columns(store.connection)
        shape = _shape(store.connection)
        influence = np.memmap(file, np.float32, "w+", shape=shape)
        for query in range(shape[0]):
            found = store.connection.execute(
                "SELECT doc_id, influence FROM influence WHERE query_id = ?", [query]
            ).fetchnumpy()
            influence[query, found["doc_id"]] = found["influence"]
        insert_derived(store, influence, path.parent)
        store.connection.execute("UPDATE run SET schema_version = ?", [SCHEMA_VERSION])
    return True


def _add_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables and columns that are not there yet."""
    there = set(
        connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall()
    )
    tables = {table for table, _ in there}
    for table, columns in TABLES.items():
        if table not in tables:
            connection.execute(f'CREATE TABLE "{table}" ({columns})')
            continue
        for declaration in columns.split(","):
            column = declaration.split()[0].strip('"')
            if (table, column) not in there:
                connection.execute(f'ALTER TABLE "{table}" ADD COLUMN {declaration.strip()}')
    for column, text in MEANINGS.items():
        connection.execute(f"COMMENT ON COLUMN {column} IS '{text}'")


def _shape(connection: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    """Queries and documents; both are numbered from 0 on."""
    (n_queries,), (n_documents,) = (
        connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0]
        for table in ("queries", "documents")
    )
    return n_queries, n_documents
