"""The finding sources: each standing of each claim, odd data, and its table."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.finding_stages import sources
from attribution_engine.store.finding_promises_sources import PROMISES
from tests.finding_stages.filled import asked, broken, fill_into, filled, scores
from tests.synthetic_store import write_synthetic_store

N = 2000
NAMES = ("math", "code", "wiki", "web", "books")
SOURCES: list[str | None] = [NAMES[at % 5] for at in range(N)]
QUERIES = asked([("reasoning", "slopes", 8), ("factual", "facts", 8)])
CLAIMS = {
    "some": "other sources than the corpus",
    "math": "Sources of mathematics",
    "code": "Code and StackExchange",
    "wiki": "Wikipedia",
    "alike": "same sources as the top",
}


def influence(
    lifts: dict[str, float],
    facts: dict[str, float],
    bottom: dict[str, float] | None = None,
    seed: int = 0,
) -> np.ndarray:
    """Scores in which sources are lifted into both tails, or pressed out of them.

    Args:
        lifts: of reasoning queries, by source; facts: of factual ones.
        bottom: other lifts for the harmful side of reasoning queries; None = the same.
    """
    random = np.random.default_rng(seed)
    rows = []
    for one in QUERIES:
        mine = lifts if one.kind == "reasoning" else facts
        size = random.exponential(1.0, N)
        sign = random.choice([-1.0, 1.0], N)
        top = np.array([mine.get(name or "", 1.0) for name in SOURCES])
        low = top if bottom is None else np.array([bottom.get(n or "", 1.0) for n in SOURCES])
        rows.append(size * sign * np.where(sign > 0, top, low))
    return np.array(rows, np.float32)


def standings(given: np.ndarray, of: Sequence[str | None] = SOURCES) -> dict[str, str]:
    claims, _ = filled(sources.fill, scores(given, QUERIES, of))
    return {
        name: next(claim.standing for claim in claims if words in claim.claim)
        for name, words in CLAIMS.items()
    }


def test_the_picture_of_the_paper() -> None:
    lifts = {"math": 2.5, "code": 1.7, "wiki": 0.4, "books": 0.6}
    found = standings(influence(lifts, {"wiki": 2.5, "math": 1.6, "code": 0.5}))
    assert set(found.values()) == {"replicates"}


def test_the_opposite_of_it() -> None:
    lifts = {"math": 0.3, "code": 0.4, "wiki": 2.0, "web": 1.4}
    bottom = {"math": 2.5, "code": 1.6, "wiki": 0.3, "web": 0.4}
    found = standings(influence(lifts, {"wiki": 0.3}, bottom))
    assert found == {
        "some": "replicates", "math": "does not", "code": "does not", "wiki": "does not",
        "alike": "does not",
    }  # fmt: skip


def test_scores_that_know_no_source() -> None:
    found = standings(influence({}, {}))
    assert found["math"] == found["code"] == found["wiki"] == "cannot tell"
    assert found["some"] != "replicates"


def test_a_corpus_of_two_halves_that_the_tops_repeat() -> None:
    """Intervals close to 1 on both sides: the general claim does not hold."""
    rows = []
    for query in range(len(QUERIES)):
        random = np.random.default_rng(query)
        even, odd = (random.permutation(np.arange(at, N, 2)) for at in (0, 1))
        order = np.stack([even, odd], axis=1).ravel()
        row = np.empty(N)
        row[order] = np.arange(N)
        rows.append(row)
    found = standings(np.array(rows), ["a", "b"] * (N // 2))
    assert found["some"] == "does not"


@pytest.mark.parametrize(
    ("of", "method", "claim", "said"),
    [
        ([None] * N, "ek-fac", "math", "Set `source` in [corpus]"),
        (["one"] * N, "ek-fac", "some", "several values in its field `source`"),
        (["one"] * N, "ek-fac", "math", "No source of this run has a name of mathematics"),
        (["math"] * N, "ek-fac", "math", "Every document of this run is of such a source"),
        (["a", "b"] * (N // 2), "ek-fac", "alike", "4 at least"),
        (SOURCES, "bm25", "alike", "no sign"),
    ],
)
def test_what_is_missing_is_said(
    of: Sequence[str | None], method: str, claim: str, said: str
) -> None:
    given = scores(influence({}, {}), QUERIES, of, method)
    claims, _ = filled(sources.fill, given)
    one = next(one for one in claims if CLAIMS[claim] in one.claim)
    assert one.standing == "cannot tell" and said in one.sentence
    assert len(claims) == 5


def test_no_query_with_a_top_and_no_reasoning_queries() -> None:
    claims, store = filled(sources.fill, scores(np.ones((16, N)), QUERIES, SOURCES))
    assert {one.standing for one in claims} == {"cannot tell"} and len(claims) == 5
    assert store.execute("SELECT count(*) FROM group_influence").fetchall() == [(0,)]
    facts = asked([("factual", "facts", 8)])
    given = scores(influence({}, {"wiki": 3.0})[8:], facts, SOURCES)
    claims, _ = filled(sources.fill, given)
    assert claims[0].standing == "replicates" and "factual queries" in claims[0].sentence
    assert "A suite of reasoning queries supplies them" in claims[1].sentence


def test_the_mix_of_suites_is_not_what_reasoning_takes() -> None:
    """Math queries take math and code queries code: how many there are of each says nothing."""
    queries = asked([("reasoning", "slopes", 4), ("reasoning", "mbpp", 20)])
    names = ["math", "code", "web", "books"] * (N // 4)
    lift = {"slopes": "math", "mbpp": "code"}
    random = np.random.default_rng(1)
    rows = [
        random.standard_normal(N) * np.where(np.array(names) == lift[one.task], 3.0, 1.0)
        for one in queries
    ]
    claims, store = filled(sources.fill, scores(np.array(rows), queries, names))
    found = {name: next(one for one in claims if words in one.claim)
             for name, words in CLAIMS.items()}  # fmt: skip
    assert found["math"].standing == "replicates" and found["math"].n_queries == 4
    assert "outside suites about code" in found["math"].sentence
    assert found["code"].standing == "does not"
    kinds = store.execute("SELECT DISTINCT kind FROM group_influence WHERE kind IS NOT NULL")
    assert kinds.fetchall() == [("reasoning",)]  # over all of its queries, as the page has it
    only = [one for one in queries if one.task == "mbpp"]
    only = [replace(one, query_id=at) for at, one in enumerate(only)]
    claims, _ = filled(sources.fill, scores(np.array(rows[4:]), only, names))
    assert {one.standing for one in claims} == {"cannot tell"}
    assert "no reasoning query outside suites about code" in claims[1].sentence


def test_few_documents_and_one_query() -> None:
    for n in (1, 2, 3, 30):
        given = scores(influence({}, {})[:1, :n], QUERIES[:1], SOURCES[:n])
        claims, store = filled(sources.fill, given)
        assert len(claims) == 5
        for row in store.execute("SELECT multiplier, low, high FROM group_influence").fetchall():
            assert np.isfinite(row).all()


@pytest.mark.parametrize("method", ["ek-fac", "bm25", "self-influence"])
def test_on_a_store_against_plain_counting(tmp_path: Path, method: str) -> None:
    path = write_synthetic_store(tmp_path / "s.duckdb", method=method)
    assert len(fill_into(path, sources.fill)) == 5
    assert broken(path, PROMISES) == []
    with duckdb.connect(str(path), read_only=True) as connection:
        for side, end in (("helpful", "rank <= 50"), ("harmful", "rank > 250")):
            counted = dict(connection.execute(
                f"""SELECT source, count(*) / 150 FROM influence JOIN documents USING (doc_id)
                WHERE query_id BETWEEN 3 AND 5 AND {end} GROUP BY source"""
            ).fetchall())  # fmt: skip
            found = dict(connection.execute(
                """SELECT value, share FROM group_influence WHERE "grouping" = 'source'
                AND suite = 'gsm8k' AND k = 50 AND side = ?""", [side]
            ).fetchall())  # fmt: skip
            assert {name: share for name, share in found.items() if share} == pytest.approx(counted)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that keeps its promises."""
    path = write_synthetic_store(tmp_path_factory.mktemp("runs") / "s.duckdb")
    fill_into(path, sources.fill)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("share = 1.5", "which is not that of"),
        ("n_top = n_top + 1", "which is not that of"),
        ("multiplier = multiplier * 2 + 1", "outside its intervals"),
        ("low = multiplier + 0.1", "outside its intervals"),
        ("n = n + 1", "its rows say"),
        ("k = 100000", "is not within"),
        ("n_different = 1", "different documents"),
        ("kind = 'reasoning' WHERE suite IS NOT NULL", "is over the suite"),
        ("share = 0.9, n_top = 9 * k * n_queries // 10", "sum to"),
    ],
)
def test_a_promise_that_is_broken_is_found(
    kept: Path, tmp_path: Path, change: str, said: str
) -> None:
    path = Path(shutil.copy(kept, tmp_path / "s.duckdb"))
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"UPDATE group_influence SET {change}")
    assert any(said in sentence for sentence in broken(path, PROMISES))
