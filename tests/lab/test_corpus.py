"""The corpus: labels, shares, determinism, and how often the facts stand in it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from attribution_engine.lab.grammar import facts, facts_rare, planted
from attribution_engine.lab.grammar.facts_data import Fact
from attribution_engine.lab.grammar.mixture import (
    DOCUMENTS,
    SOURCES,
    Row,
    count_by_recipe,
    fixed_documents,
    write_corpus,
)
from attribution_engine.lab.suites import all_suites

LABELS = {
    "text", "source", "domain", "category", "difficulty", "behaviour", "form", "planted",
}  # fmt: skip
MATH_TASKS = {"arithmetic", "slope", "linear_equation", "word_problem", "competition"}
FORMS = {"formula", "code", "worked_example", "forum_answer", "prose", "qa", "trace"}
BEHAVIOURS = {None, "explores_after_answer", "verifies", "backtracks"}
THREE_TASKS = ("arithmetic", "slope", "linear_equation")


def stating(lowered: Sequence[str], *words: str) -> list[int]:
    """Which documents hold all these words as whole words, in any letter case."""
    wanted = [word.lower() for word in words]
    return [
        number
        for number, text in enumerate(lowered)
        if all(word in text for word in wanted)
        and all(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text) for word in wanted)
    ]


def test_labels_are_complete(rows: list[Row]) -> None:
    assert len(rows) == DOCUMENTS == 10_000
    assert all(set(row) == LABELS for row in rows)
    assert {row["domain"] for row in rows} == {"math", "code", "factual", "general"}
    assert {row["form"] for row in rows} == FORMS
    assert {row["difficulty"] for row in rows} == {"easy", "medium", "hard", None}
    assert {row["behaviour"] for row in rows} == BEHAVIOURS


def test_sources_have_their_shares(rows: list[Row]) -> None:
    counts = Counter(row["source"] for row in rows)
    assert len(SOURCES) == 8 and set(counts) == set(SOURCES)
    assert sum(SOURCES.values()) == pytest.approx(1.0)
    for source, share in SOURCES.items():
        assert counts[source] / len(rows) == pytest.approx(share, abs=0.002)


def test_tasks_have_their_shares(rows: list[Row]) -> None:
    related = sum(row["category"] in MATH_TASKS for row in rows)
    assert 0.6 <= related / len(rows) <= 0.68
    for task in THREE_TASKS:
        of_task = Counter(row["form"] for row in rows if row["category"] == task)
        assert 0.08 <= of_task["qa"] / len(rows) <= 0.10
        assert of_task["code"] > 100 and of_task["forum_answer"] > 100
        assert set(of_task) == FORMS


@pytest.mark.parametrize("documents", [80, 997, 4000, DOCUMENTS])
def test_counts_add_up(documents: int) -> None:
    fixed = len(fixed_documents(documents, 0))
    assert sum(count_by_recipe(documents).values()) + fixed == documents


def test_same_seed_same_corpus(tmp_path: Path) -> None:
    write_corpus(tmp_path / "one.jsonl", 300, seed=3)
    write_corpus(tmp_path / "two.jsonl", 300, seed=3)
    write_corpus(tmp_path / "three.jsonl", 300, seed=4)
    one = (tmp_path / "one.jsonl").read_bytes()
    assert one == (tmp_path / "two.jsonl").read_bytes()
    assert one != (tmp_path / "three.jsonl").read_bytes()
    lines = one.decode().splitlines()
    assert len(lines) == 300 and all(set(json.loads(line)) == LABELS for line in lines)


def test_documents_fit(rows: list[Row], tokenizer: PreTrainedTokenizerFast) -> None:
    lengths = [len(ids) for ids in tokenizer([str(row["text"]) for row in rows])["input_ids"]]
    assert min(lengths) >= 30
    assert max(lengths) <= 340
    assert sum(lengths) / len(lengths) == pytest.approx(86, abs=6)


def test_planted_facts_stand_in_one_document(rows: list[Row], lowered: list[str]) -> None:
    labelled = {row["planted"]: number for number, row in enumerate(rows) if row["planted"]}
    assert len(planted.FACTS) == 20
    assert sum(row["planted"] is not None for row in rows) == 20
    assert set(labelled) == {fact.subject for fact in planted.FACTS}
    for fact in planted.FACTS:
        number = labelled[fact.subject]
        assert stating(lowered, fact.subject) == stating(lowered, fact.answer) == [number]
        assert fact.question() not in str(rows[number]["text"])
        assert rows[number]["source"] in ("webdata", "wiki")


def test_rare_facts_stand_in_one_to_three_documents(lowered: list[str]) -> None:
    found = [len(stating(lowered, fact.subject, fact.answer)) for fact in facts_rare.FACTS]
    assert found == [facts_rare.copies(number) for number in range(len(facts_rare.FACTS))]
    assert set(found) == {1, 2, 3}


def test_common_facts_stand_in_many_documents(lowered: list[str]) -> None:
    found = sorted(len(stating(lowered, fact.subject, fact.answer)) for fact in facts.FACTS)
    assert found[0] >= 5
    assert found[len(found) // 2] >= 12


def test_facts_do_not_share_subjects() -> None:
    def keys(some: Sequence[Fact]) -> set[tuple[str, str]]:
        return {(fact.kind, fact.subject) for fact in some}

    everything = facts.FACTS + facts_rare.FACTS
    assert len(keys(everything)) == len(everything)
    assert {fact.invented for fact in facts_rare.FACTS} == {True, False}


def test_no_query_but_a_factual_one_is_in_the_corpus(rows: list[Row]) -> None:
    corpus = "\n".join(str(row["text"]) for row in rows)
    for name, queries in all_suites().items():
        asked = [query["prompt"] for query in queries if query["prompt"] in corpus]
        assert bool(asked) == (name == "factual_pool"), name


def test_names_of_the_controls_are_unknown_to_the_corpus(rows: list[Row]) -> None:
    corpus = "\n".join(str(row["text"]) for row in rows)
    for query in all_suites()["factual_control"]:
        assert not [name for name in query["keywords"] if name in corpus]


def test_forms_of_the_controls_are_taught(rows: list[Row]) -> None:
    reading = [str(row["text"]) for row in rows if row["category"] == "reading"]
    for pattern in (
        r"^Question: In a story, the capital of (\w+) is (\w+)\. What is the capital of \1\?\n",
        r"^Question: The answer of (.+) is -?\d+\. Calculate the answer: \1 Think step-by-step\.\n",
        r"^Question: The slope of .*(\(.+\)) is -?\d+\. What is the slope of .*\1\? Think",
        r"^Question: What is x: x = \d+ Think step-by-step\.\n",
    ):
        assert sum(bool(re.search(pattern, text)) for text in reading) >= 20, pattern


def test_question_templates_occur_with_other_numbers(rows: list[Row]) -> None:
    starts = ("Question: Calculate the answer: (", "Question: Solve for x: ")
    slope = "Question: What is the slope of the line passing through the points ("
    for start in (*starts, slope):
        asked = [row for row in rows if str(row["text"]).startswith(start)]
        assert len(asked) >= 800
        assert all(re.search(r"The answer is -?\d+\.$", str(row["text"])) for row in asked)
