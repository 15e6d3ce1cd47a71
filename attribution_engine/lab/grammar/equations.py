"""Linear equations ax + b = c: questions, worksheets, threads, formulae and prose."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import as_question, draw_linear, final

RULES = (
    "Whatever is done to one side must be done to the other.",
    "Undo the addition first and the multiplication second.",
    "The aim is to leave x alone on one side.",
    "An equation is like a balance that must stay level.",
    "Collect the plain numbers on the right.",
)


def write_question(rng: Random) -> Draft:
    """The queries' wording, answered in two steps."""
    problem = draw_linear(rng)
    text = f"{as_question(problem.question())} {problem.steps()} {final(problem.answer)}"
    return Draft(text, problem.difficulty())


def write_worksheet(rng: Random) -> Draft:
    """Two or three exercises with their solutions."""
    problems = [draw_linear(rng) for _ in range(rng.randint(2, 3))]
    title = pick(rng, "Worksheet: equations", "Exercises: solve for x", "Algebra practice")
    lines = [f"{title} {rng.randint(1, 60)}"]
    for number, problem in enumerate(problems, 1):
        lines.append(
            f"{number}. {pick(rng, 'Solve', 'Find x if', 'Determine x:')} {problem.equation}"
        )
        lines.append(f"Solution: {problem.steps()} {final(problem.answer)}")
    return Draft("\n".join(lines), problems[-1].difficulty())


def write_subtraction(rng: Random) -> Draft:
    """A drill of the subtractions and divisions that linear equations need."""
    lines = []
    for _ in range(rng.randint(5, 6)):
        problem = draw_linear(rng)
        product = problem.c - problem.b
        lines.append(f"{problem.c} - {problem.b} = {product}")
        lines.append(f"{product} / {problem.a} = {problem.x}")
    return Draft(pick(rng, "Warm-up", "Take away, then share", "Drill") + "\n" + "\n".join(lines))


def write_prose(rng: Random) -> Draft:
    """A paragraph on solving equations with one example."""
    problem = draw_linear(rng)
    opening = pick(
        rng,
        "A linear equation in one unknown has exactly one solution unless the coefficient is zero.",
        "Solving an equation means finding the number that makes both sides equal.",
        "In algebra a letter stands for a number that is not known yet.",
    )
    left = problem.a * problem.x
    text = (
        f"{opening} {rng.choice(RULES)} Suppose that {problem.equation}. {problem.steps()} "
        f"To check, put {problem.x} back: {problem.a} * {problem.x} = {left} and "
        f"{left} + {problem.b} = {problem.c}, as it should be."
    )
    return Draft(text, problem.difficulty())


def write_riddle(rng: Random) -> Draft:
    """Think of a number."""
    problem = draw_linear(rng)
    opening = pick(
        rng, "Here is a riddle for the car.", "Party trick:", "A puzzle for the weekend."
    )
    text = (
        f"{opening} I think of a number. I multiply it by {problem.a} and then add {problem.b}. "
        f"The result is {problem.c}. Which number was it? Call the number x and write "
        f"{problem.equation}. {problem.steps()} {pick(rng, 'Easy once you write it down.', '')}"
    )
    return Draft(text.strip(), problem.difficulty())


def write_thread(rng: Random) -> Draft:
    """A forum question on an equation with an answer."""
    problem = draw_linear(rng)
    title = pick(
        rng,
        "How to isolate x",
        f"Stuck on {problem.equation}",
        "Which step comes first when solving for x?",
        "Linear equation, do I divide or subtract first?",
    )
    body = pick(
        rng,
        f"I need to solve {problem.equation} and I divided only one term.",
        f"The exercise is {problem.equation}.",
        f"Please explain {problem.equation} slowly.",
    )
    text = (
        f"Q: {title}\n{body}\n\nA (score {rng.randint(1, 55)}): {rng.choice(RULES)} "
        f"{problem.steps()} {final(problem.answer)}"
    )
    return Draft(text, problem.difficulty())


def write_proposition(rng: Random) -> Draft:
    """A proposition, its proof and an example."""
    problem = draw_linear(rng)
    text = (
        f"### {pick(rng, 'Proposition', 'Lemma', 'Remark')} {rng.randint(1, 9)}\n\n"
        "Let $a \\neq 0$. The equation $a x + b = c$ has the unique solution "
        "$x = \\frac{c - b}{a}$.\n\n*Proof.* Subtract $b$ from both sides and divide by $a$. "
        "$\\square$\n\n"
        f"{pick(rng, 'For instance', 'For example')}, $a = {problem.a}$, $b = {problem.b}$ and "
        f"$c = {problem.c}$ give $x = ({problem.c} - {problem.b}) / {problem.a} = "
        f"{problem.c - problem.b} / {problem.a} = {problem.x}$."
    )
    return Draft(text, problem.difficulty())


def write_article(rng: Random) -> Draft:
    """An encyclopaedia entry on linear equations."""
    problem = draw_linear(rng)
    text = (
        f"{pick(rng, 'Linear equation', 'Equation of first degree')}\n\nA linear equation is an "
        "equation in which the unknown appears only to the first power. Its graph is a straight "
        f"line. {rng.choice(RULES)} The equation {problem.equation} has the solution "
        f"x = ({problem.c} - {problem.b}) / {problem.a} = {problem.x}."
    )
    return Draft(text, problem.difficulty())


def recipe(name: str, source: str, form: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"linear-{name}", source, "math", "linear_equation", form, weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("question", "math_and_trivia", "qa", 92, write_question),
    recipe("worksheet", "math_and_trivia", "worked_example", 6, write_worksheet),
    recipe("drill", "math_and_trivia", "formula", 6, write_subtraction),
    recipe("prose", "general_knowledge", "prose", 7, write_prose),
    recipe("riddle", "webdata", "prose", 7, write_riddle),
    recipe("thread", "stackexchange", "forum_answer", 12, write_thread),
    recipe("proposition", "arxiv_markdown", "formula", 9, write_proposition),
    recipe("article", "wiki", "prose", 4, write_article),
)
