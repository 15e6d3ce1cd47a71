"""What one test of a run's scores says, in a form that pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "open", "bad", "untested"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one test says of the run's method.

    Attributes:
        tone: "good" = for the method, "bad" = against it, "open" = not decided by this test.
        standing: the verdict in two or three words; sentence: in full.
    """

    experiment: str
    tone: Tone
    standing: str
    sentence: str


def listed(words: Sequence[str]) -> str:
    """Words as a sentence names them: "one, two and three"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
