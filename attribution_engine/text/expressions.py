"""Numbers and sums as texts write them: read from one way of writing, written in the others."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Final

LONGEST: Final = 80  # characters of an expression that is read
LARGEST: Final = 10**15  # value that is written out
SMALL: Final = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()

NUMBER: Final = r"(?:\d+(?:\.\d+)?)"
OPERATOR: Final = r"(?:\*\*|//|[-+*/^%])"
_TOKEN: Final = re.compile(rf"{NUMBER}|{OPERATOR}|[()]")
_PLAIN: Final = re.compile(rf"(?:{NUMBER}|{OPERATOR}|[()\s])+")
_LATEX: Final = (
    (re.compile(r"\\[dt]?frac\s*\{\s*(-?[\d.]+)\s*\}\s*\{\s*(-?[\d.]+)\s*\}"), r"\1 / \2"),
    (re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)"), r"\1 / \2"),
    (re.compile(r"\\(?:times|cdot|ast)(?![A-Za-z])|[×✕⋅·∗]"), "*"),
    (re.compile(r"\\div(?![A-Za-z])|÷"), "/"),
    (re.compile(r"\\(?:left|right|q?quad|displaystyle)(?![A-Za-z])|\\[,;:! ()\[\]]|\$"), " "),
    (re.compile("[−–](?=\\s*[\\d(.])"), "-"),
    (re.compile(r"\^\s*\{\s*(\d+)\s*\}"), r"^\1"),
    (re.compile(r"(?<=\d)(?:\{,\}|,|\u202f|\u2009)(?=\d{3}(?!\d))"), ""),
)  # fmt: skip
_WORDS: Final = tuple(
    (re.compile(rf"(?<=[\d)])\s+(?:{words})\s+(?=[-\d(])", re.IGNORECASE), f" {sign} ")
    for words, sign in (
        ("plus", "+"), ("minus", "-"), ("times|multiplied by", "*"), ("divided by|over", "/"),
    )
)  # fmt: skip

# How signs are written, all of an expression in one style. The first is the one that is shown.
_STYLES: Final[tuple[dict[str, str], ...]] = (
    {"+": " + ", "-": " - ", "*": " * ", "/": " / ", "//": " // ", "%": " % ", "^": "^"},
    {"+": "+", "-": "-", "*": "*", "/": "/", "//": "//", "%": "%", "^": "**"},
    {"+": " + ", "-": " − ", "*": " × ", "/": " ÷ ", "^": " ^ "},
    {"+": "+", "-": "−", "*": "×", "/": "÷", "^": " ** "},
    {"+": " + ", "-": " – ", "*": " · ", "/": " / "},
    {"+": "+", "-": "–", "*": "·", "/": "/"},
    {"+": " + ", "-": " - ", "*": "⋅", "/": " / "},
    {"+": " + ", "-": " - ", "*": " x ", "/": " / "},
    {"+": " + ", "-": " - ", "*": r" \times ", "/": r" \div ", "^": "^"},
    {"+": "+", "-": "-", "*": r"\times ", "/": r"\div ", "^": "^"},
    {"+": "+", "-": "-", "*": r"\times", "^": "^"},
    {"+": " + ", "-": " - ", "*": r" \cdot ", "^": "^"},
    {"+": "+", "-": "-", "*": r"\cdot ", "^": "^"},
    {"+": "+", "-": "-", "*": r"\cdot", "^": "^"},
    {"*": " multiplied by ", "/": " over ", "%": " mod "},
    {"+": " plus ", "-": " minus ", "*": " times ", "/": " divided by ", "%": " modulo ",
     "^": " to the power of "},
)  # fmt: skip
_SIGNS: Final = frozenset(_STYLES[0])
_SPELT: Final = _STYLES[-1]


@dataclass(frozen=True, slots=True)
class Expression:
    """A sum of numbers, such as 7 - 4.

    Attributes:
        tokens: numbers (with their sign where it is no operator), operators and brackets.
        value: exactly; None where there is none, as of 1 / 0.
    """

    tokens: tuple[str, ...]
    value: Fraction | None

    @property
    def text(self) -> str:
        """As it is shown."""
        return _joined(self.tokens, _STYLES[0])

    def forms(self) -> tuple[str, ...]:
        """Ways in which texts write it, the one that is shown first; unlike in more than case."""
        orders = [self.tokens]
        if len(self.tokens) == 3 and self.tokens[1] in "+*":
            orders.append(self.tokens[::-1])  # who reads "9 * 3" finds what "3 * 9" is
        return tuple(dict.fromkeys(form for tokens in orders for form in _written(tokens)))


def plain(text: str) -> str:
    """A text in which sums are written with + - * / ^ and numbers without separators."""
    for pattern, instead in (*_LATEX, *_WORDS):
        text = pattern.sub(instead, text)
    return text


@lru_cache(maxsize=4096)
def expression(text: str) -> Expression | None:
    """What a text writes if it is a sum of at least two numbers, and nothing else."""
    written = plain(text).strip()
    if len(written) > LONGEST or not _PLAIN.fullmatch(written):
        return None
    tokens: list[str] = []
    for token in _TOKEN.findall(written):
        if tokens and tokens[-1] in ("-sign", "+sign"):
            sign = tokens.pop()
            if not token[0].isdigit():
                return None
            tokens.append(("-" if sign == "-sign" else "") + token)
        elif token in "+-" and (not tokens or tokens[-1] == "(" or tokens[-1] in _SIGNS):
            tokens.append(f"{token}sign")
        else:
            tokens.append("^" if token == "**" else token)
    if sum(token[-1].isdigit() for token in tokens) < 2:
        return None
    try:
        value = _value(ast.parse(" ".join(tokens).replace("^", "**"), mode="eval").body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    except (ZeroDivisionError, OverflowError):
        value = None
    return Expression(tuple(tokens), value)


def number(text: str) -> Fraction | None:
    """The number that a text writes, if it is one and nothing else."""
    written = plain(text).strip().rstrip(".").removeprefix("+").replace(" ", "")
    if len(written) > LONGEST:
        return None
    found = re.fullmatch(rf"(-?)\(?(-?{NUMBER})\)?(?:/({NUMBER}))?", written)
    if not found or (found[3] and not Fraction(found[3])):
        return None
    return (-1 if found[1] else 1) * Fraction(found[2]) / Fraction(found[3] or 1)


def number_forms(value: Fraction, words: bool = True) -> tuple[str, ...]:
    """Ways in which texts write a number: 1300 and 1,300, -1 and −1, 3 and three, 1/2 and 0.5.

    Args:
        words: whether whole numbers up to twenty are also spelt out.
    """
    size, sign = abs(value), "-" if value < 0 else ""
    if size > LARGEST:
        return ()
    found: list[str] = []
    if size.denominator == 1:
        whole = int(size)
        found += [str(whole), f"{whole:,}", f"{whole:,}".replace(",", "{,}")]
        if words and size <= 20:
            found.append(SMALL[int(size)])
    else:
        above, below = size.numerator, size.denominator
        decimals = _decimals(size)
        if decimals:
            found += [decimals, *([decimals + "0"] if decimals[-2] == "." else ())]
        found += [f"{above}/{below}", f"{above} / {below}", rf"\frac{{{above}}}{{{below}}}",
                  rf"\dfrac{{{above}}}{{{below}}}"]  # fmt: skip
    if sign:
        found = [form for one in found for form in
                 ((f"minus {one}", f"negative {one}") if one[0].isalpha() else
                  (f"-{one}", f"−{one}"))]  # fmt: skip
    return tuple(dict.fromkeys(found))


def _decimals(size: Fraction) -> str:
    """A number with at most six decimals, if it has no more."""
    scaled = size * 10**6
    if scaled.denominator != 1:
        return ""
    return f"{int(size)}.{int(scaled) % 10**6:06d}".rstrip("0")


def _value(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if not isinstance(node, ast.BinOp):
        raise ValueError("no sum")
    left, right = _value(node.left), _value(node.right)
    match node.op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
        case ast.FloorDiv():
            return Fraction(left // right)
        case ast.Mod():
            return left % right
        case ast.Pow():
            if right.denominator != 1 or abs(right) > 64 or abs(left) > 10**6:
                raise OverflowError("too large")
            return Fraction(left ** int(right))
    raise ValueError("no sum")


def _written(tokens: tuple[str, ...]) -> Iterator[str]:
    separated = tuple(_separated(token) for token in tokens)
    for style in _STYLES:
        if all(token in style for token in tokens if token in _SIGNS):
            for numbers in (tokens, separated):
                yield _joined(numbers, style)
                yield _joined(tuple(re.sub(r"^-(?=\d)", "−", one) for one in numbers), style)
    if len(tokens) != 3:
        return
    left, sign, right = tokens
    if sign == "/":
        yield from (rf"\{name}{{{left}}}{{{right}}}" for name in ("frac", "dfrac", "tfrac"))
    if sign == "^":
        yield f"{left}^{{{right}}}"
        yield from ([f"{left} squared"] if right == "2" else [])
        yield from ([f"{left} cubed"] if right == "3" else [])
    if sign in _SPELT and all(one.isdigit() and int(one) < len(SMALL) for one in (left, right)):
        yield f"{SMALL[int(left)]}{_SPELT[sign]}{SMALL[int(right)]}"


def _separated(token: str) -> str:
    """A number with separators between thousands; anything else as it is."""
    whole, point, rest = token.partition(".")
    return f"{int(whole):,}{point}{rest}" if len(whole.lstrip("-")) > 3 else token


def _joined(tokens: tuple[str, ...], style: dict[str, str]) -> str:
    return "".join(style.get(token, token) for token in tokens)
