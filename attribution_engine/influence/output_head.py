"""The output head by formula: d(Σ NLL)/d(hidden) = (softmax − label) W, a few positions at a time.

So the graph never holds the vocabulary, and positions without a loss cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import nn

# Logits held at a time: a CPU wants them in its cache, a GPU wants large matrices.
CPU_LOGITS, GPU_LOGITS = 1 << 22, 1 << 28

# Labels for some rows of logits: (probabilities [rows, vocabulary], index of the rows) -> [rows].
Labels = Callable[[torch.Tensor, slice], torch.Tensor]


def hidden_gradient(
    head: nn.Linear, hidden: torch.Tensor, labels: Labels, weights: torch.Tensor | None = None
) -> torch.Tensor:
    """d(Σ weight · NLL)/d(hidden) of rows that all have a loss.

    Args:
        hidden: [rows, hidden_size].
        labels: what counts as each row's right token; may draw it from the probabilities.
        weights: [rows]; all 1 by default.

    Returns:
        [rows, hidden_size], in the dtype of `hidden`.
    """
    result = torch.empty_like(hidden)
    for rows in chunks_of_rows(hidden, head.weight.shape[0]):
        p = probabilities(head(hidden[rows]))
        chosen = labels(p, rows)
        p[torch.arange(len(p), device=p.device), chosen] -= 1.0
        if weights is not None:
            p *= weights[rows].to(p.dtype).unsqueeze(1)
        torch.mm(p.to(hidden.dtype), head.weight, out=result[rows])
    return result


def chunks_of_rows(hidden: torch.Tensor, vocabulary: int) -> Iterator[slice]:
    """Slices of rows whose logits are few enough to be held."""
    size = max(1, (GPU_LOGITS if hidden.is_cuda else CPU_LOGITS) // vocabulary)
    for start in range(0, len(hidden), size):
        yield slice(start, start + size)


def probabilities(logits: torch.Tensor) -> torch.Tensor:
    """Softmax in float32 or better, [rows, vocabulary]."""
    return torch.softmax(logits if logits.dtype == torch.float64 else logits.float(), -1)
