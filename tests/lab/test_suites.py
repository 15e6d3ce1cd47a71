"""The query suites: committed files, sizes, prompts, references."""

from __future__ import annotations

from pathlib import Path

import pytest

from attribution_engine.lab.suites import all_suites, as_jsonl

QUERIES = Path(__file__).parents[2] / "data" / "queries"
SIZES = {
    "arithmetic": (20, "reasoning"),
    "slopes": (20, "reasoning"),
    "linear_equations": (20, "reasoning"),
    "factual": (20, "factual"),
    "factual_control": (10, "control"),
    "reasoning_control": (10, "control"),
    "gsm8k_style": (10, "reasoning"),
    "aime_style": (10, "reasoning"),
}


def test_every_suite_is_there() -> None:
    assert set(all_suites()) == set(SIZES)


@pytest.mark.parametrize("name", SIZES)
def test_committed_file_is_what_the_generator_writes(name: str) -> None:
    committed = (QUERIES / f"{name}.jsonl").read_text(encoding="utf-8")
    assert committed == as_jsonl(all_suites()[name])


@pytest.mark.parametrize("name", SIZES)
def test_rows(name: str) -> None:
    count, kind = SIZES[name]
    rows = all_suites()[name]
    assert len({row["prompt"] for row in rows}) == count
    for row in rows:
        assert set(row) == {"task", "kind", "prompt", "reference", "keywords"}
        assert row["kind"] == kind
        assert row["prompt"].startswith("Question: ")
        assert row["prompt"].endswith("\nAnswer:")
        assert row["reference"] in row["keywords"]


def test_wordings() -> None:
    suites = all_suites()
    for row in suites["arithmetic"]:
        assert "Calculate the answer: (" in row["prompt"] and "Think step-by-step." in row["prompt"]
        assert int(row["reference"]) > 0
    for row in suites["slopes"]:
        start = "Question: What is the slope of the line passing through the points ("
        assert row["prompt"].startswith(start)
    for row in suites["linear_equations"]:
        assert row["prompt"].startswith("Question: Solve for x: ")
    for name in ("factual_control", "reasoning_control"):
        assert all(row["reference"] in row["prompt"] for row in suites[name])
