"""Writes what was measured of a run's faithfulness into its store."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from attribution_engine.findings.faithfulness import EXPERIMENTS, FaithfulnessRow
from attribution_engine.store.opening import open_store
from attribution_engine.store.writer import amending

RETRAINED: Final = {"removal", "lds", "planted"}  # what the lab's settings are about
OWN_FACTS: Final = {"stability", "behaviour_cut"}  # experiments whose facts have a key of their own
OF_EXPERIMENTS: Final = ("experiments", "retrainings", "seeds")  # facts by experiment or kind


def write_faithfulness(
    store: Path, rows: Sequence[FaithfulnessRow], lab: Mapping[str, object]
) -> None:
    """Writes figures into a store; those of experiments that `rows` has not stay as they are.

    What `lab` says replaces what was said before, except where that belongs to figures that stay:
    see `merged_lab`.

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
        columns = ", ".join(f'"{each.name}"' for each in fields(FaithfulnessRow))
        old = connection.execute(f"SELECT {columns} FROM faithfulness ORDER BY rowid").fetchall()
        said = connection.execute(
            "SELECT key, value::VARCHAR FROM faithfulness_lab ORDER BY rowid"
        ).fetchall()
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
    done = {row.experiment for row in rows}
    kept = [row for row in (FaithfulnessRow(*each) for each in old) if row.experiment not in done]
    if kept:
        rows = sorted([*kept, *rows], key=lambda row: EXPERIMENTS.index(row.experiment))
        before = {key: json.loads(value) for key, value in said}
        lab = merged_lab(before, lab, done, {row.experiment for row in kept})
    settings = [{"key": key, "value": json.dumps(value)} for key, value in lab.items()]
    with amending(store) as writer:
        writer.clear("faithfulness")
        writer.clear("faithfulness_lab")
        writer.insert("faithfulness", map(asdict, rows))
        writer.insert("faithfulness_lab", settings)


def merged_lab(
    before: Mapping[str, Any], now: Mapping[str, Any], done: Set[str], kept: Set[str]
) -> dict[str, Any]:
    """What is said of the lab when the figures of some experiments are new and others stay.

    The settings are those of the retrainings: an attempt that made none leaves them. Nothing that
    was said is replaced by nothing.

    Args:
        done: experiments with new figures; kept: those whose old figures stay.
    """
    leads = bool(done & RETRAINED) or (bool(done) and not kept & RETRAINED)
    found = {**before, **now} if leads else {**now, **before}
    for name in OWN_FACTS:
        if name in done and name in now:
            found[name] = now[name]
        elif name in kept and name in before:
            found[name] = before[name]
    for name in OF_EXPERIMENTS:
        both = [each.get(name) for each in ((before, now) if leads else (now, before))]
        if name == "experiments":
            of_done = {key: of for key, of in (now.get(name) or {}).items() if key in done}
            both = [
                {key: of for key, of in (before.get(name) or {}).items() if key in kept},
                of_done,
            ]
        merged: dict[str, Any] = {}
        for each in both:
            merged |= {k: of for k, of in (each or {}).items() if of or k not in merged}
        if merged:
            found[name] = merged
    for name, said in before.items():
        if said and not found.get(name):
            found[name] = said
    reasons = {**(before.get("not tested") or {}), **(now.get("not tested") or {})}
    if "not tested" in found:
        found["not tested"] = {k: why for k, why in reasons.items() if k not in done | kept}
    return found


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
