"""Where sentences begin in prose that holds formulas, code, decimals and abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

# A word that stands alone ("Hmm.", "Yes!") stays with the sentence that it introduces.
INTERJECTION: Final = 12

# Possessive throughout, and no start within a run of marks: linear on any text.
_END: Final = re.compile(
    r"(?<![.!?…])(?P<mark>[.!?…؟।]++)(?P<close>(?:[\"'”’»)\]}*_`$]|\\\))*+)\s++(?=\S)"
    r"|(?<![。！？])[。！？]++[」』”’）】]*+\s*+(?=\S)"
)
_ALWAYS_ABBREVIATED: Final = frozenset("e.g i.e eg ie cf vs viz resp approx al".split())
_ABBREVIATED_BEFORE_NUMBERS: Final = frozenset(
    "no nos fig figs eq eqs eqn sec ch vol pp p thm prop def lem cor ex ca st art".split()
)
_TITLES: Final = frozenset(
    "Mr Mrs Ms Dr Prof Rev Gen Sen Gov Capt Lt Col Sgt Hon Mt St Jr Sr Messrs".split()
)
# Words that begin a sentence rather than a surname: "point A. Then" ends one, "J. Smith" does not.
_STARTERS: Final = frozenset(
    "A After All Also Although An And Another As At Because But By Each Finally First For From "
    "Given Hence Here How However I If In Is It Its Let Let's Maybe Next No Not Note Now Of On "
    "One Or Other Our Similarly Since So Some Such That That's The Their Then There Therefore "
    "These They This Those Thus To Using Wait We What When Where Which While Who Why With Yes You"
    " Alternatively Okay Hmm".split()
)
_INITIALS: Final = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]+")
_VARIABLE: Final = re.compile(r"[a-z]\s?[=<>≤≥(^_+]|[a-z] is\b")
_LABEL: Final = re.compile(
    r"\W*(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5}|(?i:step|case|example|problem|question|part|chapter|"
    r"section|figure|claim|lemma|theorem|clue|rule|proof|solution|answer)(?: ?\d{1,3})?)"
)
_NAMES_SPEAKER: Final = re.compile(
    r"(?:\w+ ){1,3}(?:said|says|asked|asks|cried|replied|shouted|whispered|thought|exclaimed|"
    r"answered|added|yelled|called)\b"
)
_ADDRESS: Final = re.compile(r"https?://|www\.")
_GOES_ON: Final = frozenset(",;:.)]}=+/<>≤≥≈×·^%|&")


def sentence_starts(
    text: str, start: int, end: int, guarded: Sequence[tuple[int, int]]
) -> Iterator[int]:
    """Characters at which a second, third, … sentence of text[start:end] begins.

    Args:
        text: the whole text.
        start, end: one paragraph or line of it; `start` itself is not given back.
        guarded: stretches in which no sentence begins (inline formulas and code), in order,
            without overlap.
    """
    at = 0
    last = start
    for match in _END.finditer(text, start, end):
        border = match.start() + len(match[0].rstrip())
        while at < len(guarded) and guarded[at][1] <= border:
            at += 1
        if at < len(guarded) and guarded[at][0] < border:
            continue
        if end - match.end() <= 4 and not any(map(str.isalnum, text[match.end() : end])):
            continue  # a tick or a quotation mark at the very end
        if match["mark"] is not None and (
            _is_interjection(text, last, border) or not _ends_sentence(text, last, match)
        ):
            continue
        last = match.end()
        yield last


def _is_interjection(text: str, start: int, end: int) -> bool:
    """Whether text[start:end] is one short word."""
    return end - start <= INTERJECTION and not any(map(str.isspace, text[start:end].strip()))


def _ends_sentence(text: str, start: int, match: re.Match[str]) -> bool:
    """Whether the mark ends the sentence that began at `start`, seen from the words around it."""
    mark, after = match["mark"], match.end()
    first = text[after]
    if first in _GOES_ON or (first in "-*" and text[after + 1 : after + 2].isspace()):
        return False
    if match["close"].endswith(('"', "”")) and _NAMES_SPEAKER.match(text, after):
        return False
    if mark != ".":
        return _ends_after_mark(text, match)
    if first.islower() and not (_VARIABLE.match(text, after) or _ADDRESS.match(text, after)):
        return False
    if match.start() - start <= 12 and _LABEL.fullmatch(text, start, match.start()):
        return False
    words = text[max(start, match.start() - 40) : match.start()].split()
    word = words[-1].lstrip("([{\"'“‘*_") if words else ""
    if len(word) > 12:
        return True
    return not _abbreviates(word, words[-2] if len(words) > 1 else "", text[after : after + 20])


def _ends_after_mark(text: str, match: re.Match[str]) -> bool:
    """The same for "!", "?" and "...": a factorial and quoted speech go on."""
    first = text[match.end()]
    before = text[max(0, match.start() - 2) : match.start()]
    if match["mark"] == "!" and not (len(before) == 2 and before.isalpha()):
        return first.isupper()
    if first.islower():
        return match["mark"] in ("!", "?") and not match["close"]
    return True


def _abbreviates(word: str, before: str, after: str) -> bool:
    """Whether the period after `word` belongs to it, given the words on either side."""
    lower = word.lower()
    if lower in _ALWAYS_ABBREVIATED or word in _TITLES:
        return True
    if lower in _ABBREVIATED_BEFORE_NUMBERS:
        return after[0].isdigit() or after[0] == "("
    initial = len(word) == 1 and word.isupper() and (not before or before[0].isupper())
    if initial or _INITIALS.fullmatch(word):
        following = after.split()[0].rstrip(",;:.")
        return following[0].isupper() and following not in _STARTERS
    return False
