"""The values that a reasoning trace may give as its answer, in a plain form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# An answer longer than this is no value but a text.
LONGEST_VALUE: Final = 60

NUMBER: Final = r"-?\\?\$?(?:\d[\d,]*(?:\.\d+)?|\.\d+)%?"
# What may stand before a result, and what after it.
BEFORE: Final = (
    r"(?:[=≈:→]|\b(?:is|are|be|becomes|get|gets|got|gives?|equals?|has|have|makes|leaves?|leaving"
    r"|giving|on|only|exactly|there|obtain|yields?|needs?|takes|costs?|contains?|holds|fit|pays|earns"
    r"|(?:equal|simplifies|comes|comes out|reduces|rounds|adds? up|sums|amounts|down|leads|back"
    r"|works out) to|(?:total|value|result|sum|count) of))(?: \()? ?"
)
UNIT: Final = r"(?:[^\W\d_][\w'-]*+ ?){0,3}"
AFTER: Final = r"(?![\w/^*+=<>×·(-]|[.,]\d| [-+*/=<>×·])(?: ?[^\W\d_][\w'/^-]*+){0,4}[\s.!)\]]*$"
# What is met everywhere in a trace, so that only "the answer is B" tells that it is the answer.
TOLD_ONLY: Final = re.compile(
    r"\(?[a-z]\)?|yes|no|true|false|none|one|two|three|four|five|six|seven|eight|nine|ten"
)
# What may follow on "the answer is", and what may follow on "answer".
VALUE: Final = re.compile(
    r"(?:[\s*:$`\"'(“=]|\\\(|\\\[|\b(?:is|be|would|should|must|to|the|problem|question|indeed|just"
    r"|simply|still|exactly|therefore|also|only|then|option)\b)*"
    r"(?:[a-z]\s*=\s*)?(?P<value>"
    + NUMBER
    + r"(?:\s*/\s*\d+|\s*\\?(?:sqrt|pi)\b|√\d+|π)?|\\[dt]?frac\s*\{[^{}]*\}\s*\{[^{}]*\}"
    r"|\\sqrt\s*\{[^{}]*\}|\\pi\b|\\text\s*\{[^{}]*\}|\([A-Ea-e]\)|[A-E](?![\w'’])"
    r"|(?i:yes|no|true|false|none|zero|one|two|three|four|five|six|seven|eight|nine|ten)(?!\w))"
)
SAID: Final = re.compile(
    r"\b[Aa](?:nswer|NSWER)(?:[ ]\w+){0,4}?[ ]*(?:\bis\b|\bbe\b|:|=)(?P<after>[^\n]{1,80})"
)
MARKED: Final = re.compile(
    r"<answer>\s*(?P<tag>[^<\n]{1,60})</answer>|^####[ \t]*(?P<hashes>[-\d$\\][^\n]{0,59})$",
    re.MULTILINE,
)

_BOXED: Final = re.compile(r"\\f?boxed\s*\{")
_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_ROOT: Final = re.compile(r"\\sqrt\s*\{([^{}]*)\}")
_DROPPED: Final = re.compile(
    r"\\(?:left|right|text|mathrm|displaystyle|boxed)(?![a-z])|\\[,;:!()\[\]]|[${}*`]"
    r"|\^\\circ|°"
)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3})")
_SPACES: Final = re.compile(r"\s+")
_WITH_UNIT: Final = re.compile(r"^(-?[\d./π√]+(?: ?× ?10\^-?\d+)?) ?[^\W\d_][\w/^ -]*$")


def named_value(text: str) -> str:
    """The last answer that a text names as such, in a plain form; "" if it names none."""
    value = ""
    for boxed in boxed_values(text):
        value = boxed
    if not value:
        for match in MARKED.finditer(text):
            value = match["tag"] or match["hashes"]
    if not value:
        for match in SAID.finditer(text):
            said = VALUE.match(match["after"])
            value = said["value"] if said else value
    return _WITH_UNIT.sub(r"\1", plain(value).strip(" ."))


def boxed_values(text: str) -> Iterator[str]:
    """What stands in each `\\boxed{…}` that is closed and not empty."""
    for match in _BOXED.finditer(text):
        depth = 1
        for at in range(match.end(), min(len(text), match.end() + LONGEST_VALUE)):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            if not depth:
                if value := text[match.end() : at].strip():
                    yield value
                break


def plain(value: str) -> str:
    """Small letters without the marks of LaTeX and Markdown; fractions as a/b, roots as √a."""
    value = _ROOT.sub(r"√\1", _FRACTION.sub(r"\1/\2", value.lower()))
    value = value.replace("\\pi", "π").replace("\\times", "×").replace("\\cdot", "·")
    return _SPACES.sub(" ", _THOUSANDS.sub("", _DROPPED.sub("", value))).strip()
