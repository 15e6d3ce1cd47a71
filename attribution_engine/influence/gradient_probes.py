"""How far gradients of the same documents change when they are computed in another way.

A gradient is too large to keep, so it is probed: for probes l rᵀ with independent standard normal
entries, the mean of ⟨l rᵀ, δ⟩² is ‖δ‖². A change is stated as ‖δ‖ ÷ ‖∇L‖: no score changes by
more than that, relative to the product of the two norms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch

from attribution_engine.influence.capture import Captured, recording
from attribution_engine.influence.contractions import document_products
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.layers import Layer
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.tokens import Batch, TokenisedText
from attribution_engine.influence.tracked import Tracked

PROBES: Final = 16
SEED: Final = 0
LEAST_SHARE: Final = 0.01  # of a document's gradient: what a layer counts as having at the least
LOOKED_AT: Final = 512  # tokens of a text that is asked whether it sees what comes later


@dataclass(frozen=True, slots=True)
class Probed:
    """⟨probe, ∇L⟩ [layers, documents, probes] and ‖∇L‖² [layers, documents], float64."""

    products: np.ndarray
    squared: np.ndarray


@dataclass(frozen=True, slots=True)
class Change:
    """How far gradients changed, or the states of the forward pass.

    Attributes:
        what: was done otherwise; limit: how much that may change; None = it is only told.
        overall: largest ‖δ‖ ÷ ‖∇L‖ of a document, over all tracked layers.
        at_worst: the same of a single layer; layer, document: which, by index.
    """

    what: str
    limit: float | None
    overall: float
    at_worst: float
    layer: int
    document: int

    @property
    def beyond(self) -> bool:
        """Whether it is more than may be."""
        return self.limit is not None and max(self.overall, self.at_worst) > self.limit


def probe(tracked: Tracked, batches: Iterable[Batch], n_documents: int) -> Probed:
    """The gradients of documents 0 to n - 1, each in one of the batches, seen by the probes."""
    directions = [_probes_of(layer, index, tracked) for index, layer in enumerate(tracked.layers)]
    shape = (len(tracked.layers), n_documents)
    found = Probed(np.zeros((*shape, PROBES)), np.zeros(shape))
    for batch in batches:
        rows = np.array(batch.rows)

        def consume(index: int, captured: Captured, rows: np.ndarray = rows) -> None:
            products, squared = document_products(captured, directions[index])
            found.products[index, rows] = products.T.double().cpu().numpy()
            found.squared[index, rows] = squared.double().cpu().numpy()

        backward_pass(tracked, batch, consume)
    return found


def compared(what: str, before: Probed, after: Probed, limit: float | None) -> Change:
    """The largest relative changes between two sets of gradients of the same documents."""
    by_probes = np.square(after.products - before.products).mean(2)
    by_norms = np.square(np.sqrt(after.squared) - np.sqrt(before.squared))
    change = np.maximum(by_probes, by_norms)  # ‖δ‖² [layers, documents]
    whole = before.squared.sum(0)
    # A layer that hardly counts in a document's gradient is not measured by its own rounding.
    own = np.maximum(before.squared, LEAST_SHARE**2 * whole / len(before.squared))
    relative, overall = _roots(change, own), _roots(change.sum(0), whole)
    layer, document = np.unravel_index(int(relative.argmax()), relative.shape)
    return Change(
        what,
        limit,
        float(overall.max()),
        float(relative.max()),
        int(layer),
        int(document),
    )


def with_other_padding(batch: Batch, vocabulary: int) -> Batch:
    """The same batch with other tokens where there is padding."""
    generator = torch.Generator().manual_seed(SEED)
    others = torch.randint(1, vocabulary, batch.inputs.shape, generator=generator)
    return replace(batch, inputs=torch.where(batch.attended, batch.inputs, others))


@torch.no_grad()
def looking_ahead(
    tracked: Tracked,
    texts: Sequence[TokenisedText],
    document: int,
    vocabulary: int,
    limit: float | None,
) -> Change:
    """How far the second half of a text changes what the model computes in the first half.

    `overall` is of the logits, `at_worst` of the inputs of the tracked layers, `layer` the first
    in which it shows; both are the largest change ÷ the largest value.
    """
    ids = torch.tensor([texts[document].ids[:LOOKED_AT]])
    half = max(1, ids.shape[1] // 2)
    others = ids.clone()
    others[:, half:] = (ids[:, half:] + 1 + vocabulary // 2) % vocabulary
    logits, inputs = [], []
    for each in (ids, others):
        with recording(tracked) as calls:
            out = tracked.model(input_ids=each.to(tracked.device), use_cache=False).logits
        logits.append(out[:, :half].double())
        inputs.append(
            {
                call.layer: call.inputs.reshape(each.shape[1], -1)[:half].float()
                for call in calls
                if call.places is None
            }
        )
    by_layer = {index: _largest(states, inputs[1][index]) for index, states in inputs[0].items()}
    worst = max(by_layer.values(), default=0.0)
    first = next((index for index, each in sorted(by_layer.items()) if each > worst / 10), 0)
    overall = _largest(logits[0], logits[1])
    return Change("other tokens later on", limit, overall, max(worst, overall), first, document)


def _largest(before: torch.Tensor, after: torch.Tensor) -> float:
    change = float((after - before).abs().max())
    return change / float(before.abs().max()) if change else 0.0


def _probes_of(layer: Layer, index: int, tracked: Tracked) -> LayerDirections:
    generator = torch.Generator().manual_seed(SEED + index)
    model_kind = next(tracked.model.parameters()).dtype
    kind = torch.float64 if model_kind == torch.float64 else torch.float32
    left = torch.randn(PROBES, layer.out_features, 1, generator=generator)
    right = torch.randn(PROBES, 1, layer.in_features, generator=generator)
    return LayerDirections(None, left.to(kind), right.to(kind)).to(tracked.device)


def _roots(change: np.ndarray, of: np.ndarray) -> np.ndarray:
    """√(change ÷ of): 0 where nothing changed, infinite where it changed from 0 or is no number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        roots = np.sqrt(np.where(change == 0, 0.0, change / of))
    return np.nan_to_num(roots, nan=np.inf)
