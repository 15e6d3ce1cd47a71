"""What the bench measures on: a small Llama trained a little, documents and queries, all seeded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine.bench.grammar import sequences
from attribution_engine.influence.layers import select_layers
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.records import InputError

TRAINING_BATCH = 8  # documents a step
VOCABULARY = 2048


@dataclass(frozen=True, slots=True)
class Setting:
    """One model with documents and queries.

    Attributes:
        model: in eval mode, no parameter asking for gradients, on its device.
        documents: token ids; every token but the first is predicted.
        queries: token ids, and how many of them are prompt.
        modules: names of the tracked linear maps.
        seed: decides weights, documents, queries and the labels that peers sample.
        loss: mean loss per token (nats) at the last training step; NaN without training.
    """

    model: nn.Module
    documents: list[list[int]]
    queries: list[tuple[list[int], int]]
    modules: tuple[str, ...]
    seed: int
    loss: float = float("nan")

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def document_texts(self) -> list[TokenisedText]:
        """Documents as the engine takes them; a token's end is its place, as there is no text."""
        return [_text(ids, 0) for ids in self.documents]

    @property
    def query_texts(self) -> list[TokenisedText]:
        """Queries as the engine takes them; the loss is on the completion only."""
        return [_text(ids, prompt) for ids, prompt in self.queries]


def setting(
    *,
    hidden: int = 192,
    layers: int = 6,
    inner: int = 512,
    vocabulary: int = VOCABULARY,
    n_documents: int = 512,
    n_tokens: int = 256,
    shortest: int | None = None,
    n_queries: int = 20,
    query_tokens: int = 64,
    training_steps: int = 60,
    seed: int = 0,
    device: torch.device | str = "cpu",
) -> Setting:
    """A Llama of 3M parameters (embeddings tied), documents of a grammar, queries of the same.

    Args:
        hidden, layers, inner, vocabulary: shape of the model; heads are of 32.
        n_documents, n_tokens: documents and the tokens of each, the longest's if ragged.
        shortest: lengths are drawn uniformly from here to `n_tokens`; None = all alike.
        query_tokens: prompt and completion together; half of them are completion.
        training_steps: steps of 8 documents, after which gradients differ between documents
            by what they are about.

    Raises:
        InputError: a size that leaves nothing to predict or is no multiple of 32.
    """
    if min(n_tokens, shortest or 2, query_tokens) < 2 or min(n_documents, n_queries) < 1:
        raise InputError("bench: a document or query needs two tokens or more; raise the sizes")
    if hidden % 32:
        raise InputError(f"bench: hidden = {hidden} is no multiple of 32; take the next one")
    longest = max(n_tokens, query_tokens)
    tokens = sequences(n_documents + n_queries, longest, vocabulary, seed)
    lengths = np.full(n_documents, n_tokens)
    if shortest is not None:
        lengths = np.random.default_rng((seed, 1)).integers(shortest, n_tokens + 1, n_documents)
    documents = [row[:length].tolist() for row, length in zip(tokens, lengths)]
    queries = [(row[:query_tokens].tolist(), query_tokens // 2) for row in tokens[n_documents:]]
    model = _model(hidden, layers, inner, vocabulary, longest, seed).to(device)
    loss = _train(model, documents, training_steps, seed)
    model.requires_grad_(False).eval()
    modules = tuple(layer.name for layer in select_layers(model))
    return Setting(model, documents, queries, modules, seed, loss)


def _text(ids: list[int], prompt: int) -> TokenisedText:
    return TokenisedText(
        ids=tuple(ids),
        starts=0,
        token_ends=tuple(range(1, len(ids) + 1)),
        has_loss=tuple(at >= prompt for at in range(len(ids))),
    )


def _model(
    hidden: int, layers: int, inner: int, vocabulary: int, context: int, seed: int
) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=vocabulary,
                hidden_size=hidden,
                num_hidden_layers=layers,
                num_attention_heads=hidden // 32,
                num_key_value_heads=hidden // 32,
                intermediate_size=inner,
                max_position_embeddings=context,
                tie_word_embeddings=True,
                initializer_range=0.04,
                attn_implementation="sdpa",  # type: ignore[call-arg]
            )
        )


def _train(model: nn.Module, documents: list[list[int]], steps: int, seed: int) -> float:
    """Trains on the documents, a batch cut to its shortest; gives the last step's loss."""
    rng = np.random.default_rng((seed, 2))
    device = next(model.parameters()).device
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95))
    loss = torch.tensor(float("nan"))
    for step in range(steps):
        rows = rng.choice(len(documents), min(TRAINING_BATCH, len(documents)), replace=False)
        length = min(len(documents[row]) for row in rows)
        ids = torch.tensor([documents[row][:length] for row in rows], device=device)
        for group in optimizer.param_groups:
            group["lr"] = 3e-3 * min(1.0, (step + 1) / 10, 1.1 - step / steps)
        loss = model(input_ids=ids, labels=ids, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())
