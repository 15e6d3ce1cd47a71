"""The query suites: committed files, sizes, prompts, references, and the choice of facts."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.corpora.suites import read_suites
from attribution_engine.lab.suites import (
    CHOSEN_FACTS,
    all_suites,
    as_jsonl,
    choose_factual,
    factual_pool,
    write_suites,
)
from attribution_engine.records import InputError, SuiteConfig

QUERIES = Path(__file__).parents[2] / "data" / "queries"
FIELDS = {"task", "kind", "prompt", "reference", "keywords"}
# size, kind, fields besides the usual ones
SUITES: dict[str, tuple[int, str, set[str]]] = {
    "arithmetic": (20, "reasoning", set()),
    "slopes": (20, "reasoning", set()),
    "linear_equations": (20, "reasoning", set()),
    "factual_pool": (104, "factual", {"stated"}),
    "planted_facts": (20, "factual", {"completion"}),
    "factual_control": (10, "control", set()),
    "reasoning_control": (10, "control", set()),
    "gsm8k_style": (10, "reasoning", set()),
    "aime_style": (10, "reasoning", set()),
}


def test_every_suite_is_there() -> None:
    assert set(all_suites()) == set(SUITES)


@pytest.mark.parametrize("name", SUITES)
def test_committed_file_is_what_the_generator_writes(name: str) -> None:
    committed = (QUERIES / f"{name}.jsonl").read_text(encoding="utf-8")
    assert committed == as_jsonl(all_suites()[name])


def test_committed_factual_suite_is_chosen_of_the_pool() -> None:
    lines = (QUERIES / "factual.jsonl").read_text(encoding="utf-8").splitlines()
    pool = factual_pool(0)
    numbers = [pool.index(json.loads(line)) for line in lines]
    right, wrong = numbers[:CHOSEN_FACTS], numbers[CHOSEN_FACTS:]
    assert len(wrong) == CHOSEN_FACTS == 20
    assert choose_factual(pool, set(right), set(wrong)) == [pool[number] for number in numbers]


@pytest.mark.parametrize("name", SUITES)
def test_rows(name: str) -> None:
    count, kind, further = SUITES[name]
    rows = all_suites()[name]
    assert len({row["prompt"] for row in rows}) == len(rows) == count
    for row in rows:
        assert set(row) == FIELDS | further
        assert row["kind"] == kind
        assert row["prompt"].startswith("Question: ")
        assert row["prompt"].endswith("\nAnswer:")
        assert row["reference"] in row["keywords"]


def test_seeds_decide_the_queries() -> None:
    assert all_suites(1) == all_suites(1)
    assert all_suites(1)["arithmetic"] != all_suites(2)["arithmetic"]


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


def test_planted_queries_are_read_with_their_completions(tmp_path: Path) -> None:
    (path,) = [path for path in write_suites(tmp_path) if path.stem == "planted_facts"]
    queries = read_suites([SuiteConfig(suite="planted_facts", path=path, completions="given")])
    assert len(queries) == 20
    for query in queries:
        subject, answer = query.keywords
        assert query.correct and query.completion and query.reference == answer
        assert subject in query.prompt and answer not in query.prompt
        assert query.completion.startswith(" ") and query.completion.count(answer) == 2
        assert is_correct(query.completion, answer)


def test_pool_holds_facts_stated_often_and_rarely() -> None:
    pool = factual_pool(0)
    stated = Counter((row["stated"], row["task"] == "invented fact") for row in pool)
    assert set(stated) == {(often, new) for often in ("often", "rarely") for new in (True, False)}
    for often in ("often", "rarely"):
        assert stated[often, True] + stated[often, False] >= 40
        assert stated[often, True] >= 10
    first = Counter(row["stated"] for row in pool[:40])
    assert min(first["often"], first["rarely"]) >= 10  # the order is mixed


def test_choice_of_facts_keeps_the_order_of_the_pool() -> None:
    pool = factual_pool(0)
    right, wrong = set(range(0, 80, 2)), set(range(1, 80, 2))
    chosen = choose_factual(pool, right, wrong)
    assert [pool.index(row) for row in chosen] == [*range(0, 40, 2), *range(1, 40, 2)]


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        (range(19), range(30, 60), "only 19 of 104 questions are answered right, 20 are needed"),
        (range(30), range(30, 40), "only 10 of 104 questions are answered wrong, 20 are needed"),
        (range(30), range(29, 60), "row 29 is both right and wrong"),
        (range(30), range(90, 120), "has no row 10"),
    ],
)
def test_choice_of_facts_says_what_is_lacking(right: range, wrong: range, message: str) -> None:
    with pytest.raises(InputError, match=message):
        choose_factual(factual_pool(0), set(right), set(wrong))
