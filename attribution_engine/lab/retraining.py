"""Many small models trained at once that differ by the weights of their documents only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor
from transformers import LlamaForCausalLM

from attribution_engine.lab.batches import Example, make_batches
from attribution_engine.lab.lab_model import LabSettings, Vocabulary, check, lab_model
from attribution_engine.lab.stacked_llama import (
    Stack,
    Targets,
    add_log_probabilities,
    at_places,
    head_gradients,
)
from attribution_engine.lab.trainer import TrainingSettings, rate_at
from attribution_engine.records import InputError

__all__ = ["Example", "LabSettings", "Retrained", "Vocabulary", "lab_model", "retrain", "work"]

BETAS = (0.9, 0.95)
MOMENTUM = 0.9


@dataclass(frozen=True, slots=True)
class Padded:
    """Examples as tensors: tokens [examples, longest], and each one's length and start."""

    tokens: Tensor
    lengths: Tensor
    starts: Tensor


@dataclass(frozen=True, slots=True)
class Retrained:
    """Models of one `retrain`.

    Attributes:
        parameters: transformers' name -> [models, ...], on the device they were trained on; the
            head is tied to the embedding and has no name of its own.
        settings, vocabulary: what they were made with.
    """

    parameters: dict[str, Tensor]
    settings: LabSettings
    vocabulary: Vocabulary

    def model(self, index: int) -> LlamaForCausalLM:
        """One model, for evaluation, on the CPU and in the parameters' precision."""
        model = lab_model(self.settings, self.vocabulary, 0)
        torch.nn.Module.to(model, next(iter(self.parameters.values())).dtype)
        own = {name: value[index].cpu() for name, value in self.parameters.items()}
        model.load_state_dict(own, strict=False)  # the tied head is not among them
        return model.eval()

    def log_probabilities(self, examples: Sequence[Example]) -> Tensor:
        """Log-probability of each example's `tokens[start:]`, summed, in nats: see `measure`."""
        return self.measure(examples)[0]

    def exact(self, examples: Sequence[Example]) -> Tensor:
        """Whether greedy decoding would give exactly `tokens[start:]`: see `measure`."""
        return self.measure(examples)[1]

    @torch.no_grad()
    def measure(self, examples: Sequence[Example]) -> tuple[Tensor, Tensor]:
        """Log-probability and greedy success of each example, in one pass.

        An answer is what greedy decoding gives if and only if each of its tokens is the argmax
        given the true tokens before it: as long as all were, the decoder has written just those
        true tokens, so that its next choice is that argmax. Equal logits go to the lower token
        in both.

        Args:
            examples: what is asked; `tokens[:start]` is the prompt.

        Returns:
            [models, examples] log-probabilities of `tokens[start:]`, summed, in nats, float64;
            and [models, examples] bool, whether all of those tokens are the argmax. On the CPU.

        Raises:
            InputError: an example without a token to predict, too long, or of unknown tokens.
        """
        check(examples, self.settings, self.vocabulary)
        device = next(iter(self.parameters.values())).device
        padded = pad_examples(examples, self.vocabulary.padding, device)
        batches = make_batches(examples, self.settings.batch_tokens, None)
        sums, hits = [], []
        for group in grouped(self.parameters, self.settings.at_once):
            stack = Stack(lab_model(self.settings, self.vocabulary, 0).config, group)
            total = torch.zeros(stack.models, len(examples), dtype=torch.float64, device=device)
            wrong = torch.zeros_like(total)
            for batch in batches if examples else []:
                rows = torch.tensor(batch, device=device).expand(stack.models, -1)
                length = max(len(examples[index].tokens) for index in batch) - 1
                places = sum(len(examples[i].tokens) - examples[i].start for i in batch)
                weights = torch.ones(rows.shape, dtype=total.dtype, device=device)
                targets = find_targets(padded, rows, weights, length, places)
                states = stack.hidden_states(padded.tokens[rows, :length])
                states = at_places(states, targets.places)
                add_log_probabilities(states, stack, targets, total, wrong)
            sums.append(total)
            hits.append(wrong == 0)
        return torch.cat(sums).cpu(), torch.cat(hits).cpu()


def retrain(
    documents: Sequence[Example],
    weights: Tensor,
    settings: LabSettings,
    vocabulary: Vocabulary,
    seed: int,
    *,
    device: str = "cpu",
    start: Mapping[str, Tensor] | None = None,
    step: Callable[[int], None] | None = None,
    dtype: torch.dtype = torch.float32,
) -> Retrained:
    """Train a model for each row of `weights`, all from the same weights, in the same order.

    The loss of a step is Σ_d w_d Σ_t -log p(token t of d) / (all tokens with loss of the batch,
    those of documents left out included). So a document weighs the same whatever else is left
    out: a weight is the one that influence functions differentiate by (Koh and Liang 2017,
    section 2: leaving a document out is a step of -1/n). Dividing by the tokens kept would scale
    the others up when one is removed, and by more in a batch that lost more. AdamW does not
    change its step when all gradients are scaled alike, so a model without half of its documents
    has the learning rate of a whole one; SGD takes a smaller step, as fewer documents speak.

    Rows of documents of weight 0 are computed for no model: of each batch, the rows a model keeps
    are gathered, so that a model on half of the documents costs little more than half.

    Args:
        documents: what is trained on.
        weights: [models, documents], any finite number; 1 = in, 0 = left out.
        settings: shape and schedule; the last learning rate is reached at the last step.
        vocabulary: of the tokens.
        seed: decides the first weights and the order of documents, for all models.
        device: "cpu" or "cuda".
        start: parameters by transformers' names, of one model, to go on from; None = fresh ones.
        step: told after each step how many tokens with loss were passed so far, those of
            documents left out included, times models; the last figure is that of `work`.
        dtype: of weights and states; angles of the rotary embedding are float32 in any case.

    Raises:
        InputError: weights of the wrong shape or not finite, a document without a token to
            predict, too long, or of unknown tokens, or start weights of another model.
    """
    check(documents, settings, vocabulary)
    if weights.ndim != 2 or weights.shape[1] != len(documents) or not len(weights):
        raise InputError(
            f"weights of shape {tuple(weights.shape)} for {len(documents)} documents; "
            "give a row for each model and a column for each document"
        )
    if not bool(torch.isfinite(weights).all()):
        raise InputError("weights of documents hold NaN or infinity; give finite numbers")
    model = lab_model(settings, vocabulary, seed)
    common = {name: value.detach() for name, value in model.named_parameters()}
    if start is not None:
        common = chosen(start, common)
    padded = pad_examples(documents, vocabulary.padding, torch.device(device))
    batches = schedule(documents, settings, seed)
    trained: list[dict[str, Tensor]] = []
    passed = 0
    for group in weights.split(settings.at_once):
        copies = {
            name: value.to(device, dtype).expand(len(group), *value.shape)
            for name, value in common.items()
        }
        stack = Stack(model.config, copies)
        for tokens in train(stack, padded, documents, group, settings, batches):
            passed += tokens * len(group)
            if step is not None:
                step(passed)
        trained.append(stack.parameters())
    parameters = {name: torch.cat([part[name] for part in trained]) for name in trained[0]}
    return Retrained(parameters, settings, vocabulary)


def work(documents: Sequence[Example], models: int, settings: LabSettings, seed: int) -> int:
    """Tokens with loss that `retrain` passes, times models: the total of its progress."""
    passed = [index for batch in schedule(documents, settings, seed) for index in batch]
    return models * sum(len(documents[i].tokens) - documents[i].start for i in passed)


def schedule(documents: Sequence[Example], settings: LabSettings, seed: int) -> list[list[int]]:
    """The batches of a whole training, as indices of documents."""
    an_epoch = len(make_batches(documents, settings.batch_tokens, None))
    steps = max(1, round(settings.epochs * an_epoch))
    batches: list[list[int]] = []
    epoch = 0
    while len(batches) < steps:
        rng = Random(f"{seed}/epoch/{epoch}")
        batches += make_batches(documents, settings.batch_tokens, rng)
        epoch += 1
    return batches[:steps]


def train(
    stack: Stack,
    padded: Padded,
    documents: Sequence[Example],
    weights: Tensor,
    settings: LabSettings,
    batches: Sequence[list[int]],
) -> Iterator[int]:
    """Train a stack in place; yields the tokens with loss of each step, those left out too."""
    device = padded.tokens.device
    sizes = torch.tensor([len(x.tokens) - x.start for x in documents])
    kept = weights.cpu() != 0  # every size is found on the CPU: nothing waits for a GPU
    own = weights.to(device, stack.weights["embedding"].dtype)
    order = torch.tensor([index for batch in batches for index in batch], device=device)
    optimizer = make_optimizer(stack, settings)
    done = 0
    for number, batch in enumerate(batches):
        here = kept[:, batch]  # [models, documents of the batch]
        total = int(sizes[batch].sum())
        rows = max(1, int(here.sum(1).max()))
        places = max(1, int((here * sizes[batch]).sum(1).max()))
        held = [index for index, used in zip(batch, here.any(0).tolist()) if used] or batch[:1]
        length = max(len(documents[index].tokens) for index in held) - 1
        indices = order[done : done + len(batch)]
        done += len(batch)
        of_batch = own[:, indices]  # [models, documents of the batch]
        first = (of_batch == 0).long().argsort(dim=1, stable=True)[:, :rows]
        targets = find_targets(
            padded, indices[first], of_batch.gather(1, first) / total, length, places
        )
        add_gradients(stack, padded.tokens[indices[first], :length], targets)
        clip_gradients(stack, settings.clip)
        for group in optimizer.param_groups:
            group["lr"] = rate_at(number / len(batches), rates(settings))
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        yield total


def rates(settings: LabSettings) -> TrainingSettings:
    """The part of the settings that `rate_at` reads."""
    return TrainingSettings(
        learning_rate=settings.learning_rate, warmup=settings.warmup, floor=settings.floor
    )


def make_optimizer(stack: Stack, settings: LabSettings) -> torch.optim.Optimizer:
    """The optimizer over all models' weights; every element has its own state.

    Raises:
        InputError: an optimiser that the lab does not know.
    """
    weights = [weight.requires_grad_() for weight in stack.weights.values()]
    rate, decay = settings.learning_rate, settings.weight_decay
    if settings.optimiser == "adamw":
        return torch.optim.AdamW(weights, lr=rate, betas=BETAS, weight_decay=decay, fused=True)
    if settings.optimiser == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=MOMENTUM, weight_decay=decay, fused=True)
    raise InputError(f"optimiser {settings.optimiser!r} is unknown; take 'adamw' or 'sgd'")


def find_targets(
    padded: Padded, rows: Tensor, weights: Tensor, length: int, places: int
) -> Targets:
    """The positions with loss of each model's rows.

    Args:
        rows: [models, rows] indices of examples.
        weights: [models, rows]; a row of weight 0 has no loss.
        length: inputs of a row.
        places: the most positions with loss that any model has.
    """
    starts, lengths = padded.starts[rows, None], padded.lengths[rows, None]
    positions = torch.arange(length, device=rows.device)  # position t predicts token t + 1
    lost = (positions >= starts - 1) & (positions < lengths - 1) & (weights[..., None] != 0)
    lost = lost.flatten(1)  # [models, rows × length]
    # those with loss come first, in their order
    where = (~lost).to(torch.uint8).argsort(dim=1, stable=True)[:, :places]
    row = where // length
    following = padded.tokens[rows, 1 : length + 1].flatten(1)
    return Targets(
        where,
        following.gather(1, where),
        weights.gather(1, row) * lost.gather(1, where),
        rows.gather(1, row),
    )


def add_gradients(stack: Stack, tokens: Tensor, targets: Targets) -> None:
    """Put the gradient of each model's loss into its weights."""
    states = at_places(stack.hidden_states(tokens), targets.places)
    embedding = stack.weights["embedding"]
    with torch.no_grad():
        of_states, of_embedding = head_gradients(states, embedding, targets)
    embedding.grad = of_embedding
    states.backward(of_states)


@torch.no_grad()
def clip_gradients(stack: Stack, clip: float) -> None:
    """Scale each model's gradient to a norm of at most `clip`, as torch's clip_grad_norm_."""
    gradients = [weight.grad for weight in stack.weights.values() if weight.grad is not None]
    norms = [torch.linalg.vector_norm(gradient.flatten(1), dim=1) for gradient in gradients]
    norm = torch.linalg.vector_norm(torch.stack(norms), dim=0)  # [models]
    scale = (clip / (norm + 1e-6)).clamp(max=1.0)
    for gradient in gradients:
        gradient.mul_(scale.view(-1, *[1] * (gradient.ndim - 1)))


def pad_examples(examples: Sequence[Example], padding: int, device: torch.device) -> Padded:
    """Stack examples, padded on the right."""
    longest = max((len(example.tokens) for example in examples), default=0)
    rows = [[*x.tokens, *[padding] * (longest - len(x.tokens))] for x in examples]
    return Padded(
        torch.tensor(rows, dtype=torch.long, device=device),
        torch.tensor([len(x.tokens) for x in examples], dtype=torch.long, device=device),
        torch.tensor([x.start for x in examples], dtype=torch.long, device=device),
    )


def grouped(parameters: Mapping[str, Tensor], at_once: int) -> Iterator[dict[str, Tensor]]:
    """Parts of at most `at_once` models."""
    models = len(next(iter(parameters.values())))
    for first in range(0, models, at_once):
        yield {name: value[first : first + at_once] for name, value in parameters.items()}


def chosen(start: Mapping[str, Tensor], fresh: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The start weights that a lab model needs.

    Raises:
        InputError: one is missing or of another shape.
    """
    for name, value in fresh.items():
        if name not in start or start[name].shape != value.shape:
            found = tuple(start[name].shape) if name in start else "none"
            raise InputError(
                f"start weights: {name} must be of shape {tuple(value.shape)}, found {found}; "
                "take weights of a model of the same settings and vocabulary"
            )
    return {name: start[name].detach() for name in fresh}
