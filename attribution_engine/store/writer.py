"""The one writer of stores: builds a file aside and moves it into place when it is complete."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from attribution_engine.store import word_index
from attribution_engine.store.schema import TABLES, create_statements

# How DuckDB says that the disk is full; after that the connection is good for nothing.
UNWRITABLE = (duckdb.OperationalError, duckdb.FatalException)
BATCH_ROWS = 2_000  # rows of texts or token arrays that are held at a time

BATCH_NUMBERS = 4_000_000  # scores that are held at a time
TEXTS = 10_000  # that are read at a time

DIGITS = 6  # of an influence that is kept

# Bytes: a store has many small tables, and each takes whole blocks. DuckDB's own size is meant for
# files of gigabytes.
SMALL_BLOCKS, LARGE_BLOCKS = 2**16, 2**18
SMALL_STORE = 2**26  # bytes up to which amending takes small blocks


class StoreWriter:
    """Fills the tables of one store. Use `building`, which moves the file into place.

    Attributes:
        connection: to the file that is being written.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, create: bool = True) -> None:
        self.connection = connection
        for statement in create_statements() if create else ():
            connection.execute(statement)

    def limit_memory(self, gigabytes: float) -> None:
        """Memory that the database itself may take; the rest of its work goes through the disk."""
        self.connection.execute(f"SET memory_limit = '{round(gigabytes * 1000)}MB'")

    def tails(self, query_id: int, k: int) -> list[tuple[int, float]]:
        """(doc_id, influence) of the k most helpful, then the k most harmful, by rank."""
        return self.connection.execute(
            """SELECT doc_id, influence FROM influence WHERE query_id = $1
            AND (rank <= $2 OR rank > (SELECT max(rank) FROM influence WHERE query_id = $1) - $2)
            ORDER BY rank""",
            [query_id, k],
        ).fetchall()

    def token_counts(self, doc_ids: Sequence[int]) -> dict[int, int]:
        """n_tokens by doc_id."""
        found = self.connection.execute(
            """SELECT doc_id, n_tokens FROM documents
            WHERE doc_id IN (SELECT unnest(?::INTEGER[]))""",
            [list(doc_ids)],
        )
        return dict(found.fetchall())

    def clear(self, table: str) -> None:
        """Takes all rows out of a table."""
        self._column_types(table)  # only what is a table of the schema
        self.connection.execute(f'DELETE FROM "{table}"')

    def give_back_blocks(self) -> None:
        """What was cleared takes no room in the file any more: the next rows go there."""
        self.connection.execute("CHECKPOINT")

    def insert(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Appends rows in order; columns a row lacks are NULL, dicts become JSON.

        Raises:
            KeyError: a row has a column that the table does not.
        """
        types = self._column_types(table)
        for group in _groups(rows, BATCH_ROWS):
            unknown = set(group[0]) - set(types)
            if unknown:
                raise KeyError(f"table {table} has no column {', '.join(sorted(unknown))}")
            columns = {
                name: pa.array([_plain(row.get(name)) for row in group]) for name in group[0]
            }
            self._append(table, pa.table(columns), types)

    def insert_table(self, table: str, rows: pa.Table) -> None:
        """Appends rows that are columns already.

        Raises:
            KeyError: there is a column that the table does not have.
        """
        types = self._column_types(table)
        unknown = set(rows.column_names) - set(types)
        if unknown:
            raise KeyError(f"table {table} has no column {', '.join(sorted(unknown))}")
        self._append(table, rows, types)

    def insert_influence(
        self, influence: np.ndarray, gradient_norms: np.ndarray | None, first_query: int = 0
    ) -> None:
        """Fills `influence`, every document for every query, ordered by query and rank.

        Influence is kept to six significant digits: the last ones of a float32 are rounding of
        the passes over the corpus, and do not compress.

        Args:
            influence: [queries, documents], nats.
            gradient_norms: [documents]; a document with norm 0 has norm-corrected score 0. None =
                there are no gradients; both ranks are then the same.
            first_query: query_id of the first row.
        """
        types = self._column_types("influence")
        for query, exact in enumerate(influence, start=first_query):
            scores = significant(exact)
            order, ranks = ranked(scores)
            normed = ranks
            if gradient_norms is not None:
                _, normed = ranked(norm_corrected(scores, gradient_norms))
            table = pa.table(
                {
                    "query_id": np.full(len(scores), query, dtype=np.int32),
                    "doc_id": order.astype(np.int32),
                    "influence": scores[order].astype(np.float32),
                    "rank": ranks[order].astype(np.int32),
                    "rank_normed": normed[order].astype(np.int32),
                }
            )
            self._append("influence", table, types)

    def insert_document_influence(self, influence: np.ndarray) -> None:
        """Fills `document_influence` with all queries' scores of each document.

        Args:
            influence: [queries, documents], nats, as `influence` has it; may be a memory map.
        """
        types = self._column_types("document_influence")
        n_queries, n_documents = influence.shape
        width = max(1, BATCH_NUMBERS // n_queries)
        for start in range(0, n_documents, width):
            rows = np.ascontiguousarray(influence[:, start : start + width].T, np.float32)
            offsets = np.arange(len(rows) + 1, dtype=np.int32) * n_queries
            ids = np.arange(start, start + len(rows), dtype=np.int32)
            scores = pa.ListArray.from_arrays(offsets, pa.array(rows.ravel()))
            table = pa.table({"doc_id": ids, "influence": scores})
            self._append("document_influence", table, types)

    def texts(self) -> Iterator[str]:
        """The texts of the documents, in the order of doc_id."""
        low, high = self.connection.execute(
            "SELECT coalesce(min(doc_id), 0), coalesce(max(doc_id), -1) FROM documents"
        ).fetchall()[0]
        for start in range(low, high + 1, TEXTS):
            found = self.connection.execute(
                "SELECT text FROM documents WHERE doc_id BETWEEN ? AND ? ORDER BY doc_id",
                [start, start + TEXTS - 1],
            )
            for (text,) in found.fetchall():
                yield text

    def mark_near_groups(self, groups: np.ndarray) -> None:
        """Sets `documents.near_group`.

        Args:
            groups: [documents], −1 where a document has no near-duplicate.
        """
        ids = np.flatnonzero(groups >= 0).astype(np.int32)
        table = pa.table({"doc_id": ids, "found": groups[ids].astype(np.int32)})
        self.connection.register("incoming", table)
        self.connection.execute(
            "UPDATE documents SET near_group = found FROM incoming "
            "WHERE incoming.doc_id = documents.doc_id"
        )
        self.connection.unregister("incoming")

    def set_finding_settings(self, settings: Mapping[str, Any]) -> None:
        """Fills `finding_setting`; a value of JSON a key."""
        self.connection.executemany(
            "INSERT INTO finding_setting VALUES (?, ?)",
            [(key, json.dumps(value, ensure_ascii=False)) for key, value in settings.items()],
        )

    def index_words(self, step: Callable[[int], None] | None = None) -> None:
        """Fills `words` from the documents; `step` is told how many are done."""
        word_index.build(self.connection, step)

    def _append(self, table: str, rows: pa.Table, types: dict[str, str]) -> None:
        self.connection.register("incoming", rows)
        names = rows.column_names
        columns = ", ".join(f'"{name}"' for name in names)
        values = ", ".join(f'CAST("{name}" AS {types[name]})' for name in names)
        self.connection.execute(f'INSERT INTO "{table}" ({columns}) SELECT {values} FROM incoming')
        self.connection.unregister("incoming")

    def _column_types(self, table: str) -> dict[str, str]:
        if table not in TABLES:
            raise KeyError(f"the store has no table {table}")
        described = self.connection.execute(f'DESCRIBE "{table}"').fetchall()
        return {name: kind for name, kind, *_ in described}


def significant(values: np.ndarray) -> np.ndarray:
    """Values of float32 rounded to `DIGITS` significant digits; zero and not finite ones stay."""
    exact = values.astype(np.float64)
    sized = np.isfinite(exact) & (exact != 0)
    digits = DIGITS - 1 - np.floor(np.log10(np.abs(np.where(sized, exact, 1.0))))
    scale = 10.0**digits
    return np.where(sized, np.round(exact * scale) / scale, exact).astype(np.float32)


@contextmanager
def building(path: Path, block_size: int = SMALL_BLOCKS) -> Iterator[StoreWriter]:
    """A writer on a new file beside `path`; on success it replaces `path`, else it is removed.

    Explorers that have the old file open keep it; nobody ever sees half a store.

    Args:
        block_size: of the file, bytes.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    with _aside(path) as part, _written(part, block_size) as connection:
        yield StoreWriter(connection)


@contextmanager
def amending(path: Path, target: Path | None = None) -> Iterator[StoreWriter]:
    """A writer on a copy of the store `path`; on success the copy is put at `target`.

    Args:
        target: None = in the place of `path`.

    Raises:
        OSError: the disk is full, or cannot be written.
    """
    block_size = SMALL_BLOCKS if path.stat().st_size <= SMALL_STORE else LARGE_BLOCKS
    with _aside(target or path) as part, _written(part, block_size) as connection:
        # Not a copy of the file: blocks that amending frees would stay in it, and be counted.
        (fresh,) = connection.execute("SELECT current_database()").fetchall()[0]
        quoted = str(path).replace("'", "''")
        connection.execute(f"ATTACH '{quoted}' AS before (READ_ONLY)")
        connection.execute(f'COPY FROM DATABASE before TO "{fresh}"')
        connection.execute("DETACH before")
        yield StoreWriter(connection, create=False)


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """A file beside `path` to write; on success it replaces `path`, else it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    _remove(part)
    try:
        yield part
        _sync(part)
        os.replace(part, path)
        _sync(path.parent)
    except UNWRITABLE as error:
        said = (str(error).splitlines() or ["no reason given"])[0]
        raise OSError(f"{path}: cannot be written ({said[:200]}); is the disk full?") from error
    finally:
        _remove(part)


@contextmanager
def _written(part: Path, block_size: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that writes; afterwards everything is in the file itself."""
    connection = duckdb.connect(str(part), config={"default_block_size": str(block_size)})
    try:
        yield connection
        connection.execute("CHECKPOINT")
    finally:
        connection.close()
    if _wal(part).exists():
        raise RuntimeError(f"{part}: the write-ahead log is still there after CHECKPOINT")


def _remove_left_over(path: Path) -> None:
    """Removes what processes that were killed had written of this store."""
    for left in path.parent.glob(f".{path.name}.*.part"):
        process = left.name.removesuffix(".part").rpartition(".")[2]
        if process.isdigit() and not _is_alive(int(process)):
            _remove(left)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass  # another user's
    return True


def _remove(part: Path) -> None:
    """Removes an unfinished store with what DuckDB puts beside it."""
    part.unlink(missing_ok=True)
    _wal(part).unlink(missing_ok=True)
    shutil.rmtree(part.with_name(part.name + ".tmp"), ignore_errors=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def ranked(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Documents from most helpful to most harmful, and each document's rank from 1.

    Scores count as float32, as the store keeps them; ties go to the lower doc_id.
    """
    order = np.argsort(-scores.astype(np.float32), kind="stable")
    ranks = np.empty(len(scores), dtype=np.int64)
    ranks[order] = np.arange(1, len(scores) + 1)
    return order, ranks


def norm_corrected(scores: np.ndarray, gradient_norms: np.ndarray) -> np.ndarray:
    """Influence ÷ ‖∇L‖ of each document, both as the float32 numbers that the store keeps."""
    norms = gradient_norms.astype(np.float32)
    return np.divide(
        scores.astype(np.float32), norms, out=np.zeros(len(norms), np.float32), where=norms > 0
    )


def _plain(value: Any) -> Any:
    """What a column can hold: JSON text for dicts, lists for tuples and arrays."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, tuple | np.ndarray):
        return list(value)
    return value


def _groups(rows: Iterable[Mapping[str, Any]], size: int) -> Iterator[Sequence[Mapping[str, Any]]]:
    group: list[Mapping[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _wal(path: Path) -> Path:
    return path.with_name(path.name + ".wal")
