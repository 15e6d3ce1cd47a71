"""The stage of the totals on stores: its tables against plain numpy, and odd runs."""

from __future__ import annotations

import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest

from attribution_engine.finding_stages import totals
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.run_scores import RunScores
from attribution_engine.store.finding_promises_totals import PROMISES
from attribution_engine.store.finding_reads import read_run_scores
from attribution_engine.store.stored_influence import stored_influence
from attribution_engine.store.writer import StoreWriter
from tests.synthetic_store import write_synthetic_store

TABLES = ("coverage", "coverage_group", "slope_test")


def fill(path: Path, **changes: Any) -> list[Claim]:
    """Fills the tables of the totals; `changes` are of the run's scores."""
    with duckdb.connect(str(path)) as connection, (path.parent / "scores").open("w+b") as file:
        for table in TABLES:
            connection.execute(f"DELETE FROM {table}")
        store = StoreWriter(connection, create=False)
        found = read_run_scores(connection, stored_influence(connection, file))
        options = FindingOptions(resamples=300)
        claims = list(totals.fill(store, replace(found, **changes), options))
        for promise in PROMISES:
            assert connection.execute(promise.broken).fetchall() == [], promise.sentence
        for table in TABLES:
            for row in connection.execute(f"FROM {table}").fetchall():
                assert all(math.isfinite(one) for one in row if isinstance(one, float)), row
    return claims


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("whole") / "run.duckdb")


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(whole, tmp_path / "run.duckdb"))


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path)) as connection:
        return connection.execute(sql).fetchall()


def change(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_tables_say_what_the_scores_of_the_store_say(path: Path) -> None:
    claims = fill(path)
    assert len(claims) == 8 and {claim.finding for claim in claims} == {"totals"}
    scores = {
        query: np.sort(np.array(values, float))
        for query, values in rows(
            path, "SELECT query_id, list(influence) FROM influence GROUP BY 1"
        )
    }
    nats = dict(rows(path, "SELECT query_id, nats FROM queries"))
    for query, side, grid, percentile, k, total, share in rows(path, "FROM coverage"):
        own = scores[query][::-1] if side == "helpful" else scores[query]
        own = own[own > 0] if side == "helpful" else own[own < 0]
        if grid == "percentile":
            assert k == math.ceil(round(percentile * len(own) / 100, 9))
        assert total == pytest.approx(own[:k].sum()) and share == pytest.approx(total / own.sum())
    per_nat = [scores[one][scores[one] < 0].sum() / -nats[one] for one in (6, 7, 8)]
    ((mean, deviation, n),) = rows(
        path,
        """SELECT mean, deviation, n_queries FROM coverage_group WHERE "grouping" = 'kind'
        AND value = 'factual' AND outcome = 'all' AND side = 'harmful' AND quantity = 'per_nat'
        AND percentile = 100""",
    )
    assert (mean, deviation, n) == pytest.approx((np.mean(per_nat), np.std(per_nat, ddof=1), 3))


def test_slopes_of_the_tests_are_those_of_the_fits(path: Path) -> None:
    fill(path)
    ((mean, deviation, n),) = rows(
        path,
        """SELECT mean_a, deviation_a, n_a FROM slope_test
        WHERE side = 'harmful' AND outcome = 'wrong'""",
    )
    ((expected, spread, count),) = rows(
        path,
        """SELECT avg(slope), stddev_samp(slope), count(*) FROM rank_fit JOIN queries
        USING (query_id) WHERE kind = 'reasoning' AND side = 'harmful' AND NOT correct""",
    )
    assert (mean, deviation, n) == pytest.approx((expected, spread, count))


@pytest.mark.parametrize(
    ("method", "words"),
    [("bm25", "no sign"), ("self-influence", "never negative")],
)
def test_scores_without_a_sign_cannot_tell(path: Path, method: str, words: str) -> None:
    change(path, "UPDATE influence SET influence = abs(influence)")
    claims = fill(path, method=method, signed=False, of_nats=method != "bm25")
    assert {claim.standing for claim in claims} == {"cannot tell"}
    assert all(words in claim.sentence and "ek-fac" in claim.sentence for claim in claims)
    assert rows(path, "SELECT DISTINCT side FROM coverage_group") == [("helpful",)]


def test_a_cosine_has_no_score_per_nat_but_shares(path: Path) -> None:
    claims = fill(path, method="gradient-cosine", of_nats=False)
    assert "no score per nat" in claims[0].sentence
    assert "no score per nat" not in claims[3].sentence


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE queries SET nats = NULL",
        "UPDATE queries SET nats = 0 WHERE query_id < 5",
        "UPDATE influence SET influence = 0",
        "UPDATE influence SET influence = 0 WHERE query_id = 3",
        "UPDATE influence SET influence = 0.5",
        "UPDATE influence SET influence = -abs(influence)",
        "DELETE FROM rank_fit",
        "UPDATE queries SET correct = NULL",
        "UPDATE queries SET kind = 'control'",
        "INSERT INTO query_items (query_id, item) SELECT query_id, 1 FROM queries",
        "INSERT INTO query_items (query_id, item) VALUES (4, 1)",
    ],
)
def test_odd_runs_go_through_and_say_what_is_missing(path: Path, statement: str) -> None:
    change(path, statement)
    for claim in fill(path):
        assert claim.sentence.endswith(".")
        assert not {"nan", "inf", "None"} & set(claim.sentence.replace(",", " ").split())


def test_one_query_and_few_documents(tmp_path: Path) -> None:
    path = write_synthetic_store(tmp_path / "run.duckdb", n_documents=62)
    change(path, *(f"DELETE FROM {table} WHERE query_id > 0"
                   for table in ("queries", "influence", "rank_fit")))  # fmt: skip
    claims = fill(path)
    assert {claim.standing for claim in claims} == {"cannot tell"}
    found = rows(path, "SELECT DISTINCT deviation, low, high FROM coverage_group")
    assert found == [(None, None, None)]


def test_memory_is_that_of_one_query_at_a_time(path: Path) -> None:
    """The matrix may be a memory map that is larger than memory: rows are asked for one by one."""
    asked: list[Any] = []

    class Rows(np.ndarray):
        def __getitem__(self, key: Any) -> Any:
            asked.append(key)
            return np.asarray(self)[key]

    with duckdb.connect(str(path)) as connection, (path.parent / "scores").open("w+b") as file:
        found = read_run_scores(connection, stored_influence(connection, file))
        scores = RunScores(found.influence.view(Rows), found.queries, {}, found.n_tokens, "ek-fac")
        list(totals.fill(StoreWriter(connection, create=False), scores, FindingOptions()))
    assert asked == list(range(12))
