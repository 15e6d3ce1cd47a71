"""What the reader answers about the tests of a run's scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from attribution_engine.findings.behaviour_cut import Effect
from attribution_engine.findings.faithfulness import FaithfulnessRow
from attribution_engine.findings.seed_rankings import SeedRanking
from attribution_engine.findings.verdict import Tone, Verdict

DOCUMENTS = ("of the store", "planted")  # the lab's, as it describes them


@dataclass(frozen=True, slots=True)
class TrustReport:
    """All that is known of how far this run's scores may be believed.

    Attributes:
        method: the run's, which the verdicts are about.
        rows: every figure, in the order in which the tests wrote them.
        lab: settings, sizes and machine of the retrainings, by name.
        verdicts: of every test by its name, those that were not made too.
        seed_rankings: of removal by share, then of the datamodelling score.
    """

    method: str
    rows: tuple[FaithfulnessRow, ...]
    lab: dict[str, Any]
    verdicts: dict[str, Verdict]
    seed_rankings: tuple[SeedRanking, ...]
    effects: tuple[Effect, ...]

    @property
    def tested(self) -> bool:
        """Whether there is any figure."""
        return bool(self.rows)

    def of(self, experiment: str, quantity: str) -> list[FaithfulnessRow]:
        """The rows of a quantity of a test."""
        return [
            row for row in self.rows if (row.experiment, row.quantity) == (experiment, quantity)
        ]

    @property
    def one_percent(self) -> int | None:
        """How many documents of the lab 1% are, as removal counts them; None = not known."""
        known = self.lab.get("documents")
        counts = [known.get(key) for key in DOCUMENTS] if isinstance(known, dict) else [known]
        found = [count for count in counts if isinstance(count, int)]
        return max(1, round(sum(found) / 100)) if found else None

    @property
    def not_measurable(self) -> list[tuple[str, int]]:
        """Suites of which the lab's models reproduce nothing, with the number of completions."""
        suites = self.lab.get("baseline")
        return [
            (name, found["questions"])
            for name, found in (suites.items() if isinstance(suites, dict) else ())
            if isinstance(found, dict)
            and found.get("reproduced") == 0
            and isinstance(found.get("questions"), int)
        ]


@dataclass(frozen=True, slots=True)
class TrustBadge:
    """The one figure that rankings carry: the linear datamodelling score, mean over queries.

    Attributes:
        lds, ceiling: both against single seeds; the ceiling is None where it was not measured.
        tone: of the verdict of this test.
    """

    method: str
    lds: float
    low: float | None
    high: float | None
    ceiling: float | None
    tone: Tone
