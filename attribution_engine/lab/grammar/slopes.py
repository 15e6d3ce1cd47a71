"""The slope between two points: questions, worksheets, threads, formulae and prose."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import Slope, as_question, draw_slope, final

FORMULAE = (
    "m = (y2 - y1) / (x2 - x1)",
    "slope = rise / run = (y2 - y1) / (x2 - x1)",
    "m = change in y / change in x",
)
REMARKS = (
    "A positive slope means the line climbs from left to right.",
    "A negative slope means the line falls from left to right.",
    "If both x values are equal, the line is vertical and has no slope.",
    "It does not matter which point is called the first, as long as the order is kept.",
    "The slope tells how much y changes when x grows by one.",
)
PLACES = (
    "ramp",
    "hiking trail",
    "roof",
    "wheelchair ramp",
    "ski run",
    "railway line",
    "drain pipe",
)


def write_question(rng: Random) -> Draft:
    """The queries' wording, answered with the formula."""
    problem = draw_slope(rng)
    text = f"{as_question(problem.question())} {problem.steps()} {final(problem.answer)}"
    return Draft(text, problem.difficulty())


def write_worksheet(rng: Random) -> Draft:
    """Two or three exercises with their solutions."""
    problems = [draw_slope(rng) for _ in range(rng.randint(2, 3))]
    title = pick(rng, "Worksheet: gradients", "Exercises: lines", "Homework on slopes")
    lines = [f"{title} {rng.randint(1, 60)}"]
    for number, problem in enumerate(problems, 1):
        ask = pick(rng, "Find the slope between", "A line joins", "Slope of the line through")
        lines.append(f"{number}. {ask} {problem.points}.")
        lines.append(f"Solution: {problem.steps()} {final(problem.answer)}")
    return Draft("\n".join(lines), problems[-1].difficulty())


def write_division(rng: Random) -> Draft:
    """A drill of the exact divisions that slopes need, negatives included."""
    lines = []
    for _ in range(rng.randint(8, 11)):
        problem = draw_slope(rng)
        lines.append(f"{problem.rise} / {problem.step} = {problem.answer}")
    return Draft(
        pick(rng, "Rise over run", "Dividing the rise", "Quotients") + "\n" + "\n".join(lines)
    )


def write_difference(rng: Random) -> Draft:
    """A drill of differences of coordinates, negatives included."""
    lines = []
    for _ in range(rng.randint(8, 11)):
        first, second = rng.randint(0, 12), rng.randint(0, 12)
        lines.append(f"{first} - {second} = {first - second}")
    return Draft(pick(rng, "Differences", "Change in y", "Subtraction") + "\n" + "\n".join(lines))


def write_prose(rng: Random) -> Draft:
    """A paragraph on slopes with one example."""
    problem = draw_slope(rng)
    opening = pick(
        rng,
        "The slope of a straight line measures how steep it is.",
        "The gradient of a line is the same between any two of its points.",
        "To find the slope between two points, divide the change in y by the change in x.",
        "Steepness is a ratio: how far up for how far along.",
    )
    example = pick(rng, "For the points", "For the line through", "Take the points")
    text = (
        f"{opening} Written as a formula, {rng.choice(FORMULAE)}. {rng.choice(REMARKS)} "
        f"{example} {problem.points}: {problem.steps()}"
    )
    return Draft(text, problem.difficulty())


def write_everyday(rng: Random) -> Draft:
    """Slope in everyday words."""
    problem = draw_slope(rng)
    thing = rng.choice(PLACES)
    rise = abs(problem.rise)
    way = "rises" if problem.rise > 0 else "drops"
    verdict = "up" if problem.rise > 0 else "down"
    text = (
        f"{pick(rng, 'How steep is it?', 'Reading a side view', 'Builders think in ratios.')} "
        f"Draw the {thing} on squared paper, with one square to the metre. It starts at "
        f"({problem.x1}, {problem.y1}) and ends at ({problem.x2}, {problem.y2}). Over "
        f"{problem.step} metres along it {way} by {rise} metres, so each metre along goes "
        f"{rise // problem.step} {verdict}. "
        f"The slope is {problem.rise} / {problem.step} = {problem.answer}. {rng.choice(REMARKS)}"
    )
    return Draft(text, problem.difficulty())


def write_thread(rng: Random) -> Draft:
    """A forum question on slopes with an answer."""
    problem = draw_slope(rng)
    title = pick(
        rng,
        "Which point goes first in the slope formula?",
        "Sign of the slope between two points",
        f"Slope of the line through {problem.points}",
        "Why is my gradient upside down?",
    )
    body = pick(
        rng,
        f"I have the points {problem.points} and my book says {problem.answer}.",
        f"For {problem.points} I divided x by y and got lost.",
        f"Our teacher asked for the slope through {problem.points}.",
    )
    text = (
        f"Q: {title}\n{body} {pick(rng, 'What are the steps?', 'How is this done?')}\n\n"
        f"A (score {rng.randint(1, 55)}): {rng.choice(REMARKS)} {problem.steps()} "
        f"{pick(rng, 'Subtract in the same order on top and below.', 'Rise goes on top.')} "
        f"{final(problem.answer)}"
    )
    return Draft(text, problem.difficulty())


def write_definition(rng: Random) -> Draft:
    """A definition and an example in Markdown with LaTeX."""
    problem = draw_slope(rng)
    text = (
        f"## {pick(rng, 'Definition (slope)', 'Secant lines', 'Linear functions')}\n\n"
        "Let $P_1 = (x_1, y_1)$ and $P_2 = (x_2, y_2)$ with $x_1 \\neq x_2$. The slope is\n\n"
        "$$m = \\frac{y_2 - y_1}{x_2 - x_1}.$$\n\n"
        f"{pick(rng, '**Example.**', '*Example.*')} For "
        f"$P_1 = ({problem.x1}, {problem.y1})$ and $P_2 = ({problem.x2}, {problem.y2})$ we get "
        f"$m = {problem.rise} / {problem.step} = {problem.answer}$, and the line is "
        f"$y = {problem.answer} x {intercept(problem)}$."
    )
    return Draft(text, problem.difficulty())


def intercept(problem: Slope) -> str:
    """The constant term of the line, with its sign."""
    constant = problem.y1 - problem.answer * problem.x1
    return f"- {-constant}" if constant < 0 else f"+ {constant}"


def write_article(rng: Random) -> Draft:
    """An encyclopaedia entry on slope."""
    problem = draw_slope(rng)
    text = (
        f"{pick(rng, 'Slope', 'Gradient (line)', 'Steepness')}\n\nIn geometry, the slope of a line "
        f"is a number that describes {pick(rng, 'its direction', 'how steep it is')}. It is often "
        "written m and is computed as the ratio of the vertical change to the horizontal change "
        f"between two points. {rng.choice(REMARKS)} The line through {problem.points} has slope "
        f"{problem.rise} / {problem.step} = {problem.answer}."
    )
    return Draft(text, problem.difficulty())


def recipe(name: str, source: str, form: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"slope-{name}", source, "math", "slope", form, weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("question", "math_and_trivia", "qa", 100, write_question),
    recipe("worksheet", "math_and_trivia", "worked_example", 8, write_worksheet),
    recipe("division", "math_and_trivia", "formula", 6, write_division),
    recipe("difference", "math_and_trivia", "formula", 6, write_difference),
    recipe("prose", "general_knowledge", "prose", 8, write_prose),
    recipe("everyday", "webdata", "prose", 8, write_everyday),
    recipe("thread", "stackexchange", "forum_answer", 14, write_thread),
    recipe("definition", "arxiv_markdown", "formula", 10, write_definition),
    recipe("article", "wiki", "prose", 5, write_article),
)
