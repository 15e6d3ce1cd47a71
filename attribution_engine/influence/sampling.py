"""Labels drawn from the model's own output distribution (true Fisher, not the data's labels)."""

from __future__ import annotations

import numpy as np
import torch


def sample_labels(probabilities: torch.Tensor, uniforms: torch.Tensor) -> torch.Tensor:
    """One label a row by inverting the cumulative distribution.

    Args:
        probabilities: [rows, vocabulary].
        uniforms: [rows], in [0, 1).

    Returns:
        Labels [rows].
    """
    cumulative = probabilities.cumsum(-1)
    # float32 sums of probabilities end near 1, not at it: the draw is scaled to where they end.
    drawn = uniforms.to(cumulative).unsqueeze(-1) * cumulative[:, -1:]
    labels = torch.searchsorted(cumulative, drawn, right=True).squeeze(-1)
    return labels.clamp_(max=probabilities.shape[-1] - 1)


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
