"""One use of a tracked linear map in a forward pass."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(slots=True)
class Call:
    """What a tracked layer read and wrote, once.

    Attributes:
        layer: index into the list of tracked layers.
        inputs: detached; [texts, positions, in], or [rows, in] for an expert's rows.
        output: in the graph, of the same leading shape.
        places: [rows], text × positions + position of each row; None = every position in order.
    """

    layer: int
    inputs: torch.Tensor
    output: torch.Tensor
    places: torch.Tensor | None = None
