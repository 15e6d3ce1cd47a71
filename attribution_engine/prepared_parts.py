"""One part of a prepared corpus on disk: a folder that is complete or absent.

Files of a part: `documents.parquet` (the fields of the documents), `tokens.npy` (int32
[3, tokens]: ids, character ends, and marks, which are has_loss + 256 × class), `n_tokens.npy`
(int32 [documents]), `cut.npy` (bool [documents]), `spans.npy` (int32 [spans, 4]) with
`n_spans.npy` (int32 [documents]) where spans are kept, and `part.json`.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.records import Document, InputError, Mark

# Text and the ends of its tokens, to a class number for each token.
Classify = Callable[[str, tuple[int, ...]], Sequence[int]]
# A document to the characters (start, end) of its spans, in the order of their starts.
FindSpans = Callable[[Document], Sequence[tuple[int, int]]]

ROW_GROUP: Final = 256  # documents read at once when one is asked for
NAMED: Final = 5  # skipped rows that are named
CLASS: Final = 256  # a token's mark is has_loss + CLASS × class
INTEGERS: Final = pa.list_(pa.int32())
SCHEMA: Final = pa.schema(
    [
        ("doc_id", pa.int32()),
        ("text", pa.string()),
        ("prompt_chars", pa.int32()),
        ("source", pa.string()),
        ("domain", pa.string()),
        ("category", pa.string()),
        ("difficulty", pa.string()),
        ("n_tokens", pa.int32()),
        ("token_ends", INTEGERS),
        ("metadata", pa.string()),
        ("loss_ranges", INTEGERS),
        ("where", pa.string()),
        ("marks", pa.string()),
    ]
)
NOT_STORED: Final = ("where", "marks")  # columns that the store has no column for
# What `read_documents_of` needs of them.
DOCUMENT_FIELDS: Final = [name for name in SCHEMA.names if name not in ("n_tokens", "token_ends")]


@dataclass(slots=True)
class Tally:
    """What was read up to the end of a part.

    Attributes:
        documents, rows: documents kept and rows read, from the beginning of the corpus.
        n_skipped: rows left out; skipped: why, for the first few of them.
    """

    documents: int = 0
    rows: int = 0
    n_skipped: int = 0
    skipped: list[str] = field(default_factory=list)

    def skip(self, why: str) -> None:
        self.n_skipped += 1
        if len(self.skipped) < NAMED:
            self.skipped.append(why)


class PartBuilder:
    """Collects the documents of one part, numbers them from `first` on, and writes them."""

    def __init__(self, first: int, classify: Classify | None, find_spans: FindSpans | None) -> None:
        self.documents: list[Document] = []
        self._first = first
        self._classify, self._find_spans = classify, find_spans
        self._tokens: list[np.ndarray] = []
        self._cut: list[bool] = []
        self._spans: list[np.ndarray] = []

    def add(self, document: Document, text: TokenisedText) -> None:
        """Takes a document and what it is as tokens."""
        tokens = np.empty((3, text.n_tokens), np.int32)
        tokens[0], tokens[1], tokens[2] = text.ids[text.starts :], text.token_ends, text.has_loss
        if self._classify is not None:
            tokens[2] += CLASS * _classes(self._classify(document.text, text.token_ends), text)
        if self._find_spans is not None:
            self._spans.append(span_tokens(self._find_spans(document), text.token_ends))
        self.documents.append(document)
        self._tokens.append(tokens)
        self._cut.append(text.cut)

    def write(self, folder: Path, tally: Tally) -> None:
        """Writes the part aside and moves it to `folder`.

        Raises:
            InputError: the disk is full, or the folder cannot be written.
        """
        aside = folder.with_name(folder.name + ".part")
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            self._write_files(aside, tally)
            for file in aside.iterdir():
                sync(file)
            sync(aside)
            os.rename(aside, folder)
            sync(folder.parent)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)  # gives back what the half part took
            raise not_written(folder.parent, error) from error

    def _write_files(self, aside: Path, tally: Tally) -> None:
        lengths = np.array([tokens.shape[1] for tokens in self._tokens], np.int32)
        tokens = np.concatenate(self._tokens, axis=1)
        np.save(aside / "tokens.npy", tokens)
        np.save(aside / "n_tokens.npy", lengths)
        np.save(aside / "cut.npy", np.array(self._cut, bool))
        if self._find_spans is not None:
            np.save(aside / "spans.npy", np.concatenate(self._spans))
            np.save(aside / "n_spans.npy", np.array([len(s) for s in self._spans], np.int32))
        table = _table(self._first, self.documents, lengths, tokens[1])
        pq.write_table(table, aside / "documents.parquet", ROW_GROUP, compression="zstd")
        (aside / "part.json").write_text(json.dumps(asdict(tally)), encoding="utf-8")


def read_tally(folder: Path) -> Tally:
    """What was read up to the end of the part in `folder`."""
    return Tally(**json.loads((folder / "part.json").read_text(encoding="utf-8")))


def span_tokens(spans: Sequence[tuple[int, int]], token_ends: Sequence[int]) -> np.ndarray:
    """Each span with its tokens: those whose last character lies in it.

    Returns:
        int32 [spans, 4]: first character, end character, first token, end token.
    """
    found = np.zeros((len(spans), 4), np.int32)
    if len(spans):
        found[:, :2] = spans
        last = np.maximum(np.asarray(token_ends) - 1, 0)
        found[:, 2:] = np.searchsorted(last, found[:, :2], "left")
    return found


def read_documents_of(table: pa.Table) -> list[Document]:
    """The documents in rows of `documents.parquet`."""
    return [
        Document(
            doc_id=row["doc_id"],
            text=row["text"],
            prompt_chars=row["prompt_chars"],
            source=row["source"],
            domain=row["domain"],
            category=row["category"],
            difficulty=row["difficulty"],
            metadata=json.loads(row["metadata"]),
            where=row["where"],
            loss_ranges=_pairs(row["loss_ranges"]),
            marks=tuple(Mark(*each) for each in json.loads(row["marks"])),
        )
        for row in table.select(DOCUMENT_FIELDS).to_pylist()
    ]


def not_written(folder: Path, error: OSError) -> InputError:
    """The one line for a disk that takes nothing more."""
    return InputError(
        f"{folder}: cannot be written ({error.strerror or error}); free space or choose another "
        "place as output.work, then go on with --resume"
    )


def sync(path: Path) -> None:
    """Has the file, or the names in the folder, on the disk before it returns."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _classes(found: Sequence[int], text: TokenisedText) -> np.ndarray:
    classes = np.array(found, np.uint8)
    if len(classes) != text.n_tokens:
        raise ValueError(f"{len(classes)} classes for {text.n_tokens} tokens")
    return classes.astype(np.int32)


def _table(
    first: int, documents: list[Document], lengths: np.ndarray, ends: np.ndarray
) -> pa.Table:
    columns: dict[str, Any] = {
        name: [getattr(document, name) for document in documents]
        for name in SCHEMA.names
        if name not in ("doc_id", "n_tokens", "token_ends", "metadata", "loss_ranges", "marks")
    }
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    columns |= {
        "doc_id": np.arange(first, first + len(documents), dtype=np.int32),
        "n_tokens": lengths,
        "token_ends": pa.ListArray.from_arrays(offsets, ends),
        "metadata": [json.dumps(each.metadata, ensure_ascii=False) for each in documents],
        "loss_ranges": [each.flat_loss_ranges for each in documents],
        "marks": [json.dumps([astuple(mark) for mark in each.marks]) for each in documents],
    }
    return pa.table({name: columns[name] for name in SCHEMA.names}, schema=SCHEMA)


def _pairs(flat: list[int] | None) -> tuple[tuple[int, int], ...]:
    return tuple(zip(flat[::2], flat[1::2], strict=True)) if flat else ()
