"""The stage groups on a store: its tables hold what the store's own scores say, and promises."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.finding_stages import groups
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.store.finding_promises_groups import PROMISES
from attribution_engine.store.finding_reads import read_run_scores
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.stored_influence import stored_influence
from attribution_engine.store.writer import StoreWriter
from tests.synthetic_store import write_synthetic_store

TABLES = ("document_group", "suite_domain", "group_influence", "group_contrast")


def fill(path: Path, options: FindingOptions | None = None) -> list[Claim]:
    """The stage alone, on the rows that another stage may have written."""
    with duckdb.connect(str(path)) as connection, path.with_suffix(".f32").open("w+b") as file:
        store = StoreWriter(connection, create=False)
        scores = read_run_scores(connection, stored_influence(connection, file))
        for table in (*TABLES, "finding"):
            store.clear(table)
        claims = list(groups.fill(store, scores, options or FindingOptions(top=20, resamples=200)))
        store.insert("finding", map(asdict, claims))
    path.with_suffix(".f32").unlink()
    return claims


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "synthetic.duckdb"
    write_synthetic_store(path)
    fill(path)
    return path


def test_means_and_multipliers_are_those_of_the_store(store: Path) -> None:
    with duckdb.connect(str(store), read_only=True) as connection:
        known = connection.execute(
            """SELECT suite, domain, avg(influence), avg(influence / nats), count(DISTINCT doc_id)
            FROM influence JOIN queries USING (query_id) JOIN documents USING (doc_id)
            GROUP BY 1, 2"""
        ).fetchall()
        tops = connection.execute(
            """SELECT suite, domain, count(*) FILTER (rank <= 20),
                count(*) FILTER (rank > (SELECT count(*) FROM documents) - 20)
            FROM influence JOIN queries USING (query_id) JOIN documents USING (doc_id)
            GROUP BY 1, 2"""
        ).fetchall()
    reader = StoreReader(store)
    effects = reader.group_effects("domain")
    assert len(known) == 12
    for suite, domain, mean, per_nat, n in known:
        (group,) = [one for one in effects[f"suite:{suite}"] if one.domain == domain]
        assert group.mean.value == pytest.approx(mean) and group.n == n
        assert group.per_nat.value == pytest.approx(per_nat, abs=1e-9)
        assert group.mean.low < mean < group.mean.high
    for suite, domain, helpful, harmful in tops:
        (group,) = [one for one in effects[f"suite:{suite}"] if one.domain == domain]
        assert (group.helpful.n_top, group.harmful.n_top) == (helpful, harmful)
        assert group.helpful.share == pytest.approx(helpful / 60)
    reader.close()


def test_groups_of_a_joint_grouping_say_what_they_state(store: Path) -> None:
    reader = StoreReader(store)
    assert reader.document_groupings() == [
        "domain", "domain_difficulty", "category", "difficulty", "joint",
    ]  # fmt: skip
    for group in reader.group_effects("joint")["kind:factual"]:
        stated = [group.domain, group.category, group.difficulty]
        assert group.value == " · ".join(one or "(not stated)" for one in stated)
    names = [one.name for one in reader.group_query_sets()]
    assert names[:2] == ["suite:slopes", "suite:gsm8k"] and names[-1] == "kind:control"
    reader.close()


def test_the_store_keeps_its_promises(store: Path) -> None:
    with duckdb.connect(str(store), read_only=True) as connection:
        for promise in PROMISES:
            broken = connection.execute(promise.broken).fetchall()
            assert not broken, promise.sentence.format(*broken[0])


BROKEN = {
    "shares": "UPDATE group_influence SET share = share + 0.1, multiplier = (share + 0.1) / "
    "share_corpus WHERE side = 'helpful' AND k IS NULL AND suite = 'slopes'",
    "multiplier": "UPDATE group_influence SET multiplier = multiplier * 2 WHERE k IS NULL",
    "interval": "UPDATE group_influence SET mean_low = mean + 1 WHERE mean_low IS NOT NULL",
    "mean": "UPDATE group_influence SET mean = mean * 1.5, mean_low = NULL, mean_high = NULL "
    "WHERE suite = 'slopes'",
    "name": "UPDATE document_group SET value = 'another' WHERE value = 'math'",
    "count": "UPDATE document_group SET n = n + 1 WHERE value = 'math'",
    "about": "UPDATE suite_domain SET about = 'sport'",
    "difference": "UPDATE group_contrast SET low = difference + 1",
    "twice": "INSERT INTO group_influence SELECT * FROM group_influence WHERE k IS NOT NULL",
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_promise_is_found(case: str, store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(store.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute(BROKEN[case])
        assert any(connection.execute(promise.broken).fetchall() for promise in PROMISES)


def test_rows_of_sources_stay(store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(store.read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("DELETE FROM group_influence")
        writer = StoreWriter(connection, create=False)
        writer.insert("group_influence", [{"grouping": "source", "value": "x", "suite": "slopes"}])
        influence = np.zeros((12, 0), np.float32)
        with copy.with_suffix(".f32").open("w+b") as file:
            influence = stored_influence(connection, file)
            for table in ("document_group", "suite_domain", "group_contrast"):
                writer.clear(table)
            list(groups.fill(writer, read_run_scores(connection, influence), FindingOptions()))
        count = connection.execute(
            """SELECT count(*) FROM group_influence WHERE "grouping" = 'source'"""
        ).fetchall()
    assert count == [(1,)]


def test_the_plan_of_the_page_is_that_of_the_command(store: Path, tmp_path: Path) -> None:
    from attribution_engine.flip import FlipOptions, write_flip

    reader = StoreReader(store)
    for suites in ((), ("gsm8k",)):
        report = write_flip(FlipOptions(store, tmp_path / f"{len(suites)}.jsonl", suites=suites))
        plan = reader.flip_plan(suites[0] if suites else "")
        assert [(swap["out"], swap["into"]) for swap in report.record["swaps"]] == [
            ([one.name for one in swap.out], [one.name for one in swap.into]) for swap in plan
        ]
    reader.close()
