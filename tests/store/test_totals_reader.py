"""What the reader says of totals, against pandas on the scores of the same store."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from attribution_engine.store.finding_promises_totals import PROMISES
from attribution_engine.store.findings.multipliers import multipliers, shared_queries
from attribution_engine.store.reader import StoreReader
from tests.store.totals_store import add_totals
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    add_totals(write_synthetic_store(folder / "here.duckdb"))
    add_totals(
        write_synthetic_store(folder / "there.duckdb", score_seed=1),
        "UPDATE queries SET nats = nats * 3, completion = 'else' WHERE query_id = 7",
        "UPDATE queries SET prompt = 'another' WHERE query_id = 0",
    )
    return folder


@pytest.fixture(scope="module")
def frames(folder: Path) -> dict[str, pd.DataFrame]:
    found = {}
    for name in ("here", "there"):
        with duckdb.connect(str(folder / f"{name}.duckdb"), read_only=True) as connection:
            found[name] = connection.sql(
                """SELECT query_id, kind, suite, correct, nats, influence::DOUBLE AS influence
                FROM influence JOIN queries USING (query_id)"""
            ).df()
    return found


@pytest.fixture(scope="module")
def reader(folder: Path, frames: Any) -> StoreReader:
    return StoreReader(folder / "here.duckdb")


def sums(frame: pd.DataFrame, query: int, side: str, k: int | None = None) -> float:
    """Plain: sizes of a query's influence of one sign, sorted, the first k summed."""
    values = frame[frame.query_id == query].influence.to_numpy()
    values = np.sort(values if side == "helpful" else -values)[::-1]
    return float(values[values > 0][:k].sum())


@pytest.mark.parametrize("side", ["helpful", "harmful"])
def test_a_curve_is_the_mean_and_deviation_over_its_queries(
    reader: StoreReader, frames: dict[str, pd.DataFrame], side: str
) -> None:
    nats = frames["here"].groupby("query_id").nats.first()
    (curve,) = [one for one in reader.totals_curves("kind", False, "k", "per_nat")
                if (one.side, one.group) == (side, "factual")]  # fmt: skip
    assert curve.query_ids == (6, 7, 8) and curve.outcome == "all"
    for depth, mean, low, high in zip(
        curve.depths, curve.means, curve.low, curve.high, strict=True
    ):
        each = [sums(frames["here"], one, side, int(depth)) / nats[one] for one in (6, 7, 8)]
        assert mean == pytest.approx(np.mean(each))
        assert low == pytest.approx(max(0, np.mean(each) - np.std(each, ddof=1)))
        assert high == pytest.approx(np.mean(each) + np.std(each, ddof=1))
    (shares,) = [one for one in reader.totals_curves("suite", True, "percentile", "share")
                 if (one.side, one.group, one.outcome) == (side, "facts", "wrong")]  # fmt: skip
    assert shares.query_ids == (7,) and shares.low == () and shares.means[-1] == 1.0
    n = int((np.sign(frames["here"][frames["here"].query_id == 7].influence)
             == (1 if side == "helpful" else -1)).sum())  # fmt: skip
    for depth, share in zip(shares.depths, shares.means, strict=True):
        k = math.ceil(round(depth * n / 100, 9))
        assert share == pytest.approx(
            sums(frames["here"], 7, side, k) / sums(frames["here"], 7, side)
        )


def test_curves_of_a_query_and_of_none(reader: StoreReader) -> None:
    both = reader.query_curves(4, "percentile", "total")
    assert [one.side for one in both] == ["helpful", "harmful"]
    assert reader.query_curves(999, "percentile", "total") == ()


def test_figures_have_intervals_and_totals_of_queries_are_sums(
    reader: StoreReader, frames: dict[str, pd.DataFrame]
) -> None:
    figures = reader.totals_figures("kind", False)
    assert {one.outcome for one in figures} == {"all"}
    assert all(one.low is not None and one.low <= one.mean <= (one.high or 0) for one in figures)
    assert {one.outcome for one in reader.totals_figures("suite", True)} == {
        "correct", "wrong", "unknown",
    }  # fmt: skip
    found = {(one.query_id, one.side): one for one in reader.query_totals()}
    assert len(found) == 24
    for (query, side), one in found.items():
        assert one.total == pytest.approx(sums(frames["here"], query, side))
        assert one.top_5 == pytest.approx(
            sums(frames["here"], query, side, math.ceil(one.n_documents / 20)) / one.total
        )


def test_groups_of_tails_are_those_of_the_fits(reader: StoreReader) -> None:
    fits = pd.DataFrame([
        {"side": one.side, "kind": one.kind, "slope": one.slope, "alpha": one.survival_exponent,
         "p": one.ks_p} for one in reader.tail_slopes()
    ])  # fmt: skip
    groups = reader.tail_groups("kind", False)
    assert len(groups) == 6 and [one.side for one in groups[:3]] == ["helpful"] * 3
    for one in groups:
        own = fits[(fits.side == one.side) & (fits.kind == one.group)]
        assert (one.slope, one.slope_deviation) == pytest.approx(
            (own.slope.mean(), own.slope.std())
        )
        assert one.exponent == pytest.approx(own.alpha.mean())
        assert one.slope_low <= one.slope <= one.slope_high  # type: ignore[operator]
        assert (one.n_tested, one.n_kept) == (own.p.notna().sum(), (own.p >= 0.05).sum())
    assert {one.outcome for one in reader.slope_tests()} == {"all", "correct", "wrong"}


@pytest.mark.parametrize("part", [0.01, 0.1, 1.0])
def test_multipliers_are_quotients_of_sums_per_nat(
    folder: Path, reader: StoreReader, frames: dict[str, pd.DataFrame], part: float
) -> None:
    there = StoreReader(folder / "there.duckdb")
    found = multipliers(reader, there, part)
    k = math.ceil(part * 300)
    assert (found.k_here, found.k_there, found.per_nat, found.n_shared) == (k, k, True, 11)
    assert len(shared_queries(reader, there)) == 11
    nats = {name: frame.groupby("query_id").nats.first() for name, frame in frames.items()}
    for one in found.queries:
        each = {
            name: sums(frame, one.query_id, one.side, k) / nats[name][one.query_id]
            for name, frame in frames.items()
        }
        assert one.ratio == pytest.approx(each["there"] / each["here"])
        assert one.same_completion == (one.query_id != 7)
    for group in found.groups:
        own = [one.ratio for one in found.queries
               if (one.kind, one.side) == (group.kind, group.side)]  # fmt: skip
        assert group.mean == pytest.approx(np.mean(own))
        assert group.standard_error == pytest.approx(np.std(own, ddof=1) / len(own) ** 0.5)
        assert (group.median, group.n_above) == (np.median(own), sum(one > 1 for one in own))
    assert multipliers(there, reader, part).queries[0].ratio == pytest.approx(
        1 / found.queries[0].ratio
    )


def test_runs_without_nats_are_compared_raw(
    folder: Path, reader: StoreReader, tmp_path: Path
) -> None:
    path = write_synthetic_store(tmp_path / "raw.duckdb", score_seed=2)
    raw = StoreReader(add_totals(path, "UPDATE queries SET nats = NULL WHERE query_id = 3"))
    found = multipliers(reader, raw, 0.01)
    assert not found.per_nat and len(found.queries) == 24
    about = raw.totals_about()
    assert about is not None and about.n_without_nats == 1


def test_a_store_without_totals_has_none(tmp_path: Path, reader: StoreReader) -> None:
    bare = StoreReader(write_synthetic_store(tmp_path / "bare.duckdb"))
    assert bare.totals_about() is None and bare.query_totals() == []
    assert bare.totals_curves("kind", False, "k", "total") == ()
    assert bare.tail_groups("kind", False) == [] and bare.slope_tests() == []
    assert multipliers(reader, bare, 0.01).queries == ()


BREAKS = [
    "INSERT INTO coverage SELECT * FROM coverage WHERE query_id = 1",
    "UPDATE coverage SET query_id = 99 WHERE query_id = 1",
    "UPDATE coverage SET share = 1.2 WHERE query_id = 1 AND k = 1",
    "UPDATE coverage SET total = -total WHERE query_id = 1",
    "UPDATE coverage SET share = 0.999 WHERE query_id = 1 AND k = 1 AND grid = 'k'",
    "UPDATE coverage SET total = total * 1.01 WHERE percentile = 100",
    "DELETE FROM coverage WHERE query_id = 2 AND side = 'harmful'",
    "UPDATE coverage_group SET low = mean + 1, high = mean + 2",
    "UPDATE coverage_group SET percentile = NULL",
    "UPDATE coverage_group SET mean = -1 WHERE quantity = 'share'",
    "UPDATE slope_test SET p = 2",
    "UPDATE slope_test SET difference = difference + 1",
    "UPDATE slope_test SET n_a = n_a + 1",
]


@pytest.mark.parametrize("statement", BREAKS)
def test_every_promise_is_found_broken(folder: Path, tmp_path: Path, statement: str) -> None:
    path = tmp_path / "broken.duckdb"
    path.write_bytes((folder / "here.duckdb").read_bytes())
    with duckdb.connect(str(path)) as connection:
        connection.execute(statement)
        said = [
            promise.sentence.format(*row)
            for promise in PROMISES
            for row in connection.execute(promise.broken).fetchall()
        ]
    assert said
