"""Progress of a stage: a bar with rate and time left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm


@contextmanager
def progress(stage: str, total: int, unit: str = "document") -> Iterator[Callable[[int], None]]:
    """A progress bar with rate and time left; the function it gives counts things done."""
    with tqdm(total=total, desc=stage, unit=unit, smoothing=0.05) as bar:

        def step(done: int) -> None:
            bar.update(done)

        yield step
