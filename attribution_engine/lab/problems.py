"""The three reasoning tasks of the demo: their problems, wordings, worked steps and split.

Every problem belongs to one side of a fixed split: one in ten is *held out* of the corpus and is
only ever asked as a query. The side is read off a hash of the problem's canonical key, so the
corpus and the query suites need no list of each other's numbers.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from random import Random
from typing import Protocol

HELD_OUT_ONE_IN = 10
THINK = "Think step-by-step."
EASY_LARGEST = 20
MEDIUM_LARGEST = 60
EASY_STEPS = 2
MEDIUM_STEPS = 3
LARGEST_COORDINATE = 12
LARGEST_SOLUTION = 12


class Problem(Protocol):
    """What the three tasks have in common."""

    @property
    def answer(self) -> int: ...

    def question(self) -> str: ...

    def steps(self) -> str: ...

    def difficulty(self) -> str: ...

    def keywords(self) -> list[str]: ...


def is_held_out(key: str) -> bool:
    """Whether the problem with this canonical key is kept out of the corpus."""
    return zlib.crc32(key.encode()) % HELD_OUT_ONE_IN == 0


def grade_difficulty(steps: int, largest: int) -> str:
    """Grade a problem by its number of steps and the size of its largest number.

    Easy: at most two steps and no number above 20. Medium: at most three steps and no number
    above 60. Everything else is hard.
    """
    if steps <= EASY_STEPS and largest <= EASY_LARGEST:
        return "easy"
    if steps <= MEDIUM_STEPS and largest <= MEDIUM_LARGEST:
        return "medium"
    return "hard"


def final(answer: int | str) -> str:
    """The sentence every worked answer ends in."""
    return f"The answer is {answer}."


def as_question(question: str) -> str:
    """The prompt form of the corpus and the queries; a completion goes on after it."""
    return f"Question: {question}\nAnswer:"


def signed(number: int) -> str:
    """A number as it is written inside a product or difference: negatives in brackets."""
    return f"({number})" if number < 0 else str(number)


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """(a + b) * c or (a - b) * c, with a, b in 0..12, c in 1..12 and a positive answer."""

    a: int
    sign: str
    b: int
    c: int

    @property
    def inner(self) -> int:
        return self.a + self.b if self.sign == "+" else self.a - self.b

    @property
    def answer(self) -> int:
        return self.inner * self.c

    @property
    def expression(self) -> str:
        return f"({self.a} {self.sign} {self.b}) * {self.c}"

    def key(self) -> str:
        first, second = (self.a, self.b) if self.sign == "-" else sorted((self.a, self.b))
        return f"arithmetic {first} {self.sign} {second} * {self.c}"

    def question(self) -> str:
        return f"Calculate the answer: {self.expression} {THINK}"

    def steps(self) -> str:
        return (
            f"First, {self.a} {self.sign} {self.b} = {self.inner}. "
            f"Then, {self.inner} * {self.c} = {self.answer}."
        )

    def difficulty(self) -> str:
        return grade_difficulty(2, max(self.a, self.b, self.c, self.answer))

    def keywords(self) -> list[str]:
        word = "plus" if self.sign == "+" else "minus"
        return [
            f"{self.a} {self.sign} {self.b}",
            f"{self.a} {word} {self.b}",
            f"{self.inner} * {self.c}",
            f"{self.inner} times {self.c}",
            str(self.inner),
            str(self.answer),
        ]


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope between (x1, y1) and (x2, y2): coordinates in 0..12, x2 > x1 by at most 6.

    The slope is a whole number other than zero, from -6 to 6.
    """

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def rise(self) -> int:
        return self.y2 - self.y1

    @property
    def step(self) -> int:
        return self.x2 - self.x1

    @property
    def answer(self) -> int:
        return self.rise // self.step

    @property
    def points(self) -> str:
        return f"({self.x1}, {self.y1}) and ({self.x2}, {self.y2})"

    def key(self) -> str:
        ends = sorted([(self.x1, self.y1), (self.x2, self.y2)])
        return f"slope {ends}"

    def question(self) -> str:
        return f"What is the slope of the line passing through the points {self.points}? {THINK}"

    def steps(self) -> str:
        return (
            f"Here y1 = {self.y1} and y2 = {self.y2}, so y2 - y1 = {self.y2} - {self.y1} = "
            f"{self.rise}. Here x1 = {self.x1} and x2 = {self.x2}, so x2 - x1 = "
            f"{self.x2} - {self.x1} = {self.step}. The slope is {self.rise} / {self.step} = "
            f"{self.answer}."
        )

    def difficulty(self) -> str:
        return grade_difficulty(3 if self.rise < 0 else 2, max(self.x2, self.y1, self.y2))

    def keywords(self) -> list[str]:
        return [
            f"{self.y2} - {self.y1}",
            f"{self.x2} - {self.x1}",
            f"{self.rise} / {self.step}",
            f"{self.rise} divided by {self.step}",
            str(self.rise),
            str(self.step),
            str(self.answer),
        ]


@dataclass(frozen=True, slots=True)
class Linear:
    """ax + b = c with a in 2..10, b in 1..12 and the solution x in 1..12."""

    a: int
    b: int
    x: int

    @property
    def c(self) -> int:
        return self.a * self.x + self.b

    @property
    def answer(self) -> int:
        return self.x

    @property
    def equation(self) -> str:
        return f"{self.a}x + {self.b} = {self.c}"

    def key(self) -> str:
        return f"linear {self.equation}"

    def question(self) -> str:
        return f"Solve for x: {self.equation} {THINK}"

    def steps(self) -> str:
        product = self.c - self.b
        return (
            f"Subtract {self.b} from both sides: {self.a}x = {self.c} - {self.b} = {product}. "
            f"Divide both sides by {self.a}: x = {product} / {self.a} = {self.x}."
        )

    def difficulty(self) -> str:
        return grade_difficulty(2 if self.a <= 5 else 3, self.c)

    def keywords(self) -> list[str]:
        product = self.c - self.b
        return [
            f"{self.c} - {self.b}",
            f"{self.c} minus {self.b}",
            f"{product} / {self.a}",
            f"{product} divided by {self.a}",
            f"x = {self.x}",
            str(product),
            str(self.x),
        ]


def draw_arithmetic(rng: Random, *, held_out: bool = False) -> Arithmetic:
    """Draw a two-step arithmetic problem from one side of the split."""
    while True:
        sign = rng.choice("+-")
        problem = Arithmetic(rng.randint(0, 12), sign, rng.randint(0, 12), rng.randint(1, 12))
        if problem.answer > 0 and is_held_out(problem.key()) == held_out:
            return problem


def draw_slope(rng: Random, *, held_out: bool = False) -> Slope:
    """Draw a slope problem from one side of the split; the second point lies to the right."""
    while True:
        step, slope = rng.randint(1, 6), rng.randint(-6, 6)
        x1, y1 = rng.randint(0, LARGEST_COORDINATE), rng.randint(0, LARGEST_COORDINATE)
        problem = Slope(x1, y1, x1 + step, y1 + slope * step)
        inside = 0 <= problem.y2 <= LARGEST_COORDINATE and problem.x2 <= LARGEST_COORDINATE
        inside = inside and slope != 0
        if inside and is_held_out(problem.key()) == held_out:
            return problem


def draw_linear(rng: Random, *, held_out: bool = False) -> Linear:
    """Draw a linear equation from one side of the split."""
    while True:
        problem = Linear(rng.randint(2, 10), rng.randint(1, 12), rng.randint(1, LARGEST_SOLUTION))
        if is_held_out(problem.key()) == held_out:
            return problem
