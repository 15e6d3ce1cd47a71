"""Whether a completion ends in the right answer: numbers as numbers, else words."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

_DIGITS: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|(?<![0-9])\.[0-9]+"
_EXPONENT: Final = r"(?:[eE][-+]?[0-9]{1,3}(?![0-9A-Za-z]))?"
_POWER: Final = (
    r"(?:[ \t]?(?:[×*·]|\\times|\\cdot)[ \t]?10[ \t]?(?:\^|\*\*)[ \t]?"
    r"(?:\{(?P<braced>[-+−]?[0-9]{1,3})\}|(?P<bare>[-+−]?[0-9]{1,3})(?![0-9])))?"
)
_PART: Final = r"[ \t]*(?:\{\s*([-−]?[ ]?[0-9]+(?:\.[0-9]+)?)\s*\}|([0-9]))"
# A minus is a sign unless it subtracts or joins: not after a digit, a letter or a closing bracket.
# One with a space behind it is a sign only after =, a colon, a comma, an opening bracket or "is",
# for at the start of a line it is a list bullet (but see `_leading_sign`).
_MINUS: Final = (
    r"(?P<minus>(?<![0-9A-Za-z)\]}])[-−–](?=[0-9.\\$])"
    r"|(?<=[=:,(\[{≈])[ \t]*[-−–][ \t]+|(?<=\bis)[ \t]+[-−–][ \t]+)?"
)
# The whole part of a mixed number: 1 of "1 1/2" and of "1\frac{1}{2}".
_WHOLE: Final = (
    r"(?:(?<![0-9A-Za-z_.,/])(?P<whole>[0-9]{1,9})"
    r"(?:[ \t](?=[0-9]{1,9}/[0-9])|[ \t]?(?=\\[dt]?frac)))?"
)
_NUMBER: Final = re.compile(
    rf"{_MINUS}\$?{_WHOLE}(?:\\[dt]?frac{_PART}{_PART}"
    rf"|(?<![A-Za-z_])(?P<top>(?:{_DIGITS}){_EXPONENT}){_POWER}"
    r"(?:\s?/\s?(?P<bottom>[0-9]+)(?![0-9/]|\.[0-9]))?)"
)
_BINARY: Final = re.compile(r"[0-9)\]}][ \t]*$")
_STATED: Final = re.compile(r"####[ \t]*([^\n]+)")
_BOXED: Final = re.compile(r"\\(?:boxed|fbox)[ \t]*(?:(\{)|([0-9]+)(?![0-9.]))")
_LEADING: Final = re.compile(r"\s*(?:\\?\$)?\s*[-−–][ \t]+(?=[0-9.\\$])")
_SEPARATORS: Final = re.compile(r"(?<=[0-9])(?:\{,\}|,\\!|\\,|\\!,|[\u202f\u2009])(?=[0-9]{3})")
_UNITS: Final = re.compile(
    r"\s*(?:\\?%|percent|\^\{?\\circ\}?|°|\\(?:text|mbox|mathrm|textbf)\{[^{}\n]*\}"
    r"(?:\^\{?[23]\}?)?|\\[ ,;!])\s*$"
)
_SUPERSCRIPT: Final = re.compile(r"(?<=10)[⁻⁺]?[⁰¹²³⁴-⁹]+")
_RAISED: Final = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹", "-+0123456789")
_TYPESETTING: Final = re.compile(r"\\(?:left|right|displaystyle|[,;!: ])|[\s$]+|\.$")
_LONGEST: Final = 400  # digits; no answer is longer, and exact arithmetic on more would be slow


def is_correct(completion: str, reference: str | None) -> bool | None:
    """Whether the completion's answer is the reference.

    A numeric reference (12, −3.5, 1,000, 3/4, 1 1/2, 2.5 × 10^3, `\\frac{3}{4}`; with or without
    `\\boxed{…}`, dollar signs, a percent sign or a unit in `\\text{…}`, which count for nothing)
    must equal, as a number, the last number of the completion; where that has a `\\boxed{…}` or a
    `####` line, the number that the last of them states. Any other reference must stand as whole
    words, in any letter case, in the completion (in its last `\\boxed{…}` or `####` line if it has
    one), or be it but for spaces and typesetting.

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
        return answer_number(completion) == expected
    answer, wanted = answer_part(completion), answer_part(reference)
    if bare_formula(answer) == bare_formula(wanted):
        return True
    if "\\" in wanted and answer != completion:
        return False  # a formula inside another one is not the answer
    words = r"\s+".join(re.escape(word) for word in wanted.split())
    return re.search(rf"(?<!\w){words}(?!\w)", answer, re.IGNORECASE) is not None


def answer_part(text: str) -> str:
    """Inside of the last `\\boxed{…}`, else the rest of the last `####` line, else all of it."""
    stated = stated_part(text)
    return text if stated is None else stated


def stated_part(text: str) -> str | None:
    """Inside of the last `\\boxed{…}`, else the rest of the last `####` line, else None."""
    last = None
    for last in _BOXED.finditer(text):  # noqa: B007
        pass
    if last is not None:
        inside = last[2] or _braced(text, last.end() - 1)
        if inside.strip():
            return inside
    stated = _STATED.findall(text)
    return str(stated[-1]) if stated else None


def answer_number(completion: str) -> Fraction | None:
    """The number that a completion gives as its answer; None if it gives none."""
    stated = stated_part(completion)
    if stated is not None:
        return _stated_number(stated)
    whole = as_number(completion)
    return last_number(completion) if whole is None else whole


def _stated_number(stated: str) -> Fraction | None:
    """The number that an answer states: all of it, or behind its one =, or the only one in it.

    An interval or a formula of several numbers states none.
    """
    whole = as_number(stated)
    if whole is None and stated.count("=") == 1:
        whole = as_number(stated.split("=")[1])
    if whole is not None:
        return whole
    plain = _leading_sign(stated)
    return last_number(plain) if len(_NUMBER.findall(_plain(plain))) == 1 else None


def as_number(text: str) -> Fraction | None:
    """The exact value of a text that is one number and nothing else; None otherwise."""
    bare = answer_part(text).strip()
    if len(bare) > _LONGEST:
        return None
    before = ""
    while bare != before:
        before = bare
        bare = _UNITS.sub("", bare.strip().strip("$").removesuffix("\\").removesuffix("."))
    match = _NUMBER.fullmatch(_plain(_leading_sign(bare)))
    return _value(match) if match and not _improper(match) else None


def last_number(text: str) -> Fraction | None:
    """The exact value of the last number in a text; None if it has none."""
    text = _plain(text)
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


def bare_formula(text: str) -> str:
    """A formula without spaces, dollar signs, sizes of brackets and the full stop at its end."""
    return (
        _TYPESETTING.sub("", text.strip()).replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac")
    )


def _leading_sign(answer: str) -> str:
    """An answer by itself may write "- 3": nothing stands before the minus to subtract from."""
    found = _LEADING.match(answer)
    return f"-{answer[found.end() :]}" if found else answer


def _plain(text: str) -> str:
    """Separators of thousands as commas, 10³ as 10^3, and `\\$` as $."""
    text = _SEPARATORS.sub(",", text.replace("\\$", "$"))
    return _SUPERSCRIPT.sub(lambda found: "^" + found[0].translate(_RAISED), text)


def _value(match: re.Match[str]) -> Fraction | None:
    sign = -1 if match["minus"] and not _improper(match) else 1
    if len(match[0]) > _LONGEST:
        return None
    if match["top"] is not None:
        top = Fraction(match["top"].replace(",", ""))
        power = (match["braced"] or match["bare"] or "0").replace("−", "-")
        top *= Fraction(10) ** int(power)
        bottom = Fraction(match["bottom"] or 1)
    else:
        top, bottom = map(Fraction, _frac_parts(match))
    if not bottom:
        return None
    whole = 0 if match["whole"] is None or _improper(match) else int(match["whole"])
    return sign * (whole + top / bottom)


def _frac_parts(match: re.Match[str]) -> list[str]:
    """The two parts of `\\frac`, in braces or a bare digit each."""
    parts = [part for part in match.groups()[2:6] if part is not None]
    return [part.replace("−", "-").replace(" ", "") for part in parts]


def _improper(match: re.Match[str]) -> bool:
    """Whether what follows the whole part is no proper fraction: "3 5/4" is two numbers."""
    if match["whole"] is None:
        return False
    top, bottom = (match["top"], match["bottom"]) if match["top"] else _frac_parts(match)
    return not 0 < Fraction(top.replace(",", "")) < Fraction(bottom or "1")


def _braced(text: str, start: int) -> str:
    """What the braces opening at `start` enclose, to the end of the text if never closed."""
    depth = 0
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[start + 1 : place]
    return text[start + 1 :]
