"""Everything that is read, loaded and checked before a run's first computation."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace

import torch
from torch import nn
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.documents import count_documents
from attribution_engine.corpora.suites import read_suites
from attribution_engine.influence.layers import coverage, select_layers
from attribution_engine.influence.model import (
    context_length,
    load_model,
    load_tokenizer,
    resolve_device,
    vocabulary_size,
)
from attribution_engine.influence.tracked import Tracked, track
from attribution_engine.prepared_corpus import PreparedCorpus, prepare_corpus
from attribution_engine.progress import progress
from attribution_engine.records import InputError, Query, RunConfig
from attribution_engine.run_inputs import corpus_digest
from attribution_engine.text.marked_steps import document_steps
from attribution_engine.text.token_classes import class_places
from attribution_engine.text.word_lists import load, shipped

READING = "classes and spans 3"  # changes whenever prepared corpora have to be made anew


@dataclass(slots=True)
class Prepared:
    """Everything that is read and loaded before the first computation."""

    config: RunConfig
    device: torch.device
    model: nn.Module
    tokenizer: PreTrainedTokenizerBase
    tracked: Tracked
    queries: list[Query]
    corpus: PreparedCorpus

    @property
    def context(self) -> int:
        return context_length(self.model)

    @property
    def vocabulary(self) -> int:
        return vocabulary_size(self.model)


def prepare(config: RunConfig, device: str) -> Prepared:
    """Loads the model, reads and tokenises the corpus (once: it is kept in the work folder)."""
    chosen = resolve_device(device)
    queries = read_suites(config.suites)  # first, as it takes no time to fail here
    tokenizer = load_tokenizer(config.model)
    model = load_model(config.model, chosen)
    tracked = track(model, select_layers(model, config.influence.modules), chosen)
    context = context_length(model)
    longest = config.corpus.max_tokens
    if longest is not None and longest > context:
        raise InputError(
            f"{config.source}: corpus.max_tokens = {longest}, and the model's context holds "
            f"{context}; set max_tokens to {context} or less"
        )
    corpus = read_corpus(config, tokenizer, context, vocabulary_size(model))
    return Prepared(config, chosen, model, tokenizer, tracked, queries, corpus)


def with_weights(ready: Prepared, path: str) -> Prepared:
    """The same run with another checkpoint's weights."""
    model = load_model(replace(ready.config.model, path=path), ready.device)
    layers = select_layers(model, ready.config.influence.modules)
    shapes = [(layer.name, layer.shape) for layer in layers]
    if shapes != [(layer.name, layer.shape) for layer in ready.tracked.layers]:
        raise InputError(f"{path}: its layers are not those of {ready.config.model.path}")
    return replace(ready, model=model, tracked=track(model, layers, ready.device))


def read_corpus(
    config: RunConfig, tokenizer: PreTrainedTokenizerBase, context: int, vocabulary: int
) -> PreparedCorpus:
    """The corpus, tokenised into the work folder, or as an earlier run left it there."""
    where = config.model.tokenizer or config.model.path
    words = load(config.words) if config.words else shipped()
    reading = f"{READING}, context {context}, vocabulary {vocabulary}"
    if config.words:
        reading += f", words {words.lists}"
    folder = config.work / f"corpus-{corpus_digest(config.corpus, where, reading)}"
    with progress("read corpus", count_documents(config.corpus)) as step:
        return prepare_corpus(
            config.corpus,
            tokenizer,
            context=context,
            vocabulary=vocabulary,
            folder=folder,
            classify=lambda text, ends: class_places(text, ends, words).tolist(),
            spans=lambda document: [(span.start, span.end) for span in document_steps(document)],
            progress=step,
        )


def forget_other_corpora(ready: Prepared) -> None:
    """Removes prepared corpora of earlier configurations, once their results are gone as well."""
    for old in ready.config.work.glob("corpus-*"):
        if old != ready.corpus.folder:
            shutil.rmtree(old, ignore_errors=True)


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


def coverage_line(ready: Prepared) -> str:
    """How much of the model is tracked, in words."""
    found = coverage(ready.model, ready.tracked.layers)
    return (
        f"{found.n_maps_tracked} of {found.n_linear_maps} linear maps tracked, "
        f"{found.tracked_parameters / found.all_parameters:.0%} of "
        f"{found.all_parameters:,} parameters"
    )
