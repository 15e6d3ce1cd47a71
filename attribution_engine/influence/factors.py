"""EK-FAC factors of the Gauss–Newton matrix (Grosse et al. 2308.03296, Eq. 11–21).

Layers are independent. For a layer with input ā and pseudo-gradient ds of its output:
A = E[ā āᵀ], S = E[ds dsᵀ] over tokens, A = Q_A Λ_A Q_Aᵀ, S = Q_S Λ_S Q_Sᵀ, and the corrected
eigenvalues Λ = E[(Q_Sᵀ D Q_A)²] over documents, D the document's summed pseudo-gradient.
Pseudo-gradients use labels sampled from the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from attribution_engine.influence.capture import (
    Captured,
    backward_to_layers,
    log_probabilities,
    logits_of,
    recording,
)
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.sampling import document_uniforms, sample_labels
from attribution_engine.influence.tokens import Batch, TokenisedText, batches

# A matrix of gradients of one chunk of documents stays under this many numbers.
CHUNK_NUMBERS = 1 << 26
COVARIANCE, CORRECTION = 0, 1  # purposes of the drawn labels: a fresh draw for each

Progress = Callable[[int], None]


class FactorOptions(Protocol):
    """What fitting needs to know; `InfluenceConfig` is one."""

    @property
    def batch_tokens(self) -> int: ...
    @property
    def seed(self) -> int: ...


@dataclass(slots=True)
class Eigenbasis:
    """Q_A [in, in] and Q_S [out, out]; columns are eigenvectors, float32 or better."""

    activations: torch.Tensor
    gradients: torch.Tensor


@dataclass(slots=True)
class LayerFactors:
    """A layer's eigenbasis and its corrected eigenvalues Λ [out, in] (nats² per document)."""

    basis: Eigenbasis
    eigenvalues: torch.Tensor

    def damping(self, factor: float) -> float:
        """λ = factor × mean(Λ) of this layer."""
        return factor * float(self.eigenvalues.double().mean())

    def precondition(self, gradient: torch.Tensor, factor: float) -> torch.Tensor:
        """(G + λI)⁻¹ applied to a gradient [..., out, in]: rotate, divide, rotate back."""
        if not bool(self.eigenvalues.any()):
            return torch.zeros_like(gradient)  # no document moves this layer: nothing to divide by
        q_a, q_s = self.basis.activations, self.basis.gradients
        rotated = q_s.T @ gradient @ q_a
        return q_s @ (rotated / (self.eigenvalues + self.damping(factor))) @ q_a.T


def pseudo_gradients(
    model: nn.Module,
    layers: list[Layer],
    texts: Sequence[TokenisedText],
    options: FactorOptions,
    purpose: int,
    rows: Sequence[int],
    device: torch.device,
) -> Iterator[tuple[Batch, list[Captured]]]:
    """Activations and gradients of Σ NLL under labels drawn from the model, batch by batch."""
    for batch in batches(texts, options.batch_tokens, rows):
        with recording(layers) as calls:
            logits = logits_of(model, batch, device)
        uniforms = document_uniforms(options.seed, purpose, batch.rows, logits.shape[1])
        labels = sample_labels(logits.detach(), uniforms)
        nll = -log_probabilities(logits, labels)
        loss = nll[batch.has_loss.to(device)].sum()
        yield batch, backward_to_layers(loss, calls, layers, batch)


def fit_covariances(
    model: nn.Module,
    layers: list[Layer],
    texts: Sequence[TokenisedText],
    options: FactorOptions,
    rows: Sequence[int],
    device: torch.device,
    progress: Progress = lambda done: None,
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """A [in, in] and S [out, out] of every layer, as if tokens were independent (float64)."""
    sums = [
        (
            torch.zeros(layer.in_features, layer.in_features, dtype=torch.float64, device=device),
            torch.zeros(layer.out_features, layer.out_features, dtype=torch.float64, device=device),
        )
        for layer in layers
    ]
    positions = 0
    for batch, captured in pseudo_gradients(
        model, layers, texts, options, COVARIANCE, rows, device
    ):
        positions += int(batch.attended.sum())
        for (a, s), layer in zip(sums, captured, strict=True):
            activations, gradients = layer.activations.flatten(0, 1), layer.gradients.flatten(0, 1)
            a += activations.T @ activations
            s += gradients.T @ gradients
        progress(len(batch.rows))
    return [(a / positions, s / positions) for a, s in sums]


def eigenbases(
    covariances: list[tuple[torch.Tensor, torch.Tensor]],
    dtype: torch.dtype,
    progress: Progress = lambda done: None,
) -> list[Eigenbasis]:
    """Eigenvectors of A and S, found in float64, kept in `dtype`."""
    bases = []
    for a, s in covariances:
        vectors = [torch.linalg.eigh((m + m.T).double() / 2).eigenvectors for m in (a, s)]
        bases.append(Eigenbasis(vectors[0].to(dtype), vectors[1].to(dtype)))
        progress(1)
    return bases


def fit_eigenvalues(
    model: nn.Module,
    layers: list[Layer],
    bases: list[Eigenbasis],
    texts: Sequence[TokenisedText],
    options: FactorOptions,
    rows: Sequence[int],
    device: torch.device,
    progress: Progress = lambda done: None,
) -> list[LayerFactors]:
    """Λ [out, in]: second moment of each document's summed pseudo-gradient in the eigenbasis."""
    sums = [torch.zeros(layer.shape, dtype=torch.float64, device=device) for layer in layers]
    for batch, captured in pseudo_gradients(
        model, layers, texts, options, CORRECTION, rows, device
    ):
        for total, basis, layer in zip(sums, bases, captured, strict=True):
            rotated = Captured(
                layer.activations @ basis.activations, layer.gradients @ basis.gradients
            )
            for chunk in chunks(rotated):
                total += chunk.per_text().square().sum(0)
        progress(len(batch.rows))
    return [
        LayerFactors(basis, (total / len(rows)).to(basis.activations.dtype))
        for basis, total in zip(bases, sums, strict=True)
    ]


def chunks(captured: Captured) -> Iterator[Captured]:
    """The same texts a few at a time, so that their gradients [texts, out, in] fit in memory."""
    numbers = captured.activations.shape[-1] * captured.gradients.shape[-1]
    size = max(1, CHUNK_NUMBERS // numbers)
    for start in range(0, captured.activations.shape[0], size):
        yield Captured(
            captured.activations[start : start + size], captured.gradients[start : start + size]
        )
