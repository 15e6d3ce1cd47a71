"""The damped curvature of one layer and its inverse, for each method.

| method | basis | eigenvalues Λ [out, in] |
|---|---|---|
| ek-fac | eigenvectors of A and S | measured in the basis over documents |
| k-fac | eigenvectors of A and S | λ_S λ_Aᵀ × tokens per document |
| diagonal | none | second moments of each weight's gradient over documents |
| gradient-dot, gradient-cosine, tracin | none | none: v = ∇f |
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

FITTED = ("ek-fac", "k-fac", "diagonal")  # methods that divide by a curvature


@dataclass(slots=True)
class Eigenbasis:
    """Q_A [in, in] and Q_S [out, out], eigenvectors in columns; None = the weights' own axes."""

    activations: torch.Tensor | None
    gradients: torch.Tensor | None


@dataclass(slots=True)
class LayerCurvature:
    """A layer's basis and the eigenvalues in it (nats² per document); None = the identity."""

    basis: Eigenbasis
    eigenvalues: torch.Tensor | None
    _mean: float | None = None  # of Λ; every query asks for it

    def damping(self, factor: float) -> float:
        """λ = factor × mean(Λ) of this layer."""
        if self._mean is None:
            assert self.eigenvalues is not None
            self._mean = float(self.eigenvalues.double().mean())
        return factor * self._mean

    def into_basis(
        self, activations: torch.Tensor, gradients: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Rows [tokens, in] and [tokens, out] along the basis, in the basis's precision."""
        q_a, q_s = self.basis.activations, self.basis.gradients
        return (
            activations if q_a is None else activations.to(q_a.dtype) @ q_a,
            gradients if q_s is None else gradients.to(q_s.dtype) @ q_s,
        )

    def divide(self, rotated: torch.Tensor, factor: float) -> torch.Tensor:
        """(Λ + λ)⁻¹ applied to a gradient [..., out, in] that is in the basis."""
        if self.eigenvalues is None:
            return rotated
        damping = self.damping(factor)
        if damping == 0.0:
            return torch.zeros_like(rotated)  # no document moves this layer: nothing to divide by
        return rotated / (self.eigenvalues + damping).to(rotated.dtype)

    def out_of_basis(
        self, left: torch.Tensor, right: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Factors left [out, r] and right [r, in] back to the weights' own axes."""
        q_a, q_s = self.basis.activations, self.basis.gradients
        return (
            left if q_s is None else q_s.to(left.dtype) @ left,
            right if q_a is None else right @ q_a.to(right.dtype).T,
        )

    def precondition(self, gradient: torch.Tensor, factor: float) -> torch.Tensor:
        """(G + λI)⁻¹ applied to a gradient [..., out, in]: rotate, divide, rotate back."""
        q_a, q_s = self.basis.activations, self.basis.gradients
        rotated = gradient if q_s is None else q_s.to(gradient.dtype).T @ gradient
        rotated = rotated if q_a is None else rotated @ q_a.to(gradient.dtype)
        divided = self.divide(rotated, factor)
        divided = divided if q_s is None else q_s.to(gradient.dtype) @ divided
        return divided if q_a is None else divided @ q_a.to(gradient.dtype).T


def kronecker_eigenvalues(
    of_activations: torch.Tensor, of_gradients: torch.Tensor, tokens: int, documents: int
) -> torch.Tensor:
    """K-FAC's Λ [out, in]: λ_S λ_Aᵀ, times tokens per document as Λ is a mean over documents."""
    outer = of_gradients.clamp(min=0).unsqueeze(1) * of_activations.clamp(min=0).unsqueeze(0)
    return outer * (tokens / documents)
