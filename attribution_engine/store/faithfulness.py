"""Writes what was measured of a run's faithfulness into its store."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from attribution_engine.findings.faithfulness import EXPERIMENTS, FaithfulnessRow
from attribution_engine.store.opening import open_store
from attribution_engine.store.writer import amending


def write_faithfulness(
    store: Path, rows: Sequence[FaithfulnessRow], lab: Mapping[str, object]
) -> None:
    """Replaces the tables `faithfulness` and `faithfulness_lab` of a store.

    The store is copied beside itself, changed and moved into place; a failure leaves the old one
    as it was. For a moment both are on disk.

    Args:
        rows: in the order in which they are to stand.
        lab: settings, sizes, optimiser, weight decay, machine, date, command, seconds; JSON-able.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
        OSError: the disk is full, or cannot be written.
        ValueError: a row has a figure that is not finite, an experiment that is not known, an
            interval upside down, no n or how, or a query that the store does not have; or two
            rows say the same thing; or `lab` is empty.
    """
    with open_store(store) as connection:
        rows_of_queries = connection.execute("SELECT query_id FROM queries").fetchall()
    known = {query for (query,) in rows_of_queries}
    if rows and not lab:
        raise ValueError("figures without the lab they come from say nothing")
    seen: set[tuple[object, ...]] = set()
    for row in rows:
        _check(row, known)
        what = (row.experiment, row.method, row.quantity, row.seed, row.query_id, row.suite,
                row.condition)  # fmt: skip
        if what in seen:
            raise ValueError(f"{row}: another row has the same test, method and quantity")
        seen.add(what)
    settings = [{"key": key, "value": json.dumps(value)} for key, value in lab.items()]
    with amending(store) as writer:
        writer.clear("faithfulness")
        writer.clear("faithfulness_lab")
        writer.insert("faithfulness", map(asdict, rows))
        writer.insert("faithfulness_lab", settings)


def _check(row: FaithfulnessRow, queries: set[int]) -> None:
    numbers = [number for number in (row.figure, row.low, row.high) if number is not None]
    if row.experiment not in EXPERIMENTS:
        raise ValueError(f"{row}: no experiment of that name; known: {', '.join(EXPERIMENTS)}")
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"{row}: a number is NaN or infinite")
    if (row.low is None) != (row.high is None):
        raise ValueError(f"{row}: an interval has two ends or none")
    if row.low is not None and row.high is not None and row.low > row.high:
        raise ValueError(f"{row}: the interval is upside down")
    if row.n < 1 or not (row.how and row.method and row.quantity and row.unit):
        raise ValueError(f"{row}: has no n, how, method, quantity or unit")
    if row.query_id is not None and row.query_id not in queries:
        raise ValueError(f"{row}: the store has no such query")
