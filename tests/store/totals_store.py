"""Small stores with their totals filled, as the last stage of a run does it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile

import duckdb

from attribution_engine.finding_stages import totals
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.store.finding_reads import read_run_scores
from attribution_engine.store.stored_influence import stored_influence
from attribution_engine.store.writer import StoreWriter


def add_totals(path: Path, *statements: str) -> Path:
    """Changes a store by statements, then fills the tables of its totals and their claims."""
    with duckdb.connect(str(path)) as connection, TemporaryFile(dir=path.parent) as file:
        for statement in statements:
            connection.execute(statement)
        store = StoreWriter(connection, create=False)
        for table in ("coverage", "coverage_group", "slope_test", "finding"):
            store.clear(table)
        scores = read_run_scores(connection, stored_influence(connection, file))
        claims = totals.fill(store, scores, FindingOptions(resamples=200))
        store.insert("finding", map(asdict, claims))
    return path
