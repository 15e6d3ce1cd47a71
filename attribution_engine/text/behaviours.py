"""What the spans of a reasoning trace do, read off their words by rules.

The rules read a trace from its beginning. Each span gets the first behaviour that its phrases
(`behaviours_phrases`) or its form tell; a passage that checks, or that tries another way once an
answer was reached, goes on over the spans behind its first that say nothing else of themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attribution_engine.records import Span
from attribution_engine.text import behaviours_phrases as phrases
from attribution_engine.text.behaviours_answer import Answer, is_program
from attribution_engine.text.behaviours_match import Lowered, Phrases

BEHAVIOURS: Final = (
    "explores_after_answer",
    "explores_before_answer",
    "verifies",
    "backtracks",
    "restates",
    "computes",
    "concludes",
)
EXPLORATION: Final = BEHAVIOURS[:2]
DETECTOR: Final = "rules"

DEFINITIONS: Final[dict[str, str]] = {
    "explores_after_answer": (
        "looks for another way, or follows one, after the trace has already reached an answer to "
        "its task, right or wrong"
    ),
    "explores_before_answer": (
        "proposes, weighs or tries a way at the task while no answer has been reached yet"
    ),
    "verifies": "checks a step or an answer: puts it back, computes it again, tests it",
    "backtracks": "takes back a step or doubts it: finds an error or a dead end, starts over",
    "restates": "says again what is given, what is asked, or what was found before",
    "computes": "derives a value or an expression, or writes a piece of a program",
    "concludes": "states an answer to the task as its answer, or hands over the finished program",
}

# A passage that no phrase ends is taken to end after so many spans, and a check also where a
# second paragraph begins behind it.
LONGEST_PASSAGE: Final = 15
# What tells a trace from a story.
WORKS: Final = ("restates", "computes", "concludes")
# What ends a passage.
ENDS: Final = ("explores_before_answer", "backtracks", "concludes")
# Only so many characters of a long span are read, from its beginning.
READ: Final = 2_000
# Spans at the beginning of a trace that say what is wanted repeat the task.
OPENING: Final = 3

_ANOTHER: Final = Phrases(phrases.ANOTHER_WAY)
_TENTATIVE: Final = Phrases(phrases.TENTATIVE)
_CHECKS: Final = Phrases(phrases.CHECKS)
_CHECKED: Final = Phrases(phrases.CHECKED)
_DENIES: Final = Phrases(phrases.DENIES)
_BACKTRACKS: Final = Phrases(phrases.BACKTRACKS)
_INTERRUPTS: Final = Phrases(["^" + one for one in phrases.INTERRUPTS])
_REPLIES: Final = Phrases(phrases.REPLIES)
_SETTLES: Final = Phrases(phrases.SETTLES)
_RESTATES: Final = Phrases(phrases.RESTATES)
_TASK: Final = Phrases(phrases.TASK)
_PROGRAM_DONE: Final = Phrases(phrases.PROGRAM_DONE)
_RELATION: Final = re.compile(
    r"[\w)}\]$!%'²³]\s*(?:=|≈|≤|≥|\\(?:approx|equiv|leq?|geq?|implies|times|cdot)\b|≡|⇒)"
    r"|\d\s*[-+*/×·÷^]\s*\(?\d|\)\s*[-+*/×·÷]\s*\("
)
_RESULT: Final = re.compile(
    r"\b(?:is|are|gives?|leaves?|leaving|makes|equals?|ends? in|get|gets|becomes|simplifies|at most"
    r"|at least|so|then|remainder|length|total|returns?|has|have|yields?|covers?|measures?|costs?"
    r"|needs?|takes|counts?)\b(?:\W+[^\W\d]\w*){0,3}\W+\d"
)
_NAMES: Final = re.compile(r"\W*(?:let|suppose|say|where|denote|assume)\b")
_TAG: Final = re.compile(r"\s*(?:</?(?:think|thinking|thought|answer)\b|<\|)")
_CODE_CHECKS: Final = re.compile(r"^\s*(?:assert\b|#\s*tests?\b|print\()", re.MULTILINE)


def detect(text: str, spans: Sequence[Span], prompt_chars: int = 0) -> list[str | None]:
    """What each span of a trace does.

    A text in which nothing is computed, nothing concluded and no task named is no trace: none of
    its spans does anything.

    Args:
        text: the whole trace, or a document with its prompt before it.
        spans: in order, without overlap, as `spans.steps` gives them.
        prompt_chars: characters of the prompt; a span that begins in them gets none.

    Returns:
        One of BEHAVIOURS or None for each span.
    """
    reading = _Reading(Answer(text, prompt_chars))
    found: list[str | None] = []
    for span in spans:
        if span.start < prompt_chars or not text[span.start : span.end].strip():
            found.append(None)
            continue
        words = text[span.start : min(span.end, span.start + READ)]
        found.append(reading.code(words) if span.kind == "code" else reading.read(words, span.kind))
    return found if any(one in found for one in WORKS) else [None] * len(found)


class _Reading:
    """What is known of a trace up to a span."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._reached = False
        self._passage: str | None = None
        self._left = 0  # spans that the passage may still go on for
        self._breaks = 0  # paragraphs that it has gone over
        self._before = ""  # the span before, and what it did
        self._did: str | None = None
        self._read = 0

    def read(self, words: str, kind: str) -> str | None:
        """The behaviour of the next span of prose or formulas."""
        lowered = Lowered(words)
        if _TAG.match(words) and not self._answer.named(words, lowered):
            self._passage = None
            return None
        self._read += 1
        said, opens = self._said(words, lowered, kind)
        if opens and said is not None:
            self._passage, self._left, self._breaks = said, LONGEST_PASSAGE, 0
        elif kind == "heading" or said in ENDS or (said is None and _SETTLES.within(lowered)):
            self._passage = None
        elif self._passage and said in (None, "computes"):
            said = self._carried(lowered, said)
        self._before, self._did = words, said
        # A heading may name the answer; else it does nothing itself, but may begin a passage.
        return None if kind == "heading" and said != "concludes" else said

    def code(self, words: str) -> str:
        """The behaviour of a piece of code: it belongs to a passage, or is an answer."""
        self._before, self._did = words, None
        if self._passage:
            return self._passage
        if is_program(words):
            self._reached = True
            return "concludes"
        return "verifies" if self._reached and _CODE_CHECKS.search(words) else "computes"

    def _carried(self, lowered: Lowered, said: str | None) -> str | None:
        """The passage that a span goes on with, or what the span says of itself."""
        passage = self._passage
        self._left -= 1
        ended = self._before.rstrip(" ")
        if ended.endswith("\n\n") and not ended.rstrip().endswith(":"):
            self._breaks += 1
        if passage == "verifies" and self._breaks > 1:
            self._passage = None
            return said
        # Another way that has come to the answer is at its end.
        if not self._left or (passage == "explores_after_answer" and self._answer.reached(lowered)):
            self._passage = None
        return passage

    def _said(self, words: str, lowered: Lowered, kind: str) -> tuple[str | None, bool]:
        """The behaviour that a span's own words tell, and whether a passage begins with it."""
        if _ANOTHER.within(lowered):
            return self._explores()
        asked = self._before.rstrip().endswith("?")
        if asked and self._did in ("verifies", "backtracks") and _REPLIES.within(lowered):
            return "verifies", True
        if _BACKTRACKS.within(lowered):
            return "backtracks", False
        if _DENIES.within(lowered) and not asked:
            return "backtracks", False
        named = self._answer.named(words, lowered)
        reached = named or self._answer.reached(lowered)
        checks = _CHECKS.within(lowered)
        checked = _CHECKED.within(lowered)
        if reached:
            self._reached = True
            exploring = self._passage == "explores_after_answer" and not named
            if not (exploring or checks or checked) and (named or self._answer.concluded(lowered)):
                return "concludes", False
        if checks:
            return "verifies", True
        if checked:
            return "verifies", words.rstrip().endswith("?")
        if _TENTATIVE.within(lowered):
            return self._explores()
        if _INTERRUPTS.within(lowered):
            return "backtracks", False
        opening = self._read <= OPENING and (_TASK.within(lowered) or words.rstrip().endswith("?"))
        if opening or _RESTATES.within(lowered):
            return "restates", False
        if _PROGRAM_DONE.within(lowered) and not words.rstrip().endswith(":"):
            return "concludes", False
        return ("computes" if _derives(words, lowered, kind) else None), False

    def _explores(self) -> tuple[str, bool]:
        if self._reached:
            return "explores_after_answer", True
        return "explores_before_answer", False


def _derives(words: str, lowered: Lowered, kind: str) -> bool:
    """Whether a span holds an equation, arithmetic or a result in numbers."""
    if kind == "formula":
        return True
    if _RELATION.search(words):
        return "=" in words or not _NAMES.match(lowered.text)
    return bool(_RESULT.search(lowered.text))
