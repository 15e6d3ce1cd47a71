"""BM25 against the formula written out word by word, values by hand, and what must always hold."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.text.bm25 import BATCH_DOCUMENTS, bm25_scores, words


def direct(documents: list[str], query: str, k1: float, b: float) -> list[float]:
    """The formula, one word of one document at a time."""
    split = [words(text) for text in documents]
    mean = sum(map(len, split)) / len(split)
    scores = []
    for text in split:
        score = 0.0
        for word in words(query):
            n = sum(word in other for other in split)
            idf = math.log(1 + (len(split) - n + 0.5) / (n + 0.5))
            tf = text.count(word)
            score += idf * tf / (tf + k1 * (1 - b + b * len(text) / mean)) if tf else 0.0
        scores.append(score)
    return scores


def test_values_by_hand() -> None:
    # Two documents of 2 and 4 words, mean 3; "slope" is in one, "the" in both.
    scores = bm25_scores(["the slope", "the river the sea"], ["The slope"], k1=1.0, b=0.5)
    rare, common = math.log(2), math.log(1.2)
    short, long = 0.5 + 0.5 * 2 / 3, 0.5 + 0.5 * 4 / 3
    expected = [rare / (1 + short) + common / (1 + short), common * 2 / (2 + long)]
    np.testing.assert_allclose(scores, [expected], rtol=1e-6)
    assert scores.dtype == np.float32


TEXTS = st.lists(st.text("ab1 .Éé\n", max_size=30), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    TEXTS, st.lists(st.text("ab1 .é", max_size=20), max_size=3), st.floats(0, 3), st.floats(0, 1)
)
def test_any_corpus_equals_the_formula(
    documents: list[str], queries: list[str], k1: float, b: float
) -> None:
    scores = bm25_scores(documents, queries, k1=k1, b=b)
    assert scores.shape == (len(queries), len(documents)) and (scores >= 0).all()
    expected = [direct(documents, query, k1, b) for query in queries]
    np.testing.assert_allclose(scores, np.reshape(expected, scores.shape), rtol=1e-5, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.text("ab1 .é", max_size=20), st.randoms())
def test_order_of_documents_and_words_changes_no_score(documents, query, random) -> None:
    order = list(range(len(documents)))
    random.shuffle(order)
    mixed = words(query)
    random.shuffle(mixed)
    before = bm25_scores(documents, [query])
    after = bm25_scores([documents[at] for at in order], [" ".join(mixed)])
    np.testing.assert_allclose(after, before[:, order], rtol=1e-6)


def test_more_documents_than_a_batch_are_scored_in_their_places() -> None:
    documents = [f"number {at} of {at % 7} words" for at in range(2 * BATCH_DOCUMENTS + 3)]
    scores = bm25_scores(lambda: iter(documents), ["number 1030", "of 3"])
    expected = [direct(documents, query, 1.2, 0.75) for query in ("number 1030", "of 3")]
    np.testing.assert_allclose(scores, expected, rtol=1e-5)
    rare = bm25_scores(documents, ["1025"])[0]
    assert np.flatnonzero(rare).tolist() == [1025]


def test_numbers_count_as_words_and_case_does_not() -> None:
    assert words("Slope = (35 − 7)/4.5, ÉCOLE snake_case 数学") == [
        "slope", "35", "7", "4", "5", "école", "snake_case", "数学",
    ]  # fmt: skip
    scores = bm25_scores(["answer 35", "answer 36", "ANSWER"], ["Answer: 35"])[0]
    assert scores.argmax() == 0 and scores[2] > 0


def test_texts_without_words_score_zero() -> None:
    assert bm25_scores(["", "?!", "a"], ["", "…", "b"]).tolist() == [[0.0] * 3] * 3
    assert bm25_scores([], ["a"]).shape == (1, 0)
    assert bm25_scores(["a"], []).shape == (0, 1)


def test_documents_are_read_twice_and_never_held() -> None:
    began = 0

    def texts() -> Iterator[str]:
        nonlocal began
        began += 1
        for at in range(100):
            yield f"word{at} " * 3_000

    told: list[int] = []
    tracemalloc.start()
    scores = bm25_scores(texts, ["word3 word99"], progress=told.append)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert began == 2 and sum(told) == 2 * 100
    assert set(np.flatnonzero(scores[0])) == {3, 99}
    assert peak < 1_000_000  # one text and its words; 2 MB of text go by twice


def test_what_cannot_be_read_twice_alike_is_refused() -> None:
    with pytest.raises(ValueError, match="no iterator"):
        bm25_scores(iter(["a"]), ["a"])
    for lengths, said in (([2, 3], "more"), ([3, 2], "fewer")):
        left = iter(lengths)
        with pytest.raises(ValueError, match=f"gave {said} than the first"):
            bm25_scores(lambda left=left: ["a"] * next(left), ["a"])
    for wrong in ({"k1": -1.0}, {"b": 1.5}, {"k1": math.nan}):
        with pytest.raises(ValueError, match="k1 of at least 0"):
            bm25_scores(["a"], ["a"], **wrong)
