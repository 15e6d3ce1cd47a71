"""Models trained at once against each of them trained alone by transformers and torch."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest
import torch
from torch import Tensor, nn
from transformers import LlamaForCausalLM
from transformers.models.llama.modeling_llama import LlamaRMSNorm

from attribution_engine.lab.lab_model import LabSettings, Vocabulary, lab_model
from attribution_engine.lab.retraining import (
    BETAS,
    MOMENTUM,
    Example,
    Retrained,
    rates,
    retrain,
    schedule,
    work,
)
from attribution_engine.lab.stacked_llama import Stack
from attribution_engine.lab.trainer import rate_at
from attribution_engine.records import InputError

VOCABULARY = Vocabulary(size=90, begin=1, end=2, padding=0)
SETTINGS = LabSettings(
    hidden=16,
    layers=2,
    heads=2,
    inner=24,
    context=24,
    batch_tokens=120,
    epochs=2.0,
    learning_rate=5e-3,
    at_once=3,
)
SEED = 5


def make_documents(count: int) -> list[Example]:
    rng = Random(3)
    documents = []
    for index in range(count):
        middle = [rng.randrange(3, VOCABULARY.size) for _ in range(rng.randint(4, 20))]
        tokens = (VOCABULARY.begin, *middle, VOCABULARY.end)
        documents.append(Example(tokens, start=3 if index % 4 == 0 else 1))
    return documents


DOCUMENTS = make_documents(30)


def make_weights() -> Tensor:
    """All in, a half in, three documents in, weights other than 1, a doubled document."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.ones(5, len(DOCUMENTS))
    weights[1] = (torch.rand(len(DOCUMENTS), generator=generator) < 0.5).float()
    weights[2, 3:] = 0
    weights[3] = 3 * torch.rand(len(DOCUMENTS), generator=generator) - 0.5
    weights[4, 7] = 2
    return weights


def mean_loss(model: LlamaForCausalLM, batch: list[Example], weights: Tensor) -> Tensor:
    """The documented loss, from transformers' logits of a padded batch."""
    longest = max(len(document.tokens) for document in batch)
    inputs = torch.full((len(batch), longest), VOCABULARY.padding)
    targets = torch.full((len(batch), longest), -100)
    for row, document in enumerate(batch):
        tokens = torch.tensor(document.tokens)
        inputs[row, : len(tokens)] = tokens
        targets[row, document.start : len(tokens)] = tokens[document.start :]
    logits = model(inputs, use_cache=False).logits[:, :-1]
    losses = nn.functional.cross_entropy(
        logits.flatten(0, 1), targets[:, 1:].flatten(), reduction="none"
    )
    return (losses.view(len(batch), -1).sum(1) * weights).sum() / (targets[:, 1:] != -100).sum()


def train_alone(
    weights: Tensor, settings: LabSettings, start: dict[str, Tensor] | None = None
) -> tuple[LlamaForCausalLM, list[float]]:
    """The slow twin: one model, torch's own optimizer and clipping; also its gradient norms."""
    model = lab_model(settings, VOCABULARY, SEED)
    if start is not None:
        model.load_state_dict(start, strict=False)
    nn.Module.to(model, weights.dtype)
    optimizer: torch.optim.Optimizer
    if settings.optimiser == "adamw":
        optimizer = torch.optim.AdamW(
            model.parameters(), betas=BETAS, weight_decay=settings.weight_decay
        )
    else:
        optimizer = torch.optim.SGD(
            model.parameters(), momentum=MOMENTUM, weight_decay=settings.weight_decay
        )
    norms = []
    batches = schedule(DOCUMENTS, settings, SEED)
    for number, batch in enumerate(batches):
        optimizer.param_groups[0]["lr"] = rate_at(number / len(batches), rates(settings))
        optimizer.zero_grad()
        mean_loss(model, [DOCUMENTS[index] for index in batch], weights[batch]).backward()
        norms.append(float(nn.utils.clip_grad_norm_(model.parameters(), settings.clip)))
        optimizer.step()
    return model, norms


def largest_difference(retrained: Retrained, index: int, alone: LlamaForCausalLM) -> float:
    named = dict(alone.named_parameters())
    assert retrained.parameters.keys() == named.keys()
    return max(
        float((retrained.parameters[name][index] - value).abs().max().detach())
        for name, value in named.items()
    )


@pytest.fixture
def norms_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Transformers takes RMS norms in float32 even in a model of float64."""

    def forward(self: LlamaRMSNorm, states: Tensor) -> Tensor:
        square = states.pow(2).mean(-1, keepdim=True)
        return self.weight * states * torch.rsqrt(square + self.variance_epsilon)

    monkeypatch.setattr(LlamaRMSNorm, "forward", forward)


@pytest.fixture(scope="module")
def retrained() -> Retrained:
    return retrain(DOCUMENTS, make_weights(), SETTINGS, VOCABULARY, SEED)


def test_as_trained_alone(retrained: Retrained) -> None:
    fresh = lab_model(SETTINGS, VOCABULARY, SEED)
    for index, weights in enumerate(make_weights()):
        alone, norms = train_alone(weights, SETTINGS)
        assert largest_difference(retrained, index, alone) < 1e-4
        assert largest_difference(retrained, index, fresh) > 0.01
        assert len(norms) >= 8


def test_as_trained_alone_in_float64(norms_in_full: None) -> None:
    retrained = retrain(DOCUMENTS, make_weights(), SETTINGS, VOCABULARY, SEED, dtype=torch.float64)
    for index in (1, 3):
        alone, _ = train_alone(make_weights()[index].double(), SETTINGS)
        assert largest_difference(retrained, index, alone) < 1e-10


def test_clipping_is_of_each_model_alone(norms_in_full: None) -> None:
    settings = replace(SETTINGS, clip=0.6, epochs=1.0)
    weights = make_weights().double()
    retrained = retrain(DOCUMENTS, weights, settings, VOCABULARY, SEED, dtype=torch.float64)
    clipped = []
    for index in (0, 2):
        alone, norms = train_alone(weights[index], settings)
        assert largest_difference(retrained, index, alone) < 1e-10
        clipped.append([norm > settings.clip for norm in norms])
    # the two models were not clipped in the same steps
    assert any(one != other for one, other in zip(*clipped))


def test_sgd_from_common_weights(norms_in_full: None) -> None:
    settings = replace(
        SETTINGS, optimiser="sgd", learning_rate=0.3, weight_decay=1e-3, clip=math.inf
    )
    start = {
        name: value.detach() + 0.01
        for name, value in lab_model(settings, VOCABULARY, 77).named_parameters()
    }
    weights = make_weights().double()
    retrained = retrain(
        DOCUMENTS, weights, settings, VOCABULARY, SEED, start=start, dtype=torch.float64
    )
    for index in (1, 4):
        alone, _ = train_alone(weights[index], settings, start)
        assert largest_difference(retrained, index, alone) < 1e-10


def test_groups_do_not_change_a_model(retrained: Retrained) -> None:
    """Sizes of a group depend on its models; what a model becomes must not."""
    for at_once in (1, 5):
        settings = replace(SETTINGS, at_once=at_once)
        other = retrain(DOCUMENTS, make_weights(), settings, VOCABULARY, SEED)
        for name, value in retrained.parameters.items():
            assert torch.allclose(value, other.parameters[name], atol=1e-5), name


def test_removed_document_is_never_read(retrained: Retrained) -> None:
    weights = make_weights()[2:3]
    others = [*DOCUMENTS[:3], *[replace(x, tokens=x.tokens[::-1]) for x in DOCUMENTS[3:]]]
    again = retrain(others, weights, SETTINGS, VOCABULARY, SEED)
    for name, value in retrained.parameters.items():
        assert torch.allclose(value[2], again.parameters[name][0], atol=1e-6)
    kept = retrain(others, torch.ones_like(weights), SETTINGS, VOCABULARY, SEED)
    assert not torch.allclose(
        again.parameters["model.norm.weight"], kept.parameters["model.norm.weight"]
    )


def test_seed_decides_weights_and_order() -> None:
    first, second = lab_model(SETTINGS, VOCABULARY, 1), lab_model(SETTINGS, VOCABULARY, 2)
    again = lab_model(SETTINGS, VOCABULARY, 1)
    for one, other, same in zip(first.parameters(), second.parameters(), again.parameters()):
        assert torch.equal(one, same)
        assert one.ndim == 1 or not torch.equal(one, other)
    assert schedule(DOCUMENTS, SETTINGS, 1) == schedule(DOCUMENTS, SETTINGS, 1)
    assert schedule(DOCUMENTS, SETTINGS, 1) != schedule(DOCUMENTS, SETTINGS, 2)
    each = [index for batch in schedule(DOCUMENTS, SETTINGS, 1) for index in batch]
    assert all(1 <= each.count(index) <= 3 for index in range(len(DOCUMENTS)))


def test_logits_are_those_of_transformers() -> None:
    settings = replace(SETTINGS, hidden=24, heads=3, layers=3)
    models = [lab_model(settings, VOCABULARY, seed) for seed in (1, 2)]
    for parameter in [p for model in models for p in model.parameters() if p.ndim == 1]:
        nn.init.uniform_(parameter, 0.5, 2.0)
    named = [dict(model.named_parameters()) for model in models]
    together = {
        name: torch.stack([parameters[name].detach() for parameters in named]) for name in named[0]
    }
    stack = Stack(models[0].config, together)
    tokens = torch.randint(3, VOCABULARY.size, (2, 4, settings.context))
    states = stack.hidden_states(tokens)
    logits = torch.bmm(states, stack.weights["embedding"].mT).view(*tokens.shape, -1)
    for model, own, expected in zip(models, tokens, logits):
        assert torch.allclose(model(own).logits, expected, atol=1e-5)
    for name, value in stack.parameters().items():
        assert torch.equal(value, together[name])


def test_log_probabilities(retrained: Retrained) -> None:
    figures = retrained.log_probabilities(DOCUMENTS)
    assert figures.shape == (5, len(DOCUMENTS))
    for index in (0, 4):
        model = retrained.model(index)
        for document, figure in zip(DOCUMENTS, figures[index].tolist()):
            count = len(document.tokens) - document.start
            expected = -count * mean_loss(model, [document], torch.ones(1)).item()
            assert figure == pytest.approx(expected, abs=1e-4)
    # what a model was not trained on it predicts worse
    assert figures[2, :3].mean() > figures[2, 3:].mean()
    assert retrained.log_probabilities([]).shape == (5, 0)


def test_exact_is_greedy_decoding() -> None:
    """Models that know one half of the documents by heart, and so answer that half."""
    documents = DOCUMENTS[:8]
    settings = replace(SETTINGS, epochs=60.0, learning_rate=2e-2, hidden=32, batch_tokens=999)
    weights = torch.zeros(2, len(documents))
    weights[0, :4] = weights[1, 4:] = 1
    retrained = retrain(documents, weights, settings, VOCABULARY, SEED)
    questions = [Example(x.tokens, start=len(x.tokens) - 5) for x in documents]
    exact = retrained.exact(questions)
    assert 0 < int(exact.sum()) < exact.numel()
    for index in range(2):
        model = retrained.model(index)
        for question, figure in zip(questions, exact[index].tolist()):
            wanted = len(question.tokens) - question.start
            answer = model.generate(
                torch.tensor([question.tokens[: question.start]]),
                max_new_tokens=wanted,
                do_sample=False,
            )[0].tolist()
            assert figure == (answer == list(question.tokens))


def test_progress_ends_at_the_announced_work() -> None:
    told: list[int] = []
    settings = replace(SETTINGS, epochs=1.0)
    retrain(DOCUMENTS, make_weights(), settings, VOCABULARY, SEED, step=told.append)
    assert told == sorted(told) and len(told) > 4
    assert told[-1] == work(DOCUMENTS, 5, settings, SEED)


def test_interrupt_passes() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retrain(DOCUMENTS, make_weights(), SETTINGS, VOCABULARY, SEED, step=interrupt)


def test_bad_input_is_named() -> None:
    def attempt(
        documents: list[Example], weights: Tensor, settings: LabSettings = SETTINGS
    ) -> None:
        retrain(documents, weights, settings, VOCABULARY, SEED)

    weights = torch.ones(1, 2)
    good = Example((1, 5, 2))
    with pytest.raises(InputError, match="give a row for each model"):
        attempt([good], weights)
    with pytest.raises(InputError, match="NaN or infinity"):
        attempt([good, good], weights * math.nan)
    with pytest.raises(InputError, match="example 1: loss starts at token 3 of 3"):
        attempt([good, Example((1, 5, 2), 3)], weights)
    with pytest.raises(InputError, match="example 0: 25 tokens, more than the context of 24"):
        attempt([Example((5,) * 25), good], weights)
    with pytest.raises(InputError, match="example 1: a token outside 0..89"):
        attempt([good, Example((1, 90))], weights)
    with pytest.raises(InputError, match="optimiser 'adam' is unknown"):
        attempt([good, good], weights, replace(SETTINGS, optimiser="adam"))
    with pytest.raises(InputError, match="model.embed_tokens.weight must be of shape"):
        retrain([good, good], weights, SETTINGS, VOCABULARY, SEED, start={})
