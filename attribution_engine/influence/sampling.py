"""Labels drawn from the model's own output distribution (true Fisher, not the data's labels)."""

from __future__ import annotations

import numpy as np
import torch


def sample_labels(logits: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """One label a position by inverting the cumulative distribution.

    Args:
        logits: [texts, positions, vocabulary].
        uniforms: [texts, positions], in [0, 1).

    Returns:
        Labels [texts, positions].
    """
    labels = torch.empty(logits.shape[:2], dtype=torch.long, device=logits.device)
    for row in range(logits.shape[0]):  # row by row: the float64 copy of a batch would be large
        cumulative = torch.softmax(logits[row].double(), -1).cumsum(-1)
        drawn = uniforms[row].to(logits.device).double().unsqueeze(-1) * cumulative[:, -1:]
        labels[row] = torch.searchsorted(cumulative, drawn, right=True).squeeze(-1)
    return labels.clamp_(max=logits.shape[-1] - 1)


def document_uniforms(
    seed: int, purpose: int, rows: tuple[int, ...], positions: int
) -> torch.Tensor:
    """Uniform numbers [texts, positions] that depend on seed, purpose and document only.

    So the same document gets the same labels in whatever batch, on whatever device.
    """
    drawn = [
        np.random.default_rng((seed, purpose, row)).random(positions, dtype=np.float64)
        for row in rows
    ]
    return torch.from_numpy(np.stack(drawn))
