"""Everything that is read, loaded and checked before a run's first computation."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.documents import count_documents, read_documents
from attribution_engine.corpora.suites import read_suites
from attribution_engine.influence.layers import Layer, tracked_layers
from attribution_engine.influence.model import (
    context_length,
    load_model,
    load_tokenizer,
    resolve_device,
    vocabulary_size,
)
from attribution_engine.influence.tokens import TokenisedText, tokenise
from attribution_engine.progress import progress
from attribution_engine.records import Document, InputError, Query, RunConfig


@dataclass(slots=True)
class Prepared:
    """Everything that is read and loaded before the first computation."""

    config: RunConfig
    device: torch.device
    model: nn.Module
    tokenizer: PreTrainedTokenizerBase
    layers: list[Layer]
    queries: list[Query]
    documents: list[Document]
    texts: list[TokenisedText]


def prepare(config: RunConfig, device: str) -> Prepared:
    """Loads the model, reads and tokenises the corpus."""
    if config.influence.method != "ek-fac" or config.influence.modules != "mlp":
        raise InputError(f"{config.source}: [influence] knows method 'ek-fac' and modules 'mlp'")
    chosen = resolve_device(device)
    queries = read_suites(config.suites)  # first, as it takes no time to fail here
    tokenizer = load_tokenizer(config.model)
    model = load_model(config.model, chosen)
    layers = tracked_layers(model)
    context = context_length(model)
    longest = config.corpus.max_tokens
    if longest is not None and longest > context:
        raise InputError(
            f"{config.source}: corpus.max_tokens = {longest}, and the model's context holds "
            f"{context}; set max_tokens to {context} or less"
        )
    documents, texts = [], []
    with progress("read corpus", count_documents(config.corpus)) as step:
        for document in read_documents(config.corpus):
            documents.append(document)
            texts.append(
                tokenise(
                    document.text,
                    tokenizer,
                    loss_from=document.prompt_chars,
                    max_tokens=longest,
                    context=context,
                    vocabulary=vocabulary_size(model),
                    where=document.where,
                )
            )
            step(1)
    return Prepared(config, chosen, model, tokenizer, layers, queries, documents, texts)


def factor_rows(ready: Prepared) -> list[int]:
    """Documents that the factors are fitted on: all, or a sample drawn with the seed."""
    wanted, total = ready.config.influence.factor_documents, len(ready.documents)
    if wanted is None or wanted >= total:
        return list(range(total))
    generator = np.random.default_rng(ready.config.influence.seed)
    return sorted(int(row) for row in generator.choice(total, wanted, replace=False))


def check_places(config: RunConfig) -> None:
    """Whether store and work folder can be written, before hours are spent.

    Raises:
        InputError: one of them cannot.
    """
    if config.store.is_dir():
        raise InputError(f"{config.store}: is a folder; name a file as output.store")
    for key, folder in (("store", config.store.parent), ("work", config.work)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except (OSError, ValueError) as error:
            raise InputError(
                f"{folder}: cannot be written ({error}); choose another place as output.{key}"
            ) from None
