"""A store of tests with all its findings, from fewer draws than a run takes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb

from attribution_engine.finding_stages.all_findings import insert_findings
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.store.stored_influence import stored_influence
from attribution_engine.store.writer import StoreWriter

FEW = FindingOptions(resamples=100, blocks=40)


def add_findings(path: Path) -> Path:
    """Computes the findings of a store, in its place."""
    with duckdb.connect(str(path)) as connection, tempfile.TemporaryFile() as file:
        store = StoreWriter(connection, create=False)
        insert_findings(store, stored_influence(connection, file), FEW)
        connection.execute("CHECKPOINT")
    return path
