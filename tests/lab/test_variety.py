"""Variety of the corpus: phrases, openings, recipes, duplicates, noise, languages."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest

from attribution_engine.lab.grammar.mixture import (
    COMMENTS,
    DOCUMENTS,
    EDITS,
    FOOTERS,
    HEADERS,
    NEAR_DUPLICATES,
    SOURCES,
    Row,
    count_by_recipe,
)

# Distinct share of runs of four words, and bits over the first four words of a document. Each
# bound lies about a tenth below what the grammar reaches (`write_documents(10_000, 0)`).
DISTINCT = {
    "math_and_trivia": 0.18,
    "webdata": 0.28,
    "code": 0.26,
    "wiki": 0.22,
    "stackexchange": 0.30,
    "arxiv_markdown": 0.25,
    "multilingual": 0.32,
    "general_knowledge": 0.30,
}
OPENING_BITS = {
    "math_and_trivia": 4.6,
    "webdata": 6.2,
    "code": 5.3,
    "wiki": 7.3,
    "stackexchange": 5.2,
    "arxiv_markdown": 5.5,
    "multilingual": 4.9,
    "general_knowledge": 3.9,
}


def distinct_share(texts: Iterable[str], length: int = 4) -> float:
    """Different runs of `length` words as a share of all of them."""
    runs: Counter[tuple[str, ...]] = Counter()
    for text in texts:
        words = text.split()
        runs.update(zip(*(words[start:] for start in range(length)), strict=False))
    return len(runs) / runs.total()


def entropy_bits(counts: Iterable[int]) -> float:
    """Shannon entropy of shares given by counts, in bits."""
    counts = [count for count in counts if count]
    total = sum(counts)
    return -sum(count / total * math.log2(count / total) for count in counts)


def without_edits(text: str) -> str:
    """The text that a near-duplicate was made of."""
    for header in HEADERS + COMMENTS:
        text = text.removeprefix(header)
    for footer in FOOTERS:
        text = text.removesuffix(footer)
    for old, new in EDITS:
        text = text.replace(new, old)
    return text


def near_duplicate_share(texts: Sequence[str]) -> float:
    """Share of the texts that equal another one but for page furniture and edited words."""
    return 1 - len({without_edits(text) for text in texts}) / len(texts)


def by_source(rows: list[Row], source: str) -> list[str]:
    return [str(row["text"]) for row in rows if row["source"] == source]


def test_measures_see_a_broken_grammar() -> None:
    stuck = [f"The same four words again and again, number {number}." for number in range(50)]
    assert distinct_share(stuck) < 0.2 < distinct_share(stuck[:1])
    assert entropy_bits(Counter(text[:9] for text in stuck).values()) == 0.0
    assert entropy_bits([1, 1, 1, 1]) == 2.0
    assert near_duplicate_share(["a b", "a b [1]", "Print view\na b", "c d"]) == 0.5


@pytest.mark.parametrize("source", SOURCES)
def test_phrases_and_openings_are_varied(rows: list[Row], source: str) -> None:
    texts = by_source(rows, source)
    assert distinct_share(texts) > DISTINCT[source]
    openings = Counter(tuple(text.split()[:4]) for text in texts)
    assert entropy_bits(openings.values()) > OPENING_BITS[source]


def test_many_recipes_share_the_corpus(rows: list[Row]) -> None:
    counts = count_by_recipe(DOCUMENTS)
    assert len(counts) >= 90 and min(counts.values()) >= 10
    assert entropy_bits(counts.values()) > 5.5
    kinds = Counter((row["source"], row["category"], row["form"]) for row in rows)
    assert entropy_bits(kinds.values()) > 4.5


def test_no_exact_duplicate(rows: list[Row]) -> None:
    assert len({row["text"] for row in rows}) == len(rows)


@pytest.mark.parametrize("source", SOURCES)
def test_near_duplicates_have_their_share(rows: list[Row], source: str) -> None:
    share = near_duplicate_share(by_source(rows, source))
    assert share == pytest.approx(NEAR_DUPLICATES.get(source, 0.0), abs=0.018)
    assert (share > 0) == (source in NEAR_DUPLICATES)


def test_problems_asked_do_not_repeat(rows: list[Row]) -> None:
    tasks = ("arithmetic", "slope", "linear_equation")
    asked = [str(row["text"]) for row in rows if row["category"] in tasks and row["form"] == "qa"]
    assert len({text.split("\n")[0] for text in asked}) == len(asked)


def test_noise_has_its_share(rows: list[Row]) -> None:
    noise = [row for row in rows if row["category"] == "noise"]
    assert 0.02 < len(noise) / len(rows) < 0.05
    assert len({row["source"] for row in noise}) >= 4
    assert any("\u00e2\u20ac" in str(row["text"]) for row in noise)  # read with a wrong encoding


def test_other_languages_have_problems_too(rows: list[Row]) -> None:
    texts = by_source(rows, "multilingual")
    for words in ("La respuesta es", "A resposta é", "La capital de", "a resposta é"):
        assert sum(words in text for text in texts) > 40
    tasks = Counter(row["category"] for row in rows if row["source"] == "multilingual")
    assert min(tasks[task] for task in ("arithmetic", "slope", "linear_equation")) > 50
