"""Rows of JSONL, Parquet and text files, one at a time, each with the words for its place."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from attribution_engine.records import InputError, UnreadableRow

# Where a row stands ("corpus.jsonl: line 7"), for messages, and what it holds.
Row = tuple[str, dict[str, Any]]
# The same, or in the row's stead why it cannot be read; the rows after it can.
RowOrError = tuple[str, dict[str, Any] | UnreadableRow]

TEXT_FILES: Final = (".txt", ".md", ".py")
ROW_FILES: Final = (".jsonl", ".jsonl.gz", ".parquet")
FOLDER_FIELDS: Final = ("text", "file", "folder")
PARQUET_BATCH: Final = 256  # rows in memory at once


def readable(rows: Iterable[RowOrError]) -> Iterator[Row]:
    """The rows, up to the first that cannot be read.

    Raises:
        UnreadableRow: for that one.
    """
    for where, row in rows:
        if isinstance(row, UnreadableRow):
            raise row
        yield where, row


def read_jsonl(path: Path) -> Iterator[Row]:
    """Rows of a JSONL file; blank lines are passed over.

    Raises:
        InputError: no such file, a line that is not UTF-8, not JSON or not an object.
    """
    return readable(jsonl_rows(path))


def jsonl_rows(path: Path) -> Iterator[RowOrError]:
    """Rows of a `.jsonl` or `.jsonl.gz` file; blank lines are passed over.

    Raises:
        InputError: no such file, or one that cannot be read on.
    """
    for number, line in _lines(path):
        if line.strip():
            where = f"{path}: line {number}"
            yield where, _json_row(where, line)


def count_lines(path: Path) -> int:
    """How many rows `jsonl_rows` will give, without parsing them.

    Raises:
        InputError: the file cannot be read.
    """
    return sum(1 for _, line in _lines(path) if line.strip())


def _json_row(where: str, line: bytes) -> dict[str, Any] | UnreadableRow:
    try:
        row = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return UnreadableRow(
            f"{where}: is not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
        )
    except (ValueError, RecursionError) as error:
        reason = getattr(error, "msg", "too deep, or a number too long")
        return UnreadableRow(f"{where}: is not JSON ({reason}); write one JSON object a line")
    if not isinstance(row, dict):
        return UnreadableRow(f"{where}: is not a JSON object; write {{…}} with named fields")
    return row


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Numbered lines, split at newlines only (a text may hold other line separators)."""
    try:
        with _open_bytes(path) as file:
            for number, line in enumerate(file, start=1):
                yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; correct the path") from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path}: cannot be read ({error}); write the file anew") from None


def _open_bytes(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def parquet_rows(path: Path, fields: list[str] | None) -> Iterator[RowOrError]:
    """Rows of a Parquet file. Where a row group is damaged its rows not yet read are unreadable.

    Args:
        fields: the fields needed, no others are read; None = all.

    Raises:
        InputError: no Parquet file, or a field that it does not have.
    """
    number = 0
    with _open_parquet(path) as file:
        names = file.schema_arrow.names
        for field in fields or []:
            if field not in names:
                raise missing_field(str(path), field, names)
        for group in range(file.metadata.num_row_groups):
            end = number + file.metadata.row_group(group).num_rows
            batches = file.iter_batches(PARQUET_BATCH, row_groups=[group], columns=fields)
            while isinstance(batch := _next_batch(batches), pa.RecordBatch):
                yield from batch_rows(path, number, batch)
                number += batch.num_rows
            for lost in range(number + 1, end + 1):
                where = f"{path}: row {lost}"
                yield (
                    where,
                    UnreadableRow(f"{where}: cannot be read ({batch}); write the file anew"),
                )
            number = end


def count_parquet_rows(path: Path) -> int:
    """How many rows a Parquet file has, by its footer.

    Raises:
        InputError: no Parquet file.
    """
    with _open_parquet(path) as file:
        return int(file.metadata.num_rows)


def batch_rows(path: Path | str, before: int, batch: pa.RecordBatch) -> Iterator[RowOrError]:
    """The rows of an Arrow batch, which `before` rows of `path` precede."""
    for index in range(batch.num_rows):
        where = f"{path}: row {before + index + 1}"
        yield where, _arrow_row(where, batch, index)


def first_line(error: Exception) -> str:
    """What an error of a library says, for use in our one line."""
    return (str(error).strip().splitlines() or ["damaged"])[0][:200]


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        reason = first_line(error)
        raise InputError(f"{path}: is not a Parquet file ({reason}); write it anew") from None


def _next_batch(batches: Iterator[pa.RecordBatch]) -> pa.RecordBatch | str | None:
    """The next batch; None after the last; the reason where it is damaged."""
    try:
        return next(batches, None)
    except (pa.ArrowException, OSError) as error:
        return first_line(error)


def _arrow_row(where: str, batch: pa.RecordBatch, index: int) -> dict[str, Any] | UnreadableRow:
    try:
        return {
            name: batch.column(place)[index].as_py()
            for place, name in enumerate(batch.schema.names)
        }
    except UnicodeDecodeError as error:
        return UnreadableRow(
            f"{where}: is not UTF-8 at byte {error.start + 1}; save its texts as UTF-8"
        )


def files_below(path: Path, endings: tuple[str, ...]) -> list[Path]:
    """Files in the folder and its sub-folders, in the order of their names; no hidden ones."""
    found = [
        file
        for file in path.rglob("*")
        if file.name.endswith(endings)
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    return sorted(found, key=lambda file: file.relative_to(path).parts)


def text_rows(path: Path) -> Iterator[RowOrError]:
    """Each text file of a folder as a row: its text, its relative name, its first sub-folder.

    Raises:
        InputError: the folder holds none.
    """
    files = files_below(path, TEXT_FILES)
    if not files:
        known = ", ".join((*TEXT_FILES, *ROW_FILES))
        raise InputError(f"{path}: holds no {known} file; put the documents there")
    for file in files:
        yield str(file), _text_row(file, file.relative_to(path))


def _text_row(file: Path, relative: Path) -> dict[str, Any] | UnreadableRow:
    try:
        # Bytes, so that line ends stay as they are.
        text = file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        return UnreadableRow(f"{file}: is not UTF-8 at byte {error.start + 1}; save it as UTF-8")
    except OSError as error:
        return UnreadableRow(f"{file}: cannot be read ({error.strerror})")
    folder = relative.parts[0] if len(relative.parts) > 1 else None
    return {"text": text, "file": relative.as_posix(), "folder": folder}


def missing_field(where: str, field: str, names: list[str]) -> UnreadableRow:
    """The one line for a field that a row does not have."""
    there = ", ".join(str(name) for name in names[:30]) or "none"
    return UnreadableRow(f'{where}: has no field "{field}"; the fields there are: {there}')
