"""A miniature lab from nothing: corpus, model, run, store, `trust`, interrupted and resumed."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from attribution_engine.__main__ import main
from attribution_engine.findings.behaviour_cut import DIFFERENCE
from attribution_engine.findings.faithfulness import EXPERIMENTS, FaithfulnessRow
from attribution_engine.lab.lab_scores import METHODS
from attribution_engine.lab.saved_retrainings import SavedRetrainings
from attribution_engine.lab.trust import TrustOptions, trust
from attribution_engine.records import InputError
from attribution_engine.store.verify import verify
from tests.lab.tiny_lab import TINY, write_store

pytestmark = pytest.mark.slow
Row = FaithfulnessRow


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_store(tmp_path_factory.mktemp("tiny lab"))


@pytest.fixture(scope="module")
def rows(store: Path) -> list[Row]:
    return trust(store, TINY, options(store))


def options(store: Path, work: str = "trust", **other) -> TrustOptions:
    return TrustOptions("tiny", device="cpu", work=store.parent / work, **other)


def of(rows: list[Row], experiment: str, **wanted) -> list[Row]:
    return [
        row
        for row in rows
        if row.experiment == experiment
        and all(getattr(row, name) == value for name, value in wanted.items())
    ]


def test_every_experiment_has_rows_and_the_store_keeps_its_promises(store, rows):
    assert {row.experiment for row in rows} == set(EXPERIMENTS)
    assert verify(store) == []
    with duckdb.connect(str(store), read_only=True) as connection:
        kept = connection.execute("SELECT count(*) FROM faithfulness").fetchone()
        lab = dict(connection.execute("SELECT key, value FROM faithfulness_lab").fetchall())
    assert kept == (len(rows),)
    assert {"command", "date", "machine", "seconds", "settings", "optimiser", "weight decay"} <= (
        lab.keys()
    )


def test_removal_has_every_method_fraction_seed_and_query(rows):
    drops = of(rows, "removal", quantity="drop in log-probability")
    for method in METHODS:
        for condition in ("5%", "10%"):
            own = [row for row in drops if (row.method, row.condition) == (method, condition)]
            per_query = [row for row in own if row.query_id is not None]
            per_seed = [row for row in own if row.seed is not None]
            (overall,) = [row for row in own if row.query_id is None and row.seed is None]
            assert {row.seed for row in per_seed} == {0, 1}
            assert overall.figure == pytest.approx(np.mean([row.figure for row in per_seed]))
            assert overall.low <= overall.figure <= overall.high
            assert len(per_query) == len({row.query_id for row in per_query}) > 1
    assert all(
        row.unit == "share" for row in of(rows, "removal", quantity="drop in share reproduced")
    )


def test_more_is_lost_without_what_gradients_rank_first_than_without_as_many_by_lot(rows):
    figures = {
        row.method: row.figure
        for row in of(rows, "removal", condition="10%", seed=None, query_id=None, unit="nats")
    }
    assert figures["ek-fac"] > figures["random"]
    assert figures["gradient-dot"] > figures["random"]


def test_datamodelling_scores_have_intervals_and_a_ceiling(rows):
    over = of(rows, "lds", quantity="LDS", seed=None, query_id=None, condition=None)
    assert {row.method for row in over} == {*METHODS, "ceiling"}
    for row in over:
        assert -1 <= row.low <= row.high <= 1
        assert row.n == TINY.halves


def test_planted_documents_are_named_by_words_and_the_nats_go_with_the_figure(rows):
    (by_words,) = of(rows, "planted", method="bm25", quantity="recall@10", seed=None)
    (by_lot,) = of(rows, "planted", method="random", quantity="mean reciprocal rank", seed=None)
    assert by_words.figure == 1.0  # invented names stand in one document
    assert by_lot.figure < 1.0
    assert "nats (median" in by_words.how


def test_stability_is_that_of_the_run_s_own_model(rows):
    over = of(rows, "stability", query_id=None)
    assert [row.condition for row in over] == [
        "disjoint factor samples",
        "damping 0.1 against 0.01",
    ]  # no matrix of the tiny model has a smaller side above rank 16
    assert all("the run's own model" in row.how for row in over)
    assert "factors of 3 + 3 documents" in over[0].how  # of 12, two halves
    assert "the same 6 + 6 documents" in over[1].how


def test_behaviour_cut_has_outcomes_and_what_was_predicted(rows):
    found = {
        (row.suite, row.condition, row.quantity): row.figure for row in of(rows, "behaviour_cut")
    }
    (suite,) = {name for name, _, quantity in found if quantity == "accuracy"}
    plain = f"{suite}: completions that do not explore"  # all of them: "The answer is X."
    of_each = {"log-probability", "change of log-probability", "predicted change"}
    for name in (suite, plain):
        for condition in ("exploration cut", "equal length cut elsewhere"):
            said = {quantity for one, arm, quantity in found if (one, arm) == (name, condition)}
            assert said - {"accuracy"} == of_each
        change = found[name, "exploration cut", "change of log-probability"]
        assert change != 0.0
        assert change == pytest.approx(
            found[name, "exploration cut", "log-probability"]
            - found[name, "nothing cut", "log-probability"]
        )
        for quantity in ("change of log-probability", "predicted change"):
            assert found[name, DIFFERENCE, quantity] == pytest.approx(
                found[name, "exploration cut", quantity]
                - found[name, "equal length cut elsewhere", quantity]
            )
    assert "batch" in of(rows, "behaviour_cut")[0].how


def test_interrupted_and_resumed_gives_the_same_rows(store, rows, monkeypatch):
    groups = 0
    train = SavedRetrainings._train

    def train_and_interrupt(self, weights, seed):
        nonlocal groups
        groups += 1
        if groups == 4:
            raise KeyboardInterrupt
        return train(self, weights, seed)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SavedRetrainings, "_train", train_and_interrupt)
        trust(store, TINY, options(store, "again"))
    again = trust(store, TINY, options(store, "again", resume=True))
    assert [row.how for row in again] == [row.how for row in rows]
    assert [row.figure for row in again] == pytest.approx([row.figure for row in rows], abs=1e-6)


def test_what_is_kept_is_not_computed_again_nor_used_for_other_settings(store, rows, monkeypatch):
    def refuse(self, weights, seed):
        raise AssertionError("trained again")

    monkeypatch.setattr(SavedRetrainings, "_train", refuse)
    assert trust(store, TINY, options(store, resume=True)) == rows
    with pytest.raises(InputError, match="another budget"):
        trust(store, replace(TINY, halves=5), options(store, resume=True))


def test_finished_results_are_not_removed_without_being_told_to(store, rows):
    with pytest.raises(InputError, match="--resume, or remove them and begin anew with --anew"):
        trust(store, TINY, options(store))


def test_sizes_of_a_stage_leave_the_retrainings(store, rows, monkeypatch, capsys):
    def refuse(self, weights, seed):
        raise AssertionError("trained again")

    folder = store.parent / "trust"
    copied = Path(shutil.copytree(folder, store.parent / "smaller"))
    monkeypatch.setattr(SavedRetrainings, "_train", refuse)
    chosen = options(store, "smaller", resume=True, experiments=("lds", "stability"))
    own = Path(shutil.copy(store, store.parent / "own.duckdb"))
    other = trust(own, replace(TINY, stability_documents=8, traces=10), chosen)
    assert "stability was made with other settings" in capsys.readouterr().out
    assert {row.n for row in of(other, "stability", query_id=None)} != {
        row.n for row in of(rows, "stability", query_id=None)
    } or "over 8 documents" in of(other, "stability")[0].how
    assert len(list(copied.glob("cut-*.npz"))) == 6  # of a stage that was not asked for


def test_only_what_was_done_is_written(store, rows, tmp_path):
    own = Path(shutil.copy(store, tmp_path / "own.duckdb"))
    before = kept_rows(own)
    again = trust(own, TINY, options(store, resume=True, experiments=("stability",)))
    assert {row.experiment for row in again} == {"stability"}
    assert kept_rows(own) == before
    lab = facts(own)
    assert lab["not tested"] == {} and lab["seeds"] == facts(store)["seeds"]
    assert lab["retrainings"] == facts(store)["retrainings"]
    assert set(lab["experiments"]) == set(EXPERIMENTS)
    assert lab["experiments"]["removal"] == facts(store)["experiments"]["removal"]
    assert lab["budget in full"]["halves"] == TINY.halves


def test_a_test_that_fails_costs_the_others_nothing(store, rows, tmp_path, monkeypatch):
    own = Path(shutil.copy(store, tmp_path / "own.duckdb"))
    with duckdb.connect(str(own)) as connection:
        connection.execute("DELETE FROM faithfulness WHERE experiment = 'behaviour_cut'")

    def fail(*_, **__):
        raise InputError("retraining 1: it diverged")

    monkeypatch.setattr("attribution_engine.lab.trust.behaviour_cut", fail)
    found = trust(own, TINY, options(store, resume=True))
    assert {row.experiment for row in found} == set(EXPERIMENTS) - {"behaviour_cut"}
    assert facts(own)["not tested"] == {"behaviour_cut": "retraining 1: it diverged"}


def test_items_of_a_set_are_named(rows):
    named = [row for row in of(rows, "removal") if "of the set" in row.how]
    assert named and all(row.query_id is not None for row in named)


def kept_rows(store: Path) -> list[tuple]:
    with duckdb.connect(str(store), read_only=True) as connection:
        return connection.execute("FROM faithfulness ORDER BY ALL").fetchall()


def facts(store: Path) -> dict:
    with duckdb.connect(str(store), read_only=True) as connection:
        found = connection.execute("SELECT key, value::VARCHAR FROM faithfulness_lab").fetchall()
    return {key: json.loads(value) for key, value in found}


def test_without_time_only_what_was_reached_is_written(store, tmp_path):
    own = Path(shutil.copy(store, tmp_path / "own.duckdb"))
    with duckdb.connect(str(own)) as connection:
        connection.execute("DELETE FROM faithfulness")
        connection.execute("DELETE FROM faithfulness_lab")
    assert trust(own, TINY, options(own, minutes=0.0)) == []
    with duckdb.connect(str(own), read_only=True) as connection:
        (missing,) = connection.execute(
            "SELECT value::VARCHAR FROM faithfulness_lab WHERE key = 'not tested'"
        ).fetchone()
    assert all(experiment in missing for experiment in EXPERIMENTS)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE queries SET correct = false", "no query was answered right"),
        ("DELETE FROM documents WHERE doc_id > 8", "9 documents can be used, a lab needs 20"),
        (
            'UPDATE run SET config = \'{"model": {"path": "/nowhere/model"}}\'',
            "/nowhere/model is not there",
        ),
    ],
)
def test_bad_stores_are_one_line_and_exit_2(store, tmp_path, capsys, statement, message):
    own = Path(shutil.copy(store, tmp_path / "bad.duckdb"))
    with duckdb.connect(str(own)) as connection:
        connection.execute(statement)
        connection.execute("DELETE FROM query_items")
        connection.execute("CHECKPOINT")
    command = ["trust", str(own), "--budget", "small", "--work", str(tmp_path / "work")]
    assert main([*command, "--device", "cpu"]) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert message in line
