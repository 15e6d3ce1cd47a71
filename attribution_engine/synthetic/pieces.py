"""Invented sentences, formulas and lines of code, from which synthetic documents are put together.

Their facts are made up and their sums may be wrong: nothing here is meant to be learnt from.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np
import pyarrow as pa

_TOKEN: Final = re.compile(r" ?[^\W_]{1,9}|\s|[^\w\s]|_")
_SYLLABLES: Final = (
    "ba bel bor cas den dor el fen gal hol is jor kal lum mar nor ol pel quin ras sol tam ul ver"
    " wen yor zan ther mond vik"
).split()
_NOUNS: Final = (
    "marbles apples boxes coins pages tickets stamps bricks chairs letters lamps bottles ropes"
    " cards stones plants tiles shells ribbons buttons"
).split()
_NAMES: Final = "function value total result counter length index limit item weight score".split()
_TRADES: Final = "wool copper salt timber glass honey paper amber wine silk cotton tin".split()
_FIELDS: Final = "river harbour valley market bridge tower garden castle library mill".split()


@dataclass(frozen=True, slots=True)
class Pieces:
    """A pool of pieces; each begins with the white space that parts it from the one before.

    Attributes:
        texts: all pieces; n_characters: of each.
        ends, first_end, n_tokens: where the tokens of all pieces end, in characters of the piece;
            where in `ends` those of a piece begin, and how many these are.
        kinds, behaviours: what the piece is as a span.
        domains: first and last + 1 of the pieces of each domain.
    """

    texts: pa.Array
    n_characters: np.ndarray
    ends: np.ndarray
    first_end: np.ndarray
    n_tokens: np.ndarray
    kinds: tuple[str, ...]
    behaviours: tuple[str | None, ...]
    domains: dict[str, tuple[int, int]]


Piece = tuple[str, str, str | None]  # text, kind, behaviour


def make_pieces(seed: int, each: int = 6_000) -> Pieces:
    """The pool of a seed: `each` pieces of every domain."""
    random = Random(seed)
    pool: list[Piece] = []
    domains = {}
    for domain, makers in MAKERS.items():
        start = len(pool)
        pool += [makers[number % len(makers)](random) for number in range(each)]
        domains[domain] = (start, len(pool))
    found = [token_ends(text) for text, _, _ in pool]
    counts = np.array([len(ends) for ends in found])
    return Pieces(
        pa.array([text for text, _, _ in pool]),
        np.array([len(text) for text, _, _ in pool]),
        np.concatenate(found).astype(np.int32),
        np.cumsum(counts) - counts,
        counts,
        tuple(kind for _, kind, _ in pool),
        tuple(behaviour for _, _, behaviour in pool),
        domains,
    )


def token_ends(text: str) -> list[int]:
    """Where words, digits and signs end; a blank belongs to the word behind it."""
    return [match.end() for match in _TOKEN.finditer(text)]


def place_name(random: Random) -> str:
    return "".join(random.choices(_SYLLABLES, k=random.randint(2, 3))).capitalize()


def _sum(random: Random) -> Piece:
    a, b, noun = random.randint(2, 99), random.randint(2, 99), random.choice(_NOUNS)
    words = random.choice(
        (
            f" There are {a} {noun} in one box and {b} in another: {a} + {b} = {a + b} in all.",
            f" First multiply {a} by {b}; the product is {a * b}.",
            f" If {a} of the {noun} are taken away from {a + b}, then {b} of them are left.",
            f" Therefore the total number of {noun} is {a + b}.",
        )
    )
    return words, "sentence", None


def _slope(random: Random) -> Piece:
    a, b, c, d = (random.randint(-20, 20) for _ in range(4))
    words = random.choice(
        (
            f" The slope of the line through ({a}, {b}) and ({c}, {d}) is the rise over the run.",
            f" Here the rise is {d} - {b} = {d - b} and the run is {c} - {a} = {c - a}.",
            f" Dividing the rise {d - b} by the run {c - a} gives the slope of the line.",
        )
    )
    return words, "sentence", None


def _formula(random: Random) -> Piece:
    a, b, n = random.randint(2, 30), random.randint(1, 30), random.randint(2, 9)
    words = random.choice(
        (
            f"\n\n$$\\sum_{{k=1}}^{n} \\frac{{{a}k + {b}}}{{k^2}} = \\int_0^{{{b}}} x\\,dx$$\n\n",
            f"\n\n\\[ m = \\frac{{y_2 - y_1}}{{x_2 - x_1}} = \\frac{{{a}}}{{{b}}} \\]\n\n",
            f" We write $f(x) = {a}x^{n} - {b}$, hence $f'(x) = {a * n}x^{{{n - 1}}}$.",
        )
    )
    return words, "formula" if "\n" in words else "sentence", None


def _thinking(random: Random) -> Piece:
    a, b = random.randint(2, 60), random.randint(2, 60)
    return random.choice((
        (f" Wait, {a} was wrong; go back and begin again with {b}.", "passage", "backtracks"),
        (f" Let me check: {a} * {b} = {a * b}. That is right.", "passage", "verifies"),
        (
            f" Alternatively, we could try {a} instead of {b} before deciding.",
            *("passage", "explores_before_answer"),
        ),
        (
            f" The answer is {a}. Still, consider another way: set x = {b} and solve for y.",
            *("passage", "explores_after_answer"),
        ),
    ))  # fmt: skip


def _heading(random: Random) -> Piece:
    words = random.choice(("Solution", "Worked example", "Exercise", "Remark", "Notes"))
    return f"\n\n## {words} {random.randint(1, 400)}\n\n", "heading", None


def _code(random: Random) -> Piece:
    name, other = random.sample(_NAMES, 2)
    a, b = random.randint(1, 99), random.randint(2, 9)
    words = random.choice(
        (
            f"\n```python\ndef {name}_{a}({other}):\n    return {other} * {b} + {a}\n```\n",
            f"\n    for i in range({a}):\n        {name} += {other}[i] % {b}",
            f"\n    if {name} > {a}:\n        return {other} - {b}",
            f"\n\n```js\nconst {name} = {other}.map((x) => x * {b} - {a});\n```\n",
        )
    )
    return words, "code", None


def _about_code(random: Random) -> Piece:
    (name, other), a = random.sample(_NAMES, 2), random.randint(2, 99)
    words = random.choice(
        (
            f" The {name} comes before the {other}, so the loop runs {a} times.",
            f" Call `{name}({a})` and compare the {other} with what you expect.",
            f"\n- `{name}` is the {other} of the last call.",
            f"\n# {name}: see the {other} below\n",
        )
    )
    return words, "list item" if words.startswith("\n-") else "sentence", None


def _fact(random: Random) -> Piece:
    place, other, year = place_name(random), place_name(random), random.randint(1200, 1990)
    words = random.choice(
        (
            f" The {random.choice(_FIELDS)} of {place} was built in {year} and is known for its"
            f" {random.choice(_TRADES)}.",
            f" {place} lies on the {random.choice(_FIELDS)} of {other}, which traded"
            f" {random.choice(_TRADES)} with {place_name(random)} until {year}.",
            f" The capital of {place} is {other}.",
            f" However, few people in {place} remember the {random.choice(_FIELDS)} of {other}.",
        )
    )
    return words, "sentence", None


def _elsewhere(random: Random) -> Piece:
    a, b = random.randint(2, 99), random.randint(2, 99)
    words = random.choice(
        (
            f" Die Stadt {place_name(random)} hat {a} Brücken und {b} Türme.",
            f" 直线的斜率是{a}，因此答案是{b}。",
            f" La pente de la droite vaut {a} et l'ordonnée à l'origine vaut {b}.",
            f" 🙂 naïve café № {a} — “{place_name(random)}” × {b}",
        )
    )
    return words, "sentence", None


Maker = Callable[[Random], Piece]
MAKERS: Final[dict[str, tuple[Maker, ...]]] = {
    "math": (_sum, _slope, _formula, _sum, _slope, _thinking, _fact, _heading),
    "code": (_code, _about_code, _about_code, _code, _thinking, _about_code),
    "general": (_fact, _fact, _fact, _sum, _fact),
    "multilingual": (_elsewhere, _fact, _elsewhere),
}
