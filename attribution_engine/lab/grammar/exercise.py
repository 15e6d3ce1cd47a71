"""Exercises told in words: what word problems and competition problems have in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from attribution_engine.lab.problems import grade_difficulty, is_held_out


@dataclass(frozen=True, slots=True)
class Exercise:
    """A problem told in words, its worked steps and its integer answer.

    Attributes:
        kind: the template's name.
        numbers: the numbers drawn; with the kind they decide the side of the split.
        question: the text of the problem.
        steps: one sentence a step.
        answer: the final answer.
    """

    kind: str
    numbers: tuple[int, ...]
    question: str
    steps: tuple[str, ...]
    answer: int

    def key(self) -> str:
        return f"{self.kind} {self.numbers}"

    def difficulty(self) -> str:
        return grade_difficulty(len(self.steps), max(*self.numbers, self.answer))

    def keywords(self) -> list[str]:
        equations = [step.rstrip(".").rsplit(": ", 1)[-1] for step in self.steps]
        return [*equations, str(self.answer)]


Template = Callable[[Random], Exercise]


def draw_exercise(
    rng: Random, templates: Sequence[Template], *, held_out: bool = False
) -> Exercise:
    """Draw an exercise from one side of the split."""
    while True:
        exercise = rng.choice(templates)(rng)
        if is_held_out(exercise.key()) == held_out:
            return exercise
