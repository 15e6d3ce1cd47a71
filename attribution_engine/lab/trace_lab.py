"""Traces of a run with passages cut, their suites, and what training on them begins at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import torch
from torch import Tensor
from transformers import AutoConfig
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.corpora.start_token import start_ids
from attribution_engine.findings.behaviour_cut import part_of_suite
from attribution_engine.findings.faithfulness import UNCUT
from attribution_engine.influence.model import load_model
from attribution_engine.lab.budgets import Budget
from attribution_engine.lab.exploration import explores
from attribution_engine.lab.lab_corpus import SUITE_ITEMS, LabSize, draw_documents, encode
from attribution_engine.lab.lab_model import LabSettings, Vocabulary, lab_model
from attribution_engine.lab.retraining import Example
from attribution_engine.lab.trace_cuts import cut_equal_length, cut_spans
from attribution_engine.model_reports import read_training
from attribution_engine.records import Document, InputError, Mark, ModelConfig
from attribution_engine.store.lab_rows import AnsweredQuery, LabRows

EXPLORATION = ("explores_after_answer", "explores_before_answer")
NOTHING, EXPLORING, ELSEWHERE = UNCUT, "exploration cut", "equal length cut elsewhere"
CONDITIONS = (NOTHING, EXPLORING, ELSEWHERE)
CONTEXT = 320  # tokens, where training begins from nothing
ROOM = 8  # tokens that a prompt leaves for an answer
SHAPE = ("model_type", "hidden_act", "rms_norm_eps", "tie_word_embeddings", "attention_bias")
OF_TRAINING = ("learning_rate", "weight_decay", "batch_tokens", "warmup", "floor", "clip")


@dataclass(frozen=True, slots=True)
class Beginning:
    """What every training of the cut begins at.

    Attributes:
        start: weights to go on from; None = from nothing. words: which they are.
    """

    settings: LabSettings
    vocabulary: Vocabulary
    start: Mapping[str, Tensor] | None
    words: str


@dataclass(frozen=True, slots=True)
class Item:
    """A question of a suite: `example` with a right completion, None where there is none.

    Attributes:
        explores: whether the completion itself explores, see `exploration`.
    """

    prompt: str
    reference: str | None
    example: Example | None
    explores: bool = False


@dataclass(frozen=True, slots=True)
class TraceLab:
    """The same traces in three versions, and the suites.

    Attributes:
        documents: by condition, in the same order.
        cut: places of the traces with exploration.
        characters: by condition, how many were cut in all; kept_whole: traces with exploration
            that have too little text elsewhere.
        suites: questions by suite; judged: those whose answers can be judged by the reference.
    """

    documents: dict[str, list[Example]]
    cut: list[int]
    characters: dict[str, int]
    kept_whole: int
    suites: dict[str, list[Item]]
    judged: list[str]

    def right(self, suite: str) -> list[Item]:
        """The items of a suite that have a right completion."""
        return [item for item in self.suites[suite] if item.example is not None]

    def splits(self, suite: str) -> dict[str, list[int]]:
        """By name of the part of a suite: places among its right items; no part is empty."""
        found: dict[str, list[int]] = {}
        for place, item in enumerate(self.right(suite)):
            found.setdefault(part_of_suite(suite, item.explores), []).append(place)
        return found


def beginning(config: ModelConfig, budget: Budget, tokenizer: PreTrainedTokenizerBase) -> Beginning:
    """The model that the run's own was fine-tuned from, if it is there and has a lab's shape.

    Else nothing: a lab model with fresh weights.
    """
    begin, end = start_ids(tokenizer), tokenizer.eos_token_id
    padding = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else end or 0
    report = read_training(config.path) or {}
    base = report.get("base")
    if base and Path(base).is_dir():
        shape: Any = AutoConfig.from_pretrained(base)
        trained = report.get("settings") or {}
        settings = LabSettings(
            hidden=shape.hidden_size,
            layers=shape.num_hidden_layers,
            heads=shape.num_attention_heads,
            inner=shape.intermediate_size,
            context=shape.max_position_embeddings,
            epochs=budget.cut_epochs,
            **{name: trained[name] for name in OF_TRAINING if trained.get(name) is not None},
        )
        vocabulary = Vocabulary(
            shape.vocab_size, begin[0] if begin else padding, end or padding, padding
        )
        if _is_of_shape(shape, settings, vocabulary):
            weights = dict(load_model(ModelConfig(base), torch.device("cpu")).named_parameters())
            return Beginning(settings, vocabulary, weights, f"the run's base model {base}")
    size = max(len(tokenizer), *tokenizer.all_special_ids, 0) + 1  # type: ignore[arg-type]
    settings = LabSettings(
        hidden=budget.settings.hidden,
        layers=budget.settings.layers,
        heads=budget.settings.heads,
        inner=budget.settings.inner,
        context=CONTEXT,
        epochs=budget.cut_epochs,
    )
    vocabulary = Vocabulary(size, begin[0] if begin else padding, end or padding, padding)
    return Beginning(settings, vocabulary, None, "nothing: a lab model with fresh weights")


def build_traces(
    rows: LabRows,
    tokenizer: PreTrainedTokenizerBase,
    budget: Budget,
    context: int,
    seed: int,
) -> TraceLab:
    """Draws traces by lot, cuts them, and reads the suites.

    Raises:
        InputError: too few documents.
    """
    size = LabSize(budget.traces, 0, 0, context)
    drawn = draw_documents(rows, tokenizer, size, seed)
    marks = rows.marks([document.doc_id for document, _ in drawn])
    lab = TraceLab({name: [] for name in CONDITIONS}, [], dict.fromkeys(CONDITIONS, 0), 0, {}, [])
    whole = 0
    for place, (document, example) in enumerate(drawn):
        row = trace_row(document, marks.get(document.doc_id, []))
        versions = dict.fromkeys(CONDITIONS, example)
        if row["spans"]:
            lab.cut.append(place)
            for name, cut in cut_versions(row, seed).items():
                whole += name == ELSEWHERE and cut == row["response"]
                text = row["prompt"] + cut
                found = encode(tokenizer, text, document.prompt_chars, context)
                versions[name] = found or example  # None: the cut left nothing of the response
                lab.characters[name] += len(row["response"]) - len(cut)
        for name, version in versions.items():
            lab.documents[name].append(_ended(version, tokenizer, context))
    suites = read_suites(rows, tokenizer, context)
    judged = [name for name, items in suites.items() if items and _is_judged(rows, name)]
    return TraceLab(lab.documents, lab.cut, lab.characters, whole, suites, judged)


def _ended(example: Example, tokenizer: PreTrainedTokenizerBase, context: int) -> Example:
    """The trace with the end token, so that a model learns where an answer stops."""
    end = tokenizer.eos_token_id
    if end is None or len(example.tokens) >= context:
        return example
    return Example((*example.tokens, int(end)), example.start)  # type: ignore[arg-type]


def trace_row(document: Document, marks: Sequence[Mark]) -> dict[str, Any]:
    """A document as `trace_cuts` takes traces, with its passages of exploration only."""
    prompt, response = (
        document.text[: document.prompt_chars],
        document.text[document.prompt_chars :],
    )
    return {
        "prompt": prompt,
        "response": response,
        "spans": [
            {
                "start": max(0, mark.start - len(prompt)),
                "end": mark.end - len(prompt),
                "behaviour": mark.behaviour,
            }
            for mark in marks
            if mark.behaviour in EXPLORATION and mark.end > len(prompt)
        ],
    }


def cut_versions(row: dict[str, Any], seed: int) -> dict[str, str]:
    """The response without exploration, and without as much text elsewhere, if there is as much."""
    try:
        elsewhere = cut_equal_length(row, Random(f"{seed}/{row['prompt']}"))["response"]
    except InputError:
        elsewhere = row["response"]
    return {EXPLORING: cut_spans(row, EXPLORATION)["response"], ELSEWHERE: elsewhere}


def read_suites(
    rows: LabRows, tokenizer: PreTrainedTokenizerBase, context: int
) -> dict[str, list[Item]]:
    """Questions of set queries, where the run has them; else of all suites but controls."""
    asked = [each for each in rows.answered(wrong=True) if each.kind != "control"]
    of_sets = [each for each in asked if each.of_set]
    suites: dict[str, list[Item]] = {}
    for each in of_sets or asked:
        text, example = each.prompt + each.completion, None
        if len(tokenizer(each.prompt)["input_ids"]) + ROOM > context:
            continue
        if each.correct:
            example = encode(tokenizer, text, len(each.prompt), context + 1)
        if example is not None and len(example.tokens) > context:
            example = None
        items = suites.setdefault(each.suite, [])
        if len(items) < SUITE_ITEMS:
            items.append(Item(each.prompt, each.reference, example, explores(each.completion)))
    return {name: items for name, items in suites.items() if any(item.example for item in items)}


def _is_judged(rows: LabRows, suite: str) -> bool:
    """Whether the reference alone says of every answer of the suite what the run says of it."""
    asked: list[AnsweredQuery] = [each for each in rows.answered(wrong=True) if each.suite == suite]
    return all(
        each.reference is not None
        and bool(is_correct(each.completion, each.reference)) == bool(each.correct)
        for each in asked
    )


def _is_of_shape(shape: Any, settings: LabSettings, vocabulary: Vocabulary) -> bool:
    """Whether a lab model computes what a model of this configuration does."""
    own: Any = lab_model(settings, vocabulary, 0).config
    same = all(getattr(shape, name, None) == getattr(own, name, None) for name in SHAPE)
    theta = [_theta(each) for each in (shape, own)]
    return same and theta[0] == theta[1] and shape.num_key_value_heads == settings.heads


def _theta(config: Any) -> Any:
    parameters: Mapping[str, Any] = getattr(config, "rope_parameters", None) or {}
    return parameters.get("rope_theta", getattr(config, "rope_theta", None))
