"""Where a text says a query's answer, or one of the words that would give it away."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

# "3" is no part of "13", "3.5" or "1,300"; "-1" is none of "2-1". What stands before is looked at
# behind the first character, so that the search can skip to the characters that forms begin with.
_BEFORE: Final = r"(?<!\w[\s\S])(?<!\d[.,][\s\S])"
_AFTER: Final = r"(?!\w)(?![.,]\d)"


class AnswerPlace(NamedTuple):
    """Characters `start` to `end` of a text, and the words that were looked for there."""

    start: int
    end: int
    wanted: str


@dataclass(frozen=True, slots=True)
class Sought:
    """Something that a document may say, by the words that it would be said in.

    Attributes:
        what: "answer", "step 1", "step 2" …
        forms: ways of writing it; one of them has to stand there, as whole words.
        beside: what has to stand near it, each in its ways of writing; without it the words say
            too little, as a bare number does.
        needed: how many of `beside` have to stand there; 0 = the words are enough.
        reach: characters between the two at most.
        behind: whether only what stands behind the words counts, as a result does.
    """

    what: str
    forms: tuple[str, ...]
    beside: tuple[tuple[str, ...], ...] = ()
    needed: int = 0
    reach: int = 0
    behind: bool = False


def answer_places(text: str, wanted: Sequence[str]) -> list[AnswerPlace]:
    """Places where one of the wanted words stands as whole words, in order, without overlap.

    Upper and lower case are alike, and so is white space of any kind and length. Of two that
    begin at the same place the longer is taken.
    """
    lowered = text.lower()
    if len(lowered) != len(text):  # as a dotted capital I becomes two characters
        lowered = "".join(low if len(low := one.lower()) == 1 else one for one in text)
    pattern, known = _pattern(tuple(wanted))
    if pattern is None:
        return []
    return [
        AnswerPlace(*match.span(), known.get(_folded(match[0]), match[0]))
        for match in pattern.finditer(lowered)
    ]


def sought_places(text: str, sought: Sought) -> Iterator[AnswerPlace]:
    """Places where a text says what is sought, in order.

    Where something has to stand behind the words, a place goes on to the end of it: `7 - 4 = 3`.
    """
    for place in answer_places(text, sought.forms):
        end = _end(text, sought, place)
        if end is not None:
            yield AnswerPlace(place.start, end, place.wanted)


def _end(text: str, sought: Sought, place: AnswerPlace) -> int | None:
    """Where a place ends that has enough beside it; None where it has not."""
    if not sought.needed:
        return place.end
    # A word that the reach cuts in two is none: some characters more are read, and not counted.
    margin = max(len(form) for forms in sought.beside for form in forms) + 2
    low = max(0, place.start - sought.reach - margin)
    high = min(len(text), place.end + sought.reach + margin)
    ends = []
    for forms in sought.beside:
        near = [
            (start + low, end + low)
            for start, end, _ in answer_places(text[low:high], forms)
            if _is_near(sought, place, start + low, end + low)
        ]
        if near:
            ends.append(near[0][1])
        if len(ends) == sought.needed:
            return max(place.end, *ends) if sought.behind else place.end
    return None


def _is_near(sought: Sought, place: AnswerPlace, start: int, end: int) -> bool:
    if start >= place.end:
        return start - place.end <= sought.reach
    return not sought.behind and end <= place.start and place.start - end <= sought.reach


@lru_cache(maxsize=4096)
def _pattern(wanted: tuple[str, ...]) -> tuple[re.Pattern[str] | None, dict[str, str]]:
    known = {_folded(one): one for one in wanted if one.strip()}
    if not known:
        return None, known
    rests: dict[str, list[str]] = {}
    for form in sorted(known, key=len, reverse=True):
        rests.setdefault(form[0], []).append(_spaced(form[1:]))
    either = "|".join(
        f"{re.escape(first)}{_BEFORE}(?:{'|'.join(forms)})" for first, forms in rests.items()
    )
    return re.compile(f"(?:{either}){_AFTER}"), known


def _folded(words: str) -> str:
    return " ".join(words.split()).lower()


def _spaced(words: str) -> str:
    return r"\s+".join(map(re.escape, words.split(" ")))
