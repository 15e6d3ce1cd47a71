"""The order of levels of difficulty, read off their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# From easy to hard; names on one line are the same level.
WORDS: Final = (
    ("trivial", "very easy", "beginner"),
    ("easy", "simple", "introductory", "basic", "low"),
    ("medium", "moderate", "intermediate", "normal", "interview"),
    ("hard", "difficult", "advanced", "competition", "high"),
    ("very hard", "expert", "olympiad", "extreme"),
)
SCALE_OF_WORDS: Final = "words"
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Level:
    """Where a name stands: levels of one scale compare, those of two do not.

    Attributes:
        scale: "words" (easy, medium, hard), or what is around the number ("Level 5": "level #").
        height: higher = harder.
    """

    scale: str
    height: float


def level_of(name: str) -> Level | None:
    """The level that a name says; None where it says none."""
    plain = " ".join(name.lower().replace("_", " ").replace("-", " ").split())
    for height, words in enumerate(WORDS):
        if plain in words:
            return Level(SCALE_OF_WORDS, float(height))
    numbers = _NUMBER.findall(" ".join(name.lower().split()))
    if len(numbers) != 1 or len(numbers[0]) > 12:
        return None
    around = _NUMBER.sub("#", " ".join(name.lower().split()))
    # "6+ steps" goes on where "5 steps" ends; "1 step" is on the scale of "2 steps".
    around = re.sub(r"#\+", "#", around).strip()
    return Level(re.sub(r"s$", "", around), float(numbers[0]))


def in_order(names: Sequence[str]) -> list[str]:
    """Names for reading: those with a level by scale and height, then the others as they came."""
    levels = {name: level_of(name) for name in names}
    known = [(level.scale, level.height, name) for name, level in levels.items() if level]
    return [name for *_, name in sorted(known)] + [n for n, level in levels.items() if not level]
