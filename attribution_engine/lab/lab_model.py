"""What a lab model is: its shape, its training, its vocabulary, what it is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from attribution_engine.lab.batches import Example
from attribution_engine.records import InputError


@dataclass(frozen=True, slots=True)
class LabSettings:
    """How a lab model looks and how it is trained.

    Attributes:
        hidden, layers, heads, inner: the shape of the Llama; `inner` is the width of its MLP.
            On a CPU a head costs as much as its width saves: few wide ones are faster.
        context: longest document in tokens.
        batch_tokens: padded tokens a step may hold.
        epochs: passes over the documents.
        learning_rate, weight_decay: AdamW's, decoupled; with "sgd" the decay is an L2 penalty.
        warmup: part of the training in which the learning rate rises.
        floor: last learning rate as a part of the highest.
        clip: largest gradient norm of one model; infinite = never clipped.
        optimiser: "adamw" or "sgd" (momentum 0.9).
        at_once: models in one group, that is, in memory and in one product of matrices. A CPU
            gains next to nothing by it; a GPU wants as many as fit.
    """

    hidden: int = 48
    layers: int = 2
    heads: int = 2
    inner: int = 128
    context: int = 128
    batch_tokens: int = 2048
    epochs: float = 8.0
    learning_rate: float = 4e-3
    weight_decay: float = 0.1
    warmup: float = 0.05
    floor: float = 0.02
    clip: float = 1.0
    optimiser: str = "adamw"
    at_once: int = 4


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How many tokens there are, and which of them begin, end and pad a document."""

    size: int
    begin: int
    end: int
    padding: int


class Shape(Protocol):
    """What decides how a Llama of the lab looks."""

    @property
    def hidden(self) -> int: ...

    @property
    def layers(self) -> int: ...

    @property
    def heads(self) -> int: ...

    @property
    def inner(self) -> int: ...

    @property
    def context(self) -> int: ...


def llama_config(shape: Shape, vocabulary: Vocabulary) -> LlamaConfig:
    """The configuration of every Llama that is trained here; embeddings tied."""
    return LlamaConfig(
        vocab_size=vocabulary.size,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        intermediate_size=shape.inner,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        initializer_range=0.04,
        bos_token_id=vocabulary.begin,
        eos_token_id=vocabulary.end,
        pad_token_id=vocabulary.padding,
    )


def lab_model(settings: LabSettings, vocabulary: Vocabulary, seed: int) -> LlamaForCausalLM:
    """A Llama with the weights that `seed` decides, not trained."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(llama_config(settings, vocabulary))


def check(examples: Sequence[Example], settings: LabSettings, vocabulary: Vocabulary) -> None:
    """Look at every example before any work.

    Raises:
        InputError: naming the first example that cannot be used.
    """
    for index, example in enumerate(examples):
        length = len(example.tokens)
        if not 1 <= example.start < length:
            raise InputError(
                f"example {index}: loss starts at token {example.start} of {length}; "
                "it must start after the first token and before the end"
            )
        if length > settings.context:
            raise InputError(
                f"example {index}: {length} tokens, more than the context of {settings.context}; "
                "cut it or raise `context`"
            )
        if not 0 <= min(example.tokens) <= max(example.tokens) < vocabulary.size:
            raise InputError(
                f"example {index}: a token outside 0..{vocabulary.size - 1}; "
                "encode it with the tokenizer of this vocabulary"
            )
