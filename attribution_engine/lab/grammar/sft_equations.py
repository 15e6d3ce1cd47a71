"""Equations of worked steps: found in a text, turned round, reached another way, or missed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from attribution_engine.lab.problems import signed

NUMBER = r"\(?(-?\d+)\)?"
SIMPLE = re.compile(rf"(?<![-+*/^] )(?<![\w.]){NUMBER} ([-+*/]) {NUMBER} = {NUMBER}(?![\w^])")
VERBS = {"+": "added", "-": "subtracted", "*": "multiplied", "/": "divided"}
INSTEAD = {"+": "-", "-": "+", "*": "+", "/": "-"}


@dataclass(frozen=True, slots=True)
class Equation:
    """left sign right = value, of whole numbers."""

    left: int
    sign: str
    right: int
    value: int

    def __str__(self) -> str:
        return f"{signed(self.left)} {self.sign} {signed(self.right)} = {self.value}"

    def backwards(self) -> str:
        """From the value back to the left side: what a check computes."""
        if self.sign == "+":
            turned = Equation(self.value, "-", self.right, self.left)
        elif self.sign == "-":
            turned = Equation(self.value, "+", self.right, self.left)
        elif self.sign == "*" and self.right:
            turned = Equation(self.value, "/", self.right, self.left)
        elif self.sign == "/":
            turned = Equation(self.value, "*", self.right, self.left)
        else:
            turned = self
        return str(turned)

    def another_way(self) -> str:
        """Another true calculation that leads to the same value."""
        if self.sign == "*" and self.right > 2:
            less = self.left * (self.right - 1)
            first = Equation(self.left, "*", self.right - 1, less)
            return f"{first} and {Equation(less, '+', self.left, self.value)}"
        if self.sign in "+*":
            return str(Equation(self.right, self.sign, self.left, self.value))
        up = Equation(self.right, "+" if self.sign == "-" else "*", self.value, self.left)
        return f"{up}, so it is {self.value}"

    def missed(self) -> Equation:
        """A true equation of the same two numbers with another sign: a wrong start."""
        sign = INSTEAD[self.sign]
        wrong = self._with(sign)
        return wrong if wrong.value != self.value else self._with("-" if sign == "+" else "+")

    def _with(self, sign: str) -> Equation:
        return Equation(self.left, sign, self.right, value_of(self.left, sign, self.right))


def value_of(left: int, sign: str, right: int) -> int:
    """The value of a sum, difference, product or exact quotient."""
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    return left * right if sign == "*" else left // right


def equations_in(text: str) -> list[Equation]:
    """The equations of two whole numbers that stand in a text and hold, in order."""
    found = []
    for left, sign, right, value in SIMPLE.findall(text):
        equation = Equation(int(left), sign, int(right), int(value))
        exact = sign != "/" or (equation.right and equation.left % equation.right == 0)
        if exact and value_of(equation.left, sign, equation.right) == equation.value:
            found.append(equation)
    return found
