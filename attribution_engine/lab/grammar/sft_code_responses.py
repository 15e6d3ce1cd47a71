"""Responses to the function tasks: the code, neutral sentences, and what shows a behaviour."""

from __future__ import annotations

from functools import partial
from random import Random

from attribution_engine.lab.grammar.sft_code_families import FAMILIES
from attribution_engine.lab.grammar.sft_code_tasks import CodeTask, draw_code_task
from attribution_engine.lab.grammar.sft_composition import FENCE, Solved

CATEGORIES = ("number", "string", "list", "words")
KINDS = {
    "number": "a whole number",
    "string": "a text",
    "list": "a list of numbers",
    "words": "a list of words",
}
CHARACTERS_PER_TOKEN = 3.4

AFTER = (
    "Alternatively, {other_words} would do: `{other}`.",
    "Another way would be {other_words}, `{other}`. Same values.",
    "Wait, one could also use {other_words}: `{other}`.",
    "Alternatively, a second version:\n{fence}python\n{version}\n{fence}",
    "Alternatively:\n{fence}python\n{version}\n{fence}",
    "Alternatively, `{other}` is {other_words} and gives the same.",
)
BEFORE = (
    "One way is {other_words}. Another way is {words}. I take the second.",
    "I could use {other_words}, `{other}`. Or {words}. I choose that.",
    "Maybe {other_words}? Or {words}? I use the second idea.",
    "There are two ways: {other_words} or {words}. I prefer the second.",
    "What are the options? {other_words}, `{other}`, or {words}. I go with the latter.",
    "Perhaps {other_words}, `{other}`. Perhaps rather {words}. I try that.",
)
CHECKS = (
    "Let me verify with the test: {work}. It passes.",
    "Check: {work}. Yes, the test passes.",
    "To be sure, I run it: {work}. That fits.",
    "Let me double-check with {a}: {work}. Right.",
    "Is that right? For the test, {work}. So it is.",
    "Checking by hand: {work}. No mistake.",
)
BACK = (
    "First I think of `{wrong}`. Wait, for {a} this gives {bad}. No, so I go back.",
    "Maybe `{wrong}`? Hmm, the test would give {bad}, not {r}. Back to the beginning.",
    "Maybe `{wrong}`? No, that would give {bad}. I go back.",
    "Let me begin with `{wrong}`. But then the test gives {bad}. I undo that.",
    "I start with `{wrong}`. That gives {bad} for {a}, which is wrong. I start over.",
)
WORDING = {
    "explores_after_answer": AFTER,
    "explores_before_answer": BEFORE,
    "verifies": CHECKS,
    "backtracks": BACK,
}


def solve_code(rng: Random, category: str) -> Solved:
    """Draw a task of the corpus's side and solve it."""
    families = tuple(family for family in FAMILIES if family.category == category)
    task = draw_code_task(rng, families)
    lead = rng.choice(("Here is the function.", "This is the code.", "I write the function."))
    block = f"{FENCE}python\n{task.code()}\n{FENCE}"
    return Solved(
        key=task.key(),
        domain="code",
        category=category,
        difficulty=task.difficulty(),
        prompt=task.prompt(),
        openings=openings(rng, task),
        solution=f"{lead}\n{block}",
        closings=closings(rng, task),
        end=f"The function is {task.name}.",
        passage=partial(write_passage, task=task),
        fixed=len(block),
        characters_per_token=CHARACTERS_PER_TOKEN,
    )


def write_passage(rng: Random, behaviour: str, *, task: CodeTask) -> str:
    """Draw a passage that shows a behaviour; to be left out without a gap.

    Raises:
        ValueError: the behaviour has no passage.
    """
    if behaviour not in WORDING:
        raise ValueError(f"{behaviour}: no passage shows it")
    family = task.family
    other = task.filled(family.other)
    return rng.choice(WORDING[behaviour]).format(
        other=other,
        other_words=family.other_words,
        words=family.words,
        version=f"def {task.name}({task.argument}):\n    return {other}",
        work=task.filled(family.work),
        wrong=task.filled(family.wrong),
        bad=repr(task.value_of(family.wrong)),
        a=repr(task.arguments[0]),
        r=repr(task.values[0]),
        fence=FENCE,
    )


def openings(rng: Random, task: CodeTask) -> list[str]:
    """Neutral sentences before the code: the task again, its name and argument."""
    kind = KINDS[task.family.category]
    return [
        rng.choice(("Okay.", "Let me write it.", "I begin.", "Here is the work.")),
        rng.choice(
            (
                f"It {task.filled(task.family.ask)}.",
                f"The function {task.filled(task.family.ask)}.",
            )
        ),
        rng.choice(
            (f"Its argument {task.argument} is {kind}.", f"{task.argument} stands for {kind}.")
        ),
        rng.choice(("The name is given.", f"Its name is {task.name}.")),
        f"The test calls {task.name}({task.arguments[0]!r}).",
        rng.choice(("I keep it short.", "A few lines are enough.")),
    ]


def closings(rng: Random, task: CodeTask) -> list[str]:
    """Neutral sentences after the code: how it is written, what the test wants."""
    count = task.code().count("\n")
    wanted = f"The value wanted there is {task.values[0]!r}."
    return [
        rng.choice((wanted, f"The test wants {task.values[0]!r} for {task.arguments[0]!r}.")),
        f"The body has {count} line{'' if count == 1 else 's'}.",
        rng.choice(("The value is returned, not printed.", "It returns its value.")),
        rng.choice(("No import is needed.", "Nothing is imported.", "It needs no module.")),
        rng.choice(("There is one argument.", f"The only argument is {task.argument}.")),
        rng.choice(("The code is complete.", "Nothing else is asked.", "That is all of it.")),
    ]
