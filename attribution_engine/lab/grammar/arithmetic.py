"""Two-step arithmetic, (a + b) * c and (a - b) * c: questions, worksheets, threads and prose."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import Arithmetic, as_question, draw_arithmetic, final

OPENERS = (
    "The part in brackets comes first.",
    "We work out the brackets before anything else.",
    "Start inside the brackets and multiply afterwards.",
    "There are two steps here: the brackets and the product.",
    "Brackets bind more tightly than the multiplication sign.",
)
CHECKS = (
    "Doing the product first would give a different and wrong number.",
    "A common slip is to multiply only the second number by {c}.",
    "Multiplying each term by {c} and combining them leads to the same value.",
    "Both steps are small enough to do in your head.",
)
NAMES = ("sam_k", "mathdad", "priya", "newbie42", "lena_w", "oliver", "tutor_jo", "kestrel", "ravi")


def write_question(rng: Random) -> Draft:
    """The queries' wording, answered in two steps."""
    problem = draw_arithmetic(rng)
    text = f"{as_question(problem.question())} {problem.steps()} {final(problem.answer)}"
    return Draft(text, problem.difficulty())


def write_worksheet(rng: Random) -> Draft:
    """Three or four numbered exercises with their solutions."""
    problems = [draw_arithmetic(rng) for _ in range(rng.randint(3, 4))]
    title = pick(rng, "Worksheet: order of operations", "Exercises: brackets first", "Mental maths")
    lines = [f"{title} {rng.randint(1, 60)}"]
    for number, problem in enumerate(problems, 1):
        lines.append(
            f"{number}. {pick(rng, 'Compute', 'Work out', 'Evaluate')} {problem.expression}"
        )
        lines.append(f"Solution: {problem.steps()} {final(problem.answer)}")
    return Draft("\n".join(lines), problems[-1].difficulty())


def write_table(rng: Random) -> Draft:
    """A column of single steps, as in a drill."""
    multiplier = rng.randint(2, 12)
    start = rng.randint(0, 14)
    kind = rng.choice(("times", "plus", "minus"))
    numbers = range(start, start + rng.randint(9, 12))
    if kind == "times":
        lines = [f"{n} * {multiplier} = {n * multiplier}" for n in numbers]
    elif kind == "plus":
        lines = [f"{n} + {multiplier} = {n + multiplier}" for n in numbers]
    else:
        lines = [f"{n + multiplier} - {multiplier} = {n}" for n in numbers]
    title = pick(rng, "Drill", "Practice table", "Number facts")
    return Draft(f"{title}: {kind} {multiplier}\n" + "\n".join(lines), "easy")


def write_products(rng: Random) -> Draft:
    """Products in no order, as large as the second step of a problem can ask for."""
    lines = []
    for _ in range(rng.randint(9, 12)):
        first, second = rng.randint(1, 24), rng.randint(1, 12)
        lines.append(f"{first} * {second} = {first * second}")
    return Draft(pick(rng, "Products", "Times tables, mixed", "Multiply") + "\n" + "\n".join(lines))


def write_brackets(rng: Random) -> Draft:
    """Single first steps of the task in no order: sums and differences of two small numbers."""
    lines = []
    for _ in range(rng.randint(9, 12)):
        first, second = rng.randint(0, 12), rng.randint(0, 12)
        if rng.random() < 0.5:
            lines.append(f"{first} + {second} = {first + second}")
        else:
            lines.append(f"{first} - {second} = {first - second}")
    title = pick(rng, "Inside the brackets", "Plus and minus", "First steps")
    return Draft(title + "\n" + "\n".join(lines), "easy")


def write_prose(rng: Random) -> Draft:
    """A paragraph on the order of operations with one example."""
    problem = draw_arithmetic(rng)
    opening = pick(
        rng,
        "An expression with brackets is read from the inside out.",
        "The order of operations settles which step of a calculation is done first.",
        "When a sum stands in brackets, it is treated as a single number.",
        "Multiplication is done before addition unless brackets say otherwise.",
    )
    middle = pick(
        rng,
        f"Take {problem.expression} as an example.",
        f"Consider, for instance, {problem.expression}.",
        f"In {problem.expression} the brackets hold the first step.",
    )
    text = " ".join([opening, rng.choice(OPENERS), middle, problem.steps(), check(rng, problem)])
    return Draft(f"{text} So the value is {problem.answer}.", problem.difficulty())


def write_thread(rng: Random) -> Draft:
    """A forum question about the order of operations with an accepted answer."""
    problem = draw_arithmetic(rng)
    asker, helper = rng.sample(NAMES, 2)
    wrong = problem.a + problem.b * problem.c
    if problem.sign == "-":
        wrong = problem.a - problem.b * problem.c
    worry = pick(
        rng,
        f"My calculator app and my son disagree about {problem.expression}.",
        f"How do I work out {problem.expression} by hand?",
        f"I keep getting {wrong} for {problem.expression} if I ignore the brackets.",
        f"Could someone show the steps for {problem.expression}?",
    )
    reply = " ".join([rng.choice(OPENERS), problem.steps(), check(rng, problem)])
    return Draft(
        f"{asker}: {worry}\n\n{helper} (accepted, {rng.randint(1, 40)} votes): {reply} "
        f"{final(problem.answer)}",
        problem.difficulty(),
    )


def write_distributive(rng: Random) -> Draft:
    """The distributive law, as a formula and in numbers."""
    problem = draw_arithmetic(rng)
    first, second = problem.a * problem.c, problem.b * problem.c
    heading = pick(rng, "## Distributive law", "### Brackets and products", "## Lemma (expansion)")
    text = (
        f"{heading}\n\nFor all integers $a$, $b$ and $c$ we have "
        f"$(a {problem.sign} b) c = a c {problem.sign} b c$. "
        f"{pick(rng, 'Numerically', 'As a check', 'For example')}, with $a = {problem.a}$, "
        f"$b = {problem.b}$, $c = {problem.c}$ the left side is "
        f"{problem.inner} * {problem.c} = {problem.answer} and the right side is "
        f"{first} {problem.sign} {second} = {problem.answer}. "
        f"{pick(rng, 'The two sides agree.', 'This confirms the identity.')}"
    )
    return Draft(text, problem.difficulty())


def check(rng: Random, problem: Arithmetic) -> str:
    """A closing remark on the problem."""
    return rng.choice(CHECKS).format(c=problem.c)


def recipe(name: str, source: str, form: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"arithmetic-{name}", source, "math", "arithmetic", form, weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("question", "math_and_trivia", "qa", 96, write_question),
    recipe("worksheet", "math_and_trivia", "worked_example", 8, write_worksheet),
    recipe("table", "math_and_trivia", "formula", 8, write_table),
    recipe("products", "math_and_trivia", "formula", 8, write_products),
    recipe("brackets", "math_and_trivia", "formula", 8, write_brackets),
    recipe("prose", "general_knowledge", "prose", 7, write_prose),
    recipe("prose-web", "webdata", "prose", 6, write_prose),
    recipe("thread", "stackexchange", "forum_answer", 12, write_thread),
    recipe("distributive", "arxiv_markdown", "formula", 9, write_distributive),
)
