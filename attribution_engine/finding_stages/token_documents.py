"""The documents with token scores, read once: which tokens they hold, and where."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final

import numpy as np

from attribution_engine.store.finding_reads_tokens import ReadText
from attribution_engine.text.token_classes import CLASSES
from attribution_engine.text.token_units import token_units, within_word, written
from attribution_engine.text.word_lists import WordLists

VOCABULARY: Final = 400_000  # written forms that are told apart; later ones count in their class
# A row a token; the rows of a unit's other tokens have key −1.
ROW: Final = np.dtype(
    [("key", np.int32), ("start", np.int32), ("end", np.int32), ("learnt", np.bool_)]
)


class TokenDocuments:
    """Tokens of documents as keys into a vocabulary; the rows lie in a file meanwhile.

    Attributes:
        words: [keys] as most often written; classes: [keys] place of the class.
        first_key: the first key that is a token; those before it are the rest of each class.
    """

    first_key = len(CLASSES)

    def __init__(
        self, texts: Iterable[ReadText], words: WordLists, scratch: Path | None = None
    ) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 (see close)
        self._places: dict[int, tuple[int, int]] = {}
        self._raw: dict[tuple[int, str], int] = {}
        self._key_of: dict[tuple[int, str], int] = {}
        self._counts = np.zeros(1024, np.int64)
        self._raw_keys: list[int] = []
        self._lists = words
        place = 0
        self._classes = list(range(len(CLASSES)))
        for text in texts:
            rows = self._read(text)
            self._file.write(rows.tobytes())
            self._places[text.doc_id] = (place, len(rows))
            place += len(rows)
        self._file.flush()
        self._rows = np.memmap(self._file, ROW, "r", shape=(place,)) if place else np.zeros(0, ROW)
        self.classes = np.array(self._classes, np.int64)
        self.words = self._most_often_written()

    def close(self) -> None:
        """Removes the file."""
        self._rows = np.zeros(0, ROW)
        self._file.close()

    def __contains__(self, doc_id: int) -> bool:
        return doc_id in self._places

    def rows(self, doc_id: int) -> np.ndarray:
        """[tokens] of `ROW`."""
        first, n = self._places[doc_id]
        return self._rows[first : first + n]

    def _read(self, text: ReadText) -> np.ndarray:
        units = token_units(text.text, text.token_ends, self._lists)
        rows = np.zeros(len(text.token_ends), ROW)
        rows["key"] = -1
        raw_ids, starts, ends = [], [], []
        columns = (units.classes.tolist(), units.starts.tolist(), units.ends.tolist())
        for place, start, end in zip(*columns, strict=True):
            piece = text.text[start:end]
            cut = within_word(text.text, start), within_word(text.text, end)
            raw_ids.append(self._raw_id(place, written(piece, *cut)))
            begins = len(piece) - len(piece.lstrip())
            if begins < len(piece):
                start, end = start + begins, start + len(piece.rstrip())
            starts.append(start)
            ends.append(end)
        known = np.array(raw_ids, np.int64)
        self._count(known[known >= 0])
        keys = np.array([self._raw_keys[one] if one >= 0 else -1 - one for one in raw_ids])
        rows["key"][units.firsts] = keys
        rows["start"][units.firsts], rows["end"][units.firsts] = starts, ends
        rows["learnt"] = _learnt(text)
        return rows

    def _raw_id(self, place: int, shown: str) -> int:
        """Number of a written form; −1 − its class's own key where there are too many."""
        found = self._raw.get((place, shown))
        if found is not None:
            return found
        if len(self._raw) >= VOCABULARY:
            return -1 - place
        key = self._key_of.setdefault((place, shown.casefold()), len(self._classes))
        if key == len(self._classes):
            self._classes.append(place)
        self._raw_keys.append(key)
        self._raw[place, shown] = len(self._raw)
        return len(self._raw) - 1

    def _count(self, raw_ids: np.ndarray) -> None:
        if len(self._raw) > len(self._counts):
            self._counts = np.concatenate([self._counts, np.zeros(2 * len(self._raw), np.int64)])
        self._counts += np.bincount(raw_ids, minlength=len(self._counts))

    def _most_often_written(self) -> list[str]:
        words = [""] * len(self._classes)
        most = np.full(len(self._classes), -1)
        for at, (_, shown) in enumerate(self._raw):
            key = self._raw_keys[at]
            if self._counts[at] > most[key]:
                most[key], words[key] = self._counts[at], shown
        return words


def _learnt(text: ReadText) -> np.ndarray:
    """[tokens] whether they have loss: those that share a character with a range that has."""
    ends = np.maximum.accumulate(np.asarray(text.token_ends, np.int64))
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    found = np.zeros(len(ends), bool)
    for start, end in text.learnt:
        first = np.searchsorted(ends, start, "right")
        found[first : np.searchsorted(starts, end, "left")] = True
    return found
