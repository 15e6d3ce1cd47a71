"""Which groups of documents to take out of a training set, and which to put in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from attribution_engine.findings.difficulty import level_of

FEWEST: Final = 10  # documents of a group that is chosen by its mean


@dataclass(frozen=True, slots=True)
class FlipGroup:
    """Documents of one difficulty and domain, as stated; empty where they state none.

    Attributes:
        n: documents; n_tokens: of these.
        standard: by suite, mean influence in standard deviations of a query's scores;
        mean: by suite, in the method's unit.
    """

    domain: str
    difficulty: str
    n: int
    n_tokens: int
    standard: Mapping[str, float]
    mean: Mapping[str, float]

    @property
    def name(self) -> str:
        """As the command line has it."""
        return f"{self.difficulty}:{self.domain}"


@dataclass(frozen=True, slots=True)
class Swap:
    """Groups that go out, and groups of which as many tokens come in."""

    out: tuple[FlipGroup, ...]
    into: tuple[FlipGroup, ...]

    @property
    def n_tokens(self) -> int:
        """Tokens that go out."""
        return sum(group.n_tokens for group in self.out)

    @property
    def times(self) -> float:
        """How many times over the groups that come in are needed for that."""
        return self.n_tokens / max(1, sum(group.n_tokens for group in self.into))

    def expected_change(self, suite: str, n_documents: int) -> float | None:
        """First-order change of a suite's mean log-probability, in the method's unit.

        Documents that come in are drawn without regard to their scores, so that the mean of their
        group is what is expected of them.

        Args:
            n_documents: of the run; there, a document weighs one of so many.
        """
        if any(suite not in group.mean for group in (*self.out, *self.into)):
            return None
        lost = sum(group.n * group.mean[suite] for group in self.out)
        won = sum(group.n * group.mean[suite] for group in self.into) * self.times
        return (won - lost) / n_documents


def chosen_swaps(groups: Sequence[FlipGroup], suites: Sequence[str]) -> list[Swap]:
    """In each domain, the level of the lowest mean goes out and that of the highest comes in.

    Levels are groups whose name says how difficult they are and that have `FEWEST` documents, of
    one scale: the one with most documents that has two of them. Means are over the suites, each
    weighing the same, in standard deviations.
    """
    by_domain: dict[str, dict[str, list[tuple[float, FlipGroup]]]] = {}
    for group in groups:
        known = [group.standard[suite] for suite in suites if suite in group.standard]
        level = level_of(group.difficulty)
        if group.domain and group.n >= FEWEST and known and level:
            scales = by_domain.setdefault(group.domain, {})
            scales.setdefault(level.scale, []).append((sum(known) / len(known), group))
    swaps = []
    for scales in by_domain.values():
        several = [levels for levels in scales.values() if len(levels) > 1]
        if not several:
            continue
        levels = max(several, key=lambda pairs: sum(group.n for _, group in pairs))
        low, high = (pick(levels, key=lambda pair: pair[0]) for pick in (min, max))
        if low[0] < high[0]:
            swaps.append(Swap((low[1],), (high[1],)))
    return swaps


def asked_swaps(out: Sequence[FlipGroup], into: Sequence[FlipGroup]) -> list[Swap]:
    """Groups are swapped within their domains, if every domain has both; else all for all."""
    domains = dict.fromkeys(group.domain for group in (*out, *into))
    swaps = [
        Swap(
            tuple(group for group in out if group.domain == domain),
            tuple(group for group in into if group.domain == domain),
        )
        for domain in domains
    ]
    paired = all(swap.out and swap.into for swap in swaps)
    return swaps if paired else [Swap(tuple(out), tuple(into))]
