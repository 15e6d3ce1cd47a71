"""One run at a time in a work folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attribution_engine.records import InputError


@contextmanager
def only_run_in(work: Path) -> Iterator[None]:
    """Holds the work folder; the system lets go of it when the process ends, however it ends.

    Raises:
        InputError: another process holds it.
    """
    with (work / "lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise InputError(
                f"{work}: another run (process {file.read().strip() or 'unknown'}) is at work in "
                "this folder; wait until it ends, or choose another folder as output.work"
            ) from None
        except OSError:
            pass  # some network file systems have no locks; a run there is on its own
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
