"""Where a NaN or an infinity came from: sought only after one has turned up in a result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from attribution_engine.influence.capture import Captured, NotFinite
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.tokens import TokenisedText, collate
from attribution_engine.influence.tracked import Tracked


def all_finite(tensors: Iterable[torch.Tensor]) -> bool:
    """Whether no number in any of them is NaN or infinite."""
    return all(bool(torch.isfinite(tensor).all()) for tensor in tensors)


def refuse_not_finite(
    tracked: Tracked, texts: Sequence[TokenisedText], rows: Iterable[int]
) -> None:
    """Passes the texts through the model one by one until one of them brings a NaN or infinity.

    Raises:
        NotFinite: one does; names the first layer, in the model's order, that reads one, or the
            last that is sent one back.
    """
    for row in rows:
        read: set[int] = set()
        sent_back: set[int] = set()

        def look(
            index: int, captured: Captured, read: set[int] = read, back: set[int] = sent_back
        ) -> None:
            if not all_finite([captured.activations]):
                read.add(index)
            if not all_finite([captured.gradients]):
                back.add(index)

        backward_pass(tracked, collate(texts, [row]), look)
        if read:
            raise NotFinite(tracked.layers[min(read)].name, "activation", row)
        if sent_back:
            raise NotFinite(tracked.layers[max(sent_back)].name, "gradient", row)
