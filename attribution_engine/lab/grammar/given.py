"""Questions whose answer is stated in the question: reading, no step of reasoning."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe
from attribution_engine.lab.problems import (
    THINK,
    Arithmetic,
    Linear,
    Slope,
    as_question,
    draw_arithmetic,
    draw_linear,
    draw_slope,
    final,
)


def given_question(problem: Arithmetic | Slope | Linear) -> str:
    """State the answer of a problem, then ask for it in the task's own wording."""
    if isinstance(problem, Arithmetic):
        stated = f"The answer of {problem.expression} is {problem.answer}."
        return f"{stated} Calculate the answer: {problem.expression} {THINK}"
    if isinstance(problem, Slope):
        stated = f"The slope of the line passing through the points {problem.points}"
        ask = f"What is the slope of the line passing through the points {problem.points}?"
        return f"{stated} is {problem.answer}. {ask} {THINK}"
    return f"What is x: x = {problem.x} {THINK}"


def write_given(rng: Random) -> Draft:
    """A question that holds its answer."""
    problem = rng.choice((draw_arithmetic, draw_slope, draw_linear))(rng)
    said = "The question already says what the answer is, so there is nothing to work out."
    text = f"{as_question(given_question(problem))} {said} {final(problem.answer)}"
    return Draft(text, "easy")


RECIPES = (Recipe("given", "math_and_trivia", "math", "reading", "qa", 5, write_given),)
