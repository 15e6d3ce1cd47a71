"""One store, asked: a read-only connection that threads may share."""

from __future__ import annotations

import json
import weakref
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from attribution_engine.records import InputError
from attribution_engine.store.kept_answers import SHARED
from attribution_engine.store.pool import POOL, File, file_at
from attribution_engine.store.views import ENTRY_CONDITION, FRESH, RunInfo, TaskAccuracy

T = TypeVar("T")
# Kept for each document of a large corpus: numbers and scores of a few queries, and two orders.
DOCUMENT_BYTES = 48
_owners = count()
# What the pages show of a document, and the three scores, in SQL over influence i, documents d
# and queries q.
LABELS = ", ".join(
    f"coalesce(d.{name}, '') AS {name}" for name in ("source", "domain", "category", "difficulty")
)
VALUES = {
    "influence": "i.influence",
    "per_nat": "i.influence / nullif(q.nats, 0)",
    "normed": "CASE WHEN d.gradient_norm = 0 THEN 0 ELSE i.influence / d.gradient_norm END",
}


class OpenStore:
    """An open store. Safe to share between threads.

    Its connection is one of few that the program keeps open: where it was closed meanwhile, the
    next question opens it again.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._file = file_at(self.path)
        self._owner = next(_owners)
        POOL.hold(self._file)
        self._let_go = weakref.finalize(self, _let_go, self._file, self._owner)
        self._run = self._read_run()
        SHARED.make_room(DOCUMENT_BYTES * self._run.n_documents)

    def close(self) -> None:
        """Lets go of the file, once no question is being answered, and of what was remembered."""
        POOL.close(self._file)
        self._let_go()

    def _remember(self, key: Hashable, make: Callable[[], T], heavy: bool = False) -> T:
        """What `make` answers, from memory where it was asked before."""
        return SHARED.get(self._owner, key, make, heavy)

    def remember_with(self, other: OpenStore, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` answers from this store and another: heavy, and remembered with this one."""
        return SHARED.get(self._owner, (key, other._owner), make, heavy=True)

    def remembers_with(self, other: OpenStore, key: Hashable) -> bool:
        """Whether such an answer is remembered."""
        return SHARED.has(self._owner, (key, other._owner))

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with POOL.cursor(self._file) as cursor:
            try:
                yield cursor
            except duckdb.Error as error:
                what = str(error).splitlines()[0]
                raise InputError(f"{self.path}: cannot be read ({what}); copy it again") from error

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            return cursor.execute(sql, list(parameters)).fetchall()

    def _records(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._cursor() as cursor:
            rows = cursor.execute(sql, list(parameters)).fetchall()
            names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def run(self) -> RunInfo:
        """What this run is."""
        return self._run

    def _read_run(self) -> RunInfo:
        words = ("run_id", "name", "engine_version", "model", "corpus", "method", "sign",
                 "token_alignment", "device", "notes", "modules")  # fmt: skip
        row = self._records(
            f"""SELECT {", ".join(f"coalesce({name}, '') AS {name}" for name in words)},
                strftime(created_at, '%Y-%m-%d %H:%M') AS created_at, n_parameters,
                n_tracked_parameters,
                n_tracked_parameters / nullif(n_parameters, 0) AS tracked_share,
                config::VARCHAR AS config, damping, rank, stage_seconds::VARCHAR AS stage_seconds,
                n_documents, n_queries, n_tokens, factor_documents, tracked_layers,
                coalesce(tail, 0) AS tail, coalesce(truncated_documents, 0) AS truncated_documents,
                n_linear_maps, seed, covariance_documents, correction_documents,
                coalesce(skipped_documents, 0) AS skipped_documents,
                accuracy::VARCHAR AS accuracy, training::VARCHAR AS training
            FROM run"""
        )[0]
        stages = json.loads(row["stage_seconds"] or "{}")
        row["stage_seconds"] = {name: float(seconds) for name, seconds in stages.items()}
        row["tracked_layers"] = tuple(row["tracked_layers"] or ())
        row["training"] = json.loads(row["training"] or "{}")
        row["accuracies"] = tuple(_accuracies(json.loads(row.pop("accuracy") or "{}")))
        return RunInfo(**row, total_seconds=sum(row["stage_seconds"].values()))


def _let_go(file: File, owner: int) -> None:
    POOL.leave(file)
    SHARED.forget(owner)


def _accuracies(suites: dict[str, dict[str, Any]]) -> Iterator[TaskAccuracy]:
    """Fresh questions first: the entry condition is on them."""
    for name, counts in sorted(suites.items(), key=lambda suite: not suite[0].endswith(FRESH)):
        fresh, share = name.endswith(FRESH), float(counts["accuracy"])
        meets = share >= ENTRY_CONDITION if fresh else None
        yield TaskAccuracy(
            name.removesuffix(FRESH), int(counts["n"]), int(counts["right"]), share, fresh, meets
        )
