"""Rows of a JSONL, Parquet or folder corpus, one at a time, each with the words for its place."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from attribution_engine.records import InputError

# A row and where it stands ("corpus.jsonl: line 7"), for messages.
Row = tuple[str, dict[str, Any]]

TEXT_FILES: Final = (".txt", ".md", ".py")
FOLDER_FIELDS: Final = ("text", "file", "folder")
PARQUET_BATCH: Final = 256  # rows in memory at once


def read_rows(path: Path, fields: list[str] | None = None) -> Iterator[Row]:
    """Rows of `path` in order, streamed.

    Args:
        path: `.jsonl`, `.jsonl.gz`, `.parquet`, or a folder of `.txt`, `.md` and `.py` files,
            each of which is a row with the fields text, file (relative name) and folder.
        fields: the fields needed; Parquet reads no others. None = all.

    Raises:
        InputError: no such path, unknown kind of file, or a row that cannot be read.
    """
    if path.is_dir():
        return _folder_rows(path)
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder; correct the path")
    if path.suffix == ".parquet":
        return _parquet_rows(path, fields)
    if path.name.endswith((".jsonl", ".jsonl.gz")):
        return read_jsonl(path)
    raise InputError(
        f"{path}: is of no known kind; use .jsonl, .jsonl.gz, .parquet or a folder of text files"
    )


def count_rows(path: Path) -> int:
    """How many rows `read_rows` will give, without parsing them.

    Raises:
        InputError: the file cannot be read.
    """
    if path.is_dir():
        return len(_text_files(path))
    if path.suffix == ".parquet":
        return int(_open_parquet(path).metadata.num_rows)
    return sum(1 for _, line in _lines(path) if line.strip())


def read_jsonl(path: Path) -> Iterator[Row]:
    """Rows of a JSONL file; blank lines are passed over.

    Raises:
        InputError: no such file, a line that is not UTF-8, not JSON or not an object.
    """
    for number, line in _lines(path):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        try:
            row = json.loads(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise InputError(
                f"{where}: is not UTF-8 at byte {error.start + 1}; save the file as UTF-8"
            ) from None
        except (ValueError, RecursionError) as error:
            reason = getattr(error, "msg", "too deep, or a number too long")
            raise InputError(
                f"{where}: is not JSON ({reason}); write one JSON object a line"
            ) from None
        if not isinstance(row, dict):
            raise InputError(f"{where}: is not a JSON object; write {{…}} with named fields")
        yield where, row


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


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else "damaged"
        raise InputError(f"{path}: is not a Parquet file ({reason}); write it anew") from None


def _parquet_rows(path: Path, fields: list[str] | None) -> Iterator[Row]:
    number = 0
    with _open_parquet(path) as file:
        names = file.schema_arrow.names
        for field in fields or []:
            if field not in names:
                raise missing_field(str(path), field, names)
        batches = file.iter_batches(batch_size=PARQUET_BATCH, columns=fields)
        while (batch := _next_batch(path, number, batches)) is not None:
            for index in range(batch.num_rows):
                number += 1
                where = f"{path}: row {number}"
                yield where, _parquet_row(where, batch, index)


def _next_batch(path: Path, number: int, batches: Iterator[pa.RecordBatch]) -> Any:
    try:
        return next(batches, None)
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else "damaged"
        raise InputError(
            f"{path}: cannot be read after row {number} ({reason}); write the file anew"
        ) from None


def _parquet_row(where: str, batch: pa.RecordBatch, index: int) -> dict[str, Any]:
    try:
        return {
            name: batch.column(place)[index].as_py()
            for place, name in enumerate(batch.schema.names)
        }
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: is not UTF-8 at byte {error.start + 1}; save its texts as UTF-8"
        ) from None


def _text_files(path: Path) -> list[Path]:
    """Text files below the folder, in the order of their names; hidden ones are left out."""
    found = [
        file
        for file in path.rglob("*")
        if file.suffix in TEXT_FILES
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
    ]
    return sorted(found, key=lambda file: file.relative_to(path).parts)


def _folder_rows(path: Path) -> Iterator[Row]:
    files = _text_files(path)
    if not files:
        raise InputError(f"{path}: holds no {', '.join(TEXT_FILES)} file; put the documents there")
    for file in files:
        relative = file.relative_to(path)
        try:
            # Bytes, so that line ends stay as they are.
            text = file.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{file}: is not UTF-8 at byte {error.start + 1}; save it as UTF-8"
            ) from None
        except OSError as error:
            raise InputError(f"{file}: cannot be read ({error.strerror})") from None
        folder = relative.parts[0] if len(relative.parts) > 1 else None
        yield str(file), {"text": text, "file": relative.as_posix(), "folder": folder}


def missing_field(where: str, field: str, names: list[str]) -> InputError:
    """The one line for a field that a row does not have."""
    there = ", ".join(str(name) for name in names[:30]) or "none"
    return InputError(f'{where}: has no field "{field}"; the fields there are: {there}')
