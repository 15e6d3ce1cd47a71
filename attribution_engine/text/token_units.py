"""The tokens of a text as they are counted: connectives and fences whole, however they are cut."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from attribution_engine.text.token_classes import CONNECTIVE, FENCE, marks_of, places_of
from attribution_engine.text.word_lists import WordLists

LONGEST: Final = 60  # characters of a token's written form
BLANKS: Final = {" ": "␣", "\n": "⏎", "\t": "⇥", "\r": "␍"}
NO_CHARACTERS: Final = "∅"


@dataclass(frozen=True, slots=True)
class TokenUnits:
    """What counts as one: a token, or several that make a connective or a fence.

    Attributes:
        firsts: [units] their first tokens, ascending; a unit ends where the next begins.
        classes: [units] place in `token_classes.CLASSES`.
        starts, ends: [units] characters, from the end of the unit before.
    """

    firsts: NDArray[np.int64]
    classes: NDArray[np.uint8]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


def token_units(text: str, token_ends: ArrayLike, words: WordLists | None = None) -> TokenUnits:
    """The units of a text. A token of no characters belongs to the unit before it."""
    ends = np.maximum.accumulate(np.clip(np.asarray(token_ends, np.int64), 0, len(text)))
    marks = marks_of(text, words)
    classes = places_of(text, marks, ends)
    starts = np.concatenate(([0], ends[:-1])) if len(ends) else ends
    full = np.flatnonzero(ends > starts)
    whole = np.zeros(len(ends), np.int64)  # which of the joined a token is of, from 1
    if len(full):
        pieces = np.zeros(len(text) + 1, np.int64)
        for number, (start, end) in enumerate(marks.joined, start=1):
            pieces[start:end] = number
        whole[full] = np.maximum.reduceat(pieces[: ends[-1]], starts[full])
    whole[(classes != CONNECTIVE) & (classes != FENCE)] = 0
    goes_on = np.zeros(len(ends), bool)
    goes_on[full[1:]] = (whole[full[1:]] > 0) & (whole[full[1:]] == whole[full[:-1]])
    goes_on[1:] |= ends[1:] == starts[1:]
    firsts = np.flatnonzero(~goes_on)
    last = np.append(firsts[1:], len(ends))[: len(firsts)] - 1
    return TokenUnits(firsts, classes[firsts], starts[firsts], ends[last])


def within_word(text: str, at: int) -> bool:
    """Whether a border between two characters lies within a word."""
    return 0 < at < len(text) and text[at - 1].isalpha() and text[at].isalpha()


def written(piece: str, goes_on: bool = False, goes_further: bool = False) -> str:
    """A token as it is shown and told from others: trimmed; blanks alone become visible.

    Args:
        goes_on: it goes on with a word that begins before it; goes_further: the word goes on
            behind it. Such pieces have “…” where the rest of the word is.
    """
    bare = piece.strip()
    if bare:
        shown = bare if len(bare) <= LONGEST else bare[: LONGEST - 1] + "…"
        return "…" * goes_on + shown + "…" * goes_further
    if not piece:
        return NO_CHARACTERS
    shown = "".join(BLANKS.get(one, "·") for one in piece[:9])
    return shown if len(piece) <= 8 else shown[:8] + "…"
