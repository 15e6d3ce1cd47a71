"""A few answers that are kept, up to a weight. Safe to share between threads."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Value = TypeVar("Value")


def _one(_: object) -> int:
    return 1


class Remembered(Generic[Value]):
    """Keeps answers until their weights sum to more than a limit; the oldest asked for go first."""

    def __init__(self, limit: int, weight: Callable[[Value], int] = _one) -> None:
        self._limit, self._weight, self._total = limit, weight, 0
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The answer that is kept under a key, or the one that `make` gives."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        value = make()
        with self._lock:
            if key in self._kept:
                return self._kept[key]
            self._kept[key] = value
            self._total += self._weight(value)
            while self._total > self._limit and len(self._kept) > 1:
                self._total -= self._weight(self._kept.popitem(last=False)[1])
        return value
