"""Groups trained in processes of their own say what one process says, to the last bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attribution_engine.lab.saved_retrainings import SavedRetrainings, TimeUp
from attribution_engine.lab.worker_processes import WorkerProcesses
from tests.lab.test_removal import DOCUMENTS, corpus
from tests.lab.test_saved_retrainings import TINY

WEIGHTS = np.random.default_rng(0).integers(0, 2, (7, DOCUMENTS)).astype(float)


def retrainings(folder: Path, workers: WorkerProcesses | None = None) -> SavedRetrainings:
    folder.mkdir(exist_ok=True)
    return SavedRetrainings(corpus(), TINY, folder, "cpu", lambda done: None, workers=workers)


@pytest.fixture(scope="module")
def workers():
    processes = WorkerProcesses(corpus(), TINY, 2)
    yield processes
    processes.close()


def test_two_processes_say_what_one_says(tmp_path, workers):
    alone = retrainings(tmp_path / "one").measured("removal", WEIGHTS, 1)
    told: list[int] = []
    several = retrainings(tmp_path / "two", workers)
    several.step = told.append
    together = several.measured("removal", WEIGHTS, 1)
    assert np.array_equal(together.log_probabilities, alone.log_probabilities)
    assert np.array_equal(together.exact, alone.exact)
    assert len(np.unique(alone.log_probabilities[:, 0])) > 1  # the order of groups could show
    assert sum(told) == several.trained == len(WEIGHTS)
    kept = sorted(path.name for path in (tmp_path / "two").iterdir())
    assert kept == sorted(path.name for path in (tmp_path / "one").iterdir())


def test_only_what_is_missing_is_trained(tmp_path, workers):
    first = retrainings(tmp_path, workers).measured("removal", WEIGHTS, 1)
    for name in ("removal-1-0.npz", "removal-1-4.npz"):
        (tmp_path / name).unlink()
    again = retrainings(tmp_path, workers)
    assert np.array_equal(
        again.measured("removal", WEIGHTS, 1).log_probabilities, first.log_probabilities
    )
    assert again.trained == 4


def test_no_group_is_begun_in_a_process_when_time_is_up(tmp_path, workers):
    late = retrainings(tmp_path, workers)
    late.until = 0.0
    with pytest.raises(TimeUp):
        late.measured("removal", WEIGHTS, 1)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_the_groups_under_way(tmp_path, workers):
    def interrupt(done: int) -> None:
        if done:  # once the first group is finished
            raise KeyboardInterrupt

    stopped = retrainings(tmp_path, workers)
    stopped.step = interrupt
    with pytest.raises(KeyboardInterrupt):
        stopped.measured("removal", WEIGHTS, 1)
    kept = len(list(tmp_path.iterdir()))
    assert 1 <= kept < 4
    again = retrainings(tmp_path, workers)
    again.measured("removal", WEIGHTS, 1)
    assert again.trained < len(WEIGHTS)
