"""The claims of a finding on its page, and the papers' own figures near its plots."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from attribution_engine.findings.claims import Claim
from attribution_engine.findings.published import PUBLISHED
from pages.parts.beside import beside, capital
from pages.parts.claims import behind, counted

PAGES = Path(__file__).parents[2] / "pages"
CALL = re.compile(r"show_beside\((.*?)\)\n", re.DOTALL)


def claim(standing: str) -> Claim:
    return Claim("tokens", "a claim", "Infra", standing, "s", "r", 1, 1)  # type: ignore[arg-type]


def test_claims_are_counted_in_words() -> None:
    both = [claim("replicates"), claim("does not"), claim("does not"), claim("cannot tell")]
    assert counted(both) == (
        "Of 4 published claims 1 replicates, 2 do not replicate, 1 cannot be told here"
    )
    assert counted([claim("does not")]) == "The published claim does not replicate"
    assert counted([claim("cannot tell")]) == "The published claim cannot be told here"


def test_what_is_behind_a_claim_is_counted_in_words() -> None:
    assert behind(claim("does not")) == "Behind it: 1 query, 1 document."
    many = replace(claim("does not"), n_queries=2, n_documents=7737)
    assert behind(many) == "Behind it: 2 queries, 7\u202f737 documents."


def test_figures_stand_by_quantity_with_how_they_are_known() -> None:
    found = beside("correlations", "Mean Pearson of two factual")
    assert found == {
        "Mean Pearson of two factual queries": [
            ("0.06", "Command R 7B, reported"),
            ("0.03", "Command R 35B, reported"),
        ]
    }
    assert capital("arXiv, top") == "arXiv, top" and capital("factual queries") == "Factual queries"


def test_every_quantity_that_a_page_asks_for_is_published() -> None:
    calls = [
        call
        for path in (*PAGES.glob("*.py"), *(PAGES / "parts").glob("*.py"))
        if path.name != "beside.py"
        for call in CALL.findall(path.read_text(encoding="utf-8"))
    ]
    assert len(calls) >= len(PUBLISHED)
    for call in calls:
        finding, *quantities = re.findall(r'"([^"]+)"', call)
        for words in quantities:
            # A name in braces stands for a kind of query, a comparison is no quantity.
            asked = words.replace("{kind}", "factual")
            assert beside(finding, asked) or asked == "share", (finding, words)
