"""Python programs on the three tasks. Every document runs and its assertions hold."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.recipe import Draft, Recipe, pick
from attribution_engine.lab.problems import draw_arithmetic, draw_linear, draw_slope

SLOPE_NAMES = ("slope", "gradient", "compute_slope", "line_slope", "slope_between")
SOLVE_NAMES = ("solve", "solve_linear", "find_x", "solve_for_x", "isolate_x")
CALC_NAMES = ("calculate", "two_steps", "evaluate", "compute", "work_out")


def write_slope_function(rng: Random) -> Draft:
    """A function of four coordinates."""
    name = rng.choice(SLOPE_NAMES)
    problem, other = draw_slope(rng), draw_slope(rng)
    guard = pick(
        rng,
        '    if x1 == x2:\n        raise ValueError("a vertical line has no slope")\n',
        "    if x2 - x1 == 0:\n        return None\n",
        "",
    )
    doc = pick(
        rng,
        '    """Return the slope of the line through two points."""\n',
        "    # rise over run\n",
        "    # change in y divided by change in x\n",
    )
    body = pick(
        rng,
        "    return (y2 - y1) / (x2 - x1)\n",
        "    rise = y2 - y1\n    run = x2 - x1\n    return rise / run\n",
        "    dy = y2 - y1\n    dx = x2 - x1\n    return dy // dx\n",
    )
    calls = "".join(
        f"assert {name}({p.x1}, {p.y1}, {p.x2}, {p.y2}) == {p.answer}\n" for p in (problem, other)
    )
    return Draft(f"def {name}(x1, y1, x2, y2):\n{doc}{guard}{body}\n\n{calls}", "easy")


def write_slope_class(rng: Random) -> Draft:
    """Points as a named tuple or a dataclass."""
    problem = draw_slope(rng)
    name = rng.choice(SLOPE_NAMES)
    head = pick(
        rng,
        'from collections import namedtuple\n\nPoint = namedtuple("Point", ["x", "y"])\n',
        "class Point:\n    def __init__(self, x, y):\n        self.x = x\n        self.y = y\n",
    )
    text = (
        f"{head}\n\ndef {name}(p, q):\n"
        f"    {pick(rng, '# the same order above and below the bar', '# m = dy / dx')}\n"
        "    return (q.y - p.y) / (q.x - p.x)\n\n\n"
        f"start = Point({problem.x1}, {problem.y1})\n"
        f"end = Point({problem.x2}, {problem.y2})\n"
        f"m = {name}(start, end)\nprint(m)  # {problem.answer}.0\nassert m == {problem.answer}\n"
    )
    return Draft(text, "medium")


def write_slope_list(rng: Random) -> Draft:
    """Slopes of a list of segments."""
    problems = [draw_slope(rng) for _ in range(2)]
    rows = "".join(f"    ({p.x1}, {p.y1}, {p.x2}, {p.y2}),\n" for p in problems)
    name = rng.choice(SLOPE_NAMES)
    text = (
        f"{pick(rng, '# slopes of line segments', '# steepness of each segment')}\n"
        f"segments = [\n{rows}]\n\n\ndef {name}(x1, y1, x2, y2):\n"
        "    return (y2 - y1) // (x2 - x1)\n\n\n"
        f"slopes = [{name}(*segment) for segment in segments]\n"
        f"assert slopes == {[p.answer for p in problems]}\nprint(max(slopes))\n"
    )
    return Draft(text, "medium")


def write_line(rng: Random) -> Draft:
    """Slope and intercept of a line."""
    problem = draw_slope(rng)
    intercept = problem.y1 - problem.answer * problem.x1
    text = (
        "def line_through(x1, y1, x2, y2):\n"
        '    """'
        f'{pick(rng, "Slope and intercept of a line.", "Return m and b in y = mx + b.")}"""\n'
        "    m = (y2 - y1) // (x2 - x1)\n    b = y1 - m * x1\n    return m, b\n\n\n"
        f"m, b = line_through({problem.x1}, {problem.y1}, {problem.x2}, {problem.y2})\n"
        f"assert (m, b) == ({problem.answer}, {intercept})\n"
        f'print(f"y = {{m}}x + {{b}}")\n'
    )
    return Draft(text, "medium")


def write_arithmetic_function(rng: Random) -> Draft:
    """(a ± b) * c as a function."""
    problem = draw_arithmetic(rng)
    name = rng.choice(CALC_NAMES)
    inner = pick(rng, "inner", "first", "bracket", "step_one")
    text = (
        f"def {name}(a, b, c):\n"
        f"    {pick(rng, '# brackets first', '# two steps', '# the sum before the product')}\n"
        f"    {inner} = a {problem.sign} b\n    return {inner} * c\n\n\n"
        f"result = {name}({problem.a}, {problem.b}, {problem.c})\n"
        f"print(result)  # {problem.answer}\nassert result == {problem.answer}\n"
    )
    return Draft(text, "easy")


def write_arithmetic_steps(rng: Random) -> Draft:
    """Expressions and their values, step by step."""
    problems = [draw_arithmetic(rng) for _ in range(2)]
    lines = ["# order of operations" if rng.random() < 0.5 else "# brackets, then products"]
    for number, problem in enumerate(problems, 1):
        lines += [
            f"step{number} = {problem.a} {problem.sign} {problem.b}",
            f"assert step{number} == {problem.inner}",
            f"value{number} = step{number} * {problem.c}",
            f"assert value{number} == {problem.answer}",
        ]
    lines.append("print(value1, value2)")
    return Draft("\n".join(lines) + "\n", "easy")


def write_linear_function(rng: Random) -> Draft:
    """ax + b = c as a function."""
    problem, other = draw_linear(rng), draw_linear(rng)
    name = rng.choice(SOLVE_NAMES)
    guard = pick(rng, '    if a == 0:\n        raise ValueError("no unique solution")\n', "")
    body = pick(
        rng,
        "    return (c - b) / a\n",
        "    right = c - b  # subtract b from both sides\n    return right / a\n",
        "    c = c - b\n    x = c // a\n    return x\n",
    )
    text = (
        f"def {name}(a, b, c):\n"
        f'    """{pick(rng, "Solve ax + b = c for x.", "The x with a * x + b == c.")}"""\n'
        f"{guard}{body}\n\n"
        f"assert {name}({problem.a}, {problem.b}, {problem.c}) == {problem.x}\n"
        f"assert {name}({other.a}, {other.b}, {other.c}) == {other.x}\n"
    )
    return Draft(text, "easy")


def write_linear_search(rng: Random) -> Draft:
    """Solve an equation by trying values."""
    problem = draw_linear(rng)
    limit = rng.randint(10, 30)
    text = (
        f"{pick(rng, '# try every value', '# search instead of algebra')}\n"
        f"a, b, c = {problem.a}, {problem.b}, {problem.c}\n"
        f"for x in range({limit + 1}):\n    if a * x + b == c:\n"
        f'        print("x =", x)\n        break\n'
        f"assert x == {problem.x}\nassert x == (c - b) // a\n"
    )
    return Draft(text, "medium")


def recipe(name: str, category: str, weight: float, write: object) -> Recipe:
    """A recipe of this subject."""
    return Recipe(f"code-{name}", "code", "code", category, "code", weight, write)  # type: ignore[arg-type]


RECIPES = (
    recipe("slope-function", "slope", 8, write_slope_function),
    recipe("slope-class", "slope", 6, write_slope_class),
    recipe("slope-list", "slope", 5, write_slope_list),
    recipe("slope-line", "slope", 4, write_line),
    recipe("arithmetic-function", "arithmetic", 7, write_arithmetic_function),
    recipe("arithmetic-steps", "arithmetic", 5, write_arithmetic_steps),
    recipe("linear-function", "linear_equation", 8, write_linear_function),
    recipe("linear-search", "linear_equation", 5, write_linear_search),
)
