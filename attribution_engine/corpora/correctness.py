"""Whether a completion ends in the right answer."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_DIGITS: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+"
_EXPONENT: Final = r"(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?"
_PART: Final = r"\s*(?:\{\s*([-−]?[0-9]+)\s*\}|([0-9]))"
# A minus is a sign unless it subtracts or joins: not after a digit, a letter or a closing bracket.
# One with a space behind it is a sign only after =, a colon, a comma or an opening bracket, for
# at the start of a line it is a list bullet.
_MINUS: Final = (
    r"(?P<minus>(?<![0-9A-Za-z)\]}])[-−–](?=[0-9.\\$])|(?<=[=:,(\[{≈])[ \t]*[-−–][ \t]+)?"
)
_NUMBER: Final = re.compile(
    rf"{_MINUS}\$?(?:\\[dt]?frac{_PART}{_PART}"
    rf"|(?<![A-Za-z_])(?P<top>(?:{_DIGITS}){_EXPONENT})"
    r"(?:\s?/\s?(?P<bottom>[0-9]+)(?![0-9/]|\.[0-9]))?)"
)
_BINARY: Final = re.compile(r"[0-9)\]}][ \t]*$")
_STATED: Final = re.compile(r"####[ \t]*([^\n]+)")
_LONGEST: Final = 400  # digits; no answer is longer, and exact arithmetic on more would be slow


def is_correct(completion: str, reference: str | None) -> bool | None:
    """Whether the completion's answer is the reference.

    A numeric reference (12, −3.5, 1,000, 3/4, `\\frac{3}{4}`, with or without `\\boxed{…}`) must
    equal, as a number, the last number of the completion, or of its last `\\boxed{…}` or `####`
    line if it has one. Any other reference must stand in the completion as whole words, in any
    letter case.

    Args:
        completion: text of the completion.
        reference: the right answer, None if it is not known.

    Returns:
        None without a reference.
    """
    if reference is None or not reference.strip():
        return None
    expected = as_number(reference)
    if expected is not None:
        return last_number(answer_part(completion)) == expected
    words = r"\s+".join(re.escape(word) for word in answer_part(reference).split())
    return re.search(rf"(?<!\w){words}(?!\w)", completion, re.IGNORECASE) is not None


def answer_part(text: str) -> str:
    """Inside of the last `\\boxed{…}`, else the rest of the last `####` line, else all of it."""
    start = text.rfind("\\boxed{")
    if start >= 0:
        inside = _braced(text, start + len("\\boxed"))
        if inside.strip():
            return inside
    stated = _STATED.findall(text)
    return str(stated[-1]) if stated else text


def as_number(text: str) -> Fraction | None:
    """The exact value of a text that is one number and nothing else; None otherwise."""
    bare = answer_part(text).strip().strip("$").removesuffix("%").removesuffix("\\").strip()
    bare = bare.removesuffix(".")
    match = _NUMBER.fullmatch(bare)
    return _value(match) if match else None


def last_number(text: str) -> Fraction | None:
    """The exact value of the last number in a text; None if it has none."""
    last = None
    for last in _NUMBER.finditer(text):  # noqa: B007
        pass
    if last is None:
        return None
    value = _value(last)
    if value is None or not last["minus"]:
        return value
    # "10 -3" subtracts: what stands before the minus ends in a digit or a closing bracket.
    subtracts = _BINARY.search(text, max(0, last.start() - 8), last.start())
    return -value if subtracts else value


def _value(match: re.Match[str]) -> Fraction | None:
    sign = -1 if match["minus"] else 1
    if len(match[0]) > _LONGEST:
        return None
    if match["top"] is not None:
        top = Fraction(match["top"].replace(",", ""))
        bottom = Fraction(match["bottom"] or 1)
    else:
        # Groups of the two parts of \frac, in braces or a bare digit each.
        parts = [part for part in match.groups()[1:5] if part is not None]
        top, bottom = (Fraction(part.replace("−", "-")) for part in parts)
    return sign * top / bottom if bottom else None


def _braced(text: str, start: int) -> str:
    """What the braces opening at `start` enclose, to the end of the text if never closed."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 1 : place]
    return text[start + 1 :]
