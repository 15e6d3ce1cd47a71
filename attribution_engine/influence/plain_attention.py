"""Attention in plain matrix products, some queries at a time: forward mode passes through it.

The fused kernels have no forward-mode derivative, and torch's own unfused one holds the scores of
all pairs of positions at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import torch

# Attention scores that are held at a time: a CPU wants them in its cache.
CPU_SCORES, GPU_SCORES = 1 << 21, 1 << 27


def attention(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> torch.Tensor:
    """As `torch.nn.functional.scaled_dot_product_attention`, without dropout.

    Args:
        query: [..., heads, queries, width]; key, value: [..., key heads, keys, width].
    """
    if enable_gqa:
        groups = query.shape[-3] // key.shape[-3]
        key, value = (each.repeat_interleave(groups, -3) for each in (key, value))
    scale = 1.0 / math.sqrt(query.shape[-1]) if scale is None else scale
    n_queries, n_keys = query.shape[-2], key.shape[-2]
    pairs = max(1, query[..., 0, 0].numel() * n_keys)
    size = max(1, (GPU_SCORES if query.is_cuda else CPU_SCORES) // pairs)
    parts = []
    for start in range(0, n_queries, size):
        end = min(start + size, n_queries)
        seen = min(end, n_keys) if is_causal else n_keys  # later keys would all be masked
        keys, values = key[..., :seen, :], value[..., :seen, :]
        scores = (query[..., start:end, :] * scale) @ keys.transpose(-2, -1)
        if is_causal:
            allowed = torch.ones(end - start, seen, dtype=torch.bool, device=query.device)
            scores = scores.masked_fill(~allowed.tril(start), float("-inf"))
        if attn_mask is not None:
            mask = attn_mask[..., start:end, :seen] if attn_mask.shape[-2] > 1 else attn_mask
            scores = (
                scores.masked_fill(~mask, float("-inf"))
                if mask.dtype == torch.bool
                else scores + mask
            )
        weights = torch.softmax(scores, -1)
        if attn_mask is not None:  # a query that sees nothing gets 0, as from torch's own
            weights = weights.masked_fill(scores.isneginf().all(-1, keepdim=True), 0.0)
        parts.append(weights @ values)
    return torch.cat(parts, -2)


@contextmanager
def forward_mode_attention() -> Iterator[None]:
    """While open, models that use torch's attention get the plain one."""
    with patch.object(torch.nn.functional, "scaled_dot_product_attention", attention):
        yield
