"""How long a piece of work takes and how much memory it needs at its peak."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch

SAMPLE_SECONDS: Final = 0.005
_STATM: Final = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Measured:
    """One stage, run once or more.

    Attributes:
        stage: its name.
        seconds: median over the repeats.
        fastest, slowest: the ends of the spread, seconds.
        peak_mb: the most memory this process held at any moment of any repeat, in MB (10^6
            bytes): resident, or on the GPU allocated by torch. Model and data are in it.
        start_mb: the least it held when a repeat began, so that what a stage adds can be told
            from what was there before, imported packages included.
        repeats: how often the stage ran.
        result: what the last repeat gave.
    """

    stage: str
    seconds: float
    fastest: float
    slowest: float
    peak_mb: float
    start_mb: float
    repeats: int
    result: Any = None

    @property
    def spread(self) -> float:
        """Slowest less fastest, as a part of the median."""
        return (self.slowest - self.fastest) / self.seconds if self.seconds else 0.0


def measure(
    stage: str,
    work: Callable[[], Any],
    repeats: int = 1,
    device: torch.device | str = "cpu",
) -> Measured:
    """Runs `work` as often as asked, and waits for the GPU before the clock starts and stops."""
    device = torch.device(device)
    seconds, peaks, starts = [], [], []
    result = None
    for _ in range(max(1, repeats)):
        result = None  # what the last repeat gave must not count in this one's memory
        with peak_memory(device) as peak:
            start = time.perf_counter()
            result = work()
            _wait(device)
            seconds.append(time.perf_counter() - start)
        starts.append(peak.start)
        peaks.append(peak.most)
    return Measured(
        stage,
        statistics.median(seconds),
        min(seconds),
        max(seconds),
        max(peaks),
        min(starts),
        len(seconds),
        result,
    )


@dataclass(slots=True)
class Peak:
    """Memory in MB at the start, and the most until now."""

    start: float
    most: float


@contextmanager
def peak_memory(device: torch.device) -> Iterator[Peak]:
    """Watches memory until it is left; what it gives is complete then."""
    _release_unused()
    _wait(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        start = torch.cuda.memory_allocated(device) / 1e6
        peak = Peak(start, start)
        yield peak
        peak.most = torch.cuda.max_memory_allocated(device) / 1e6
        return
    start = resident_mb()
    peak = Peak(start, start)
    stop = threading.Event()
    sampler = threading.Thread(target=_sample, args=(peak, stop), daemon=True)
    sampler.start()
    try:
        yield peak
    finally:
        stop.set()
        sampler.join()


def _sample(peak: Peak, stop: threading.Event) -> None:
    while not stop.wait(SAMPLE_SECONDS):
        peak.most = max(peak.most, resident_mb())
    peak.most = max(peak.most, resident_mb())


def resident_mb() -> float:
    """Memory this process holds now, MB; where that is not told, the most it ever held."""
    if _STATM.exists():
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def _release_unused() -> None:
    """Hands freed memory back to the system, so that one stage's peak is not the next one's."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it
        if trim is not None:
            trim(0)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
