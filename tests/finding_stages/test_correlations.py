"""The finding correlations: each standing of each claim, odd data, and its table."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.finding_stages import correlations
from attribution_engine.findings.correlation_claims import within
from attribution_engine.store.finding_promises_correlations import PROMISES
from tests.finding_stages.filled import asked, broken, fill_into, filled, scores
from tests.synthetic_store import write_synthetic_store

TASKS = [("reasoning", "slopes", 4), ("reasoning", "sums", 4), ("factual", "capitals", 4),
         ("control", "reasoning_control", 3)]  # fmt: skip
PROMPTS = {
    "slopes": "What is the slope of the line",
    "sums": "Add these numbers up",
    "capitals": "Where is the river",
    "reasoning_control": "What is the slope of that line",
}
QUERIES = asked(TASKS, PROMPTS)
CLAIMS = ("one reasoning task", "different tasks or kinds", "Factual queries", "its control")


def mixed(shared: dict[str, list[str]], n: int = 3000, seed: int = 2) -> np.ndarray:
    """Scores in which the tasks of each name share a part."""
    random = np.random.default_rng(seed)
    parts = {name: random.standard_normal(n) for name in shared}
    rows = []
    for one in QUERIES:
        row = random.standard_normal(n)
        rows.append(row + sum(parts[name] for name, tasks in shared.items() if one.task in tasks))
    return np.array(rows, np.float32)


def standings(influence: np.ndarray) -> dict[str, str]:
    claims, _ = filled(correlations.fill, scores(influence, QUERIES))
    return {
        words: next(claim.standing for claim in claims if words in claim.claim) for words in CLAIMS
    }


def test_what_is_planted_comes_out() -> None:
    by_task = {one: [one] for one in ("slopes", "sums")}
    assert set(standings(mixed(by_task)).values()) == {"replicates"}
    # Queries of a task that share the documents out among them: each pair is below zero.
    against = np.random.default_rng(3).standard_normal((len(QUERIES), 3000)).astype(np.float32)
    for at in (0, 4, 8):
        against[at : at + 4] -= against[at : at + 4].mean(axis=0)
    found = standings(against)
    assert found["one reasoning task"] == found["its control"] == "does not"
    assert found["Factual queries"] == "does not"


def test_everything_alike_is_no_task() -> None:
    found = standings(mixed({"all": ["slopes", "sums", "capitals", "reasoning_control"]}))
    assert found["one reasoning task"] == found["its control"] == "cannot tell"
    assert found["different tasks or kinds"] == "does not"
    assert found["Factual queries"] == "does not"


def test_bounds() -> None:
    assert within(-0.05, 0.1, 0.1) == "replicates"
    assert within(0.05, 0.11, 0.1) == "cannot tell"
    assert within(0.11, 0.2, 0.1) == within(-0.3, -0.2, 0.1) == "does not"
    assert within(None, None, 0.1) == "cannot tell"


@pytest.mark.parametrize(
    ("kinds", "words", "supplies"),
    [
        ([("factual", "capitals", 3)], "one reasoning task", "A suite of reasoning queries"),
        ([("reasoning", "slopes", 3)], "one reasoning task", "another reasoning task"),
        ([("reasoning", "a", 1), ("reasoning", "b", 1)], "one reasoning task", "several queries"),
        ([("reasoning", "slopes", 3)], "different tasks or kinds", "A second suite"),
        ([("reasoning", "slopes", 3)], "Factual queries", "A suite of factual queries"),
        ([("reasoning", "slopes", 3)], "its control", "A suite of such controls"),
        ([("control", "c", 3)], "different tasks or kinds", "A second suite"),
        ([], "Factual queries", "A suite of factual queries"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(
    kinds: list[tuple[str, str, int]], words: str, supplies: str
) -> None:
    queries = asked(kinds)
    influence = np.random.default_rng(0).standard_normal((len(queries), 40))
    claims, _ = filled(correlations.fill, scores(influence, queries))
    claim = next(one for one in claims if words in one.claim)
    assert claim.standing == "cannot tell" and supplies in claim.sentence
    assert len(claims) == 4 and all(one.n_documents == 40 for one in claims)


def test_constant_scores_are_said() -> None:
    claims, store = filled(correlations.fill, scores(np.ones((15, 30)), QUERIES))
    assert {one.standing for one in claims} == {"cannot tell"}
    assert "15 queries whose scores are all the same" in claims[0].sentence
    assert store.execute("SELECT count(*) FROM correlation_group").fetchall() == [(0,)]


@pytest.mark.parametrize("method", ["ek-fac", "bm25", "gradient-cosine"])
def test_on_a_store_against_numpy(tmp_path: Path, method: str) -> None:
    path = write_synthetic_store(tmp_path / "s.duckdb", method=method)
    assert len(fill_into(path, correlations.fill)) == 4
    assert broken(path, PROMISES) == []
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute(
            "SELECT list(influence ORDER BY doc_id) FROM influence GROUP BY query_id "
            "ORDER BY query_id"
        ).fetchall()
        matrix = np.corrcoef(np.array([row for (row,) in rows]))
        found = dict(connection.execute(
            "SELECT group_a, mean FROM correlation_group "
            "WHERE measure = 'pearson' AND relation = 'within task'"
        ).fetchall())  # fmt: skip
    for at, task in enumerate(("slope between two points", "word problem", "capital")):
        part = matrix[3 * at : 3 * at + 3, 3 * at : 3 * at + 3]
        assert found[task] == pytest.approx(part[np.triu_indices(3, 1)].mean(), abs=1e-9)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that keeps its promises."""
    path = write_synthetic_store(tmp_path_factory.mktemp("runs") / "s.duckdb")
    fill_into(path, correlations.fill)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE correlation_group SET mean = 2, high = 3", "no correlation"),
        ("UPDATE correlation_group SET low = mean + 0.001", "outside"),
        ("UPDATE correlation_group SET n = 7", "is over 7 documents"),
        ("UPDATE correlation_group SET mean = mean + 1e-4, low = -1, high = 1, largest = largest",
         "its pairs have"),
        ("UPDATE correlation_group SET largest = 0.999", "the pair has"),
        ("INSERT INTO correlation_group FROM correlation_group", "stands 2 times"),
    ],
)  # fmt: skip
def test_a_promise_that_is_broken_is_found(
    kept: Path, tmp_path: Path, change: str, said: str
) -> None:
    path = Path(shutil.copy(kept, tmp_path / "s.duckdb"))
    with duckdb.connect(str(path)) as connection:
        connection.execute(change)
    assert any(said in sentence for sentence in broken(path, PROMISES))


def test_two_queries_alike_are_not_a_task() -> None:
    """However many documents there are: of ten queries of a task one pair is nearly one query."""
    queries = asked([("reasoning", "slopes", 10), ("reasoning", "sums", 10)])
    random = np.random.default_rng(5)
    influence = random.standard_normal((20, 20_000))
    influence[1] = influence[0] + 0.1 * random.standard_normal(20_000)
    claims, store = filled(correlations.fill, scores(influence.astype(np.float32), queries))
    ((low,),) = store.execute(
        "SELECT low FROM correlation_group WHERE measure = 'pearson' AND relation = 'within task' "
        "AND group_a = 'slopes'"
    ).fetchall()
    assert low > 0.01  # over documents alone it would be off zero
    assert claims[0].standing == "cannot tell", claims[0].sentence
