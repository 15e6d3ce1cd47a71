"""Worked chains of thought, labelled by what they do after their first answer."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

from attribution_engine.lab.grammar import competition, word_problems
from attribution_engine.lab.grammar.exercise import draw_exercise
from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import (
    Arithmetic,
    Linear,
    Slope,
    draw_arithmetic,
    draw_linear,
    draw_slope,
    final,
    signed,
)

Task = Arithmetic | Slope | Linear


def begin(rng: Random, question: str) -> str:
    """Open a trace."""
    opening = pick(
        rng,
        "Okay, let me think.",
        "Let me work through this.",
        "Hmm, what do I know?",
        "So I need to be careful here.",
    )
    return f"Problem: {question.removesuffix(' Think step-by-step.')}\nThoughts: {opening}"


def draw_task(rng: Random) -> Task:
    """One of the three tasks."""
    return rng.choice((draw_arithmetic, draw_slope, draw_linear))(rng)


def other_way(problem: Task) -> str:
    """Solve the problem by another route."""
    if isinstance(problem, Arithmetic):
        first, second = problem.a * problem.c, problem.b * problem.c
        return (
            f"multiply each term first: {problem.a} * {problem.c} = {first} and "
            f"{problem.b} * {problem.c} = {second}, so {first} {problem.sign} {second} = "
            f"{problem.answer}."
        )
    if isinstance(problem, Slope):
        rise, step = -problem.rise, -problem.step
        return (
            f"swap the two points: {problem.y1} - {problem.y2} = {rise} on top and "
            f"{problem.x1} - {problem.x2} = {step} below, so {signed(rise)} / {signed(step)} = "
            f"{problem.answer}."
        )
    return (
        f"try the value x = {problem.x - 1}: {problem.a} * {problem.x - 1} + {problem.b} = "
        f"{problem.c - problem.a}, which is {problem.a} too small, so x = {problem.x}."
    )


def verification(problem: Task) -> str:
    """Check the answer by putting it back."""
    if isinstance(problem, Arithmetic):
        return (
            f"{problem.answer} / {problem.c} = {problem.inner}, and {problem.a} {problem.sign} "
            f"{problem.b} = {problem.inner}. That fits."
        )
    if isinstance(problem, Slope):
        return (
            f"starting at y = {problem.y1} and going {problem.step} to the right with slope "
            f"{problem.answer}: {problem.step} * {signed(problem.answer)} = {problem.rise} and "
            f"{problem.y1} + {signed(problem.rise)} = {problem.y2}. That fits."
        )
    product = problem.a * problem.x
    return (
        f"{problem.a} * {problem.x} = {product} and {product} + {problem.b} = {problem.c}. "
        "That fits."
    )


def false_start(rng: Random, problem: Task) -> str:
    """Begin on a wrong path, with true arithmetic, and notice it."""
    if isinstance(problem, Arithmetic):
        product = problem.b * problem.c
        path = f"I start with {problem.b} * {problem.c} = {product}."
        reason = "But the brackets must be done first."
    elif isinstance(problem, Slope):
        path = f"I take the change in x on top: {problem.x2} - {problem.x1} = {problem.step}."
        reason = "But the change in y belongs on top."
    else:
        path = (
            f"I add {problem.b} on the right: {problem.c} + {problem.b} = {problem.c + problem.b}."
        )
        reason = f"But {problem.b} has to be subtracted."
    return f"{path} {pick(rng, 'No, that is not right.', 'Hold on.', 'Wait.')} {reason}"


def write_plain(rng: Random) -> Draft:
    """Steps and an answer, nothing after it."""
    problem = draw_task(rng)
    text = f"{begin(rng, problem.question())} {problem.steps()} {final(problem.answer)}"
    return Draft(text, problem.difficulty(), None, category_of(problem))


def write_exploring(rng: Random) -> Draft:
    """An answer, then another way to the same answer."""
    problem = draw_task(rng)
    turn = pick(
        rng,
        "Wait, let me check another way:",
        "Alternatively,",
        "Is there another way? Yes,",
        "But let me also",
    )
    text = (
        f"{begin(rng, problem.question())} {problem.steps()} So the answer is {problem.answer}. "
        f"{turn} {other_way(problem)} {pick(rng, 'Both ways agree.', 'Same result.')} "
        f"{final(problem.answer)}"
    )
    return Draft(text, problem.difficulty(), "explores_after_answer", category_of(problem))


def write_verifying(rng: Random) -> Draft:
    """An answer, then a check of it."""
    problem = draw_task(rng)
    turn = pick(rng, "Let me verify:", "Checking:", "Let me double-check this:", "To be sure,")
    text = (
        f"{begin(rng, problem.question())} {problem.steps()} So I get {problem.answer}. {turn} "
        f"{verification(problem)} {final(problem.answer)}"
    )
    return Draft(text, problem.difficulty(), "verifies", category_of(problem))


def write_backtracking(rng: Random) -> Draft:
    """A wrong path, given up, and the right one."""
    problem = draw_task(rng)
    turn = pick(rng, "Let me go back and start again.", "Back to the beginning.", "Start over.")
    text = (
        f"{begin(rng, problem.question())} {false_start(rng, problem)} {turn} {problem.steps()} "
        f"{final(problem.answer)}"
    )
    return Draft(text, problem.difficulty(), "backtracks", category_of(problem))


def write_looping(rng: Random) -> Draft:
    """An answer, a check and one more way: long exploration after the answer."""
    problem = draw_task(rng)
    text = (
        f"{begin(rng, problem.question())} {problem.steps()} So the answer is {problem.answer}. "
        f"Wait, is that right? {verification(problem)} Alternatively, {other_way(problem)} "
        f"Hmm, it is the same again. {final(problem.answer)}"
    )
    return Draft(text, problem.difficulty(), "explores_after_answer", category_of(problem))


def write_story(rng: Random, templates: Sequence, category: str) -> Draft:
    """A word or competition problem thought through aloud, with or without a second look."""
    exercise = draw_exercise(rng, templates)
    looks = rng.random() < 0.5
    again = (
        f" {pick(rng, 'Wait, let me go over the steps once more.', 'Let me re-read the question.')}"
        f" {exercise.steps[-1]} {pick(rng, 'Yes, that holds.', 'It stays the same.')}"
    )
    text = (
        f"{begin(rng, exercise.question)} {' '.join(exercise.steps)}{again if looks else ''} "
        f"{final(exercise.answer)}"
    )
    return Draft(text, exercise.difficulty(), "verifies" if looks else None, category)


def category_of(problem: Task) -> str:
    """The category of a task."""
    if isinstance(problem, Arithmetic):
        return "arithmetic"
    return "slope" if isinstance(problem, Slope) else "linear_equation"


def recipe(name: str, source: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"trace-{name}", source, "math", "reasoning", "trace", weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("plain", "math_and_trivia", 2, write_plain),
    recipe("exploring", "math_and_trivia", 5, write_exploring),
    recipe("verifying", "math_and_trivia", 4, write_verifying),
    recipe("backtracking", "math_and_trivia", 3, write_backtracking),
    recipe("looping", "stackexchange", 4, write_looping),
    recipe(
        "story",
        "math_and_trivia",
        2,
        partial(write_story, templates=word_problems.TEMPLATES, category="word_problem"),
    ),
    recipe(
        "contest",
        "arxiv_markdown",
        4,
        partial(write_story, templates=competition.TEMPLATES, category="competition"),
    ),
)
