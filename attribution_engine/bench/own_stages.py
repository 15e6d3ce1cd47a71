"""The engine's own stages on the bench's setting, each timed beside a training pass."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import torch

from attribution_engine.bench.measurement import Measured, measure
from attribution_engine.bench.setting import Setting
from attribution_engine.bench.training_pass import training_pass
from attribution_engine.influence.curvature import Eigenbasis, LayerCurvature
from attribution_engine.influence.directions import LayerDirections
from attribution_engine.influence.factors import eigenpairs, fit_covariances, fit_eigenvalues
from attribution_engine.influence.layers import select_layers
from attribution_engine.influence.query_gradients import WeightedTexts, query_directions
from attribution_engine.influence.scores import Scores, score_documents
from attribution_engine.influence.token_scores import predicted_scores
from attribution_engine.influence.tracked import Tracked, track

FACTORS: Final = "factors (one pass)"
EXACT: Final = "documents, exact, queries included"
TOKENS: Final = "documents and tokens (update), rank {rank}, queries included"
PREDICTED: Final = "tokens (predicted) of all documents, a query"
DAMPING: Final = 0.1

Curvatures = dict[int, LayerCurvature]
Directions = dict[int, LayerDirections]


@dataclass(slots=True)
class Timings:
    """Ratios of every stage to the training pass of the same round.

    Attributes:
        training_seconds: T of every round.
        ratios: by stage, one a round; seconds likewise.
        added_mb: by stage, the most memory of any round beyond what there was at its start.
        exact: document scores [queries, documents], exact queries; low_rank at the chosen rank.
    """

    training_seconds: list[float] = field(default_factory=list)
    ratios: dict[str, list[float]] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)
    added_mb: dict[str, float] = field(default_factory=dict)
    exact: np.ndarray | None = None
    low_rank: np.ndarray | None = None

    def median(self, stage: str) -> float:
        return statistics.median(self.ratios[stage])

    def spread(self, stage: str) -> tuple[float, float]:
        return min(self.ratios[stage]), max(self.ratios[stage])


class Bench:
    """The stages on one setting."""

    def __init__(self, setting: Setting, batch_tokens: int, rank: int) -> None:
        self.setting, self.batch_tokens, self.rank = setting, batch_tokens, rank
        layers = [
            layer for layer in select_layers(setting.model, "mlp") if layer.name in setting.modules
        ]
        self.tracked: Tracked = track(setting.model, layers, setting.device)
        self.documents = setting.document_texts
        self.queries = [WeightedTexts((text,), (1.0,)) for text in setting.query_texts]

    def rounds(self, repeats: int, stages: tuple[str, ...] | None = None) -> Timings:
        """Every stage beside a training pass, `repeats` times; one round before is not counted."""
        timings = Timings()
        for number in range(repeats + 1):
            counted = number > 0
            curvatures: Curvatures = {}
            for stage, work in self._stages(curvatures, timings).items():
                if stages is not None and stage not in stages and stage != FACTORS:
                    continue
                unit = training_pass(self.setting, self.batch_tokens)
                found = measure(stage, work, 1, self.setting.device)
                if counted:
                    timings.training_seconds.append(unit.seconds)
                    _note(timings, stage, found, unit)
        return timings

    def _stages(self, curvatures: Curvatures, timings: Timings) -> dict[str, Callable[[], object]]:
        def factors() -> None:
            curvatures.clear()
            curvatures.update(self.factors())

        def exact() -> None:
            timings.exact = self.scores(self.directions(curvatures, None), tokens=False).influence

        def low_rank() -> None:
            found = self.scores(self.directions(curvatures, self.rank), tokens=True)
            timings.low_rank = found.influence

        def predicted() -> None:
            predicted_scores(
                self.tracked,
                self._first_query(curvatures),
                0,
                self.documents,
                range(len(self.documents)),
                batch_tokens=self.batch_tokens,
            )

        return {
            FACTORS: factors,
            EXACT: exact,
            TOKENS.format(rank=self.rank): low_rank,
            PREDICTED: predicted,
        }

    def factors(self) -> Curvatures:
        """Covariances on every other document, eigenvalues on the rest."""
        rows = range(len(self.documents))
        sums = fit_covariances(
            self.tracked,
            self.documents,
            rows=rows[::2],
            batch_tokens=self.batch_tokens,
            seed=self.setting.seed,
        )
        kind = next(self.setting.model.parameters()).dtype
        kind = kind if kind == torch.float64 else torch.float32
        bases, of_input = {}, {}
        for index, each in sums.items():
            layer = self.tracked.layers[index]
            if layer.input_of == index:
                of_input[index] = eigenpairs(each.activations, layer, "inputs")[1].to(kind)
            vectors = eigenpairs(each.gradients, layer, "gradients")[1].to(kind)
            bases[index] = Eigenbasis(of_input[layer.input_of], vectors)
        values = fit_eigenvalues(
            self.tracked,
            bases,
            self.documents,
            rows=rows[1::2],
            batch_tokens=self.batch_tokens,
            seed=self.setting.seed,
        )
        return {index: LayerCurvature(bases[index], values[index]) for index in bases}

    def directions(self, curvatures: Curvatures, rank: int | None) -> Directions:
        return query_directions(
            self.tracked,
            curvatures,
            self.queries,
            damping=DAMPING,
            rank=rank,
            seed=self.setting.seed,
            batch_tokens=self.batch_tokens,
        )[0]

    def scores(self, directions: Directions, *, tokens: bool) -> Scores:
        return score_documents(
            self.tracked,
            [(range(len(self.tracked.layers)), lambda: directions)],
            self.documents,
            range(len(self.documents)),
            len(self.queries),
            tokens=tokens,
            batch_tokens=self.batch_tokens,
        )

    def _first_query(self, curvatures: Curvatures) -> Directions:
        return query_directions(
            self.tracked,
            curvatures,
            self.queries[:1],
            damping=DAMPING,
            rank=None,
            seed=self.setting.seed,
            batch_tokens=self.batch_tokens,
        )[0]


def _note(timings: Timings, stage: str, found: Measured, unit: Measured) -> None:
    timings.ratios.setdefault(stage, []).append(found.seconds / unit.seconds)
    timings.seconds.setdefault(stage, []).append(found.seconds)
    added = found.peak_mb - found.start_mb
    timings.added_mb[stage] = max(added, timings.added_mb.get(stage, 0.0))
