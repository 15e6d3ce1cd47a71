"""Where a reasoning trace reaches its answer, so that what comes afterwards can be told apart."""

from __future__ import annotations

import re
from typing import Final

from attribution_engine.text import behaviours_phrases as phrases
from attribution_engine.text.behaviours_match import Lowered, Phrases
from attribution_engine.text.behaviours_values import (
    AFTER,
    BEFORE,
    MARKED,
    NUMBER,
    TOLD_ONLY,
    UNIT,
    VALUE,
    boxed_values,
    named_value,
    plain,
)

# Only so much of a span is held against the answer, from its end.
READ: Final = 400
# Where a trace without "the answer is" may give it: in so many of its last characters.
ENDING: Final = 400
LAST: Final = 4  # and in so many of its last sentences
# Where it may say what is asked: in so many of its first, and of the last of its prompt.
OPENING: Final = 700
# Where it may repeat what is given: in so many of its first, and in the prompt.
GIVEN: Final = 250

_IS_THE_ANSWER: Final = re.compile(
    r"[\d})\]$*`%]\W{0,4}(?:\w+ ){0,2}(?:is|must be|should be|as) (?:indeed |therefore |also )?"
    r"(?:the|my|our) (?:\w+ )?answer\b"
)
_IN_WORDS: Final = re.compile(
    r"\W*(?:is|must be|should be|would be)?\W*(?!\w*n't)(?!(?:not|in|supposed|expected|going|asked"
    r"|that|to|if|still|unclear|unique|wrong|right|correct)\b)\w"
)
_NOT_SAID: Final = re.compile(r"\bif (?:the|my|our|this)\b.{0,20}\banswer|whether the answer")
_ENDS_IN_VALUE: Final = re.compile(BEFORE + UNIT + "(?P<value>" + NUMBER + r"(?:/\d+)?)" + AFTER)
_ASKED: Final = re.compile(
    r"\b(?:find|compute|determine|calculate|evaluate|what is|what's|what are|asks? for|asking for"
    r"|asks?|wants?|want|need|needs|value of|number of|how many|how much|solve for)"
    r"(?: (?:(?:to|find|the|an?|its|their|his|her|of|value|number|total|each|all|is)\b|\$)){0,5}"
    r"[ $\\(]{0,4}\b(?P<words>[^\W\d_]+\b(?: [^\W\d_]+\b){0,2})"
)
_LONE_LETTER: Final = re.compile(r"(?:^|[^\w\\])([a-z])(?:_\w)? ?= ?$")
_COMMON: Final = frozenset(
    "find which that this what these those there know figure out make solve use when then with"
    " from compute calculate determine think check write consider how understand recall being going"
    " give the and for are has have two three after all its his her she they into than does".split()
)
_ANSWER_IS: Final = Phrases(phrases.ANSWER_IS)
_CONCLUSION: Final = Phrases(["^" + one for one in phrases.CONCLUSION])
_DEFINES: Final = re.compile(
    r"^[ \t]*(?:(?:async )?def|class|function|fn|func|public|private|static|int|void)\b",
    re.MULTILINE,
)
_HANDS_BACK: Final = re.compile(r"\b(?:return|print|yield|printf|cout|console)\b")


class Answer:
    """What a trace's answer looks like: known from how it ends, and from what it says is asked.

    Attributes:
        value: the answer in a plain form, "" if it is not known.
    """

    def __init__(self, text: str, prompt_chars: int = 0) -> None:
        opening = text[max(0, prompt_chars - OPENING) : prompt_chars + OPENING].lower()
        asked = {
            word for match in _ASKED.finditer(opening) for word in match["words"].split()
        } - _COMMON
        self._letters = frozenset(word for word in asked if len(word) == 1)
        nouns = "|".join(sorted(word for word in asked if len(word) > 2))
        self._asked = re.compile(rf"\b(?:{nouns})\b") if nouns else None
        response = text[prompt_chars:]
        self.value = named_value(response) or self._last_value(response)
        told_only = bool(TOLD_ONLY.fullmatch(self.value))
        digits = re.findall(r"\d+", self.value)
        self._digits = max(digits, key=len) if digits and not told_only else ""
        # What the task itself gives is an answer only where it is concluded.
        given = rf"(?<![\w.]){re.escape(self.value)}(?![\w.]\d|\w)"
        task = text[max(0, prompt_chars - OPENING) : prompt_chars + GIVEN]
        self._given = bool(self.value and re.search(given, plain(task)))
        self._value_last: re.Pattern[str] | None = None
        if self.value and not told_only:
            value = "(?P<value>" + re.escape(self.value) + ")"
            self._value_last = re.compile(BEFORE + UNIT + value + AFTER)
        # "So the area is 12": an answer too, right or wrong, where the area is asked for.
        self._asked_is: re.Pattern[str] | None = None
        if nouns:
            self._asked_is = re.compile(
                rf"\bthe (?:[\w-]+ ){{0,3}}(?:{nouns})\b"
                r"(?: (?:then|here|must|should|would|of the \w+))? (?:\bis\b|\bare\b|\bbe\b|=)"
                rf" (?:[^,;?]{{1,60}}= ?|just |only |exactly |about |approximately )?{NUMBER}"
                + AFTER
            )

    def named(self, span: str, lowered: Lowered) -> bool:
        """Whether a span says in so many words that this is the answer, and gives a value."""
        if any(True for _ in boxed_values(span)) or MARKED.search(span):
            return True
        end = _ANSWER_IS.end(lowered)
        if end is None and "answer" not in lowered.words:
            return False
        if lowered.text.rstrip().endswith("?") or _NOT_SAID.search(lowered.text):
            return False
        if end is None:
            return bool(_IS_THE_ANSWER.search(lowered.text))
        same = span if len(span) == len(lowered.text) else lowered.text
        if VALUE.match(same, end):
            return True
        worded = "answer" in lowered.words and _CONCLUSION.within(lowered)
        return worded and bool(_IN_WORDS.match(lowered.text, end))

    def reached(self, lowered: Lowered) -> bool:
        """Whether a span ends in the answer as the result of an equation or a sentence."""
        concluding = _CONCLUSION.within(lowered)
        known = self._value_last and self._digits in lowered.text.replace(",", "")
        if not known and not (concluding and self._asked_is):
            return False
        end = plain(lowered.text[-READ:])
        if end.endswith("?"):
            return False
        if concluding and self._asked_is and self._asked_is.search(end):
            return True
        match = self._value_last.search(end) if known and self._value_last else None
        if not match:
            return False
        letter = _LONE_LETTER.search(end[: match.start("value")])
        if letter and len(self.value) == 1:
            return letter[1] in self._letters
        if len(self.value) > 1 and not self._given and end[match.start()] in "=≈":
            return True
        return self.concluded(lowered)

    def concluded(self, lowered: Lowered) -> bool:
        """Whether a span that ends in the answer gives it as such, by its first word or subject."""
        if _CONCLUSION.within(lowered):
            return True
        return bool(not self._given and self._asked and self._asked.search(lowered.text))

    def _last_value(self, text: str) -> str:
        """The number that ends one of a trace's last sentences, if that concludes."""
        endings = re.split(r"\n+|(?<=[.!]) ", text[-ENDING:].rstrip())
        for line in endings[: -LAST - 1 : -1]:
            lowered = Lowered(line)
            asked = self._asked and self._asked.search(lowered.text)
            if asked or _CONCLUSION.within(lowered):
                ends = _ENDS_IN_VALUE.search(plain(lowered.text))
                if ends:
                    return ends["value"]
        return ""


def is_program(code: str) -> bool:
    """Whether a piece of code defines something that hands back a value, or is a whole script."""
    if not _HANDS_BACK.search(code):
        return False
    return bool(_DEFINES.search(code)) or (code.startswith("```") and code.count("\n") > 2)
