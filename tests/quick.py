"""How much of the processor some work takes, for tests that it grows no faster than a text."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

TRIES = 3


def processor_seconds(work: Callable[[], object], enough: float) -> float:
    """The least that the work takes in a few tries, or the first that is below `enough`.

    Other programs do not count, nor does a garbage collection over all that was imported. The
    limits are several times what a slow machine needs, and far below what quadratic time takes.
    """
    least = float("inf")
    for _ in range(TRIES):
        gc.collect()
        gc.disable()
        start = time.process_time()
        try:
            work()
        finally:
            least = min(least, time.process_time() - start)
            gc.enable()
        if least < enough:
            break
    return least
