"""The connections that are open, shared by everything that reads: few at a time, each once."""

from __future__ import annotations

import atexit
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import duckdb

from attribution_engine.records import InputError
from attribution_engine.store.opening import MEMORY, open_store

OPEN = 3  # stores that stay open; each may fill its `opening.MEMORY`


class File(NamedTuple):
    """A file as it was when it was first looked at."""

    path: Path
    modified: int
    size: int
    inode: int


def file_at(path: Path) -> File:
    """What lies at a path now.

    Raises:
        InputError: nothing does.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise InputError(f"{path}: no such file; pick another run") from error
    return File(path, stat.st_mtime_ns, stat.st_size, stat.st_ino)


@dataclass(slots=True)
class _Opened:
    connection: duckdb.DuckDBPyConnection | None = None
    users: int = 0
    opening: threading.Lock = field(default_factory=threading.Lock)


class Pool:
    """Opens stores when they are read and closes those read longest ago. Safe between threads.

    A store that is closed while someone still has its reader opens again at the next question.
    """

    def __init__(self, most: int = OPEN) -> None:
        self._most = most
        self._opened: OrderedDict[File, _Opened] = OrderedDict()
        self._holders: Counter[File] = Counter()
        self._left: deque[File] = deque()
        self._changed = threading.Condition(threading.Lock())

    @property
    def n_open(self) -> int:
        """How many connections are open."""
        with self._changed:
            return sum(one.connection is not None for one in self._opened.values())

    def hold(self, file: File) -> None:
        """Says that someone will read a file, until `leave`."""
        with self._changed:
            self._holders[file] += 1

    def leave(self, file: File) -> None:
        """Says that a holder is done; the connection closes when nobody is left.

        Also called by the garbage collector, at any moment, even while this thread has the lock.
        """
        self._left.append(file)
        if self._changed.acquire(blocking=False):
            try:
                self._sweep()
            finally:
                self._changed.release()

    @contextmanager
    def cursor(self, file: File) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of its own on a file: one connection used by two threads at once fails.

        Raises:
            InputError: the file cannot be read, or is no longer what it was.
        """
        one = self._enter(file)
        try:
            with one.opening:
                if one.connection is None:
                    one.connection = open_store(file.path, MEMORY)
                cursor = one.connection.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
        finally:
            with self._changed:
                one.users -= 1
                self._sweep()
                self._changed.notify_all()

    def close(self, file: File) -> None:
        """Closes a file as soon as nobody reads it."""
        with self._changed:
            self._wait_and_close(file)

    def close_all(self) -> None:
        """Closes everything at once, at the end of the program."""
        with self._changed:
            while self._opened:
                _close(self._opened.popitem()[1])

    def _enter(self, file: File) -> _Opened:
        with self._changed:
            self._sweep()
            if file not in self._opened and file_at(file.path) != file:
                raise InputError(f"{file.path}: was replaced meanwhile; reload the page")
            # DuckDB gives the old file for as long as a connection of this process to it lives.
            for other in [f for f in self._opened if f.path == file.path and f != file]:
                self._wait_and_close(other)
            one = self._opened.setdefault(file, _Opened())
            one.users += 1
            self._opened.move_to_end(file)
            self._sweep()
            return one

    def _wait_and_close(self, file: File) -> None:
        self._changed.wait_for(lambda: file not in self._opened or not self._opened[file].users)
        if file in self._opened:
            _close(self._opened.pop(file))

    def _sweep(self) -> None:
        """Closes what nobody holds any longer, and what is too many."""
        while self._left:
            file = self._left.popleft()
            self._holders[file] -= 1
            if self._holders[file] <= 0:
                del self._holders[file]
        for file in [f for f, one in self._opened.items() if not one.users]:
            idle = file not in self._holders or self._opened[file].connection is None
            if idle or len(self._opened) > self._most:
                _close(self._opened.pop(file))


def _close(one: _Opened) -> None:
    if one.connection is not None:
        one.connection.close()


POOL = Pool()
# Connections that are open when Python ends make DuckDB report leaks on the terminal.
atexit.register(POOL.close_all)
