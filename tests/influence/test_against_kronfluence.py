"""A second implementation gives the same scores from the same sampled labels."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kronfluence.analyzer import Analyzer, prepare_model
from kronfluence.arguments import FactorArguments, ScoreArguments
from kronfluence.task import Task
from torch.utils.data import Dataset

from attribution_engine.influence.factors import CORRECTION, COVARIANCE
from attribution_engine.influence.layers import tracked_layers
from attribution_engine.influence.output_head import probabilities
from attribution_engine.influence.sampling import document_uniforms, sample_labels
from attribution_engine.influence.tokens import collate
from tests.influence.tiny_models import (
    SEED,
    directions_of,
    fitted,
    scores_of,
    tiny_model,
    tiny_texts,
)

# Both use a damping of 0.1 × mean(Λ): kronfluence's own heuristic when its damping is None.


class Rows(Dataset):
    """Every text padded to the longest, as kronfluence needs it."""

    def __init__(self, texts):
        whole = collate(texts, range(len(texts)))
        self.fields = {
            "inputs": whole.inputs,
            "targets": whole.targets,
            "attended": whole.attended,
            "has_loss": whole.has_loss,
            "row": torch.arange(len(texts)),
        }

    def __len__(self):
        return len(self.fields["row"])

    def __getitem__(self, row):
        return {name: field[row] for name, field in self.fields.items()}


class SampledLanguageModelling(Task):
    """Summed NLL; pseudo-gradients from the very labels that our engine draws."""

    purpose = COVARIANCE

    def __init__(self, names):
        super().__init__()
        self.names = names

    def compute_train_loss(self, batch, model, sample=False):
        logits = model(
            input_ids=batch["inputs"], attention_mask=batch["attended"].long(), use_cache=False
        ).logits
        labels = batch["targets"]
        if sample:
            rows = tuple(batch["row"].tolist())
            uniforms = document_uniforms(SEED, self.purpose, rows, logits.shape[1])
            p = probabilities(logits.detach().flatten(0, 1))
            labels = sample_labels(p, uniforms.flatten()).view(labels.shape)
        nll = torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), labels.flatten(), reduction="none"
        )
        return nll[batch["has_loss"].flatten()].sum()

    def compute_measurement(self, batch, model):
        return self.compute_train_loss(batch, model)

    def get_influence_tracked_modules(self):
        return self.names

    def get_attention_mask(self, batch):
        return batch["attended"].long()


def kronfluence_scores(family, documents, queries, folder):
    """Pairwise scores [queries, documents]."""
    model = tiny_model(family)
    task = SampledLanguageModelling([layer.name for layer in tracked_layers(model)])
    analyzer = Analyzer(
        "analysis",
        prepare_model(model, task),
        task,
        cpu=True,
        output_dir=str(folder),
        disable_tqdm=True,
    )
    kinds = {f"{name}_dtype": torch.float64 for name in ("activation_covariance",)}
    arguments = FactorArguments(
        strategy="ekfac",
        use_empirical_fisher=False,
        gradient_covariance_dtype=torch.float64,
        per_sample_gradient_dtype=torch.float64,
        lambda_dtype=torch.float64,
        **kinds,
    )
    rows = Rows(documents)
    common = {"per_device_batch_size": 4, "overwrite_output_dir": True}
    task.purpose = COVARIANCE
    analyzer.fit_covariance_matrices("factors", rows, factor_args=arguments, **common)
    analyzer.perform_eigendecomposition("factors", factor_args=arguments, overwrite_output_dir=True)
    task.purpose = CORRECTION
    analyzer.fit_lambda_matrices("factors", rows, factor_args=arguments, **common)
    analyzer.compute_pairwise_scores(
        "scores",
        "factors",
        query_dataset=Rows(queries),
        train_dataset=rows,
        per_device_query_batch_size=2,
        per_device_train_batch_size=4,
        score_args=ScoreArguments(damping_factor=None, score_dtype=torch.float64),
        overwrite_output_dir=True,
    )
    return analyzer.load_pairwise_scores("scores")["all_modules"].double().numpy()


@pytest.mark.parametrize("family", ["llama", "qwen2"])
def test_scores_agree_with_kronfluence_given_the_same_sampled_labels(family, tmp_path):
    documents, queries = tiny_texts(30), tiny_texts(4, seed=5)
    theirs = kronfluence_scores(family, documents, queries, tmp_path)
    tracked, curvatures = fitted(family, documents)
    directions = directions_of(tracked, curvatures, queries)
    ours = scores_of(tracked, directions, documents).influence
    for one, other in zip(ours, theirs, strict=True):
        assert np.corrcoef(one, other)[0, 1] >= 0.999
        # Sign and scale too, which a correlation does not see.
        assert np.polyfit(one, other, 1)[0] == pytest.approx(1.0, rel=0.01)
