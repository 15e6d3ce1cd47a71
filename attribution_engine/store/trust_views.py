"""What the reader answers about the tests of a run's scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from attribution_engine.findings.behaviour_cut import Effect
from attribution_engine.findings.faithfulness import FaithfulnessRow
from attribution_engine.findings.verdicts import SeedRanking, Tone, Verdict


@dataclass(frozen=True, slots=True)
class TrustReport:
    """All that is known of how far this run's scores may be believed.

    Attributes:
        method: the run's, which the verdicts are about.
        rows: every figure, in the order in which the tests wrote them.
        lab: settings, sizes and machine of the retrainings, by name.
        verdicts: of every test by its name, those that were not made too.
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


@dataclass(frozen=True, slots=True)
class TrustBadge:
    """The one figure that rankings carry: the linear datamodelling score, mean over queries.

    Attributes:
        ceiling: what the same subsets with other seeds reach; None where it was not measured.
        tone: of the verdict of this test.
    """

    method: str
    lds: float
    low: float | None
    high: float | None
    ceiling: float | None
    tone: Tone
