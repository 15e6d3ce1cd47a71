"""The corpus: labels, shares, determinism, variety, and what it must not hold."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from transformers import PreTrainedTokenizerFast

from attribution_engine.lab.grammar.mixture import (
    DOCUMENTS,
    SOURCES,
    Row,
    count_by_recipe,
    write_corpus,
)
from attribution_engine.lab.problems import Arithmetic, Linear, Slope, is_held_out
from attribution_engine.lab.suites import all_suites

MATH_TASKS = {"arithmetic", "slope", "linear_equation", "word_problem", "competition"}
FORMS = {"formula", "code", "worked_example", "forum_answer", "prose", "qa", "trace"}
BRACKET = re.compile(r"\((\d+) ([+-]) (\d+)\) \* (\d+)")
POINTS = re.compile(r"\((\d+), (\d+)\)(?: and | y | e |, | and ends at )\((\d+), (\d+)\)")
EQUATION = re.compile(r"(\d+)x \+ (\d+) = (\d+)")
CALL = re.compile(r"\((\d+), (\d+), (\d+), (\d+)\)")


def test_labels_are_complete(rows: list[Row]) -> None:
    assert len(rows) == DOCUMENTS >= 4000
    assert {row["domain"] for row in rows} == {"math", "code", "factual", "general"}
    assert {row["form"] for row in rows} == FORMS
    assert {row["difficulty"] for row in rows} == {"easy", "medium", "hard", None}
    assert {row["behaviour"] for row in rows} == {
        None,
        "explores_after_answer",
        "verifies",
        "backtracks",
    }
    assert len({row["text"] for row in rows}) == len(rows)


def test_sources_have_their_shares(rows: list[Row]) -> None:
    counts = Counter(row["source"] for row in rows)
    assert set(counts) == set(SOURCES)
    assert sum(SOURCES.values()) == pytest.approx(1.0)
    for source, share in SOURCES.items():
        assert counts[source] / len(rows) == pytest.approx(share, abs=0.002)


def test_about_half_is_on_the_tasks(rows: list[Row]) -> None:
    related = sum(row["category"] in MATH_TASKS for row in rows)
    assert 0.45 <= related / len(rows) <= 0.58


@pytest.mark.parametrize("documents", [80, 997, 4000])
def test_counts_add_up(documents: int) -> None:
    assert sum(count_by_recipe(documents).values()) == documents


def test_same_seed_same_corpus(tmp_path: Path) -> None:
    write_corpus(tmp_path / "one.jsonl", 300, seed=3)
    write_corpus(tmp_path / "two.jsonl", 300, seed=3)
    write_corpus(tmp_path / "three.jsonl", 300, seed=4)
    one = (tmp_path / "one.jsonl").read_bytes()
    assert one == (tmp_path / "two.jsonl").read_bytes()
    assert one != (tmp_path / "three.jsonl").read_bytes()


def test_documents_fit(rows: list[Row], tokenizer: PreTrainedTokenizerFast) -> None:
    lengths = sorted(len(ids) for ids in tokenizer([str(row["text"]) for row in rows])["input_ids"])
    assert lengths[0] >= 30
    assert lengths[-1] <= 300
    assert 60 <= lengths[len(lengths) // 2] <= 140


def test_no_held_out_problem_in_the_corpus(rows: list[Row]) -> None:
    found: Counter[str] = Counter()
    for row in rows:
        text = str(row["text"])
        keys = [
            Arithmetic(int(a), sign, int(b), int(c)).key()
            for a, sign, b, c in BRACKET.findall(text)
        ]
        if row["category"] != "competition":
            keys += [Slope(*map(int, four)).key() for four in POINTS.findall(text)]
        if row["category"] == "slope" and row["form"] == "code":
            keys += [Slope(*map(int, four)).key() for four in CALL.findall(text)]
        keys += [f"linear {a}x + {b} = {c}" for a, b, c in EQUATION.findall(text)]
        found.update(key.split()[0] for key in keys)
        assert not any(map(is_held_out, keys)), text
    assert min(found[task] for task in ("arithmetic", "slope", "linear")) > 500


def test_held_out_share_is_one_in_ten() -> None:
    keys = [Linear(a, b, x).key() for a in range(2, 11) for b in range(1, 11) for x in range(1, 11)]
    assert 0.05 < sum(map(is_held_out, keys)) / len(keys) < 0.15


def test_no_query_but_a_factual_one_is_in_the_corpus(rows: list[Row]) -> None:
    corpus = "\n".join(str(row["text"]) for row in rows)
    for name, queries in all_suites().items():
        if name != "factual":
            assert not [query["prompt"] for query in queries if query["prompt"] in corpus], name


def test_queried_facts_are_in_the_corpus(rows: list[Row]) -> None:
    for query in all_suites()["factual"]:
        subject, answer = query["keywords"][0], query["reference"]
        stating = [
            row for row in rows if subject in str(row["text"]) and answer in str(row["text"])
        ]
        assert len(stating) >= 5, query["prompt"]


def test_question_templates_occur_with_other_numbers(rows: list[Row]) -> None:
    starts = ("Question: Calculate the answer: (", "Question: Solve for x: ")
    slope = "Question: What is the slope of the line passing through the points ("
    for start in (*starts, slope):
        asked = [row for row in rows if str(row["text"]).startswith(start)]
        assert len(asked) >= 150
        assert all(re.search(r"The answer is -?\d+\.$", str(row["text"])) for row in asked)


def test_text_is_varied(rows: list[Row]) -> None:
    grams: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        words = str(row["text"]).split()
        grams.update(zip(words, words[1:], words[2:], words[3:], strict=False))
    assert len(grams) / grams.total() > 0.2
