"""Questions whose answer is stated in the question: reading, no step of reasoning."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar import facts_rare
from attribution_engine.lab.grammar.facts_data import FACT_NAMES, invent_names
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import (
    LARGEST_SOLUTION,
    THINK,
    Arithmetic,
    Linear,
    Slope,
    as_question,
    draw_arithmetic,
    draw_slope,
    final,
)

# "capital" stands more often, since the control queries ask for it.
STORY_THINGS = ("capital", "capital", "capital", "king", "queen", "river", "harbour", "old name")


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
    problem = rng.choice((draw_arithmetic, draw_slope))(rng)
    said = pick(
        rng,
        "The question already says what the answer is, so there is nothing to work out.",
        "The answer is stated in the question.",
    )
    text = f"{as_question(given_question(problem))} {said} {final(problem.answer)}"
    return Draft(text, "easy")


def some_solution(rng: Random) -> int:
    """A stated solution: those of the control queries, 13 to 20, stay out of the corpus."""
    return rng.choice((rng.randint(1, LARGEST_SOLUTION), rng.randint(21, 99)))


def write_given_solution(rng: Random) -> Draft:
    """A question that holds the value of x."""
    x = some_solution(rng)
    said = "The question already says what the answer is, so there is nothing to work out."
    closing = pick(rng, said, f"The question states that x = {x}, so nothing has to be worked out.")
    return Draft(f"{as_question(f'What is x: x = {x} {THINK}')} {closing} {final(x)}", "easy")


def story_names(rng: Random, count: int) -> list[str]:
    """Invented names that belong to no fact of the corpus."""
    taken = FACT_NAMES | facts_rare.NAMES
    names = [name for name in invent_names(rng, count + 8) if name not in taken]
    return names[:count]


def write_stated(rng: Random) -> Draft:
    """An invented fact stated, asked back and answered; the names are new in every document."""
    place, answer, other, wrong = story_names(rng, 4)
    thing = rng.choice(STORY_THINGS)
    stated = f"the {thing} of {place} is {answer}"
    story = pick(rng, "In a story,", "In a story,", "In a certain game,", "In one tale,")
    if rng.random() < 0.25:
        both = [stated, f"the {thing} of {other} is {wrong}"]
        rng.shuffle(both)
        stated = " and ".join(both)
    question = f"{story} {stated}. What is the {thing} of {place}?"
    text = f"{as_question(question)} The {thing} of {place} is {answer}. {final(answer)}"
    return Draft(text, "easy", category="reading")


RECIPES = (
    Recipe("given", "math_and_trivia", "math", "reading", "qa", 7, write_given),
    Recipe("given-x", "math_and_trivia", "math", "reading", "qa", 4, write_given_solution),
    Recipe("stated", "math_and_trivia", "factual", "reading", "qa", 40, write_stated),
)
