"""Figures of the tests go into a finished store, come back, and never cost the store itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from attribution_engine.findings.faithfulness import FaithfulnessRow
from attribution_engine.records import InputError
from attribution_engine.store import writer
from attribution_engine.store.faithfulness import merged_lab, write_faithfulness
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.verify import verify
from tests.store.small_store import build
from tests.store.tested_store import LAB, add_tests, rows

ROW = FaithfulnessRow("lds", "ek-fac", "LDS", "Spearman", 0.3, 50, "by hand", low=0.2, high=0.4)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    build(tmp_path / "small.duckdb")
    return tmp_path / "small.duckdb"


def test_an_untested_store_says_so(store: Path) -> None:
    reader = StoreReader(store)
    report = reader.trust()
    assert not report.tested and report.lab == {} and reader.trust_badge() is None
    assert {each.standing for each in report.verdicts.values()} == {"not tested"}


def test_rows_and_lab_come_back_as_they_were(store: Path) -> None:
    written = rows([0, 1, 2], ["s"])
    write_faithfulness(store, written, LAB)
    assert verify(store) == []
    report = StoreReader(store).trust()
    assert list(report.rows) == written and report.lab == LAB
    assert report.verdicts["lds"].tone == "good" and report.seed_rankings and report.effects


def test_a_second_time_replaces_the_experiments_it_has_and_only_those(store: Path) -> None:
    add_tests(store)
    before = duckdb.connect(str(store), read_only=True)
    influence = before.execute("FROM influence").fetchall()
    of_others = "FROM faithfulness WHERE experiment <> 'lds' ORDER BY ALL"
    others = before.execute(of_others).fetchall()
    before.close()
    write_faithfulness(store, [ROW], {"documents": 12})
    with duckdb.connect(str(store), read_only=True) as connection:
        kept = connection.execute("SELECT figure FROM faithfulness WHERE experiment = 'lds'")
        assert kept.fetchall() == [(ROW.figure,)]
        assert connection.execute(of_others).fetchall() == others and others
        assert connection.execute("FROM influence").fetchall() == influence
    assert StoreReader(store).lab() == {**LAB, "documents": 12}
    assert [path.name for path in store.parent.iterdir()] == ["small.duckdb"]


def test_nothing_done_replaces_no_figure(store: Path) -> None:
    add_tests(store)
    before = StoreReader(store).trust().rows
    write_faithfulness(store, [], {"seeds": {}, "documents": 1, "not tested": {"lds": "time"}})
    report = StoreReader(store).trust()
    assert report.rows == before and report.lab["documents"] == LAB["documents"]
    assert "lds" not in report.lab.get("not tested", {})


def test_facts_of_the_lab_are_those_of_the_figures_that_stand() -> None:
    before = {
        "seed": 1,
        "seeds": {"removal": [0, 1], "lds": [0]},
        "baseline": {"s": 1},
        "experiments": {"removal": {"seed": 1}, "stability": {"seed": 1}},
        "stability": {"documents": 300},
        "not tested": {"behaviour_cut": "left out", "planted": "left out"},
    }
    now = {
        "seed": 2,
        "seeds": {"removal": []},
        "baseline": {},
        "experiments": {"behaviour_cut": {"seed": 2}},
        "behaviour_cut": {"traces": 800},
        "not tested": {"removal": "left out", "stability": "left out"},
    }
    found = merged_lab(before, now, {"behaviour_cut"}, {"removal", "stability"})
    assert found["seed"] == 1 and found["baseline"] == {"s": 1}
    assert found["seeds"] == {"removal": [0, 1], "lds": [0]}
    assert set(found["experiments"]) == {"removal", "stability", "behaviour_cut"}
    assert found["behaviour_cut"] == {"traces": 800} and found["stability"] == {"documents": 300}
    assert found["not tested"] == {"planted": "left out"}
    again = merged_lab(before, {"seed": 2, "seeds": {"lds": [0, 1]}}, {"lds"}, {"removal"})
    assert again["seed"] == 2 and again["seeds"] == {"removal": [0, 1], "lds": [0, 1]}


def test_the_badge_is_the_score_of_the_runs_own_method(store: Path) -> None:
    add_tests(store)
    badge = StoreReader(store).trust_badge()
    assert badge is not None and badge.method == "ek-fac" and badge.tone == "good"
    assert (badge.lds, badge.ceiling) == (0.31, 0.75)
    with duckdb.connect(str(store)) as connection:
        connection.execute("UPDATE run SET method = 'gradient-dot'")
    badge = StoreReader(store).trust_badge()
    assert badge is not None and badge.method == "gradient-dot" and badge.tone == "bad"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (replace(ROW, experiment="guess"), "no experiment of that name"),
        (replace(ROW, figure=float("nan")), "NaN or infinite"),
        (replace(ROW, high=float("inf")), "NaN or infinite"),
        (replace(ROW, low=None), "two ends or none"),
        (replace(ROW, low=0.5), "upside down"),
        (replace(ROW, query_id=99), "no such query"),
        (replace(ROW, n=0), "has no n"),
        (replace(ROW, how=""), "has no n, how"),
    ],
)
def test_a_row_that_says_nothing_is_refused_and_the_store_stays(
    store: Path, row: FaithfulnessRow, said: str
) -> None:
    before = store.read_bytes()
    with pytest.raises(ValueError, match=said):
        write_faithfulness(store, [row], LAB)
    assert store.read_bytes() == before


def test_the_same_figure_twice_and_figures_without_a_lab_are_refused(store: Path) -> None:
    with pytest.raises(ValueError, match="same test, method and quantity"):
        write_faithfulness(store, [ROW, replace(ROW, figure=0.5, high=0.6)], LAB)
    with pytest.raises(ValueError, match="without the lab"):
        write_faithfulness(store, [ROW], {})


def test_a_failure_on_the_way_leaves_the_old_store_whole(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.read_bytes()

    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(writer.os, "replace", full)
    with pytest.raises(OSError, match="no space"):
        write_faithfulness(store, [ROW], LAB)
    assert store.read_bytes() == before
    assert [path.name for path in store.parent.iterdir()] == ["small.duckdb"]


def test_an_older_store_is_refused_in_one_line(store: Path) -> None:
    with duckdb.connect(str(store)) as connection:
        connection.execute("UPDATE run SET schema_version = 2")
    with pytest.raises(InputError, match="has schema version 2, this explorer reads 5"):
        write_faithfulness(store, [ROW], LAB)


def test_accuracies_are_read_with_the_entry_condition(store: Path) -> None:
    counts = """{"slopes": {"n": 20, "right": 9, "accuracy": 0.45},
        "slopes, fresh": {"n": 100, "right": 79, "accuracy": 0.79},
        "facts, fresh": {"n": 100, "right": 80, "accuracy": 0.8}}"""
    with duckdb.connect(str(store)) as connection:
        connection.execute("UPDATE run SET accuracy = ?, training = ?", [counts, '{"steps": 3}'])
    assert verify(store) == []
    run = StoreReader(store).run()
    assert [(one.name, one.fresh, one.meets) for one in run.accuracies] == [
        ("slopes", True, False), ("facts", True, True), ("slopes", False, None),
    ]  # fmt: skip
    assert run.training == {"steps": 3}
