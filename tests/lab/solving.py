"""Reads the problems out of a document's text and solves them afresh, apart from the grammar."""

from __future__ import annotations

import re
from collections.abc import Callable

from attribution_engine.lab.problems import Arithmetic, Linear, Slope

Numbers = tuple[int, ...]
BRACKET = re.compile(r"\((\d+) ([+-]) (\d+)\) \* (\d+)")
EQUATION = re.compile(r"(\d+)x \+ (\d+) = (\d+)")
POINTS = re.compile(r"\((\d+), (\d+)\)[^()]{1,30}\((\d+), (\d+)\)")
# Programs and formulae that give the numbers of a problem by name or by position.
FOUR = re.compile(r"\((\d+), (\d+), (\d+), (\d+)\)")
CALL = re.compile(r"(?:= |assert )\w+\((\d+), (\d+), (\d+)\)")
LETTERS = re.compile(r"\$a = (\d+)\$, \$b = (\d+)\$(?:,| and) \$c = (\d+)\$")
UNPACKED = re.compile(r"a, b, c = (\d+), (\d+), (\d+)")
STEP = re.compile(r"step\d = (\d+) ([+-]) (\d+)\n.*\nvalue\d = step\d \* (\d+)")
LETTER_SIGN = re.compile(r"\ba ([+-]) b\b")

# kind: question, the numbers of the problem's key, its answer
Solver = tuple[str, Callable[..., Numbers], Callable[..., int]]
EXERCISES: dict[str, Solver] = {
    "boxes_and_loose": (
        r"has (\d+) \w+ with (\d+) \w+ in each and (\d+) loose",
        lambda boxes, each, loose: (boxes, each, loose),
        lambda boxes, each, loose: boxes * each + loose,
    ),
    "gift_and_share": (
        r"has (\d+) \w+ and gets (\d+) more\. \w+ shares them equally among (\d+) friends",
        lambda own, gift, friends: (own, gift, friends),
        lambda own, gift, friends: exactly(own + gift, friends),
    ),
    "change_from_note": (
        r"buys (\d+) items for (\d+) dollars each and pays with (\d+) dollars",
        lambda count, price, note: (count, price, note),
        lambda count, price, note: note - count * price,
    ),
    "twice_as_many": (
        r"had (\d+) \w+ and gave away (\d+)\. \w+ has (\d+) times as many",
        lambda start, given, factor: (start, given, factor),
        lambda start, given, factor: (start - given) * factor,
    ),
    "weekly_walk": (
        r"walks (\d+) kilometres every morning and (\d+) kilometres every evening\. "
        r"How many kilometres does \w+ walk in (\d+) days",
        lambda first, second, days: (first, second, days),
        lambda first, second, days: (first + second) * days,
    ),
    "tank_rate": (
        r"holds (\d+) litres at first and (\d+) litres after (\d+) minutes",
        lambda start, end, minutes: (start, (end - start) // minutes, minutes),
        lambda start, end, minutes: exactly(end - start, minutes),
    ),
    "three_steps": (
        r"has (\d+) rows of (\d+) seats and (\d+) seats are taken\. Groups of (\d+)",
        lambda rows, seats, taken, group: (rows, seats, taken, group),
        lambda rows, seats, taken, group: exactly(rows * seats - taken, group),
    ),
    "remainder_of_power": (
        r"remainder when (\d+)\^(\d+) is divided by (\d+)",
        lambda base, exponent, modulus: (base, exponent, modulus),
        lambda base, exponent, modulus: pow(base, exponent, modulus),
    ),
    "count_multiples": (
        r"integers at most (\d+) are divisible by (\d+) or by (\d+)",
        lambda limit, first, second: (first, second, limit),
        lambda limit, first, second: sum(
            number % first == 0 or number % second == 0 for number in range(1, limit + 1)
        ),
    ),
    "arithmetic_sum": (
        r"sequence is (\d+), the common difference is (\d+) and there are (\d+) terms",
        lambda start, gap, terms: (start, gap, terms),
        lambda start, gap, terms: sum(start + gap * number for number in range(terms)),
    ),
    "handshakes": (
        r"party with (\d+) guests .* except for (\d+) pairs",
        lambda people, apart: (people, apart),
        lambda people, apart: sum(range(people)) - apart,
    ),
    "sum_and_product": (
        r"x \+ y = (\d+) and xy = (\d+)",
        lambda total, product: (total, product),
        lambda total, product: total**2 - 2 * product,
    ),
    "lattice_area": (
        r"\((\d+), 0\) and \(0, (\d+)\)\. Let K be twice its area\. Find K \+ (\d+)",
        lambda width, height, extra: (width, height, extra),
        lambda width, height, extra: width * height + extra,
    ),
}
PATTERNS = {kind: re.compile(solver[0]) for kind, solver in EXERCISES.items()}


def exactly(number: int, divisor: int) -> int:
    """The quotient of a division without a rest."""
    assert number % divisor == 0
    return number // divisor


def find_exercise(text: str) -> tuple[str, int] | None:
    """Key and answer of the word or competition problem in a text; None if it holds none."""
    for kind, pattern in PATTERNS.items():
        if found := pattern.search(text):
            numbers = tuple(map(int, found.groups()))
            _, order, answer = EXERCISES[kind]
            return f"{kind} {order(*numbers)}", answer(*numbers)
    return None


def find_problems(text: str) -> list[Arithmetic | Slope | Linear]:
    """Every problem of the three tasks in a text, in whatever form it is written."""
    found: list[Arithmetic | Slope | Linear] = []
    for a, sign, b, c in BRACKET.findall(text) + STEP.findall(text):
        found.append(Arithmetic(int(a), sign, int(b), int(c)))
    for four in POINTS.findall(text) + FOUR.findall(text):
        found.append(Slope(*map(int, four)))
    three = [tuple(map(int, numbers)) for numbers in CALL.findall(text)]
    three += [tuple(map(int, numbers)) for numbers in LETTERS.findall(text)]
    if signs := set(LETTER_SIGN.findall(text)):
        (sign,) = signs
        found += [Arithmetic(a, sign, b, c) for a, b, c in three]
        return found
    three += [tuple(map(int, numbers)) for numbers in UNPACKED.findall(text)]
    three += [tuple(map(int, numbers)) for numbers in EQUATION.findall(text)]
    return found + [Linear(a, b, exactly(c - b, a)) for a, b, c in three]
