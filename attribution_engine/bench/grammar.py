"""Token sequences with structure, for documents that are about something without being text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TOPICS = 8
SUCCESSORS = 4
STAY = 0.9  # chance that a token follows from the one before it in the topic's table
COPY = 0.02  # chance at each place that eight tokens seen before are repeated
COPIED = 8


def sequences(n: int, length: int, vocabulary: int, seed: int) -> NDArray[np.int64]:
    """Sequences of tokens [n, length], each of one topic.

    A topic is a table of four successors of every token, likelier ones first, over a third of
    the vocabulary; now and then any token of that third follows, or a passage from earlier in
    the sequence is repeated. The same seed gives the same tables whatever `n`.
    """
    tables = np.random.default_rng((seed, 10))
    third = max(2, vocabulary // 3)
    own = np.stack([tables.permutation(vocabulary)[:third] for _ in range(TOPICS)])
    successors = own[
        np.arange(TOPICS)[:, None, None],
        tables.integers(0, third, (TOPICS, vocabulary, SUCCESSORS)),
    ]
    drawn = np.random.default_rng((seed, 11))
    topics = drawn.integers(0, TOPICS, n)
    ways = drawn.choice(SUCCESSORS, (length, n), p=[0.5, 0.25, 0.15, 0.1])
    stays = drawn.random((length, n)) < STAY
    others = own[topics[None], drawn.integers(0, third, (length, n))]
    copies = drawn.random((length, n)) < COPY
    froms = drawn.random((length, n))
    tokens = np.empty((n, length), dtype=np.int64)
    tokens[:, 0] = others[0]
    left = np.zeros(n, dtype=np.int64)  # tokens still to copy
    back = np.zeros(n, dtype=np.int64)  # how far back they are
    rows = np.arange(n)
    for at in range(1, length):
        begins = copies[at] & (left == 0) & (at > COPIED)
        back = np.where(begins, COPIED + (froms[at] * (at - COPIED)).astype(np.int64), back)
        left = np.where(begins, COPIED, left)
        follows = successors[topics, tokens[:, at - 1], ways[at]]
        fresh = np.where(stays[at], follows, others[at])
        tokens[:, at] = np.where(left > 0, tokens[rows, np.maximum(at - back, 0)], fresh)
        left = np.maximum(left - 1, 0)
    return tokens
