"""Problems of the lab's math tasks, solved, with what a response may say about them."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from random import Random

from attribution_engine.lab.grammar import competition, word_problems
from attribution_engine.lab.grammar.exercise import Exercise, draw_exercise
from attribution_engine.lab.grammar.sft_composition import Solved
from attribution_engine.lab.grammar.sft_equations import equations_in
from attribution_engine.lab.grammar.sft_math_passages import write_passage
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

Task = Arithmetic | Slope | Linear | Exercise
CATEGORIES = ("arithmetic", "slope", "linear_equation", "word_problem", "competition")
TASKS: dict[str, Callable[..., Arithmetic | Slope | Linear]] = {
    "arithmetic": draw_arithmetic,
    "slope": draw_slope,
    "linear_equation": draw_linear,
}
RESULTS = ("So the result is {}.", "So I get {}.", "This gives {}.", "That makes {}.")
COUNTS = ("no", "one", "two", "three", "four", "five", "six")
CHARACTERS_PER_TOKEN = 3.2


def draw_math(rng: Random, category: str, *, held_out: bool = False) -> Task:
    """Draw a problem of a category from one side of the split."""
    if category == "word_problem":
        return draw_exercise(rng, word_problems.TEMPLATES, held_out=held_out)
    if category == "competition":
        return draw_exercise(rng, competition.TEMPLATES, held_out=held_out)
    return TASKS[category](rng, held_out=held_out)


def solve_math(rng: Random, category: str) -> Solved:
    """Draw a problem of the corpus's side, one with an equation among its steps, and solve it."""
    steps = ""
    while not equations_in(steps):
        task = draw_math(rng, category)
        steps = " ".join(task.steps) if isinstance(task, Exercise) else task.steps()
    question = task.question if isinstance(task, Exercise) else task.question()
    result = rng.choice(RESULTS).format(task.answer)
    return Solved(
        key=task.key(),
        domain="math",
        category=category,
        difficulty=task.difficulty(),
        prompt=as_question(question),
        openings=openings(rng, task, question),
        solution=f"{steps} {result}",
        closings=closings(rng, task.answer, steps),
        end=final(task.answer),
        passage=partial(write_passage, task=task, steps=steps),
        fixed=0,
        characters_per_token=CHARACTERS_PER_TOKEN,
    )


def openings(rng: Random, task: Task, question: str) -> list[str]:
    """Neutral sentences before the steps: the question again, its numbers, the plan."""
    plain = question.removesuffix(THINK).strip()
    numbers = list(dict.fromkeys(re.findall(r"\d+", plain)))
    listed = f"{', '.join(numbers[:-1])} and {numbers[-1]}" if numbers[1:] else numbers[0]
    return [
        rng.choice(("Okay.", "Let me work through this.", "Here is the work.", "I begin.")),
        rng.choice(
            (
                f"The question asks for {asked(task)}.",
                f"What is wanted is {asked(task)}.",
                f"I look for {asked(task)}.",
            )
        ),
        rng.choice(
            (
                f"The numbers given are {listed}.",
                f"I note the numbers {listed}.",
                f"Given: {listed}.",
            )
        ),
        rng.choice(("I go step by step.", "I write every step down.", "One step at a time.")),
        rng.choice(("Each step is a small one.", "The order of the steps matters.")),
    ]


def asked(task: Task) -> str:
    """What a problem asks for, in a few words."""
    if isinstance(task, Arithmetic):
        return f"the value of {task.expression}"
    if isinstance(task, Slope):
        return f"the slope between {task.points}"
    return f"x in {task.equation}" if isinstance(task, Linear) else "one whole number"


def closings(rng: Random, answer: int, steps: str) -> list[str]:
    """Neutral sentences after the result: what kind of number it is, the steps listed again."""
    digits = len(str(abs(answer)))
    found = equations_in(steps)
    sentences = [
        rng.choice(("It is a whole number.", "This is an integer.", "There is no fraction in it.")),
        f"{answer} is an {'even' if answer % 2 == 0 else 'odd'} number.",
        f"It has {COUNTS[min(digits, 6)]} digit{'' if digits == 1 else 's'}.",
        rng.choice(("That was the last step.", "All steps are done.", "Nothing else is asked.")),
        rng.choice(("No unit is needed here.", "The number alone is enough.")),
        rng.choice(("Now I can write it down.", "I only have to state it.", "The work ends here.")),
    ]
    if len(found) > 1:
        values = " and ".join(str(equation.value) for equation in found[-2:])
        sentences.insert(0, f"The last two steps gave {values}.")
    if found:
        line = ", ".join(map(str, found))
        sentences.insert(0, rng.choice((f"In one line: {line}.", f"The steps in short: {line}.")))
    return sentences
