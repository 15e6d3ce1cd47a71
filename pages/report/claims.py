"""What a run says of published claims, as a table of a report."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from attribution_engine.findings.published import PUBLISHED
from attribution_engine.store.reader import StoreReader
from pages.parts.claims import MEND, behind, standing
from pages.report.section import Section, Table


def claims_content(reader: StoreReader, finding: str, section: Section, *content: Any) -> Section:
    """The claims of a finding, then its own content, then the papers' figures."""
    claims = reader.claims(finding)
    if not claims:
        return replace(section, missing=MEND)
    first = Table(
        "What this run says",
        ("Claim", "Paper", "Here", "Figures", "Rule"),
        [
            [one.claim, one.paper, standing(one), f"{one.sentence} {behind(one)}", one.rule]
            for one in claims
        ],
        frozenset(),
        claims,
    )
    last = Table(
        "What the paper reports",
        ("Quantity", "Figure", "Model", "Paper", "Known"),
        [[one.quantity, one.figure, one.model, one.paper, one.tag] for one in PUBLISHED[finding]],
        frozenset(),
        PUBLISHED[finding],
    )
    return replace(section, content=[first, *content, *([last] if last.rows else [])])


def in_vain(section: Section, lines: Iterable[str]) -> Section:
    """The section, which says what its view asks for in vain."""
    return replace(section, missing=" ".join(filter(None, (section.missing, *lines))))
