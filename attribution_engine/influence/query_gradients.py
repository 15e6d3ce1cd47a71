"""The preconditioned direction of every query: v = (G + λI)⁻¹ ∇ log p(completion | prompt)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from attribution_engine.influence.capture import (
    backward_to_layers,
    log_probabilities,
    logits_of,
    recording,
)
from attribution_engine.influence.factors import LayerFactors
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.tokens import TokenisedText, collate


@dataclass(slots=True)
class LayerDirections:
    """The directions of all queries in one layer: exact, or of rank r.

    Attributes:
        exact: [queries, out, in], or None.
        left, right: [queries, out, rank] and [queries, rank, in] with left @ right ≈ exact.
    """

    exact: torch.Tensor | None
    left: torch.Tensor | None = None
    right: torch.Tensor | None = None

    def of(self, query: int) -> torch.Tensor:
        """The direction of one query, [out, in]."""
        if self.exact is not None:
            return self.exact[query]
        assert self.left is not None and self.right is not None
        return self.left[query] @ self.right[query]

    @property
    def n_queries(self) -> int:
        kept = self.exact if self.exact is not None else self.left
        assert kept is not None
        return kept.shape[0]


def query_directions(
    model: nn.Module,
    layers: list[Layer],
    factors: list[LayerFactors],
    queries: Sequence[TokenisedText],
    *,
    damping: float,
    rank: int | None,
    seed: int,
    device: torch.device,
    progress: Callable[[int], None] = lambda done: None,
) -> list[LayerDirections]:
    """v of every query in every layer, exact or compressed by randomised SVD."""
    kept: list[list[tuple[torch.Tensor, ...]]] = [[] for _ in layers]
    for number in range(len(queries)):
        batch = collate(queries, [number])
        with recording(layers) as calls:
            logits = logits_of(model, batch, device)
        log_p = log_probabilities(logits, batch.targets.to(device))
        f = log_p[batch.has_loss.to(device)].sum()
        captured = backward_to_layers(f, calls, layers, batch)
        for at, layer in enumerate(captured):
            direction = factors[at].precondition(layer.per_text()[0], damping)
            if rank is None or rank >= min(direction.shape):
                kept[at].append((direction,))
            else:
                kept[at].append(
                    randomised_svd(direction, rank, (seed * 1_000_003 + number) % (1 << 62))
                )
        progress(1)
    return [_stack(directions) for directions in kept]


def completion_nats(
    model: nn.Module, query: TokenisedText, device: torch.device
) -> tuple[float, list[float]]:
    """−log p(completion | prompt) in nats, and its part for each text token (prompt tokens 0)."""
    batch = collate([query], [0])
    with torch.no_grad():
        log_p = log_probabilities(logits_of(model, batch, device), batch.targets.to(device))[0]
    nats = torch.where(batch.has_loss[0].to(device), -log_p, torch.zeros_like(log_p)).double()
    per_token = [0.0] * (1 - query.starts) + nats.tolist()
    return float(nats.sum()), per_token


def randomised_svd(
    matrix: torch.Tensor, rank: int, seed: int, oversampling: int = 8, passes: int = 2
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rank-`rank` factors left [out, rank] and right [rank, in] (Halko et al. 2011, alg. 4.4)."""
    generator = torch.Generator().manual_seed(seed)
    width = min(rank + oversampling, *matrix.shape)
    probe = torch.randn(matrix.shape[1], width, generator=generator, dtype=torch.float64)
    basis = torch.linalg.qr(matrix @ probe.to(matrix)).Q
    for _ in range(passes):  # power iterations: the spectrum of a gradient falls slowly
        basis = torch.linalg.qr(matrix @ torch.linalg.qr(matrix.T @ basis).Q).Q
    u, s, vh = torch.linalg.svd(basis.T @ matrix, full_matrices=False)
    root = s[:rank].sqrt()
    return (basis @ u[:, :rank]) * root, root.unsqueeze(1) * vh[:rank]


def _stack(directions: list[tuple[torch.Tensor, ...]]) -> LayerDirections:
    if len(directions[0]) == 1:
        return LayerDirections(torch.stack([one for (one,) in directions]))
    left, right = zip(*directions, strict=True)
    return LayerDirections(None, torch.stack(left), torch.stack(right))
