"""What a run's own tests say of its scores: figures, verdicts, the lab they come from."""

from __future__ import annotations

import json
from typing import Any

from attribution_engine.findings.behaviour_cut import effects
from attribution_engine.findings.faithfulness import (
    CEILING,
    DROP,
    LDS,
    FaithfulnessRow,
    datamodelling_means,
)
from attribution_engine.findings.seed_rankings import seed_rankings
from attribution_engine.findings.verdicts import lds_verdict, verdicts
from attribution_engine.store.splits import Splits
from attribution_engine.store.trust_views import TrustBadge, TrustReport

COLUMNS = """experiment, method, coalesce(quantity, '') AS quantity, coalesce(unit, '') AS unit,
    figure, coalesce(n, 0) AS n, coalesce(how, '') AS how, seed, query_id, suite, condition, low,
    high"""


class Trust(Splits):
    """The questions about tests of the scores."""

    def trust(self) -> TrustReport:
        """All figures of all tests, and what they say of this run's method."""
        rows = tuple(self._faithfulness("true"))
        method = self._run.method
        return TrustReport(
            method=method,
            rows=rows,
            lab=self.lab(),
            verdicts=verdicts(rows, method),
            seed_rankings=tuple(
                ranking
                for quantity in (DROP, LDS)
                for ranking in seed_rankings(rows, quantity, method)
            ),
            effects=tuple(
                effects([row for row in rows if row.experiment == "behaviour_cut"], method)
            ),
        )

    def trust_badge(self) -> TrustBadge | None:
        """The linear datamodelling score of the run's method; None where it was not tested."""
        rows = self._faithfulness("experiment = 'lds'")
        means = datamodelling_means(rows)
        own = next((row for row in means if row.method == self._run.method), None)
        if own is None:
            return None
        ceiling = next((row.figure for row in means if row.method == CEILING), None)
        tone = lds_verdict(rows, own.method).tone
        return TrustBadge(own.method, own.figure, own.low, own.high, ceiling, tone)

    def lab(self) -> dict[str, Any]:
        """What the tests were made on; empty where nothing was tested."""
        rows = self._rows("SELECT key, value::VARCHAR FROM faithfulness_lab ORDER BY rowid")
        return {key: json.loads(value) for key, value in rows}

    def _faithfulness(self, condition: str) -> list[FaithfulnessRow]:
        rows = self._records(f"SELECT {COLUMNS} FROM faithfulness WHERE {condition} ORDER BY rowid")
        return [FaithfulnessRow(**row) for row in rows]
