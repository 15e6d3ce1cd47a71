"""Where a text says a query's answer, or one of the words that would give it away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

# "3" is no part of "13", "3.5" or "1,300"; "-1" is none of "2-1".
_BEFORE: Final = r"(?<!\w)(?<!\d[.,])"
_AFTER: Final = r"(?!\w)(?![.,]\d)"


class AnswerPlace(NamedTuple):
    """Characters `start` to `end` of a text, and the words that were looked for there."""

    start: int
    end: int
    wanted: str


def answer_places(text: str, wanted: Sequence[str]) -> list[AnswerPlace]:
    """Places where one of the wanted words stands as whole words, in order, without overlap.

    Upper and lower case are alike, and so is white space of any kind and length. Of two that
    begin at the same place the longer is taken.
    """
    known = {" ".join(one.split()).lower(): one for one in wanted if one.strip()}
    if not known:
        return []
    longest_first = sorted(known, key=len, reverse=True)
    pattern = re.compile(
        _BEFORE + "(?:" + "|".join(_spaced(one) for one in longest_first) + ")" + _AFTER,
        re.IGNORECASE,
    )
    return [
        AnswerPlace(*match.span(), known.get(" ".join(match[0].split()).lower(), match[0]))
        for match in pattern.finditer(text)
    ]


def _spaced(words: str) -> str:
    return r"\s+".join(map(re.escape, words.split(" ")))
