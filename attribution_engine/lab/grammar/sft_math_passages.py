"""What math responses do: explore before or after the answer, verify, backtrack. All of it true."""

from __future__ import annotations

from random import Random

from attribution_engine.lab.grammar.exercise import Exercise
from attribution_engine.lab.grammar.sft_equations import VERBS, equations_in
from attribution_engine.lab.problems import Arithmetic, Linear, Slope, signed

Task = Arithmetic | Slope | Linear | Exercise

AFTER = (
    "Alternatively, {}. Both ways agree.",
    "Wait, is there another way? {}. It is the same.",
    "Another way would be: {}. Same result.",
    "Let me also try it differently: {}. The two ways agree.",
    "But I could also do this: {}. It comes to the same.",
    "Alternatively, there is a second way: {}.",
    "Is there a shorter way? Perhaps: {}. The number is the same.",
    "Wait, let me think of another approach: {}. No difference.",
)
BEFORE = (
    "One way is this: {}. Another way is {}. I take the second.",
    "I could do it like this: {}. Or I could use {}. I choose that.",
    "Maybe so: {}. Or {}? That looks simpler.",
    "There are two ways. The first: {}. The second is {}. I prefer it.",
    "What are the options? One: {}. Two: {}. I go with two.",
    "Perhaps like this: {}. Perhaps rather {}. I try the latter.",
)
CHECKS = (
    "Let me verify: {}. That fits.",
    "Check: {}. Yes, this holds.",
    "To be sure, I put it back: {}. It fits.",
    "Let me double-check this: {}. That is right.",
    "I verify it backwards: {}. Correct.",
    "Is that right? {}. So it is.",
    "Checking the work: {}. No mistake.",
)
BACK = (
    "I start with {}. No, that is not right: {}. Let me go back.",
    "First {}. Wait, {}. That was wrong, so I start over.",
    "Maybe {}? Hmm, no, {}. Back to the beginning.",
    "{} comes first, I think. Hold on, {}. I go back and try again.",
    "Let me begin with {}. But {}. So I undo that and begin anew.",
    "I compute {}. Oh, that is a mistake, {}. Once more from the start.",
)
PLAN = {
    Arithmetic: ("the brackets first", "the order of operations"),
    Slope: ("the rise over the run", "the formula for the slope"),
    Linear: ("undoing the steps", "the inverse steps"),
    Exercise: ("following the question in order", "one equation after the other"),
}


def write_passage(rng: Random, behaviour: str, *, task: Task, steps: str) -> str:
    """Draw a passage that shows a behaviour; whole sentences, to be left out without a gap.

    Raises:
        ValueError: the behaviour has no passage.
    """
    if behaviour == "explores_after_answer":
        return _capital(rng.choice(AFTER).format(other_way(rng, task, steps)))
    if behaviour == "explores_before_answer":
        plan = rng.choice(PLAN[type(task)])
        return rng.choice(BEFORE).format(first_idea(rng, task, steps), plan)
    if behaviour == "verifies":
        return rng.choice(CHECKS).format(check(rng, task, steps))
    if behaviour == "backtracks":
        return _capital(rng.choice(BACK).format(*false_start(rng, task, steps)))
    raise ValueError(f"{behaviour}: no passage shows it")


def other_way(rng: Random, task: Task, steps: str) -> str:
    """The result, or a step of the work, reached by another route."""
    if isinstance(task, Arithmetic):
        first, second = task.a * task.c, task.b * task.c
        return (
            f"{product(task.a, task.c)} and {product(task.b, task.c)}, then {signed(first)} "
            f"{task.sign} {signed(second)} = {task.answer}"
        )
    if isinstance(task, Slope):
        rise, run = -task.rise, -task.step
        return (
            f"{signed(task.y1)} - {signed(task.y2)} = {rise} and {signed(task.x1)} - "
            f"{signed(task.x2)} = {run}, then {signed(rise)} / {signed(run)} = {task.answer}"
        )
    if isinstance(task, Linear):
        guess = task.x - 1
        return (
            f"x = {guess} would give {task.a * guess} + {signed(task.b)} = "
            f"{task.a * guess + task.b}, but x = {task.x} gives {task.c}"
        )
    return rng.choice(equations_in(steps)).another_way()


def product(left: int, right: int) -> str:
    """A product and its value."""
    return f"{signed(left)} * {signed(right)} = {left * right}"


def first_idea(rng: Random, task: Task, steps: str) -> str:
    """A true beginning of another route."""
    if isinstance(task, Arithmetic):
        return f"multiply out, {product(task.a, task.c)} and {product(task.b, task.c)}"
    if isinstance(task, Slope):
        across = f"{signed(task.x2)} - {signed(task.x1)} = {task.step} across"
        upside = f"{signed(task.y1)} - {signed(task.y2)} = {-task.rise}"
        return rng.choice(
            (f"draw both points and count, {across}", f"begin with the first point, {upside}")
        )
    if isinstance(task, Linear):
        guess = rng.randint(2, 4)
        first = task.a * guess
        return f"try x = {guess}, {signed(first)} + {signed(task.b)} = {first + task.b}"
    return f"count it out, {equations_in(steps)[0].another_way()}"


def check(rng: Random, task: Task, steps: str) -> str:
    """The answer put back, or steps turned round."""
    if isinstance(task, Arithmetic):
        turned = "-" if task.sign == "+" else "+"
        return (
            f"{signed(task.answer)} / {signed(task.c)} = {task.inner}, and {signed(task.inner)} "
            f"{turned} {signed(task.b)} = {task.a}"
        )
    if isinstance(task, Slope):
        return (
            f"{product(task.answer, task.step)}, and {signed(task.y1)} + {signed(task.rise)} = "
            f"{task.y2}"
        )
    if isinstance(task, Linear):
        first = task.a * task.x
        return f"{product(task.a, task.x)}, and {signed(first)} + {signed(task.b)} = {task.c}"
    turned_round = [equation.backwards() for equation in reversed(equations_in(steps))]
    return ", and ".join(turned_round[: rng.randint(1, 2)])


def false_start(rng: Random, task: Task, steps: str) -> tuple[str, str]:
    """A true equation that leads astray, and why."""
    if isinstance(task, Arithmetic):
        start = product(task.b, task.c)
        return start, rng.choice(("the brackets come first", "I left out the brackets"))
    if isinstance(task, Slope):
        start = f"{signed(task.x2)} - {signed(task.x1)} = {task.step} on top"
        return start, rng.choice(("the change in y goes on top", "x belongs below"))
    if isinstance(task, Linear):
        start = f"{signed(task.c)} + {signed(task.b)} = {task.c + task.b}"
        return start, rng.choice((f"{task.b} must be subtracted", "I need the inverse step"))
    equation = equations_in(steps)[0]
    return str(equation.missed()), f"the numbers must be {VERBS[equation.sign]}"


def _capital(text: str) -> str:
    """The first letter as a sentence has it; also behind a question mark."""
    return text[:1].upper() + text[1:]
