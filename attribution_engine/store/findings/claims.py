"""Reads what a run says of the published claims, and with what it was computed."""

from __future__ import annotations

import json
from typing import Any

from attribution_engine.findings.claims import Claim
from attribution_engine.store.connection import OpenStore


class Claims(OpenStore):
    """The questions about claims."""

    def claims(self, finding: str = "") -> list[Claim]:
        """The claims of a finding, or of all in their order."""
        found = self._remember("claims", self._read_claims)
        return [one for one in found if finding in ("", one.finding)]

    def _read_claims(self) -> list[Claim]:
        rows = self._records(
            """SELECT finding, claim, paper, standing, sentence, rule, n_queries, n_documents
            FROM finding ORDER BY rowid"""
        )
        return [Claim(**row) for row in rows]

    def finding_settings(self) -> dict[str, Any]:
        """With what the findings were computed; empty where none were."""
        rows = self._rows("SELECT key, value::VARCHAR FROM finding_setting ORDER BY rowid")
        return {key: json.loads(value) for key, value in rows}
