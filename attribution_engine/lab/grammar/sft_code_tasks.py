"""Tasks for tiny Python functions: drawn from the families, with tests of their true values."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from attribution_engine.lab.grammar.sft_code_families import FAMILIES, Family, Values
from attribution_engine.lab.problems import as_question, is_held_out

ARGUMENTS = {"number": "n", "string": "text", "list": "numbers", "words": "words"}
NOUNS = {
    "number": ("number", "value", "amount", "count"),
    "string": ("text", "word", "string", "name"),
    "list": ("numbers", "values", "items", "scores"),
    "words": ("words", "names", "texts", "labels"),
}
VOCABULARY = (
    "lamp", "river", "stone", "tree", "paper", "cat", "rose", "table", "sun", "letter", "corn",
    "train", "sand", "apple", "seat", "note", "tent", "salt", "rain", "line", "oat", "real",
)  # fmt: skip
TESTS = 3
LONGEST_SHOWN = 68  # characters of the worked first test and of the wrong idea's value for it
MEDIUM_STATEMENTS = 4
MEDIUM_BRANCHES = 1


@dataclass(frozen=True, slots=True)
class CodeTask:
    """A function to be written.

    Attributes:
        family: the kind of function.
        name: the function's name.
        p, q: its parameters, as they stand in the texts.
        arguments: of the tests.
        values: what the function returns for each of them.
    """

    family: Family
    name: str
    p: str
    q: str
    arguments: tuple[Any, ...]
    values: tuple[Any, ...]

    @property
    def argument(self) -> str:
        return ARGUMENTS[self.family.category]

    def key(self) -> str:
        return task_key(self.family, self.name, self.p, self.q)

    def filled(self, template: str) -> str:
        """A template of the family with the parameters and the first test in place."""
        return fill(template, self.p, self.q, repr(self.arguments[0]), repr(self.values[0]))

    def question(self) -> str:
        return (
            f"Write a Python function {self.name}({self.argument}) that "
            f"{self.filled(self.family.ask)}. It should pass: {self.tests()[0]}"
        )

    def prompt(self) -> str:
        return as_question(self.question())

    def code(self) -> str:
        """The function's source."""
        lines = self.filled(self.family.body).split("\n")
        return "\n".join([f"def {self.name}({self.argument}):", *(f"    {one}" for one in lines)])

    def tests(self) -> list[str]:
        """One assertion a test; the first stands in the prompt."""
        return [
            f"assert {self.name}({argument!r}) == {value!r}"
            for argument, value in zip(self.arguments, self.values, strict=True)
        ]

    def difficulty(self) -> str:
        return grade_code(self.code())

    def value_of(self, template: str) -> Any:
        """What an expression of the family gives for the argument of the first test."""
        return evaluate(self.argument, f"return {self.filled(template)}", self.arguments[0])


def task_key(family: Family, name: str, p: str, q: str) -> str:
    """What decides a task's side of the split: all but the tests."""
    return f"code {family.name} {name} {p} {q}"


def fill(template: str, p: str, q: str, a: str = "", r: str = "") -> str:
    """A template with its places filled; other braces stay."""
    filled = template.replace("{p}", p).replace("{q}", q)
    return filled.replace("{a}", a).replace("{r}", r)


def grade_code(code: str) -> str:
    """Grade a function by its statements and branches (if, for, while).

    Easy: one statement and no branch. Medium: at most four statements and one branch. Everything
    else is hard.
    """
    nodes = list(ast.walk(ast.parse(code)))
    statements = sum(isinstance(node, ast.stmt) for node in nodes) - 1  # not the def itself
    branches = sum(isinstance(node, ast.If | ast.For | ast.While) for node in nodes)
    if statements == 1 and branches == 0:
        return "easy"
    if statements <= MEDIUM_STATEMENTS and branches <= MEDIUM_BRANCHES:
        return "medium"
    return "hard"


@cache
def _compiled(argument: str, body: str) -> Any:
    """The function that a body of our own makes."""
    lines = "\n".join(f"    {line}" for line in body.split("\n"))
    names: dict[str, Any] = {}
    exec(compile(f"def function({argument}):\n{lines}", "<task>", "exec"), names)
    return names["function"]


def evaluate(argument: str, body: str, value: Any) -> Any:
    """What a body gives for a value of its argument."""
    return _compiled(argument, body)(list(value) if isinstance(value, list) else value)


def draw_code_task(
    rng: Random, families: tuple[Family, ...] = FAMILIES, *, held_out: bool = False
) -> CodeTask:
    """Draw a task from one side of the split.

    Its tests do not all have the same value, not all give the argument back, and the wrong idea
    of its family fails the first one.
    """
    while True:
        family = rng.choice(families)
        noun = rng.choice(NOUNS[family.category])
        name = f"{rng.choice(family.verbs.split())}_{noun}"
        p, q = draw_value(rng, family.p), draw_value(rng, family.q)
        if is_held_out(task_key(family, name, p, q)) != held_out:
            continue
        argument, body = ARGUMENTS[family.category], fill(family.body, p, q)
        arguments = tuple(draw_argument(rng, family.category) for _ in range(TESTS))
        values = tuple(evaluate(argument, body, each) for each in arguments)
        task = CodeTask(family, name, p, q, arguments, values)
        distinct = len({repr(each) for each in arguments}) == TESTS
        varied = len({repr(value) for value in values}) > 1
        changed = any(value != each for value, each in zip(values, arguments, strict=True))
        if distinct and varied and changed and is_sound(task):
            return task


def is_sound(task: CodeTask) -> bool:
    """Whether the ways of its family do what is said of them.

    The other way gives every test's value, the wrong idea does not give the first's,
    and the work shown for it is true and short.
    """
    other = f"return {task.filled(task.family.other)}"
    same = all(
        evaluate(task.argument, other, argument) == value
        for argument, value in zip(task.arguments, task.values, strict=True)
    )
    wrong = task.value_of(task.family.wrong)
    work = task.filled(task.family.work)
    if not same or wrong == task.values[0] or len(repr(wrong)) + len(work) > LONGEST_SHOWN:
        return False
    left, equals, right = work.partition(" = ")
    if not equals or task.family.category != "number":
        return True
    return bool(eval(left, {"__builtins__": {}}) == int(right))


def draw_value(rng: Random, values: Values) -> str:
    """One value of a parameter, as text."""
    if isinstance(values, tuple):
        return str(rng.randint(*values))
    return rng.choice(values.split() if " " in values else values) if values else ""


def draw_argument(rng: Random, category: str) -> Any:
    """One argument of the category's kind."""
    if category == "number":
        return rng.randint(1, 24)
    if category == "string":
        return rng.choice(VOCABULARY)
    if category == "list":
        return [rng.randint(1, 12) for _ in range(rng.randint(2, 4))]
    return rng.sample(VOCABULARY, rng.randint(2, 3))
