"""How large a lab is: documents, questions, seeds, retrainings, and the shape of its models."""

from __future__ import annotations

from dataclasses import dataclass, replace

from attribution_engine.lab.lab_corpus import LabSize
from attribution_engine.lab.lab_model import LabSettings

AT_ONCE_ON_A_GPU = 64  # models in one product of matrices


@dataclass(frozen=True, slots=True)
class Budget:
    """One size of lab.

    Attributes:
        size: documents, queries, planted facts, context.
        seeds: of whole repetitions: first weights and the order of documents.
        halves: random halves that the linear datamodelling score is taken over.
        random_draws: sets of documents removed by lot, at each fraction and seed.
        fractions: of the documents, that removal takes away.
        settings: shape and training of a lab model.
        stability_documents: scored under each condition; traces: of the behaviour cut.
        cut_items: questions a suite that each model of the behaviour cut answers.
        cut_epochs: passes over the traces.
    """

    size: LabSize
    settings: LabSettings
    seeds: int = 3
    halves: int = 50
    random_draws: int = 5
    fractions: tuple[float, ...] = (0.01, 0.05, 0.10)
    stability_documents: int = 300
    traces: int = 800
    cut_items: int = 10
    cut_epochs: float = 2.0

    def on(self, device: str) -> Budget:
        """The same lab, with as many models side by side as the device gains from."""
        if device != "cuda":
            return self
        return replace(self, settings=replace(self.settings, at_once=AT_ONCE_ON_A_GPU))


SMALL = Budget(
    size=LabSize(documents=100, queries=4, plants=4, context=192, tokens=10_000),
    settings=LabSettings(hidden=16, layers=1, heads=2, inner=32, context=192, epochs=4.0),
    seeds=2,
    halves=12,
    random_draws=2,
    stability_documents=40,
    traces=40,
    cut_items=2,
    cut_epochs=1.0,
)
STANDARD = Budget(
    size=LabSize(documents=500, queries=20, plants=16, context=256, tokens=50_000),
    settings=LabSettings(context=256),
)
LARGE = Budget(
    size=LabSize(documents=3000, queries=20, plants=32, context=512, tokens=500_000),
    settings=LabSettings(hidden=128, layers=4, heads=4, inner=384, context=512),
    seeds=5,
    halves=100,
    random_draws=10,
    stability_documents=1000,
    traces=4000,
    cut_items=30,
    cut_epochs=4.0,
)
BUDGETS = {"small": SMALL, "standard": STANDARD, "large": LARGE}
