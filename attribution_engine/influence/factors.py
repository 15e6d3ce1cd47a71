"""EK-FAC factors of the Gauss–Newton matrix (Grosse et al. 2308.03296, Eq. 11–21).

Layers are independent. For a layer with input ā and pseudo-gradient ds of its output:
A = E[ā āᵀ], S = E[ds dsᵀ] over tokens, A = Q_A Λ_A Q_Aᵀ, S = Q_S Λ_S Q_Sᵀ, and the corrected
eigenvalues Λ = E[(Q_Sᵀ D Q_A)²] over documents, D the document's summed pseudo-gradient.
Pseudo-gradients use labels sampled from the model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from attribution_engine.influence.capture import Captured
from attribution_engine.influence.contractions import (
    chunks,
    gradients_per_text,
    sum_of_outer_products,
)
from attribution_engine.influence.curvature import Eigenbasis
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.passes import backward_pass, drawn_labels
from attribution_engine.influence.tokens import TokenisedText, batches
from attribution_engine.influence.tracked import Tracked

COVARIANCE, CORRECTION = 0, 1  # purposes of the drawn labels: a fresh draw for each
LARGE = 8192  # features beyond which sums and eigenvectors are kept in float32

Progress = Callable[[int], None]


@dataclass(slots=True)
class Covariances:
    """Of one layer, over the tokens that went through it.

    Attributes:
        activations: A [in, in]; the same tensor for layers that share their input.
        gradients: S [out, out].
        tokens: how many tokens were summed; documents: in how many documents.
    """

    activations: torch.Tensor
    gradients: torch.Tensor
    tokens: int
    documents: int


def fit_covariances(
    tracked: Tracked,
    texts: Sequence[TokenisedText],
    *,
    rows: Sequence[int],
    batch_tokens: int,
    seed: int,
    progress: Progress = lambda done: None,
) -> dict[int, Covariances]:
    """A and S of every wanted layer, as if tokens were independent."""
    owners = _owners(tracked)
    sums: dict[int, tuple[torch.Tensor | None, torch.Tensor]] = {
        index: (
            _zeros(layer.in_features, tracked) if owners[index] == index else None,
            _zeros(layer.out_features, tracked),
        )
        for index, layer in ((i, tracked.layers[i]) for i in tracked.wanted)
    }
    tokens = dict.fromkeys(tracked.wanted, 0)

    def consume(index: int, captured: Captured) -> None:
        activations, gradients = captured.tokens()
        a, s = sums[index]
        if a is not None:
            a += sum_of_outer_products(activations, activations)
        s += sum_of_outer_products(gradients, gradients)
        tokens[index] += len(gradients)

    for batch in batches(texts, batch_tokens, rows):
        backward_pass(tracked, batch, consume, labels=drawn_labels(seed, COVARIANCE))
        progress(len(batch.rows))
    means: dict[int, torch.Tensor] = {}
    for index, (a, _) in sums.items():
        if a is not None:
            means[index] = a.div_(max(1, tokens[index]))
    return {
        index: Covariances(
            means[owners[index]], s.div_(max(1, tokens[index])), tokens[index], len(rows)
        )
        for index, (_, s) in sums.items()
    }


def eigenpairs(matrix: torch.Tensor, layer: Layer, what: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues, ascending, and eigenvectors in columns of a layer's covariance.

    Raises:
        ArithmeticError: it is not finite, or has no eigendecomposition even in float64.
    """
    if not bool(torch.isfinite(matrix).all()):
        raise ArithmeticError(f"the covariance of the {what} of layer {layer.name} is not finite")
    try:
        return symmetric_eigen(matrix)
    except torch.linalg.LinAlgError as error:
        raise ArithmeticError(
            f"the covariance of the {what} of layer {layer.name} has no eigendecomposition"
        ) from error


def symmetric_eigen(matrix: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues, ascending, and eigenvectors in columns; float64 unless the matrix is large."""
    symmetric = (matrix + matrix.T).mul_(0.5)
    kind = torch.float64 if len(matrix) <= LARGE else torch.float32
    try:
        values, vectors = torch.linalg.eigh(symmetric.to(kind))
        if bool(torch.isfinite(values).all()):
            return values, vectors
    except RuntimeError:
        pass  # large matrices sometimes fail in float32, or for want of a GPU's memory
    values, vectors = torch.linalg.eigh(symmetric.double().cpu())
    return values.to(matrix.device), vectors.to(matrix.device)


def fit_eigenvalues(
    tracked: Tracked,
    bases: dict[int, Eigenbasis],
    texts: Sequence[TokenisedText],
    *,
    rows: Sequence[int],
    batch_tokens: int,
    seed: int,
    progress: Progress = lambda done: None,
) -> dict[int, torch.Tensor]:
    """Λ [out, in]: second moment of each document's summed pseudo-gradient in the basis."""
    sums = {
        index: torch.zeros(
            tracked.layers[index].shape, dtype=_sum_type(tracked), device=tracked.device
        )
        for index in tracked.wanted
    }
    rotation = InputRotation(tracked, bases)

    def consume(index: int, captured: Captured) -> None:
        basis = bases[index]
        rotated = Captured(
            rotation.of(index, captured.activations),
            captured.gradients
            if basis.gradients is None
            else captured.gradients @ basis.gradients.to(captured.gradients.dtype),
        )
        for _, chunk in chunks(rotated):
            sums[index] += gradients_per_text(chunk).square_().sum(0)

    for batch in batches(texts, batch_tokens, rows):
        rotation.forget()
        backward_pass(tracked, batch, consume, labels=drawn_labels(seed, CORRECTION))
        progress(len(batch.rows))
    return {index: total.div_(len(rows)) for index, total in sums.items()}


class InputRotation:
    """ā Q_A of one batch, computed once for layers that share their input."""

    def __init__(self, tracked: Tracked, bases: dict[int, Eigenbasis]) -> None:
        self._bases, self._owners = bases, _owners(tracked)
        self._sharers = [*self._owners.values()]
        self._kept: dict[int, tuple[torch.Tensor, int]] = {}

    def of(self, index: int, activations: torch.Tensor) -> torch.Tensor:
        """The activations of a layer in its basis; layers come once a batch each."""
        basis = self._bases[index].activations
        if basis is None:
            return activations
        owner = self._owners[index]
        rotated, left = self._kept.pop(owner, (None, self._sharers.count(owner)))
        if rotated is None:
            rotated = activations @ basis.to(activations.dtype)
        if left > 1:
            self._kept[owner] = rotated, left - 1
        return rotated

    def forget(self) -> None:
        """Before a new batch."""
        self._kept.clear()


def _owners(tracked: Tracked) -> dict[int, int]:
    """For each wanted layer the first wanted layer that shares its input."""
    first: dict[int, int] = {}
    owners = {}
    for index in tracked.wanted:
        layer = tracked.layers[index]
        owners[index] = first.setdefault(layer.input_of, index)
    return owners


def _zeros(features: int, tracked: Tracked) -> torch.Tensor:
    kind = torch.float64 if features <= LARGE else torch.float32
    return torch.zeros(features, features, dtype=kind, device=tracked.device)


def _sum_type(tracked: Tracked) -> torch.dtype:
    """Λ is summed in the model's precision or float32, whichever is better."""
    model_type = next(tracked.model.parameters()).dtype
    return torch.float64 if model_type == torch.float64 else torch.float32
