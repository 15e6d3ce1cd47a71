"""One pass over documents: their influence on every query, their gradient norms, their tokens.

I = ∇fᵀ (G + λI)⁻¹ (−∇L) = −Σ_layers ⟨v, Σ_t ds_t āᵀ_t⟩, with L the document's summed NLL.
Positive = more weight on the document raises the completion's log-probability.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch

from attribution_engine.influence.capture import Captured
from attribution_engine.influence.contractions import (
    chunks,
    document_products,
    gradients_per_text,
    slot_products,
    squared_norms,
)
from attribution_engine.influence.curvature import LayerCurvature
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.passes import backward_pass
from attribution_engine.influence.tokens import Batch, TokenisedText, batches
from attribution_engine.influence.tracked import Tracked

# Layers that are scored in one pass, and how to get their directions onto the device.
Group = tuple[Sequence[int], Callable[[], dict[int, LayerDirections]]]
Progress = Callable[[int], None]
Loaded = TypeVar("Loaded")  # what a group needs of its layers


@dataclass(slots=True)
class Scores:
    """Of some documents, in the order of `rows`; all in float64 or float32 on the CPU.

    Attributes:
        rows: the documents.
        influence: [queries, documents], nats per unit of weight.
        squared_norms: ‖∇L‖² over the tracked layers, [documents].
        tokens: `update` shares, [queries, text tokens of all documents one after another]; None
            where they were not asked for. token_starts: [documents + 1], where each begins.
    """

    rows: np.ndarray
    influence: np.ndarray
    squared_norms: np.ndarray
    tokens: np.ndarray | None
    token_starts: np.ndarray

    def of_document(self, at: int) -> np.ndarray:
        """The shares of one document's tokens, [queries, tokens]."""
        assert self.tokens is not None
        return self.tokens[:, self.token_starts[at] : self.token_starts[at + 1]]


def score_documents(
    tracked: Tracked,
    groups: Iterable[Group],
    texts: Sequence[TokenisedText],
    rows: Sequence[int],
    n_queries: int,
    *,
    tokens: bool,
    batch_tokens: int,
    progress: Progress = lambda done: None,
) -> Scores:
    """Scores documents against all queries, in one pass for each group of layers.

    Args:
        groups: together they hold every layer once; one group where all fits in memory.
        tokens: whether to split every influence over the tokens as well.
    """
    lengths = np.array([texts[row].n_tokens for row in rows], dtype=np.int64)
    starts = np.concatenate([[0], lengths.cumsum()])
    scores = Scores(
        np.asarray(rows),
        np.zeros((n_queries, len(rows))),
        np.zeros(len(rows)),
        np.zeros((n_queries, int(starts[-1])), dtype=np.float32) if tokens else None,
        starts,
    )

    def score(
        part: Tracked, directions: dict[int, LayerDirections], batch: Batch, at: np.ndarray
    ) -> None:
        _score_batch(part, directions, texts, batch, at, scores)

    _group_by_group(tracked, groups, texts, rows, batch_tokens, progress, score)
    return scores


def _group_by_group(
    tracked: Tracked,
    groups: Iterable[tuple[Sequence[int], Callable[[], Loaded]]],
    texts: Sequence[TokenisedText],
    rows: Sequence[int],
    batch_tokens: int,
    progress: Progress,
    score: Callable[[Tracked, Loaded, Batch, np.ndarray], None],
) -> None:
    """Calls `score` on every batch with every group; it is told where the documents stand."""
    place = {row: at for at, row in enumerate(rows)}
    groups = list(groups)
    loaded: Loaded | None = None
    for number, (wanted, load) in enumerate(groups):
        loaded = None  # there is room for one group only
        loaded = load()
        part = tracked.only(wanted)
        for batch in batches(texts, batch_tokens, rows):
            score(part, loaded, batch, np.array([place[row] for row in batch.rows]))
            if number == len(groups) - 1:
                progress(len(batch.rows))


def _score_batch(
    tracked: Tracked,
    directions: dict[int, LayerDirections],
    texts: Sequence[TokenisedText],
    batch: Batch,
    at: np.ndarray,
    scores: Scores,
) -> None:
    """Adds what the wanted layers contribute; `at` says where the batch's documents stand."""
    shape = (len(scores.influence), len(batch.rows))
    kind = torch.float64 if next(tracked.model.parameters()).dtype == torch.float64 else None
    kind = kind or torch.float32
    products = torch.zeros(shape, dtype=kind, device=tracked.device)
    squared = torch.zeros(shape[1], dtype=kind, device=tracked.device)
    shares = None
    width = batch.inputs.shape[1]
    if scores.tokens is not None:
        shares = torch.zeros(*shape, width, dtype=kind, device=tracked.device)

    def consume(index: int, captured: Captured) -> None:
        nonlocal products, squared
        if shares is not None:
            slots = slot_products(captured, directions[index])
            shares.sub_(captured.of_positions(slots, width))
            squared += squared_norms(captured)
            return
        found, norms = document_products(captured, directions[index])
        products -= found
        squared += norms

    backward_pass(tracked, batch, consume)
    scores.squared_norms[at] += squared.double().cpu().numpy()
    if shares is None:
        scores.influence[:, at] += products.double().cpu().numpy()
        return
    on_cpu = shares.cpu().numpy()
    for number, (row, where) in enumerate(zip(batch.rows, at, strict=True)):
        split = on_text_tokens(on_cpu[:, number], texts[row])
        scores.of_document(where)[:] += split
        scores.influence[:, where] += split.sum(1, dtype=np.float64)


def on_text_tokens(shares: np.ndarray, text: TokenisedText) -> np.ndarray:
    """Shares of input positions [queries, positions] as text tokens' [queries, n_tokens].

    The start token's share is counted on the first text token; the last token updates nothing.
    """
    result = np.zeros((len(shares), text.n_tokens), dtype=shares.dtype)
    kept = shares[:, : text.n_positions]
    if not text.starts:
        result[:, :-1] = kept
        return result
    result[:, 0] = kept[:, 0]
    if text.n_tokens > 1:
        result[:, :-1] += kept[:, 1:]
    return result


def self_scores(
    tracked: Tracked,
    groups: Iterable[tuple[Sequence[int], Callable[[], dict[int, LayerCurvature]]]],
    texts: Sequence[TokenisedText],
    rows: Sequence[int],
    *,
    damping: float,
    batch_tokens: int,
    progress: Progress = lambda done: None,
) -> Scores:
    """∇Lᵀ (G + λI)⁻¹ ∇L: what a document does for its own log-probability; never negative.

    Returns:
        Scores with one row of influence, and no tokens.
    """
    starts = np.zeros(len(rows) + 1, dtype=np.int64)
    scores = Scores(np.asarray(rows), np.zeros((1, len(rows))), np.zeros(len(rows)), None, starts)

    def score(
        part: Tracked, curvatures: dict[int, LayerCurvature], batch: Batch, at: np.ndarray
    ) -> None:
        _self_score_batch(part, curvatures, batch, at, damping, scores)

    _group_by_group(tracked, groups, texts, rows, batch_tokens, progress, score)
    return scores


def _self_score_batch(
    tracked: Tracked,
    curvatures: dict[int, LayerCurvature],
    batch: Batch,
    at: np.ndarray,
    damping: float,
    scores: Scores,
) -> None:
    """Adds what the wanted layers contribute; `at` says where the batch's documents stand."""

    def consume(index: int, captured: Captured) -> None:
        curvature = curvatures[index]
        rotated = Captured(*curvature.into_basis(captured.activations, captured.gradients))
        for texts_of, chunk in chunks(rotated):
            gradient = gradients_per_text(chunk)
            own = (curvature.divide(gradient, damping) * gradient).sum((1, 2))
            squared = gradient.square().sum((1, 2))
            scores.influence[0, at[texts_of]] += own.double().cpu().numpy()
            scores.squared_norms[at[texts_of]] += squared.double().cpu().numpy()

    backward_pass(tracked, batch, consume)
