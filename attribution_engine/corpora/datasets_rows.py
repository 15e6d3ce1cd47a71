"""Rows of Hugging Face datasets: from the Hub or a folder, streamed, or saved to disk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from attribution_engine.corpora.rows import RowOrError, batch_rows, first_line, missing_field
from attribution_engine.records import CorpusConfig, InputError

BATCH: Final = 256  # rows in memory at once
ANSWER_WITHIN: Final = 30.0  # seconds, of the Hub
COMMIT: Final = re.compile("[0-9a-f]{40}")


def is_saved_dataset(path: Path) -> bool:
    """Whether `datasets` wrote this folder by `save_to_disk`."""
    one = (path / "state.json").exists() and (path / "dataset_info.json").exists()
    return one or (path / "dataset_dict.json").exists()


def saved_rows(path: Path, split: str, fields: list[str]) -> Iterator[RowOrError]:
    """Rows of a saved dataset, read through a memory map.

    Args:
        split: which part of a saved `DatasetDict`; a single dataset has none.
        fields: the fields needed; no others are read.

    Raises:
        InputError: the folder cannot be read, or a split or field that is not there.
    """
    return _rows(str(path), _saved(path, split).to_iterable_dataset(), fields)


def count_saved_rows(path: Path, split: str) -> int:
    """How many rows a saved dataset has.

    Raises:
        InputError: the folder cannot be read, or there is no such split.
    """
    return len(_saved(path, split))


def streamed_rows(config: CorpusConfig, fields: list[str]) -> Iterator[RowOrError]:
    """Rows of `config.dataset`, streamed: nothing but what is read is downloaded.

    Raises:
        InputError: no such dataset, subset, split or field, or it cannot be reached or read.
    """
    return _rows(str(config.dataset), _streamed(config), fields)


def count_streamed_rows(config: CorpusConfig) -> int:
    """How many rows the dataset says it has; 0 where it does not say.

    Raises:
        InputError: no such dataset, subset or split, or it cannot be reached.
    """
    splits = _streamed(config).info.splits or {}
    known = splits.get(config.split)
    return int(known.num_examples or 0) if known else 0


def dataset_commit(config: CorpusConfig) -> str | None:
    """The commit of `config.dataset` that this process reads, None for a folder here.

    The Hub is asked once: a dataset that changes meanwhile is still read as it was.

    Raises:
        InputError: no such dataset or revision, or the Hub cannot be reached.
    """
    if config.dataset is None or Path(config.dataset).exists():
        return None
    if config.revision is not None and COMMIT.fullmatch(config.revision):
        return config.revision
    return _commit_now(config.dataset, config.revision)


@lru_cache(maxsize=8)
def _commit_now(dataset: str, revision: str | None) -> str:
    from huggingface_hub import HfApi

    try:
        commit = HfApi().dataset_info(dataset, revision=revision, timeout=ANSWER_WITHIN).sha
    except Exception as error:  # of the network, or the Hub's refusals
        raise InputError(
            f"{dataset}: cannot be opened ({first_line(error)}); check corpus.dataset, revision "
            "and the network, or set corpus.revision to a commit's 40 digits, which asks nobody"
        ) from error
    if not commit:
        raise InputError(f"{dataset}: the Hub names no commit of it; set corpus.revision to one")
    return str(commit)


def _rows(name: str, dataset: Any, fields: list[str]) -> Iterator[RowOrError]:
    there = _column_names(name, dataset)
    for field in fields:
        if field not in there:
            raise missing_field(name, field, there)
    # Without the other columns nothing is decoded that the run does not ask for (pictures, sound).
    tables = dataset.select_columns(fields).with_format("arrow").iter(batch_size=BATCH)
    number = 0
    while (table := _next_table(name, number, tables)) is not None:
        for batch in table.to_batches():
            yield from batch_rows(name, number, batch)
            number += batch.num_rows


def _column_names(name: str, dataset: Any) -> list[str]:
    """Names of the columns; those of the first rows where a stream does not say beforehand."""
    if dataset.column_names is not None:
        return list(dataset.column_names)
    first = _next_table(name, 0, dataset.with_format("arrow").iter(batch_size=1))
    return [] if first is None else list(first.column_names)


def _next_table(name: str, before: int, tables: Iterator[Any]) -> Any:
    try:
        return next(tables, None)
    except Exception as error:  # of the network, the file system, the parser of each file kind
        raise InputError(
            f"{name}: cannot be read after row {before} ({first_line(error)}); try again with "
            "--resume, or mend the dataset"
        ) from error


def _saved(path: Path, split: str) -> Any:
    from datasets import DatasetDict, load_from_disk  # takes a second, so only where it is used

    try:
        loaded = load_from_disk(str(path))
    except Exception as error:
        raise InputError(
            f"{path}: cannot be read as a saved dataset ({first_line(error)}); save it anew"
        ) from error
    if not isinstance(loaded, DatasetDict):
        return loaded
    if split not in loaded:
        raise InputError(
            f'{path}: has no split "{split}"; name one as corpus.split, there are: '
            f"{', '.join(loaded)}"
        )
    return loaded[split]


def _streamed(config: CorpusConfig) -> Any:
    from datasets import load_dataset  # takes a second, so only where it is used

    commit = dataset_commit(config)
    try:
        return load_dataset(
            str(config.dataset),
            config.subset,
            split=config.split,
            revision=commit or config.revision,
            streaming=True,
        )
    except Exception as error:  # datasets raises many kinds; its sentence says which
        raise InputError(
            f"{config.dataset}: cannot be opened ({first_line(error)}); check corpus.dataset, "
            "subset, split, and the network"
        ) from error
