"""Finds the phrases of the behaviours in a span."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from attribution_engine.text.behaviours_phrases import FILLERS

# A word of a gap is read in one way only, so that no run of marks takes longer than its length.
_GAP_WORD: Final = r"(?>\W+\w+(?:['-]\w+)*)"
_GAPS: Final = {"…": _GAP_WORD + "{0,3}?", "……": _GAP_WORD + "{0,8}?"}
MOST_FILLERS: Final = 4
_TOKEN: Final = re.compile(r"\w+(?:['-]\w+)*")
_FILLER: Final = re.compile(r"(?:" + "|".join(map(re.escape, FILLERS)) + r")\b(?!')[\s,.:;!–—-]+")
_LEAD: Final = re.compile(r"[\s#*_>\-–—•\d.()\"“`]*(?=[^\W\d_])")
# Words met in most sentences: of a phrase another one is looked up first.
_COMMON: Final = frozenset(
    "a an and are as be but by can could do for from give gives had has have i i'm if in is it its"
    " let let's me my no not of on or our so that that's the then there this to us was we what"
    " which will with would you".split()
)


class Lowered:
    """A span in small letters, its words, and where it may begin: after no, one, two … fillers."""

    __slots__ = ("begins", "text", "words")

    def __init__(self, span: str) -> None:
        self.text = span.lower().replace("’", "'")
        self.words = frozenset(_TOKEN.findall(self.text))
        lead = _LEAD.match(self.text)
        begins = [lead.end() if lead else 0]
        while len(begins) <= MOST_FILLERS and (filler := _FILLER.match(self.text, begins[-1])):
            begins.append(filler.end())
        self.begins = tuple(begins)


class Phrases:
    """A list of phrases, ready to be looked for.

    Each is filed under its most telling word, so that only phrases are tried of which a span
    holds that word.
    """

    def __init__(self, *lists: Sequence[str]) -> None:
        filed: defaultdict[str, list[tuple[re.Pattern[str], bool]]] = defaultdict(list)
        for phrase in (phrase for each in lists for phrase in each):
            begins = phrase.startswith("^")
            slots = phrase.removeprefix("^").split(" ")
            pattern = re.compile(("" if begins else r"(?<![\w'-])") + _pattern(slots))
            for word in _telling(slots):
                filed[word].append((pattern, begins))
        self._filed = dict(filed)
        self._words = frozenset(filed)

    def end(self, span: Lowered) -> int | None:
        """Where a phrase ends that a span holds; None if it holds none."""
        for word in self._words & span.words:
            for pattern, begins in self._filed[word]:
                if not begins:
                    match = pattern.search(span.text)
                else:
                    tried = (pattern.match(span.text, at) for at in span.begins)
                    match = next(filter(None, tried), None)
                if match:
                    return match.end()
        return None

    def within(self, span: Lowered) -> bool:
        """Whether a span holds one of the phrases."""
        return self.end(span) is not None


def _pattern(slots: Sequence[str]) -> str:
    """A pattern for a phrase; a slot is one word, several with a slash between, or a gap."""
    written = _slot(slots[0])
    for slot in slots[1:]:
        written += _GAPS.get(slot) or r"\W+" + _slot(slot)
    return written + r"(?![\w-])"


def _slot(slot: str) -> str:
    words = [re.escape(one) for one in slot.split("/")]
    return words[0] if len(words) == 1 else "(?:" + "|".join(words) + ")"


def _telling(slots: Sequence[str]) -> list[str]:
    """The words of the slot under which a phrase is filed."""
    choices = [slot.split("/") for slot in slots if slot not in _GAPS]
    return min(choices, key=lambda words: (sum(word in _COMMON for word in words), len(words)))
