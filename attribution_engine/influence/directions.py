"""The preconditioned directions of all queries in one layer: exact, or of low rank."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(slots=True)
class LayerDirections:
    """v = (G + λI)⁻¹ ∇f of every query.

    Attributes:
        exact: [queries, out, in], or None.
        left, right: [queries, out, rank] and [queries, rank, in] with left @ right ≈ v.
    """

    exact: torch.Tensor | None
    left: torch.Tensor | None = None
    right: torch.Tensor | None = None
    _factors: tuple[torch.Tensor, torch.Tensor] | None = None

    def of(self, query: int) -> torch.Tensor:
        """The direction of one query, [out, in]."""
        if self.exact is not None:
            return self.exact[query]
        assert self.left is not None and self.right is not None
        return self.left[query] @ self.right[query]

    def factors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """left [out, queries · rank] and right [in, queries · rank], laid out for one product."""
        assert self.left is not None and self.right is not None
        if self._factors is None:
            left = self.left.transpose(0, 1).flatten(1).contiguous()
            self._factors = left, self.right.permute(2, 0, 1).flatten(1).contiguous()
        return self._factors

    def select(self, queries: list[int]) -> LayerDirections:
        """The directions of some queries."""
        if self.exact is not None:
            return LayerDirections(self.exact[queries])
        assert self.left is not None and self.right is not None
        return LayerDirections(None, self.left[queries], self.right[queries])

    def to(self, device: torch.device) -> LayerDirections:
        if self.exact is not None:
            return LayerDirections(self.exact.to(device))
        assert self.left is not None and self.right is not None
        return LayerDirections(None, self.left.to(device), self.right.to(device))

    @property
    def n_queries(self) -> int:
        kept = self.exact if self.exact is not None else self.left
        assert kept is not None
        return kept.shape[0]

    @property
    def rank(self) -> int | None:
        return None if self.left is None else self.left.shape[-1]


def stacked(directions: list[tuple[torch.Tensor, ...]]) -> LayerDirections:
    """One layer's directions from each query's (direction,) or (left, right)."""
    if len(directions[0]) == 1:
        return LayerDirections(torch.stack([one for (one,) in directions]))
    left, right = zip(*directions, strict=True)
    return LayerDirections(None, torch.stack(left), torch.stack(right))
