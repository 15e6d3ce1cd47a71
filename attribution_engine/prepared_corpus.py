"""A corpus read and tokenised once, on disk, so that it never has to fit in memory."""

from __future__ import annotations

import json
import os
import shutil
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, TypeVar, overload

import numpy as np
import pyarrow.parquet as pq
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.documents import documents_or_errors, no_document
from attribution_engine.corpora.start_token import start_ids
from attribution_engine.influence.tokens import TokenisedText, tokenise_documents
from attribution_engine.prepared_parts import (
    CLASS,
    DOCUMENT_FIELDS,
    ROW_GROUP,
    Classify,
    FindSpans,
    PartBuilder,
    Tally,
    not_written,
    read_documents_of,
    read_tally,
    sync,
)
from attribution_engine.records import CorpusConfig, Document, InputError, UnreadableRow

Value = TypeVar("Value")

# A part ends at whichever comes first, and so does a batch for the tokenizer.
PART_DOCUMENTS: Final = 4096
PART_CHARACTERS: Final = 8_000_000
BATCH_DOCUMENTS: Final = 256
BATCH_CHARACTERS: Final = 400_000
OPEN_PARTS: Final = 256  # each holds a file open, and a process may open 1,024 by default
OPEN_GROUPS: Final = 4  # groups of documents whose texts are kept in memory


class PreparedCorpus(Sequence[TokenisedText]):
    """The texts of a prepared corpus, read where they are asked for. Not for several threads.

    Attributes:
        lengths: int32 [documents], the n_positions of each text.
        n_tokens: text tokens of all documents; n_cut: documents cut at `max_tokens`.
        n_rows: rows of the corpus that were read.
        n_skipped: rows of them left out; skipped: why, for the first few.
    """

    def __init__(self, folder: Path) -> None:
        """Opens a folder that `prepare_corpus` has completed.

        Raises:
            InputError: the folder is not complete, or a file of it is damaged.
        """
        self.folder = folder
        try:
            kept = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
            self._start = tuple(kept["start"])
            self._parts = [folder / part_name(number) for number in range(kept["parts"])]
            lengths = [np.load(part / "n_tokens.npy") for part in self._parts]
            self._cut = np.concatenate([np.load(part / "cut.npy") for part in self._parts])
            for part in self._parts:  # what is read later: whether it is as long as it says
                np.load(part / "tokens.npy", mmap_mode="r")
                pq.read_metadata(part / "documents.parquet")
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise InputError(
                f"{folder}: is not a complete prepared corpus ({error}); remove the folder and run "
                "again"
            ) from error
        self.n_cut = int(self._cut.sum())
        self.n_rows: int = kept["rows"]
        self.n_skipped: int = kept["n_skipped"]
        self.skipped: list[str] = kept["skipped"]
        self.has_classes: bool = kept["classes"]
        self.has_spans: bool = kept["spans"]
        # Document `row` is in the part whose first document is the last that is not after it.
        self._firsts = np.cumsum([0, *map(len, lengths)])
        counts = np.concatenate(lengths)
        self._offsets = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)])
        self.lengths = (counts + (len(self._start) - 1)).astype(np.int32)
        self.n_tokens = int(self._offsets[-1])
        self._tokens: OrderedDict[int, np.ndarray] = OrderedDict()
        self._groups: OrderedDict[tuple[int, int], list[Document]] = OrderedDict()
        self._spans: OrderedDict[int, tuple[np.ndarray, np.ndarray]] = OrderedDict()

    @property
    def note(self) -> str:
        """A sentence on the rows left out, for the run's notes; empty if there are none."""
        if not self.n_skipped:
            return ""
        more = "; …" if self.n_skipped > len(self.skipped) else ""
        return f"Left out {self.n_skipped} of {self.n_rows} rows: {'; '.join(self.skipped)}{more}."

    def __len__(self) -> int:
        return len(self.lengths)

    @overload
    def __getitem__(self, row: int) -> TokenisedText: ...

    @overload
    def __getitem__(self, row: slice) -> list[TokenisedText]: ...

    def __getitem__(self, row: int | slice) -> TokenisedText | list[TokenisedText]:
        if isinstance(row, slice):
            return [self[at] for at in range(*row.indices(len(self)))]
        part, first, end = self._place(row)
        ids, ends, marks = self._part_tokens(part)[:, first:end]
        return TokenisedText(
            ids=(*self._start, *ids.tolist()),
            starts=len(self._start),
            token_ends=tuple(ends.tolist()),
            has_loss=tuple((marks % CLASS).astype(bool).tolist()),
            cut=bool(self._cut[row]),
        )

    def classes(self, row: int) -> np.ndarray:
        """The class number of each text token, uint8 [tokens].

        Raises:
            ValueError: the corpus was prepared without classes.
        """
        if not self.has_classes:
            raise ValueError("the corpus was prepared without classes")
        part, first, end = self._place(row)
        return (self._part_tokens(part)[2, first:end] // CLASS).astype(np.uint8)

    def spans(self, row: int) -> np.ndarray:
        """int32 [spans, 4]: first character, end character, first token, end token.

        Raises:
            ValueError: the corpus was prepared without spans.
        """
        if not self.has_spans:
            raise ValueError("the corpus was prepared without spans")
        part, _, _ = self._place(row)
        offsets, spans = _kept(self._spans, part, OPEN_GROUPS, lambda: self._read_spans(part))
        at = row % len(self) - self._firsts[part]
        return spans[offsets[at] : offsets[at + 1]]

    def document(self, row: int) -> Document:
        """The document with all its fields."""
        part, _, _ = self._place(row)
        at = int(row % len(self) - self._firsts[part])
        return self._group(part, at // ROW_GROUP)[at % ROW_GROUP]

    def text(self, row: int) -> str:
        """The document's text, unaltered."""
        return self.document(row).text

    def where(self, row: int) -> str:
        """File and row the document was read from, for messages."""
        return self.document(row).where

    def documents_in(self, start: int, stop: int) -> Iterator[Document]:
        """The documents from `start` up to `stop`, a group of them in memory at a time."""
        for row in range(start, min(stop, len(self))):
            yield self.document(row)

    def parquet_parts(self) -> list[Path]:
        """Parquet files, in order: the store's columns but gradient_norm, and `NOT_STORED` ones."""
        return [part / "documents.parquet" for part in self._parts]

    def _place(self, row: int) -> tuple[int, int, int]:
        """The part of a document, and its first and end token within the part."""
        if not -len(self) <= row < len(self):
            raise IndexError(f"row {row} of {len(self)} documents")
        row %= len(self)
        part = int(np.searchsorted(self._firsts, row, "right")) - 1
        base = self._offsets[self._firsts[part]]
        return part, int(self._offsets[row] - base), int(self._offsets[row + 1] - base)

    def _part_tokens(self, part: int) -> np.ndarray:
        file = self._parts[part] / "tokens.npy"
        return _kept(self._tokens, part, OPEN_PARTS, lambda: np.load(file, mmap_mode="r"))

    def _read_spans(self, part: int) -> tuple[np.ndarray, np.ndarray]:
        counts = np.load(self._parts[part] / "n_spans.npy")
        return np.concatenate([[0], np.cumsum(counts)]), np.load(self._parts[part] / "spans.npy")

    def _group(self, part: int, group: int) -> list[Document]:
        def read() -> list[Document]:
            with pq.ParquetFile(self._parts[part] / "documents.parquet") as file:
                return read_documents_of(file.read_row_group(group, DOCUMENT_FIELDS))

        return _kept(self._groups, (part, group), OPEN_GROUPS, read)


def prepare_corpus(
    config: CorpusConfig,
    tokenizer: PreTrainedTokenizerBase,
    *,
    context: int,
    vocabulary: int,
    folder: Path,
    classify: Classify | None = None,
    spans: FindSpans | None = None,
    progress: Callable[[int], None] = lambda done: None,
) -> PreparedCorpus:
    """Reads and tokenises a corpus into a folder, a part at a time; opens what is there already.

    Every part is complete or absent, whatever happens; parts that an interrupted call left are
    kept and their documents not tokenised again. Whether the folder belongs to this corpus,
    configuration and tokenizer is for the caller to know.

    Args:
        context: positions that the model has; vocabulary: tokens that it has embeddings for.
        folder: where the parts go; it is made if absent and holds nothing else.
        classify: a class number (0 to 255) for each token, to be kept with it.
        spans: the characters of a document's spans, ordered, to be kept with their tokens.
        progress: told how many more rows of the corpus are done.

    Raises:
        InputError: whatever is wrong with the corpus, in one line; or the disk is full.
    """
    if (folder / "corpus.json").exists():
        corpus = PreparedCorpus(folder)
        progress(corpus.n_rows)
        return corpus
    try:
        folder.mkdir(parents=True, exist_ok=True)
        number, tally = _complete_parts(folder)
    except OSError as error:
        raise not_written(folder, error) from error
    progress(tally.rows)
    rows = documents_or_errors(config, tokenizer, first_row=tally.rows)
    for group in _groups(rows, PART_DOCUMENTS, PART_CHARACTERS):
        part = PartBuilder(tally.documents, classify, spans)
        for batch in _groups(group, BATCH_DOCUMENTS, BATCH_CHARACTERS):
            _add(part, tally, batch, config, tokenizer, context, vocabulary)
            progress(len(batch))
        if part.documents:
            part.write(folder / part_name(number), tally)
            number += 1
    if not number:
        raise no_document(config, tally.skipped[0] if tally.skipped else None)
    kept = {"parts": number, "start": start_ids(tokenizer)}
    kept |= {"classes": classify is not None, "spans": spans is not None}
    _write_json(folder / "corpus.json", asdict(tally) | kept)
    return PreparedCorpus(folder)


def _add(
    part: PartBuilder,
    tally: Tally,
    batch: Sequence[Document | UnreadableRow],
    config: CorpusConfig,
    tokenizer: PreTrainedTokenizerBase,
    context: int,
    vocabulary: int,
) -> None:
    """Tokenises the rows' documents and gives them to the part, all but the unreadable."""
    documents = [item for item in batch if isinstance(item, Document)]
    texts = tokenise_documents(
        documents,
        tokenizer,
        max_tokens=config.max_tokens,
        context=context,
        vocabulary=vocabulary,
    )
    for item in batch:
        text = item if isinstance(item, UnreadableRow) else next(texts)
        tally.rows += 1
        if isinstance(item, Document) and isinstance(text, TokenisedText):
            part.add(item, text)
            tally.documents += 1
        elif isinstance(text, UnreadableRow):
            if config.unreadable == "stop":
                raise text
            tally.skip(str(text))


def _groups(
    items: Iterable[Document | UnreadableRow], most: int, characters: int
) -> Iterator[list[Document | UnreadableRow]]:
    """Items in order in groups of at most so many items and about so many characters."""
    group: list[Document | UnreadableRow] = []
    held = 0
    for item in items:
        group.append(item)
        held += len(item.text) if isinstance(item, Document) else 0
        if len(group) == most or held >= characters:
            yield group
            group, held = [], 0
    if group:
        yield group


def _complete_parts(folder: Path) -> tuple[int, Tally]:
    """How many parts are complete, and what was read up to their end; removes what else is left."""
    number = 0
    while (folder / part_name(number)).is_dir():
        number += 1
    complete = {part_name(done) for done in range(number)}
    for left in folder.glob("part-*"):
        if left.name not in complete:
            shutil.rmtree(left)
    return number, read_tally(folder / part_name(number - 1)) if number else Tally()


def _write_json(path: Path, content: dict[str, Any]) -> None:
    aside = path.with_name(path.name + ".part")
    try:
        aside.write_text(json.dumps(content), encoding="utf-8")
        sync(aside)
        os.replace(aside, path)
        sync(path.parent)
    except OSError as error:
        raise not_written(path.parent, error) from error


def part_name(number: int) -> str:
    return f"part-{number:06d}"


def _kept(cache: OrderedDict[Any, Value], key: Any, most: int, read: Callable[[], Value]) -> Value:
    """What is in the cache, or is read and put there in place of what was used longest ago."""
    if key not in cache:
        if len(cache) >= most:
            cache.popitem(last=False)
        cache[key] = read()
    cache.move_to_end(key)
    return cache[key]
