"""Is a method ahead of another? By the interval of their difference, not by two intervals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from attribution_engine.findings.faithfulness import (
    REFERENCE,
    FaithfulnessRow,
    difference_of,
    name_of,
    overall,
)
from attribution_engine.findings.verdict import listed


@dataclass(slots=True)
class Compared:
    """The other methods by where the interval of the difference lies.

    Attributes:
        ahead: methods that the own one is ahead of: the interval is wholly above zero.
        open: it holds zero, or there is none.
        behind: methods that the own one is behind: it is wholly below zero.
    """

    ahead: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)

    @property
    def ahead_of_all(self) -> bool:
        """Whether every method that was compared is left behind."""
        return bool(self.ahead) and not self.open and not self.behind


def compared(rows: Sequence[FaithfulnessRow], quantity: str, method: str) -> dict[str, Compared]:
    """By condition, in order, where a method stands by the paired differences of a quantity.

    The store holds the differences between the reference and each other method. Another method is
    therefore compared with the reference alone.
    """
    found: dict[str, Compared] = {}
    differences = overall(rows, difference_of(quantity))
    for row in sorted(differences, key=lambda row: share_of(row.condition or "")):
        if method not in (REFERENCE, row.method):
            continue
        other, sign = (row.method, 1) if method == REFERENCE else (REFERENCE, -1)
        here = found.setdefault(row.condition or "", Compared())
        ends = [] if row.low is None or row.high is None else [sign * row.low, sign * row.high]
        if ends and min(ends) > 0:
            here.ahead.append(other)
        elif ends and max(ends) < 0:
            here.behind.append(other)
        else:
            here.open.append(other)
    return found


def standing_words(found: Compared) -> str:
    """Where a method stands, to go on with after its name: "is ahead of BM25"."""
    if found.ahead_of_all and len(found.ahead) > 1:
        return "is ahead of every other method"
    parts = [
        f"{words} {listed([name_of(name) for name in names])}"
        for words, names in (
            ("behind", found.behind),
            ("not separated from", found.open),
            ("ahead of", found.ahead),
        )
        if names
    ]
    return f"is {listed(parts)}" if parts else "was compared with no other method"


def conditions_in_words(by_condition: Iterable[tuple[str, str]], preposition: str = "at") -> str:
    """Conditions with the same words together: "is ahead of BM25 at 1% and 5%; it is …"."""
    by_words: dict[str, list[str]] = {}
    for condition, words in by_condition:
        by_words.setdefault(words, []).append(condition)
    return "; it ".join(
        words + (f" {preposition} {listed(conditions)}" if any(conditions) else "")
        for words, conditions in by_words.items()
    )


def share_of(condition: str) -> float:
    """The number in "5%", by which shares are put in order."""
    number = condition.removesuffix("%").strip()
    return float(number) if number.replace(".", "", 1).isdigit() else float("inf")
