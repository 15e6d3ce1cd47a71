"""Where a model can be retrained to its optimum, influence is what leaving a document out does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from attribution_engine.influence.query_gradients import completion_nats
from attribution_engine.influence.tokens import TokenisedText
from tests.influence.tiny_models import directions_of, fit, scores_of, tracked_model

CONTEXTS, FEATURES, LABELS = 30, 4, 2
RIDGE = 0.02


class LinearLanguageModel(nn.Module):
    """Logits are one linear map of a fixed embedding of the token before: softmax regression."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        embedding = torch.randn(CONTEXTS, FEATURES, generator=generator, dtype=torch.float64)
        self.register_buffer("embedding", embedding)
        self.mlp = nn.Linear(FEATURES, LABELS, bias=False, dtype=torch.float64)
        self.mlp.weight.requires_grad_(False).zero_()

    def get_input_embeddings(self):
        return nn.Embedding.from_pretrained(self.embedding)

    def get_output_embeddings(self):
        return None

    def forward(self, input_ids, attention_mask=None, use_cache=False):
        return SimpleNamespace(logits=self.mlp(self.embedding[input_ids]))


def bigram(context: int, label: int) -> TokenisedText:
    return TokenisedText((context, label), 0, (1, 2), (False, True))


def train(model: LinearLanguageModel, data: torch.Tensor, weights: torch.Tensor) -> None:
    """Minimises Σ weight × NLL + RIDGE/2 ‖W‖² to machine precision."""
    weight = model.mlp.weight.detach().clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS(
        [weight], max_iter=200, tolerance_grad=1e-13, line_search_fn="strong_wolfe"
    )

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        logits = model.embedding[data[:, 0]] @ weight.T
        nll = nn.functional.cross_entropy(logits, data[:, 1], reduction="none")
        value = (weights * nll).sum() + RIDGE / 2 * weight.square().sum()
        value.backward()
        return value

    optimiser.step(loss)
    model.mlp.weight.copy_(weight.detach())


def test_influence_matches_leave_one_out_retraining_of_a_linear_model():
    generator = torch.Generator().manual_seed(1)
    model = LinearLanguageModel()
    n = 2400  # Λ is a mean over documents of squares with sampled labels: many, or it is noisy
    contexts = torch.randint(0, CONTEXTS, (n,), generator=generator)
    slope = torch.randn(FEATURES, generator=generator, dtype=torch.float64) * 0.3
    chance = torch.sigmoid(model.embedding[contexts] @ slope)
    labels = (torch.rand(n, generator=generator, dtype=torch.float64) < chance).long()
    data = torch.stack([contexts, labels], 1)
    even = torch.full((n,), 1 / n, dtype=torch.float64)
    train(model, data, even)
    trained = model.mlp.weight.clone()

    documents = [bigram(int(c), int(y)) for c, y in data]
    queries = [bigram(c, c % 2) for c in range(6)]
    tracked = tracked_model(model)
    curvatures = fit(tracked, documents)
    damping = RIDGE / float(curvatures[0].eigenvalues.mean())  # so that λ is the ridge
    directions = directions_of(tracked, curvatures, queries, damping=damping)
    influence = scores_of(tracked, directions, documents).influence
    before = [completion_nats(tracked, query)[0] for query in queries]

    left_out = list(range(0, n, 60))
    change = np.zeros((len(queries), len(left_out)))
    for column, row in enumerate(left_out):
        weights = even.clone()
        weights[row] = 0.0
        model.mlp.weight.copy_(trained)
        train(model, data, weights)
        for number, query in enumerate(queries):
            after = completion_nats(tracked, query)[0]
            change[number, column] = before[number] - after  # change of log p
    # Leaving a document out takes weight 1/n away from it.
    predicted = -influence[:, left_out] / n
    assert np.corrcoef(predicted.ravel(), change.ravel())[0, 1] > 0.995
    assert 0.9 < np.polyfit(predicted.ravel(), change.ravel(), 1)[0] < 1.1
