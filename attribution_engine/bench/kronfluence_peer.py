"""kronfluence on the bench's setting. Imported only where kronfluence is installed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from numpy.typing import NDArray
from torch import nn
from torch.utils.data import Dataset

from attribution_engine.bench.measurement import measure
from attribution_engine.bench.peers import (
    CORRECTION,
    COVARIANCES,
    EIGENBASES,
    EXACT,
    LOW_RANK,
    TOKENS_EXACT,
    TOKENS_LOW_RANK,
    PeerOptions,
    PeerReport,
)
from attribution_engine.bench.setting import Setting
from attribution_engine.influence.tokens import TokenisedText, collate


class PaddedTexts(Dataset):
    """Every text padded to the longest: scores of batches of unequal width do not combine."""

    def __init__(self, texts: list[TokenisedText]) -> None:
        whole = collate(texts, range(len(texts)))
        self.fields = {
            "inputs": whole.inputs,
            "targets": whole.targets.masked_fill(~whole.has_loss, -100),
            "attended": whole.attended.long(),
        }

    def __len__(self) -> int:
        return len(self.fields["inputs"])

    def __getitem__(self, row: int) -> dict[str, torch.Tensor]:
        return {name: values[row] for name, values in self.fields.items()}


class LanguageModelling(Task):
    """Summed NLL; pseudo-gradients from labels sampled from the model."""

    def __init__(self, modules: tuple[str, ...]) -> None:
        super().__init__()
        self.modules = list(modules)

    def compute_train_loss(
        self, batch: dict[str, torch.Tensor], model: nn.Module, sample: bool = False
    ) -> torch.Tensor:
        logits = model(
            input_ids=batch["inputs"], attention_mask=batch["attended"], use_cache=False
        ).logits.flatten(0, 1)
        labels = batch["targets"].flatten()
        if sample:
            with torch.no_grad():
                drawn = torch.multinomial(logits.float().softmax(-1), 1).squeeze(-1)
            labels = torch.where(labels == -100, labels, drawn)
        return nn.functional.cross_entropy(
            logits.float(), labels, ignore_index=-100, reduction="sum"
        )

    def compute_measurement(self, batch: dict[str, torch.Tensor], model: nn.Module) -> torch.Tensor:
        return self.compute_train_loss(batch, model)

    def get_influence_tracked_modules(self) -> list[str]:
        return self.modules

    def get_attention_mask(self, batch: dict[str, torch.Tensor]) -> torch.Tensor:
        return batch["attended"]


def run(setting: Setting, options: PeerOptions, folder: Path) -> PeerReport:
    """Factors, and scores of all queries in one pass for every kind of score.

    Query gradients are part of each score stage: kronfluence does not keep them.
    """
    report = PeerReport("kronfluence", version("kronfluence"))
    report.notes.append("pads every document to the longest; query gradients are in its scores")
    documents, queries = PaddedTexts(setting.document_texts), PaddedTexts(setting.query_texts)
    task = LanguageModelling(setting.modules)
    # It wraps modules in place, so it gets a model of its own.
    model = prepare_model(copy.deepcopy(setting.model), task)
    analyzer = Analyzer(
        "bench",
        model,
        task,
        cpu=setting.device.type == "cpu",
        output_dir=str(folder),
        disable_tqdm=True,
    )
    batch_size = max(1, options.batch_tokens // documents.fields["inputs"].shape[1])

    def timed(stage: str, work: Callable[[], Any]) -> Any:
        torch.manual_seed(setting.seed)
        measured = measure(stage, work, options.repeats, setting.device)
        report.stages[stage] = measured
        return measured.result

    arguments = FactorArguments(strategy="ekfac", use_empirical_fisher=False)
    common: dict[str, Any] = {"factor_args": arguments, "overwrite_output_dir": True}
    batched = {**common, "per_device_batch_size": batch_size}
    timed(COVARIANCES, lambda: analyzer.fit_covariance_matrices("factors", documents, **batched))
    timed(EIGENBASES, lambda: analyzer.perform_eigendecomposition("factors", **common))
    timed(CORRECTION, lambda: analyzer.fit_lambda_matrices("factors", documents, **batched))

    def scored(rank: int | None, by_token: bool) -> NDArray:
        analyzer.compute_pairwise_scores(
            "scores",
            "factors",
            query_dataset=queries,
            train_dataset=documents,
            per_device_query_batch_size=len(queries),
            per_device_train_batch_size=batch_size,
            score_args=ScoreArguments(
                damping_factor=None,  # 0.1 × mean(Λ)
                query_gradient_low_rank=rank,
                compute_per_token_scores=by_token,
            ),
            overwrite_output_dir=True,
        )
        scores = analyzer.load_pairwise_scores("scores")["all_modules"]
        return scores.float().cpu().numpy().astype(np.float64)

    report.scores[EXACT] = timed(EXACT, lambda: scored(None, False))
    report.scores[LOW_RANK] = timed(LOW_RANK, lambda: scored(options.rank, False))
    if options.tokens:
        by_token = report.token_scores
        by_token[TOKENS_LOW_RANK] = timed(TOKENS_LOW_RANK, lambda: scored(options.rank, True))
        by_token[TOKENS_EXACT] = timed(TOKENS_EXACT, lambda: scored(None, True))
    return report
