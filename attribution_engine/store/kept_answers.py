"""Answers that are kept: a store never changes, so what it said once it would say again."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar, cast

import numpy as np

T = TypeVar("T")

LIMIT = 128 * 2**20  # bytes of all that is kept, of all stores together
PATIENCE = 30.0  # seconds to wait for what another thread makes, before making it oneself
HEAVY_AT_ONCE = 2  # answers that go over all documents and are being made at a time


class SharedAnswers:
    """Keeps answers up to a number of bytes; those not asked for the longest go first.

    Safe to share between threads. What several of them ask for at once is made once.
    """

    def __init__(self, limit: int = LIMIT, heavy_at_once: int = HEAVY_AT_ONCE) -> None:
        self._limit, self._bytes = limit, 0
        self._kept: OrderedDict[tuple[Hashable, Hashable], tuple[Any, int]] = OrderedDict()
        self._making: dict[tuple[Hashable, Hashable], threading.Event] = {}
        self._gone: deque[Hashable] = deque()
        self._lock = threading.Lock()
        self._heavy = threading.BoundedSemaphore(heavy_at_once)
        self._inside = threading.local()

    def make_room(self, limit: int) -> None:
        """Keeps at least so many bytes from now on."""
        with self._lock:
            self._limit = max(self._limit, limit)

    @property
    def n_bytes(self) -> int:
        """The size of what is kept."""
        return self._bytes

    def get(self, owner: Hashable, key: Hashable, make: Callable[[], T], heavy: bool = False) -> T:
        """The answer to `key` that is kept for an owner, or the one that `make` gives.

        Args:
            heavy: `make` needs much memory or time, so only few such run at a time.
        """
        both = (owner, key)
        with self._lock:
            if both in self._kept:
                self._kept.move_to_end(both)
                return cast(T, self._kept[both][0])
        # First among the few, then making it: who waits for another's answer waits for one that
        # is being made, not for one that waits for its turn.
        with self._few_at_once() if heavy else _freely():
            return self._make(both, make)

    def has(self, owner: Hashable, key: Hashable) -> bool:
        """Whether an answer is kept."""
        with self._lock:
            return (owner, key) in self._kept

    def _make(self, both: tuple[Hashable, Hashable], make: Callable[[], T]) -> T:
        while True:
            with self._lock:
                if both in self._kept:
                    self._kept.move_to_end(both)
                    return cast(T, self._kept[both][0])
                made_elsewhere = self._making.get(both)
                if made_elsewhere is None:
                    mine = self._making[both] = threading.Event()
                    break
            if not made_elsewhere.wait(PATIENCE):
                return make()
        try:
            value = make()
            self._keep(both, value)
            return value
        finally:
            with self._lock:
                del self._making[both]
            mine.set()

    def forget(self, owner: Hashable) -> None:
        """Lets go of everything that is kept for an owner, now or before anything else is kept.

        Also called by the garbage collector, at any moment, even while this thread has the lock.
        """
        self._gone.append(owner)
        if self._lock.acquire(blocking=False):
            try:
                self._sweep()
            finally:
                self._lock.release()

    def _sweep(self) -> None:
        while self._gone:
            owner = self._gone.popleft()
            for both in [one for one in self._kept if one[0] == owner]:
                self._bytes -= self._kept.pop(both)[1]

    def _keep(self, both: tuple[Hashable, Hashable], value: Any) -> None:
        size = size_of(value)
        if size > self._limit // 2:
            return  # it would push out all else
        with self._lock:
            self._sweep()
            self._kept[both] = (value, size)
            self._bytes += size
            while self._bytes > self._limit:
                self._bytes -= self._kept.popitem(last=False)[1][1]

    @contextmanager
    def _few_at_once(self) -> Iterator[None]:
        # One heavy answer may need another: the thread that is inside stays inside.
        if getattr(self._inside, "heavy", False):
            yield
            return
        with self._heavy:
            self._inside.heavy = True
            try:
                yield
            finally:
                self._inside.heavy = False


@contextmanager
def _freely() -> Iterator[None]:
    yield


def size_of(value: Any) -> int:
    """Roughly the bytes that an answer takes."""
    if isinstance(value, np.ndarray):
        return value.nbytes + 128
    if isinstance(value, dict):
        return 64 + sum(size_of(key) + size_of(one) for key, one in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return 56 + sum(8 + size_of(one) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return 56 + sum(
            8 + size_of(getattr(value, field.name)) for field in dataclasses.fields(value)
        )
    return sys.getsizeof(value)


SHARED = SharedAnswers()
