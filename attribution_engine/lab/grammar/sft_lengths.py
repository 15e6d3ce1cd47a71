"""Lengths of responses: an estimate in tokens, and neutral sentences chosen to reach a target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

import numpy as np

# The demo's tokenizer: every digit and every space before one is a token of its own.
PIECE = re.compile(r"\d| (?=\d)| ?[^\W\d_]+|_| ?[^\w\s]+|\s+")
LONG_WORD = 8  # letters (with the space) above which a word tends to be two tokens
TIE = 0.004  # choices whose distances differ by less are as good as each other


@dataclass(frozen=True, slots=True)
class Length:
    """Length of a text.

    Attributes:
        characters: code points.
        tokens: estimated; the tokenizer is trained later, on these texts among others.
    """

    characters: float
    tokens: float

    def __add__(self, other: Length) -> Length:
        return Length(self.characters + other.characters, self.tokens + other.tokens)


def length_of(text: str) -> Length:
    """Characters and estimated tokens of a text."""
    pieces = PIECE.findall(text)
    long_words = sum(len(piece) > LONG_WORD and piece.strip().isalpha() for piece in pieces)
    return Length(len(text), len(pieces) + long_words)


@cache
def _choices(count: int) -> np.ndarray:
    """Every choice of so many sentences, 0 or 1, float64 [2 ** count, count]."""
    numbers = np.arange(2**count)[:, None]
    return ((numbers >> np.arange(count)) % 2).astype(np.float64)


def choose_sentences(
    rng: Random, base: Length, sentences: Sequence[str], target: Length
) -> tuple[float, list[str]]:
    """Choose sentences that bring a text as near to a target length as can be.

    Args:
        rng: decides between choices that are about as near as the nearest.
        base: length of what is there already.
        sentences: what may be added, in the order in which it is read; at most a dozen.
        target: the length wanted.

    Returns:
        The distance left (sum of the relative differences in characters and in tokens) and the
        sentences chosen, in their order.
    """
    lengths = [length_of(" " + sentence) for sentence in sentences]
    sizes = np.array([[each.characters, each.tokens] for each in lengths])
    wanted = np.array([target.characters, target.tokens])
    start = np.array([base.characters, base.tokens])
    choices = _choices(len(sentences))
    distances = np.abs((start + choices @ sizes) / wanted - 1).sum(1)  # [choices]
    near = np.flatnonzero(distances <= distances.min() + TIE)
    chosen = int(near[rng.randrange(len(near))])
    found = [sentences[at] for at in np.flatnonzero(choices[chosen]).tolist()]
    return float(distances[chosen]), found
