"""For all tests: no network, and one thread a process, since tiny matrices gain nothing by two."""

from __future__ import annotations

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch  # noqa: E402  (the environment comes first)

torch.set_num_threads(1)
