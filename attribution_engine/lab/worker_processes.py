"""Groups of retrainings in processes of their own, a thread each, for a CPU with several cores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from attribution_engine.lab.lab_corpus import LabCorpus
from attribution_engine.lab.retraining import LabSettings, Retrained, retrain
from attribution_engine.records import InputError

Arrays = dict[str, Any]
_lab: list[tuple[LabCorpus, LabSettings]] = []  # of a worker process: what it trains on


@dataclass(slots=True)
class WorkerProcesses:
    """Processes that train groups of one lab on the CPU, a thread each.

    Attributes:
        count: how many; they are started with the first group.
    """

    corpus: LabCorpus
    settings: LabSettings
    count: int
    _pool: ProcessPoolExecutor | None = field(default=None)

    def train(
        self,
        groups: Sequence[np.ndarray],
        seed: int,
        done: Callable[[int, Arrays], None],
        time_is_up: Callable[[], bool],
    ) -> bool:
        """Train groups; `done` is told the place and the arrays of each as it is finished.

        Ctrl-C, or a group that `done` refuses, lets the groups under way finish, and they are
        told, before it is raised.

        Returns:
            Whether all were trained; False if time was up before.

        Raises:
            InputError: what `done` says of the first group that it refuses.
        """
        pool = self._started()
        waiting = list(enumerate(groups))[::-1]
        running: dict[Future[Arrays], int] = {}
        try:
            while (waiting and not time_is_up()) or running:
                while waiting and len(running) < self.count and not time_is_up():
                    place, weights = waiting.pop()
                    running[pool.submit(_train, weights, seed)] = place
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    done(running.pop(future), future.result())
        except (KeyboardInterrupt, InputError):
            for future, place in running.items():
                with suppress(InputError):  # the first is the one that is told
                    done(place, future.result())
            raise
        return not waiting

    def close(self) -> None:
        """Let the processes go."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(
                self.count,
                mp_context=multiprocessing.get_context("spawn"),
                initializer=_begin,
                initargs=(self.corpus, self.settings),
            )
        return self._pool


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin(corpus: LabCorpus, settings: LabSettings) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    torch.set_num_threads(1)
    _lab[:] = [(corpus, settings)]


def _train(weights: np.ndarray, seed: int) -> Arrays:
    corpus, settings = _lab[0]
    start = time.perf_counter()
    kept = torch.from_numpy(weights).float()  # [models, documents]
    trained = retrain(corpus.documents, kept, settings, corpus.vocabulary, seed)
    return asked(trained, corpus, start)


def asked(trained: Retrained, corpus: LabCorpus, start: float) -> Arrays:
    """What retrained models say of every question.

    Returns:
        "log_probabilities" [models, questions] in nats, "exact" of that shape, and "seconds" since
        `start` (of `time.perf_counter`).
    """
    said = trained.measure(corpus.examples)
    return {
        "log_probabilities": said[0].numpy(),
        "exact": said[1].numpy(),
        "seconds": np.array(time.perf_counter() - start),
    }
