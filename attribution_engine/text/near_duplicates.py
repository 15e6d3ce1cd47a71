"""Near-duplicates among documents: texts that share most of their runs of five words.

A text's shingles are its runs of `SHINGLE` words. Two texts are near-duplicates if the shingles
that they share are at least `THRESHOLD` of those that either has (Jaccard similarity). Pairs to
compare are found by MinHash with one permutation: hashed shingles fall into bins, the smallest of
every bin is kept, and texts that agree in all bins of a band are compared shingle by shingle.
"""

from __future__ import annotations

import tempfile
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import IO, Final

import numpy as np

SHINGLE: Final = 5  # words
THRESHOLD: Final = 0.8
BANDS: Final = 20
BAND_BINS: Final = 5  # a pair at the threshold is compared with a probability of 0.9996
ROUNDS: Final = 200  # of comparing with ever later texts of a run
BATCH_CHARACTERS: Final = 2_000_000
BATCH_SHINGLES: Final = 1_000_000  # of pairs: fewer than 2^20 of these

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_BASE: Final = 0xD6E8FEB86659FD93
_NOT_WORD, _WORD, _ALONE = 0, 1, 2  # what a character is
# Scripts that put no spaces between words, by the first word of their characters' names.
_UNSPACED: Final = (*("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"),)


def near_groups(texts: Iterable[str], scratch: Path | None = None) -> np.ndarray:
    """The group of near-duplicates of each text.

    A group is a text and all later ones, of no earlier group, that are near-duplicates of it;
    two that are alike only through others are not grouped. Case and what lies between words do
    not count; a text without words is compared as it stands.

    Memory holds about 100 bytes a text; the shingles lie in a file meanwhile, 8 bytes a word.

    Args:
        texts: in the order of their numbers, from 0; read once.
        scratch: folder for that file; None = the system's.

    Returns:
        [texts] int32: the smallest number of the group, −1 where a text has none.
    """
    with tempfile.TemporaryFile(dir=scratch) as file:
        keys: list[np.ndarray] = []
        ends: list[np.ndarray] = []
        total = 0
        for batch in _batches(texts):
            shingles, counts = _shingles(batch)
            shingles.tofile(file)
            keys.append(_band_keys(shingles, counts))
            ends.append(total + np.cumsum(counts))
            total += len(shingles)
        if not keys:
            return np.zeros(0, np.int32)
        file.flush()
        return _grouped(np.concatenate(keys, axis=1), np.concatenate(ends), file)


def similarity(one: str, other: str) -> float:
    """The share of shingles of either text that both have."""
    first, second = (set(_shingles([text])[0].tolist()) for text in (one, other))
    return len(first & second) / len(first | second)


# Shingles ------------------------------------------------------------------------------------


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(text)
        size += len(text) + 1
        if size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _shingles(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the different shingles, ascending within each text, and how many each text has."""
    lowered = [text.lower() for text in texts]
    # A line feed after every text, so that no word goes on into the next.
    joined = ("\n".join(lowered) + "\n").encode("utf-32-le", "surrogatepass")
    characters = np.frombuffer(joined, np.uint32)
    stops = np.cumsum([len(text) + 1 for text in lowered])
    kinds = _kinds()[characters]
    begins, ends = _word_places(kinds)
    sums = _prefix_sums(characters)
    words = _hashed(sums, begins, ends)
    text_of = np.searchsorted(stops, begins, side="right")
    n_words = np.bincount(text_of, minlength=len(texts))
    # Shingles begin at every word that has SHINGLE - 1 more behind it in its text; a shorter text
    # is one shingle. The hash of a run depends on the order of its words.
    first = np.cumsum(n_words) - n_words
    left = n_words[text_of] - (np.arange(len(words)) - first[text_of])
    runs = np.zeros(len(words), np.uint64)
    for place in range(SHINGLE):
        there = np.flatnonzero(left > place)
        runs[there] += words[there + place] * np.uint64(_odd(place))
    whole = (left >= SHINGLE) | (left == n_words[text_of]) & (n_words[text_of] < SHINGLE)
    hashes, owners = _mixed(runs[whole]), text_of[whole]
    wordless = np.flatnonzero(n_words == 0)
    if len(wordless):
        starts = stops - np.diff(stops, prepend=0)
        hashes = np.concatenate([hashes, _hashed(sums, starts[wordless], stops[wordless])])
        owners = np.concatenate([owners, wordless])
    order = np.lexsort((hashes, owners))
    hashes, owners = hashes[order], owners[order]
    new = np.ones(len(hashes), bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (owners[1:] != owners[:-1])
    return hashes[new], np.bincount(owners[new], minlength=len(texts))


def _word_places(kinds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where words begin and end."""
    before = np.concatenate([[_NOT_WORD], kinds[:-1]])
    begins = (kinds == _ALONE) | (kinds == _WORD) & (before != _WORD)
    ends = (before == _ALONE) | (before == _WORD) & (kinds != _WORD)
    return np.flatnonzero(begins), np.flatnonzero(ends)


def _prefix_sums(characters: np.ndarray) -> np.ndarray:
    """Sums of characters times powers of an odd base, modulo 2^64, before each character."""
    powers = _powers(_BASE, len(characters))
    sums = np.zeros(len(characters) + 1, np.uint64)
    np.cumsum((characters.astype(np.uint64) + np.uint64(1)) * powers, out=sums[1:])
    return sums


def _hashed(sums: np.ndarray, begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """A hash of the characters between two places, wherever these lie."""
    back = _powers(pow(_BASE, -1, 1 << 64), len(sums))
    return _mixed((sums[ends] - sums[begins]) * back[begins])


def _powers(base: int, n: int) -> np.ndarray:
    powers = np.full(n, base, np.uint64)
    powers[:1] = 1
    return np.cumprod(powers, dtype=np.uint64)


def _mixed(values: np.ndarray) -> np.ndarray:
    """Every bit of a number depends on all bits of it (the finaliser of SplitMix64)."""
    values = values + _GOLDEN
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _odd(place: int) -> int:
    return (0x632BE59BD9B4E019 * (2 * place + 1)) % (1 << 64) | 1


@cache
def _kinds() -> np.ndarray:
    """Of every code point: no part of a word, a part, or a word of its own."""
    kinds = np.zeros(0x110000, np.uint8)
    for point in range(0x110000):
        character = chr(point)
        if character == "_" or unicodedata.category(character)[0] in "LNM":
            alone = unicodedata.name(character, "").split(" ")[0] in _UNSPACED
            kinds[point] = _ALONE if alone else _WORD
    return kinds


# Bands ---------------------------------------------------------------------------------------


def _band_keys(shingles: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """[bands, texts] uint32: texts with the same key in a band are compared."""
    n, bins = len(counts), BANDS * BAND_BINS
    owners = np.repeat(np.arange(n), counts)
    place = owners * bins + ((shingles >> np.uint64(32)) * np.uint64(bins) >> np.uint64(32)).astype(
        np.int64
    )
    order = np.argsort(place, kind="stable")
    place, values = place[order], (shingles & np.uint64(0xFFFFFFFF)).astype(np.uint32)[order]
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    smallest = np.zeros(n * bins, np.uint32)
    smallest[place[starts]] = np.minimum.reduceat(values, starts)
    filled = np.zeros(n * bins, bool)
    filled[place[starts]] = True
    signatures = _without_gaps(smallest.reshape(n, bins), filled.reshape(n, bins))
    keys = np.zeros((BANDS, n), np.uint64)
    for row in range(BAND_BINS):
        # Bins far apart: neighbours without shingles have taken theirs from the same bin.
        keys = _mixed(keys + signatures[:, row * BANDS : (row + 1) * BANDS].T)
    return (keys >> np.uint64(32)).astype(np.uint32)


def _without_gaps(smallest: np.ndarray, filled: np.ndarray) -> np.ndarray:
    """Empty bins take what the next bin has that is not empty, and how far away it is."""
    n, bins = smallest.shape
    twice = np.concatenate([filled, filled], axis=1)
    next_filled = np.where(twice, np.arange(2 * bins), 4 * bins)
    next_filled = np.minimum.accumulate(next_filled[:, ::-1], axis=1)[:, ::-1][:, :bins]
    taken = np.take_along_axis(smallest, next_filled % bins, axis=1).astype(np.uint64)
    return _mixed(taken + (next_filled - np.arange(bins)).astype(np.uint64) * _GOLDEN)


# Groups --------------------------------------------------------------------------------------


def _grouped(keys: np.ndarray, ends: np.ndarray, file: IO[bytes]) -> np.ndarray:
    """Groups from the keys of all bands, which this overwrites.

    In every round the first texts of all runs of equal keys, where they are first in each of
    their bands, lead a group, and what agrees with them is compared with them.
    """
    n = keys.shape[1]
    groups = np.full(n, -1, np.int32)
    runs = [_numbered_runs(row) for row in keys]
    active = np.flatnonzero(keys.any(axis=0))
    shingles = np.memmap(file, np.uint64, "r", shape=(int(ends[-1]),))
    for _ in range(ROUNDS):
        if not len(active):
            break
        firsts = np.empty((BANDS, len(active)), np.int64)
        for band, row in enumerate(keys):
            first = np.full(runs[band] + 1, n)
            first[row[active[::-1]]] = active[::-1]  # what is written last stays: the first text
            firsts[band] = np.where(row[active] > 0, first[row[active]], active)
        leads = np.zeros(n + 1, bool)
        leads[active] = (firsts == active).all(axis=0)
        pairs = np.unique(
            np.concatenate([(active * n + row)[leads[row] & (row != active)] for row in firsts])
        )
        members, leaders = np.divmod(pairs, n)
        alike = _alike(members, leaders, ends, shingles)
        members, leaders = members[alike][::-1], leaders[alike][::-1]
        groups[members] = leaders  # again the smallest is written last
        left = groups[members]  # not one whose like are all in the group of a smaller
        groups[left] = left
        active = active[(groups[active] < 0) & ~leads[active]]
    return groups


def _numbered_runs(row: np.ndarray) -> int:
    """Numbers, in place, the keys that several texts have from 1, the others 0; how many."""
    order = np.argsort(row, kind="stable")
    ordered = row[order]
    new = np.ones(len(row), bool)
    new[1:] = ordered[1:] != ordered[:-1]
    starts = np.flatnonzero(new)
    counts = np.diff(starts, append=len(row))
    shared = counts > 1
    numbers = np.where(shared, np.cumsum(shared), 0)
    row[order] = np.repeat(numbers, counts)
    return int(shared.sum())


def _alike(
    some: np.ndarray, others: np.ndarray, ends: np.ndarray, shingles: np.ndarray
) -> np.ndarray:
    """Which pairs of texts share at least `THRESHOLD` of their shingles."""
    starts = np.concatenate([[0], ends[:-1]])
    sizes = ends - starts
    larger = np.maximum(sizes[some], sizes[others])
    alike = np.minimum(sizes[some], sizes[others]) >= THRESHOLD * larger
    possible = np.flatnonzero(alike)
    weights = np.cumsum(sizes[some[possible]] + sizes[others[possible]])
    cuts = np.flatnonzero(np.diff(weights // BATCH_SHINGLES)) + 1
    for chosen in np.split(possible, cuts):
        if len(chosen):
            alike[chosen] = _shared(some[chosen], others[chosen], starts, sizes, shingles)
    return alike


def _shared(
    some: np.ndarray,
    others: np.ndarray,
    starts: np.ndarray,
    sizes: np.ndarray,
    shingles: np.ndarray,
) -> np.ndarray:
    """The same of a few pairs, all at once."""
    pairs = np.arange(len(some))
    both = np.concatenate([some, others])
    counts = sizes[both]
    offsets = np.cumsum(counts) - counts
    places = np.arange(counts.sum()) + np.repeat(starts[both] - offsets, counts)
    owner = np.repeat(np.concatenate([pairs, pairs]), counts)
    # A pair's shingles side by side: those of both texts stand twice. Sorting plain numbers is
    # much faster than sorting by two columns; 44 bits tell the shingles of two texts apart.
    values = np.sort(owner.astype(np.uint64) << np.uint64(44) | shingles[places] >> np.uint64(20))
    twice = values[1:] == values[:-1]
    shared = np.bincount((values[1:][twice] >> np.uint64(44)).astype(np.int64), minlength=len(some))
    return shared >= THRESHOLD * (sizes[some] + sizes[others] - shared) - 1e-9
