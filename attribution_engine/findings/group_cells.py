"""The documents as claims about math and code compare them: by domain, level and kind of math."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from attribution_engine.findings.difficulty import Level, level_of
from attribution_engine.findings.run_scores import Grouping

About = Literal["math", "code", "other"]
MATH_DOMAINS: Final = ("math", "maths", "mathematics")
CODE_DOMAINS: Final = ("code", "coding", "programming", "software")
# A category that holds one of these; ours, since the paper's list is not known.
SYMBOLIC: Final = (
    *("algebra", "equation", "arithmetic", "number theory", "calculus", "polynomial", "symbolic"),
    *("formal", "proof", "theorem", "slope"),
)
WORD_PROBLEMS: Final = ("word problem", "story", "conversational", "gsm")
FEWEST: Final = 10  # documents of a group that is compared


def about(domain: str) -> About:
    """Whether a document's stated domain is math, code or neither."""
    plain = domain.strip().lower()
    return "math" if plain in MATH_DOMAINS else "code" if plain in CODE_DOMAINS else "other"


def kind_of_math(category: str) -> str:
    """ "word", "symbolic" or nothing: what a category of math documents says by its name."""
    plain = re.sub(r"[^a-z0-9]+", " ", category.lower())
    if any(word in plain for word in WORD_PROBLEMS):
        return "word"
    return "symbolic" if any(word in plain for word in SYMBOLIC) else ""


@dataclass(frozen=True, slots=True)
class Cell:
    """Documents with one domain, level and kind.

    Attributes:
        difficulty: as stated, where it is a level; kind: of math, by its category.
    """

    about: About
    difficulty: str
    level: Level | None
    kind: str
    category: str
    n: int


@dataclass(frozen=True, slots=True)
class Cells:
    """All documents in cells.

    Attributes:
        codes: [documents] int32, index into cells.
    """

    cells: tuple[Cell, ...]
    codes: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """[cells] documents."""
        return np.array([cell.n for cell in self.cells])

    def where(self, test: Callable[[Cell], bool]) -> list[int]:
        """The cells that pass a test."""
        return [place for place, cell in enumerate(self.cells) if test(cell)]

    def n(self, places: list[int]) -> int:
        """Documents in some cells."""
        return sum(self.cells[place].n for place in places)

    def extremes(self, of: About) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The easiest and the hardest third of the levels of a domain, as stated.

        Of easy, medium and hard these are one level each. Levels with `FEWEST` documents count; of
        several scales the one with most documents that has two such levels. None where there is
        none.
        """
        counts: dict[str, dict[str, int]] = {}
        levels: dict[str, Level] = {}
        for cell in self.cells:
            if cell.about == of and cell.level is not None:
                scale = counts.setdefault(cell.level.scale, {})
                scale[cell.difficulty] = scale.get(cell.difficulty, 0) + cell.n
                levels[cell.difficulty] = cell.level
        best: tuple[int, tuple[str, ...], tuple[str, ...]] | None = None
        for scale in counts.values():
            large = [name for name, n in scale.items() if n >= FEWEST]
            heights = sorted({levels[name].height for name in large})
            if len(heights) < 2:
                continue
            third = max(1, round(len(heights) / 3))
            large.sort(key=lambda name: (levels[name].height, name))
            easy = tuple(name for name in large if levels[name].height <= heights[third - 1])
            hard = tuple(name for name in large if levels[name].height >= heights[-third])
            total = sum(scale.values())
            if best is None or total > best[0]:
                best = (total, easy, hard)
        return best[1:] if best else None


def cells_of(groupings: Mapping[str, Grouping], n_documents: int) -> Cells:
    """The cells that occur."""
    names: list[tuple[str, ...]] = []
    codes = []
    readings: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("domain", about),
        ("difficulty", lambda name: name if level_of(name) else ""),
        ("category", lambda name: name if kind_of_math(name) else ""),
    )
    for label, read in readings:
        grouping = groupings.get(label)
        stated = [read(name) for name in grouping.names] if grouping else []
        kept = ("other" if label == "domain" else "", *sorted({one for one in stated if one}))
        known = tuple(dict.fromkeys(kept))
        places = np.array([known.index(one) for one in stated] + [0], np.int64)
        # The code −1 of a document that states none is the last place.
        codes.append(places[grouping.codes] if grouping else np.zeros(n_documents, np.int64))
        names.append(known)
    mixed = (codes[0] * len(names[1]) + codes[1]) * len(names[2]) + codes[2]
    found, inverse, counts = np.unique(mixed, return_inverse=True, return_counts=True)
    cells = []
    for number, n in zip(found, counts, strict=True):
        rest, category = divmod(int(number), len(names[2]))
        domain, difficulty = divmod(rest, len(names[1]))
        of, level, said = names[0][domain], names[1][difficulty], names[2][category]
        is_math = of == "math"
        cells.append(
            Cell(
                of,  # type: ignore[arg-type]
                level,
                level_of(level) if level else None,
                kind_of_math(said) if is_math and said else "",
                said if is_math else "",
                int(n),
            )
        )
    return Cells(tuple(cells), inverse.reshape(-1).astype(np.int32))
