"""Which reader reads a corpus: by the ending of its file, or by what its folder holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from attribution_engine.corpora.datasets_rows import (
    count_saved_rows,
    count_streamed_rows,
    is_saved_dataset,
    saved_rows,
    streamed_rows,
)
from attribution_engine.corpora.duckdb_rows import count_duckdb_rows, duckdb_rows
from attribution_engine.corpora.rows import (
    ROW_FILES,
    TEXT_FILES,
    RowOrError,
    count_lines,
    count_parquet_rows,
    files_below,
    jsonl_rows,
    parquet_rows,
    text_rows,
)
from attribution_engine.records import CorpusConfig, InputError

Kind = Literal["dataset", "saved dataset", "duckdb", "row files", "text files"]


def corpus_kind(config: CorpusConfig) -> Kind:
    """What sort of corpus this is.

    A folder with `.jsonl` or `.parquet` files is a corpus of rows if the configuration names the
    field of the text, else (a stray such file among texts) one of text files.

    Raises:
        InputError: no such path, or an unknown kind of file.
    """
    path = config.path
    if config.dataset is not None:
        return "dataset"
    if path.is_dir():
        if is_saved_dataset(path):
            return "saved dataset"
        named = config.text or config.prompt or config.messages
        return "row files" if named and files_below(path, ROW_FILES) else "text files"
    if not path.exists():
        raise InputError(f"{path}: there is no such file or folder; correct the path")
    if path.suffix == ".duckdb":
        return "duckdb"
    if path.name.endswith(ROW_FILES):
        return "row files"
    raise InputError(
        f"{path}: is of no known kind; use {', '.join(ROW_FILES)}, .duckdb, a folder of such or of "
        f"text files ({', '.join(TEXT_FILES)}), or a dataset saved to disk"
    )


def corpus_rows(config: CorpusConfig, kind: Kind, fields: list[str]) -> Iterator[RowOrError]:
    """Rows of a corpus in order, streamed.

    Args:
        kind: what `corpus_kind` says.
        fields: the fields needed; only JSONL and text files give others as well.

    Raises:
        InputError: the corpus cannot be opened, or cannot be read on.
    """
    if kind == "dataset":
        yield from streamed_rows(config, fields)
    elif kind == "saved dataset":
        yield from saved_rows(config.path, config.split, fields)
    elif kind == "duckdb":
        yield from duckdb_rows(config.path, config.table, fields)
    elif kind == "text files":
        yield from text_rows(config.path)
    else:
        for file in _row_files(config.path):
            yield from parquet_rows(file, fields) if _is_parquet(file) else jsonl_rows(file)


def count_corpus_rows(config: CorpusConfig) -> int:
    """How many rows `corpus_rows` will give, without parsing them; 0 where that is not known.

    Raises:
        InputError: the corpus cannot be opened.
    """
    kind = corpus_kind(config)
    if kind == "dataset":
        return count_streamed_rows(config)
    if kind == "saved dataset":
        return count_saved_rows(config.path, config.split)
    if kind == "duckdb":
        return count_duckdb_rows(config.path, config.table)
    if kind == "text files":
        return len(files_below(config.path, TEXT_FILES))
    return sum(
        count_parquet_rows(file) if _is_parquet(file) else count_lines(file)
        for file in _row_files(config.path)
    )


def _row_files(path: Path) -> list[Path]:
    return files_below(path, ROW_FILES) if path.is_dir() else [path]


def _is_parquet(file: Path) -> bool:
    return file.suffix == ".parquet"
