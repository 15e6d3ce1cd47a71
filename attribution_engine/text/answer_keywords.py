"""What to look for in documents: a query's answer and each step towards it, in words.

The papers' lists were written by hand and read by hand. These are ours: an answer or a step counts
where words say it that can hardly mean something else, and never by a bare number alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Final

from attribution_engine.text.answers import Sought
from attribution_engine.text.expressions import (
    LONGEST,
    NUMBER,
    OPERATOR,
    Expression,
    expression,
    number,
    number_forms,
    plain,
)

RESULT_WITHIN: Final = 40  # characters between a step and its result, which stands behind it
NEAR: Final = 300  # characters between an answer and what it is the answer to
MOST_STEPS: Final = 12  # of a query; long traces have hundreds of sums
ANSWER_AT_MOST: Final = 80  # characters that are looked for as they stand
MOST_BESIDE: Final = 6
MOST_GIVEN, LONGEST_GIVEN = 100, 200  # keywords of a suite that are read, and their characters

_SIGNED: Final = rf"-?{NUMBER}"
_OPERAND: Final = rf"[(\s]{{0,6}}{_SIGNED}[)\s]{{0,6}}"  # bounded: no text takes long
# A sum and what it is equal to; the next sum may begin with the result.
_EQUATION: Final = re.compile(
    rf"(?<![\w.,^])(?<![-+*/]\s)({_OPERAND}(?:{OPERATOR}{_OPERAND}){{1,11}})=\s*(?=({_SIGNED})(?![\d^/]))"
)
_ANNOTATED: Final = re.compile(r"<<([^<>=]{3,80})=([^<>=]{1,40})>>")
_ASSIGNED: Final = re.compile(rf"(?<![\w\\])([A-Za-z])\s*=\s*({_SIGNED})(?![\w.,]*\d|\s*[-+*/^=])")
_FINAL: Final = (
    re.compile(r"####\s*([^\n]+)"),
    re.compile(r"\\(?:boxed|framebox|fbox)\s*\{((?:[^{}]|\{[^{}]*\})*)\}"),
    re.compile(r"(?:the|final)\s+answer\s+is:?\s+([^\n]+?)(?:\.(?=\s|$)|$)", re.I | re.M),
)
# What a prompt is about where it has no names: brackets of numbers, sums, equations.
_TERM: Final = (
    rf"[(\[]{{0,4}}(?:-?{NUMBER}[A-Za-z]?(?![A-Za-z])|[A-Za-z](?![A-Za-z0-9]))[)\]]{{0,4}}"
)
_JOIN: Final = rf"\s{{0,3}}(?:{OPERATOR}|=|,)\s{{0,3}}"
_PHRASE: Final = re.compile(rf"(?<![\w.^{{}}\\])(?:{_TERM})(?:{_JOIN}{_TERM}){{1,15}}(?![{{}}^\\])")
_NAME: Final = re.compile(
    r"(?<![.?!:“\"]\s)(?<!^)(?<![\w'’-])[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)*|\d{3,}"
)
_LONG: Final = re.compile(r"(?<!\w)[^\W\d_]{5,}(?!\w)")
_ASKING: Final = frozenset(
    "question answer think step-by-step stepbystep which where whose there their about would could "
    "should these those calculate please write returns evaluate express compute determine simplify "
    "value values what find here".split()
)  # fmt: skip
_FRAME: Final = re.compile(
    r"^\s*(?:question|problem)\s*:|\banswer\s*:\s*$|think step-by-step\.?", re.I
)


@dataclass(frozen=True, slots=True)
class KeywordSet:
    """What a query's documents are searched for.

    Attributes:
        answer: None where none is known, or only one that says too little, such as a bare number
            with nothing to stand beside.
        steps: of the reasoning, in order; empty where none is known.
    """

    answer: Sought | None
    steps: tuple[Sought, ...]

    @property
    def all(self) -> tuple[Sought, ...]:
        """The answer first."""
        return (*((self.answer,) if self.answer else ()), *self.steps)


@dataclass(frozen=True, slots=True)
class _Step:
    """A sum, and its result where one is known."""

    sum: Expression
    result: Fraction | None


def keyword_set(
    prompt: str, completion: str, reference: str | None, keywords: Sequence[str]
) -> KeywordSet:
    """What to look for: from the keywords that a suite gives, else from completion or reference.

    A step is a sum. It counts where the sum stands in one of its ways of writing and its result
    not more than `RESULT_WITHIN` characters behind it; where no result is known, the sum alone.
    An answer counts where it stands, as whole words, within `NEAR` characters of what it is the
    answer to: one of the other keywords; of a number, all sums and points of the prompt, or else
    the last step; otherwise at least half of the prompt's names. Where none of these is known, an
    answer of several characters that is no number counts alone, any other is not looked for.
    """
    given = [one.strip() for one in keywords if 0 < len(one.strip()) <= LONGEST_GIVEN][:MOST_GIVEN]
    steps = _given_steps(given) or _stated_steps(completion) or _stated_steps(reference or "")
    answers = _answers(completion, reference, given)
    return KeywordSet(
        _answer(answers, given, steps, _asked(prompt), completion),
        tuple(_sought(place, step) for place, step in enumerate(steps, start=1)),
    )


def _sought(place: int, step: _Step) -> Sought:
    results = () if step.result is None else number_forms(step.result)
    return Sought(
        f"step {place}",
        step.sum.forms(),
        (results,) if results else (),
        1 if results else 0,
        RESULT_WITHIN,
        behind=True,
    )


def _given_steps(given: Iterable[str]) -> list[_Step]:
    found = []
    for one in given:
        left, equal, right = plain(one).partition("=")
        summed = expression(left)
        if summed:
            found.append(_Step(summed, number(right) if equal else summed.value))
    return _different(found)


def _stated_steps(text: str) -> list[_Step]:
    """The sums of a text that come out as it says; those that GSM8K annotates where there are any.

    Sums are checked, so that a piece of a longer formula is not taken for one.
    """
    annotated = _ANNOTATED.findall(text)
    pairs = annotated or [(one[0], one[1]) for one in _EQUATION.findall(plain(text))]
    found = []
    for left, right in pairs:
        summed, result = expression(left), number(right)
        if summed is None or summed.value is None or result is None:
            continue
        if abs(summed.value - result) <= abs(result) / 100:
            found.append(_Step(summed, result))
    return _different(found)


def _different(steps: Iterable[_Step]) -> list[_Step]:
    return list({step.sum.text: step for step in steps}.values())[:MOST_STEPS]


def _answers(completion: str, reference: str | None, given: Sequence[str]) -> list[str]:
    """Wordings of the answer as it is known, the fullest first."""
    known = _short(reference) if reference else ""
    if not known and not reference and not given:
        known = _stated_answer(completion)
    elif not known and reference:
        # A solution in full, or a program: what it boxes, or what it is known by.
        known = _stated_answer(reference)
    words = [one for one in given if expression(plain(one).partition("=")[0]) is None]
    if not known:
        named = [one for one in words if not _ASSIGNED.fullmatch(plain(one))]
        return [named[-1]] if named else []
    same = [one for one in words if one != known and _is_part(one, known)]
    return [known, *same]


def _is_part(one: str, known: str) -> bool:
    """Whether a keyword is the answer again, or its last words, as a family name is."""
    value = number(known)
    if value is not None:
        return number(one) == value
    return f" {known.lower()}".endswith(f" {one.lower()}")


def _short(text: str) -> str:
    folded = " ".join(text.split()).rstrip(".")
    if not folded or len(folded) > ANSWER_AT_MOST or "\n" in text.strip():
        return ""
    return re.sub(r"(?i)^(?:the|an?)\s+(?=\w\w)", "", folded)


def _stated_answer(text: str) -> str:
    for pattern in _FINAL:
        found = pattern.findall(text)
        if found:
            return _short(re.sub(r"\\[$!,;]|\$", "", found[-1]).strip())
    return ""


def _asked(prompt: str) -> str:
    """A prompt without the words that frame every question."""
    return _FRAME.sub(" ", prompt.strip()).strip()


def _answer(
    answers: Sequence[str],
    given: Sequence[str],
    steps: Sequence[_Step],
    prompt: str,
    completion: str,
) -> Sought | None:
    if not answers:
        return None
    value = number(answers[0])
    forms = list(answers)
    alone = [] if value is not None or _says_little(answers[0]) else list(answers)
    if value is not None:
        forms += number_forms(value, words=False)
        for name, right in _ASSIGNED.findall(plain("\n".join((prompt, completion, *given)))):
            if number(right) == value:
                alone += [form for one in number_forms(value, words=False)
                          for form in (f"{name} = {one}", f"{name}={one}")]  # fmt: skip
    forms = list(dict.fromkeys([*forms, *alone]))
    beside, needed = _beside(answers, given, steps, prompt, value)
    if not beside:
        return Sought("answer", tuple(dict.fromkeys(alone))) if alone else None
    return Sought("answer", tuple(forms), beside, needed, NEAR)


def _says_little(answer: str) -> bool:
    return len(answer) < 4 or answer.lower() in ("true", "false", "none", "both", "neither")


def _beside(
    answers: Sequence[str],
    given: Sequence[str],
    steps: Sequence[_Step],
    prompt: str,
    value: Fraction | None,
) -> tuple[tuple[tuple[str, ...], ...], int]:
    """What an answer has to stand beside, and how many of it."""
    subjects = [
        one
        for one in given
        if one not in answers
        and number(one) is None
        and expression(plain(one).partition("=")[0]) is None
        and not _ASSIGNED.fullmatch(plain(one))
    ]
    if subjects:
        return tuple((one,) for one in subjects[:MOST_BESIDE]), 1
    if value is not None:
        phrases = list(_phrases(prompt))
        if phrases:
            return tuple(map(_phrase_forms, phrases[:MOST_BESIDE])), min(len(phrases), MOST_BESIDE)
        if steps:
            last = next((one for one in reversed(steps) if one.result == value), steps[-1])
            return (last.sum.forms(),), 1
    if "_" in answers[0]:
        return (), 0  # a name in code means nothing else
    names = [one for one in _names(prompt) if not _overlaps(one, answers)]
    return tuple((one,) for one in names), ceil(len(names) / 2)


def _phrases(prompt: str) -> Iterator[str]:
    """Sums, equations and points of a prompt, each once."""
    seen = set()
    for match in _PHRASE.finditer(prompt.replace("$", " ")):
        phrase = _balanced(match[0].strip())
        if any(phrase.count(one) != phrase.count(other) for one, other in ("()", "[]")):
            continue
        bracketed = phrase[:1] in ("(", "[")
        listed = not re.search(rf"{OPERATOR}|=", re.sub(r"(?<![\d)\w] )-(?=\d)", "", phrase))
        if (
            len(re.findall(NUMBER, phrase)) < 2
            or len(phrase) > LONGEST
            or (listed and not bracketed)
        ):
            continue
        if phrase not in seen:
            seen.add(phrase)
            yield phrase


def _balanced(phrase: str) -> str:
    """A phrase without the brackets at its ends that belong to the words around it."""
    for opening, closing in ("()", "[]"):
        while phrase.count(closing) > phrase.count(opening) and phrase.endswith(closing):
            phrase = phrase[:-1].rstrip()
        while phrase.count(opening) > phrase.count(closing) and phrase.startswith(opening):
            phrase = phrase[1:].lstrip()
    return phrase


def _phrase_forms(phrase: str) -> tuple[str, ...]:
    summed = expression(phrase)
    if summed:
        return summed.forms()
    tight = re.sub(r"\s+", "", phrase)
    spaced = re.sub(rf"\s*({OPERATOR}|=)\s*", r" \1 ", tight).replace(",", ", ")
    spaced = re.sub(r"(?<=[(\[,=]) ?- (?=\d)", "-", spaced)
    found = [phrase, tight, spaced, tight.replace("-", "−"), spaced.replace("-", "−")]
    return tuple(dict.fromkeys(one.strip() for one in found))


def _names(prompt: str) -> list[str]:
    """What a prompt is about: names and large numbers, or else its long words."""
    words = " ".join(re.sub(r"\\[A-Za-z]+", " ", prompt).split())
    for pattern in (_NAME, _LONG):
        found = [one for one in dict.fromkeys(pattern.findall(words)) if one.lower() not in _ASKING]
        if found:
            return found[:MOST_BESIDE]
    return []


def _overlaps(name: str, answers: Sequence[str]) -> bool:
    return any(one.lower() in name.lower() or name.lower() in one.lower() for one in answers)
