"""Groups of retrainings: kept, read back, computed again when damaged; other inputs refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attribution_engine.lab.lab_model import LabSettings
from attribution_engine.lab.saved_retrainings import (
    SavedRetrainings,
    TimeUp,
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


def test_what_was_made_with_other_inputs_is_not_used(tmp_path):
    open_folder(tmp_path, {"seed": 0, "budget": {"halves": 3}}, resume=False)
    (tmp_path / "halves-0-0.npz").touch()
    open_folder(tmp_path, {"seed": 0, "budget": {"halves": 3}}, resume=True)
    assert (tmp_path / "halves-0-0.npz").exists()
    with pytest.raises(InputError, match="another seed; leave --resume out"):
        open_folder(tmp_path, {"seed": 1, "budget": {"halves": 3}}, resume=True)
    open_folder(tmp_path, {"seed": 1, "budget": {"halves": 3}}, resume=False)
    assert not (tmp_path / "halves-0-0.npz").exists()


def test_times_in_words():
    assert remaining_words(20) == "20 seconds"
    assert remaining_words(121) == "3 minutes"
