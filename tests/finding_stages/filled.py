"""Stages of findings run on stores of tests, and on scores that are planted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.run_scores import Grouping, QueryFacts, RunScores
from attribution_engine.store.finding_reads import read_run_scores
from attribution_engine.store.promises import Promise
from attribution_engine.store.stored_influence import stored_influence
from attribution_engine.store.writer import StoreWriter

Fill = Callable[[StoreWriter, RunScores, FindingOptions], Iterator[Claim]]
OPTIONS = FindingOptions(resamples=300, blocks=100)


def asked(
    kinds: Sequence[tuple[str, str, int]], prompts: dict[str, str] | None = None
) -> list[QueryFacts]:
    """Queries by (kind, task, how many); the suite has the name of the task."""
    return [
        QueryFacts(
            number, task, task, kind, None, 2.0, f"{(prompts or {}).get(task, task)} {number}", "c",
            None, (),
        )
        for number, (kind, task) in enumerate((k, t) for k, t, n in kinds for _ in range(n))
    ]  # fmt: skip


def scores(
    influence: np.ndarray,
    queries: Sequence[QueryFacts],
    sources: Sequence[str | None] = (),
    method: str = "ek-fac",
) -> RunScores:
    """Scores as a stage gets them.

    Args:
        sources: of the documents, if they state any.
    """
    names = tuple(dict.fromkeys(one for one in sources if one))
    names = tuple(sorted(names, key=lambda name: (-list(sources).count(name), name)))
    codes = np.array([names.index(one) if one else -1 for one in sources], np.int32)
    return RunScores(
        influence.astype(np.float32),
        queries,
        {"source": Grouping(names, codes)} if names else {},
        np.ones(influence.shape[1], np.int32),
        method,
        method not in ("bm25", "self-influence"),
    )


def filled(fill: Fill, given: RunScores) -> tuple[list[Claim], duckdb.DuckDBPyConnection]:
    """The claims and the store after a stage."""
    store = StoreWriter(duckdb.connect(":memory:"))
    return list(fill(store, given, OPTIONS)), store.connection


def fill_into(path: Path, *stages: Fill) -> list[Claim]:
    """Runs stages on a store file, in its place."""
    found: list[Claim] = []
    with duckdb.connect(str(path)) as connection, tempfile.TemporaryFile() as file:
        store = StoreWriter(connection, create=False)
        given = read_run_scores(connection, stored_influence(connection, file))
        for fill in stages:
            found += fill(store, given, OPTIONS)
        store.insert("finding", map(asdict, found))
        store.set_finding_settings({"resamples": OPTIONS.resamples})
    return found


def broken(path: Path, promises: Sequence[Promise]) -> list[str]:
    """What a store does not keep of some promises."""
    with duckdb.connect(str(path), read_only=True) as connection:
        return [
            promise.sentence.format(*row)
            for promise in promises
            for row in connection.execute(promise.broken).fetchall()
        ]
