"""Groups of retrainings: kept, read back, computed again when damaged; other inputs refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attribution_engine.lab.lab_model import LabSettings
from attribution_engine.lab.saved_retrainings import (
    INPUTS,
    SavedRetrainings,
    TimeUp,
    check_finite,
    kept_result,
    open_folder,
    remaining_words,
)
from attribution_engine.records import InputError
from tests.lab.test_removal import DOCUMENTS, corpus

TINY = LabSettings(hidden=8, layers=1, heads=2, inner=8, context=8, epochs=1.0, at_once=2)
WEIGHTS = np.ones((3, DOCUMENTS))
WEIGHTS[1, ::2] = 0.0  # all documents of one of the two kinds


def retrainings(folder: Path, counts: list[int], until: float | None = None) -> SavedRetrainings:
    return SavedRetrainings(corpus(), TINY, folder, "cpu", counts.append, until)


def test_groups_are_kept_and_read_back(tmp_path):
    counts: list[int] = []
    first = retrainings(tmp_path, counts).measured("halves", WEIGHTS, 0)
    assert sum(counts) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["halves-0-0.npz", "halves-0-2.npz"]
    assert first.log_probabilities.shape == (3, 3)
    assert not np.allclose(first.log_probabilities[0], first.log_probabilities[1])
    assert np.allclose(first.log_probabilities[0], first.log_probabilities[2])
    again = retrainings(tmp_path, counts, until=0.0).measured("halves", WEIGHTS, 0)
    assert sum(counts) == 6
    assert np.array_equal(again.log_probabilities, first.log_probabilities)


def test_a_damaged_group_is_computed_again(tmp_path, capsys):
    first = retrainings(tmp_path, []).measured("halves", WEIGHTS, 0)
    path = tmp_path / "halves-0-2.npz"
    path.write_bytes(path.read_bytes()[:100])
    again = retrainings(tmp_path, []).measured("halves", WEIGHTS, 0)
    assert "damaged" in capsys.readouterr().out
    assert np.array_equal(again.log_probabilities, first.log_probabilities)


def test_the_model_on_all_documents_is_kept_with_its_weights(tmp_path):
    first = retrainings(tmp_path, []).full(3).parameters
    kept = retrainings(tmp_path, [], until=0.0).full(3).parameters
    assert all(np.array_equal(value, kept[name]) for name, value in first.items())


def test_no_group_is_begun_when_time_is_up(tmp_path):
    with pytest.raises(TimeUp):
        retrainings(tmp_path, [], until=0.0).measured("halves", WEIGHTS, 0)
    assert list(tmp_path.iterdir()) == []


def inputs(seed: int = 0, **stages: int) -> dict[str, Any]:
    return {"seed": seed, "budget": {"halves": (3,)}, "stages": stages}


def test_what_was_made_with_other_inputs_is_not_used(tmp_path):
    open_folder(tmp_path, inputs())
    (tmp_path / "halves-0-0.npz").touch()
    open_folder(tmp_path, inputs(), resume=True)
    with pytest.raises(InputError, match="another seed; begin anew with --anew"):
        open_folder(tmp_path, inputs(1), resume=True)
    with pytest.raises(InputError, match="holds 1 finished results; go on with --resume"):
        open_folder(tmp_path, inputs())
    assert (tmp_path / "halves-0-0.npz").exists()
    open_folder(tmp_path, inputs(1), anew=True)
    assert not (tmp_path / "halves-0-0.npz").exists()


def test_results_that_nothing_is_known_of_are_neither_used_nor_removed(tmp_path):
    (tmp_path / "halves-0-0.npz").touch()
    with pytest.raises(InputError, match="does not say what the results"):
        open_folder(tmp_path, inputs(), resume=True)
    assert (tmp_path / "halves-0-0.npz").exists()


def test_other_settings_of_a_stage_void_that_stage_alone(tmp_path, capsys):
    open_folder(tmp_path, inputs(behaviour_cut=800, stability=300))
    names = ("halves-0-0.npz", "cut-0-0.npz", "cut-1-0.npz", "stability.npz")
    for name in names:
        (tmp_path / name).touch()
    open_folder(tmp_path, inputs(stability=300), resume=True)  # no cut asked for
    assert all((tmp_path / name).exists() for name in names)
    assert json.loads((tmp_path / INPUTS).read_text())["stages"]["behaviour_cut"] == 800
    open_folder(tmp_path, inputs(behaviour_cut=400, stability=300), resume=True)
    assert sorted(path.name for path in tmp_path.glob("*.npz")) == [names[0], names[3]]
    assert "behaviour_cut was made with other settings" in capsys.readouterr().out


def test_a_retraining_that_diverged_is_told_and_not_kept(tmp_path, monkeypatch):
    ask = SavedRetrainings._ask

    def diverged(self, weights, seed):
        found = ask(self, weights, seed)
        if len(weights) == 1:  # the second group
            found["log_probabilities"][0, 0] = np.nan
        return found

    monkeypatch.setattr(SavedRetrainings, "_ask", diverged)
    with pytest.raises(InputError, match="seed 4, group halves-4-2: it diverged.*learning_rate"):
        retrainings(tmp_path, []).measured("halves", WEIGHTS, 4)
    assert [path.name for path in tmp_path.iterdir()] == ["halves-4-0.npz"]


def test_a_result_that_fails_its_check_is_not_kept(tmp_path):
    def check(found):
        check_finite(found, "of the test")

    with pytest.raises(InputError, match="of the test"):
        kept_result(tmp_path, "cut-0-0", lambda: {"nats a": [1.0, np.inf]}, check)
    assert list(tmp_path.iterdir()) == []
    found = kept_result(tmp_path, "cut-0-0", lambda: {"nats a": [1.0, 2.0]}, check)
    assert found["seconds"] >= 0 and (tmp_path / "cut-0-0.npz").exists()


def test_times_in_words():
    assert remaining_words(20) == "20 seconds"
    assert remaining_words(121) == "3 minutes"
