"""Both ends of a ranking, kept while scores come in parts, against sorting everything."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from attribution_engine.store.writer import ranked
from attribution_engine.tails import Tails

# Few values, so that most are tied; two of them are alike only as float32.
VALUES = st.sampled_from([-2.0, -1.0, -0.0, 0.0, 1.0, 1.0 + 1e-12, 1.5, 1e30])


@st.composite
def scores_in_parts(draw) -> tuple[np.ndarray, list[np.ndarray]]:
    """Scores [queries, documents], and the documents of each part in any order."""
    n_queries, n_documents = draw(st.integers(1, 3)), draw(st.integers(0, 30))
    rows = st.lists(VALUES, min_size=n_documents, max_size=n_documents)
    scores = np.array([draw(rows) for _ in range(n_queries)]).reshape(n_queries, n_documents)
    order = draw(st.permutations(range(n_documents)))
    cuts = sorted(draw(st.lists(st.integers(0, n_documents), max_size=5)))
    parts = [order[a:b] for a, b in zip([0, *cuts], [*cuts, n_documents])]
    return scores, [np.array(part, dtype=np.int64) for part in parts]


def taken_in(scores: np.ndarray, parts: list[np.ndarray], k: int) -> Tails:
    tails = Tails(len(scores), k)
    for part in parts:
        tails.add(scores[:, part], part)
    return tails


def outermost(row: np.ndarray, n: int) -> list[int]:
    """Sorted by hand: by score as float32, then by number."""
    order = sorted(range(len(row)), key=lambda document: (-np.float32(row[document]), document))
    return sorted({*order[:n], *order[max(0, len(order) - n) :]})


@given(scores_in_parts(), st.integers(0, 8), st.integers(0, 8))
def test_both_ends_are_those_of_sorting_everything(given_scores, k, n) -> None:
    scores, parts = given_scores
    tails = taken_in(scores, parts, k)
    for query, row in enumerate(scores):
        assert tails.of(query) == outermost(row, k)
        assert tails.ends(query, n) == outermost(row, min(n, k))


@given(scores_in_parts(), st.integers(1, 8))
def test_both_ends_are_the_stores_own_first_and_last_ranks(given_scores, k) -> None:
    scores, parts = given_scores
    tails = taken_in(scores, parts, k)
    for query, row in enumerate(scores):
        _, ranks = ranked(row)
        wanted = (ranks <= k) | (ranks > len(row) - k)
        assert tails.of(query) == np.flatnonzero(wanted).tolist()


def test_ties_at_the_harmful_end_go_to_the_document_that_is_ranked_last() -> None:
    tails = taken_in(np.zeros((1, 5)), [np.array([3, 1]), np.array([4, 0, 2])], 2)
    assert tails.of(0) == [0, 1, 3, 4]
    assert tails.ends(0, 1) == [0, 4]


def test_queries_keep_their_own_ends() -> None:
    tails = taken_in(np.array([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]), [np.arange(3)], 1)
    tails.add(np.array([[9.0], [2.0]]), np.array([3]))
    assert (tails.of(0), tails.of(1)) == ([0, 3], [0, 2])


def test_what_was_handed_in_is_not_kept_or_changed() -> None:
    scores, documents = np.array([[1.0, 2.0]]), np.array([7, 8])
    tails = taken_in(np.zeros((1, 0)), [], 2)
    tails.add(scores, documents)
    scores[:], documents[:] = 5.0, 0
    assert tails.of(0) == [7, 8]
