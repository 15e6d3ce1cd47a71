"""What a grammar is made of: a recipe names its labels and writes one draft at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Draft:
    """One document before it is placed in the corpus.

    Attributes:
        text: the document.
        difficulty: "easy", "medium", "hard", or None where it means nothing.
        behaviour: what a worked chain of thought does after its first answer, or None.
        category: overrides the recipe's category where one recipe writes several.
        planted: subject of the planted fact that this document alone states, or None.
    """

    text: str
    difficulty: str | None = None
    behaviour: str | None = None
    category: str | None = None
    planted: str | None = None


@dataclass(frozen=True, slots=True)
class Recipe:
    """A seeded way of writing documents of one kind.

    Attributes:
        name: unique; part of the seed of every document it writes.
        source: one of the eight sources.
        domain: math, code, factual or general.
        category: subject, finer than the domain.
        form: formula, code, worked_example, forum_answer, prose, qa or trace.
        weight: its part of its source's documents, relative to the source's other recipes.
        write: draws one document.
    """

    name: str
    source: str
    domain: str
    category: str
    form: str
    weight: float
    write: Callable[[Random], Draft]


def pick(rng: Random, *choices: str) -> str:
    """One of the given wordings."""
    return rng.choice(choices)
