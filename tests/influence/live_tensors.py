"""How many bytes of tensors were alive at once while something ran, on the CPU."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class LiveTensors(TorchDispatchMode):
    """While open, counts the storages that operations make, until they are freed.

    Attributes:
        most: the largest sum of bytes so far; what was there before is not counted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.most = self._now = 0
        self._seen: dict[int, int] = {}  # storage -> bytes

    def __torch_dispatch__(
        self, operation: Any, types: Any, args: tuple = (), named: dict | None = None
    ) -> Any:
        before = {
            each.untyped_storage()._cdata
            for each in tree_leaves((args, named))
            if isinstance(each, torch.Tensor)
        }
        result = operation(*args, **(named or {}))
        for each in tree_leaves(result):
            if isinstance(each, torch.Tensor):
                self._add(each.untyped_storage(), before)
        return result

    def _add(self, storage: torch.UntypedStorage, before: set[int]) -> None:
        key = storage._cdata
        if key in self._seen or key in before:  # a view, or a result in place
            return
        self._seen[key] = storage.nbytes()
        self._now += storage.nbytes()
        self.most = max(self.most, self._now)
        weakref.finalize(storage, self._gone, key)

    def _gone(self, key: int) -> None:
        self._now -= self._seen.pop(key)
