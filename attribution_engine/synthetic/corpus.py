"""Synthetic documents, many at a time: which pieces each has, its text, tokens and labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution_engine.synthetic.pieces import Pieces

CHUNK: Final = 50_000  # documents that are made at a time
MAX_TOKENS: Final = 32_000
LONG: Final = {7: "prose", 11: "mixed"}  # documents of MAX_TOKENS tokens
MIDDLE_TOKENS: Final = 512
MIDDLE: Final = (13, 17, 19, 23, 29, 31, 37, 41, 43, 47)  # documents of so many
FEW_PIECES: Final = 20  # all other documents have fewer
NEAR_DUPLICATES: Final = 0.03  # share of the documents: copies, but for their numbers, of the
ORIGINALS: Final = 100  # last document whose number this divides
HEADER: Final = "Record"
HEADER_TOKENS: Final = 3  # "Record", " 123", "."
DOMAINS: Final = ("math", "code", "general", "multilingual")
DOMAIN_SHARES: Final = (0.35, 0.2, 0.4, 0.05)
SOURCES: Final = {
    "math": ("synthetic textbook", "synthetic forum", "synthetic exam"),
    "code": ("synthetic repository", "synthetic forum", "synthetic manual"),
    "general": ("synthetic encyclopedia", "synthetic news", "synthetic web"),
    "multilingual": ("synthetic web", "synthetic encyclopedia", None),
}
CATEGORIES: Final = ("algebra", "geometry", "programming", "places", None)
DIFFICULTIES: Final = ("easy", "medium", "hard", None)


@dataclass(frozen=True, slots=True)
class Layout:
    """Which pieces the documents of one chunk have, in which order, and their labels.

    Attributes:
        first: doc_id of the first; domain, source, category, difficulty, correct: [documents]
            indices into the names above, correct −1 where unknown; norms: ‖∇L‖.
        pieces: of all documents, one after another; n_pieces: of each document.
    """

    first: int
    domain: np.ndarray
    source: np.ndarray
    category: np.ndarray
    difficulty: np.ndarray
    correct: np.ndarray
    norms: np.ndarray
    pieces: np.ndarray
    n_pieces: np.ndarray


def layouts(pool: Pieces, n_documents: int, seed: int) -> Iterator[Layout]:
    """The chunks of a corpus; each depends on nothing but the seed and its place."""
    for first in range(0, n_documents, CHUNK):
        yield layout(pool, first, min(CHUNK, n_documents - first), seed)


def layout(pool: Pieces, first: int, n: int, seed: int) -> Layout:
    random = np.random.default_rng([seed, 1, first])
    domain = random.choice(len(DOMAINS), n, p=DOMAIN_SHARES).astype(np.int8)
    n_pieces = 3 + random.binomial(6, 0.4, n)
    origin = np.arange(n)
    copies = np.flatnonzero(random.random(n) < NEAR_DUPLICATES)
    copies = copies[copies % ORIGINALS != 0]
    origin[copies] = copies // ORIGINALS * ORIGINALS
    n_pieces, domain = n_pieces[origin], domain[origin]
    for doc_id in LONG:
        if first <= doc_id < first + n:
            domain[doc_id - first] = DOMAINS.index("general")
            n_pieces[doc_id - first] = MAX_TOKENS // 13
    n_pieces[[doc_id - first for doc_id in MIDDLE if first <= doc_id < first + n]] = (
        MIDDLE_TOKENS // 10
    )
    # A copy draws what its origin draws: pieces are told by the origin's place and their number.
    drawn = random.random((n, int(n_pieces[n_pieces < FEW_PIECES].max())))
    starts = np.array([pool.domains[name][0] for name in DOMAINS])
    sizes = np.array([pool.domains[name][1] for name in DOMAINS]) - starts
    owner = np.repeat(np.arange(n), n_pieces)
    number = np.arange(len(owner)) - np.repeat(np.cumsum(n_pieces) - n_pieces, n_pieces)
    chance = drawn[origin[owner], number % drawn.shape[1]]
    long = n_pieces[owner] >= FEW_PIECES
    chance[long] = random.random(int(long.sum()))
    pieces = starts[domain[owner]] + (sizes[domain[owner]] * chance**1.5).astype(np.int64)
    for doc_id, what in LONG.items():
        if what == "mixed" and first <= doc_id < first + n:
            its = owner == doc_id - first
            pieces[its] = (len(pool.texts) * chance[its]).astype(np.int64)
    return Layout(
        first,
        domain,
        random.integers(0, 3, n).astype(np.int8),
        random.integers(0, len(CATEGORIES), n).astype(np.int8),
        random.integers(0, len(DIFFICULTIES), n).astype(np.int8),
        random.choice((-1, 0, 1), n, p=(0.5, 0.15, 0.35)).astype(np.int8),
        random.lognormal(1.0, 0.6, n).astype(np.float32),
        pieces,
        n_pieces,
    )


def document_table(pool: Pieces, made: Layout) -> pa.Table:
    """The rows of `documents` of a chunk, near-duplicates not yet marked."""
    n = len(made.n_pieces)
    ids = np.arange(made.first, made.first + n, dtype=np.int32)
    numbers = pc.cast(pa.array(ids), pa.string())
    headers = pc.binary_join_element_wise(HEADER, numbers, " ")
    headers = pc.binary_join_element_wise(headers, ".", "")
    joined = pc.binary_join(
        pa.ListArray.from_arrays(_offsets(made.n_pieces), pool.texts.take(pa.array(made.pieces))),
        "",
    )
    texts = pc.binary_join_element_wise(headers, joined, "")
    ends, counts = _token_ends(pool, made)
    labels: dict[str, Any] = {
        "source": pa.array([SOURCES[name][at] for name, at in _pairs(made.domain, made.source)]),
        "domain": _labels(DOMAINS, made.domain),
        "category": _labels(CATEGORIES, made.category),
        "difficulty": _labels(DIFFICULTIES, made.difficulty),
    }
    known = np.array(["", ', "correct": false', ', "correct": true'])[made.correct + 1]
    metadata = pc.binary_join_element_wise('{"row": ', numbers, pa.array(known), "}", "")
    return pa.table(
        {
            "doc_id": ids,
            "text": texts,
            "prompt_chars": np.zeros(n, np.int32),
            **labels,
            "n_tokens": counts.astype(np.int32),
            "gradient_norm": made.norms,
            "token_ends": pa.ListArray.from_arrays(_offsets(counts), pa.array(ends)),
            "metadata": metadata,
        }
    )


def header_characters(doc_ids: np.ndarray) -> np.ndarray:
    """Characters of the first sentence of a document."""
    digits = np.floor(np.log10(np.maximum(doc_ids, 1))).astype(np.int64) + 1
    return len(HEADER) + 1 + digits + 1


def _token_ends(pool: Pieces, made: Layout) -> tuple[np.ndarray, np.ndarray]:
    """Where the tokens of all documents end, and how many each document has."""
    n = len(made.n_pieces)
    header = header_characters(np.arange(made.first, made.first + n))
    owner = np.repeat(np.arange(n), made.n_pieces)
    before = _before(pool.n_characters[made.pieces], made.n_pieces) + header[owner]
    lengths = pool.n_tokens[made.pieces]
    of_token = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(of_token)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    ends = pool.ends[pool.first_end[made.pieces][of_token] + within] + before[of_token]
    counts = np.bincount(owner, lengths, minlength=n).astype(np.int64) + HEADER_TOKENS
    total = np.empty(int(counts.sum()), np.int32)
    first = np.cumsum(counts) - counts
    total[first], total[first + 1], total[first + 2] = len(HEADER), header - 1, header
    total[np.arange(len(ends)) + HEADER_TOKENS * (owner[of_token] + 1)] = ends
    most = np.full(n, MAX_TOKENS)
    most[[doc_id - made.first for doc_id in MIDDLE if 0 <= doc_id - made.first < n]] = MIDDLE_TOKENS
    if (counts > most).any():  # the rest of a text is not seen
        seen = np.arange(len(total)) - np.repeat(first, counts) < np.repeat(most, counts)
        total, counts = total[seen], np.minimum(counts, most)
    return total, counts


def _before(sizes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Sum of the sizes before each one, of the same document."""
    sums = np.cumsum(sizes) - sizes
    first = np.cumsum(counts) - counts
    return sums - np.repeat(sums[first], counts)


def _pairs(domain: np.ndarray, source: np.ndarray) -> Iterator[tuple[str, int]]:
    for at, number in zip(domain.tolist(), source.tolist(), strict=True):
        yield DOMAINS[at], number


def _labels(names: tuple[str | None, ...], numbers: np.ndarray) -> pa.Array:
    return pa.array(names).take(pa.array(numbers))


def _offsets(counts: np.ndarray) -> np.ndarray:
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
