"""Brings a store of an older schema up to date, from its own texts and scores."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import duckdb

from attribution_engine.finding_stages.all_findings import insert_findings
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.verdict import listed
from attribution_engine.records import InputError
from attribution_engine.store.derived_tables import insert_derived
from attribution_engine.store.finding_schema import FINDING_TABLES
from attribution_engine.store.opening import REBUILD, version_of
from attribution_engine.store.schema import SCHEMA_VERSION, TABLES, UPGRADABLE, comment_statements
from attribution_engine.store.stored_influence import stored_influence
from attribution_engine.store.writer import amending

WITH_WORDS: Final = 4  # the version from which a store has words and correlations


def upgrade(path: Path) -> bool:
    """Adds what the schema has gained: near-duplicates, words, correlations, findings.

    The store is replaced only when its successor is complete.

    Returns:
        False if the store was up to date; it is then left alone.

    Raises:
        InputError: the file is no store, broken, still being written, or of another schema.
    """
    version = version_of(path)
    if version == SCHEMA_VERSION:
        return False
    if version not in UPGRADABLE:
        raise InputError(
            f"{path}: has schema version {version}, only {listed(list(map(str, UPGRADABLE)))} can "
            f"be brought up to {SCHEMA_VERSION}; rebuild it with {REBUILD}"
        )
    with amending(path) as store, tempfile.TemporaryFile(dir=path.parent) as file:
        add_columns(store.connection)
        influence = stored_influence(store.connection, file)
        if version < WITH_WORDS:
            insert_derived(store, influence, path.parent)
        insert_findings(store, influence, FindingOptions(scratch=path.parent))
        store.connection.execute("UPDATE run SET schema_version = ?", [SCHEMA_VERSION])
    return True


def add_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Makes the tables and columns that are not there yet."""
    there = set(
        connection.execute("SELECT table_name, column_name FROM duckdb_columns()").fetchall()
    )
    tables = {table for table, _ in there}
    for table in tables & FINDING_TABLES.keys():  # empty before there were findings
        connection.execute(f'DROP TABLE "{table}"')
    tables -= FINDING_TABLES.keys()
    for table, columns in TABLES.items():
        if table not in tables:
            connection.execute(f'CREATE TABLE "{table}" ({columns})')
            continue
        for declaration in columns.split(","):
            column = declaration.split()[0].strip('"')
            if (table, column) not in there:
                connection.execute(f'ALTER TABLE "{table}" ADD COLUMN {declaration.strip()}')
    for statement in comment_statements():
        connection.execute(statement)
