"""One store, asked: a read-only connection that threads may share."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from attribution_engine.records import InputError
from attribution_engine.store.opening import open_store
from attribution_engine.store.views import ENTRY_CONDITION, FRESH, RunInfo, TaskAccuracy

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


def contains(search: str) -> str:
    """The ILIKE pattern (escape character \\) of texts that contain `search`."""
    escaped = search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


class OpenStore:
    """An open store. Safe to share between threads.

    Raises:
        InputError: the file is missing, broken, of another schema or still being written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self._connection = open_store(self.path)
        self._lock = threading.Lock()
        self._run = self._read_run()

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        # One connection used by two threads at once fails; a cursor of its own costs 30 µs.
        with self._lock:
            cursor = self._connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            what = str(error).splitlines()[0]
            raise InputError(f"{self.path}: cannot be read ({what}); copy it again") from error
        finally:
            cursor.close()

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


def _accuracies(suites: dict[str, dict[str, Any]]) -> Iterator[TaskAccuracy]:
    """Fresh questions first: the entry condition is on them."""
    for name, counts in sorted(suites.items(), key=lambda suite: not suite[0].endswith(FRESH)):
        fresh, share = name.endswith(FRESH), float(counts["accuracy"])
        meets = share >= ENTRY_CONDITION if fresh else None
        yield TaskAccuracy(
            name.removesuffix(FRESH), int(counts["n"]), int(counts["right"]), share, fresh, meets
        )
