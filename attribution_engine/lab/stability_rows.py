"""Stability of EK-FAC's scores, on the run's own model where it is there: rows of the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.findings.faithfulness import SPEARMAN, FaithfulnessRow
from attribution_engine.influence.model import context_length, load_model
from attribution_engine.lab.lab_corpus import LabCorpus, LabSize, draw_documents, encode
from attribution_engine.lab.lab_scores import Asked, Text
from attribution_engine.lab.stability import (
    DISJOINT,
    StabilityRow,
    disjoint_samples,
    stability,
    summarise,
)
from attribution_engine.records import InputError, ModelConfig
from attribution_engine.store.lab_rows import LabRows

EXPERIMENT, METHOD = "stability", "ek-fac"
LARGEST_ON_A_CPU = 50_000_000  # parameters of a run's model that is scored anew
LONGEST = 512  # tokens of a document here
RANK = 16


@dataclass(frozen=True, slots=True)
class StabilitySample:
    """What is scored under each condition.

    Attributes:
        query_ids: of the store, one a query.
        whose: of the model, in words.
    """

    model: nn.Module
    documents: Sequence[Text]
    queries: Sequence[Asked]
    query_ids: Sequence[int]
    modules: str
    whose: str


def own_sample(
    rows: LabRows,
    corpus: LabCorpus,
    config: ModelConfig,
    tokenizer: PreTrainedTokenizerBase,
    *,
    documents: int,
    seed: int,
    device: torch.device,
) -> StabilitySample | None:
    """The run's own model with a sample of its documents; None where it cannot be used here."""
    if not uses_own_model(rows, device):
        return None
    try:
        model = load_model(config, device)
    except InputError:
        return None  # a store may be all that was handed over
    longest = min(LONGEST, context_length(model))
    size = LabSize(documents, 0, 0, longest)
    drawn = [example for _, example in draw_documents(rows, tokenizer, size, seed)]
    queries, query_ids = [], []
    for question in corpus.questions[: corpus.explained]:
        example = encode(tokenizer, question.text, question.prompt_chars, longest)
        if example is not None and question.query_id is not None:
            queries.append(example)
            query_ids.append(question.query_id)
    modules = rows.run().modules or "mlp"
    return StabilitySample(model, drawn, queries, query_ids, modules, "the run's own model")


def uses_own_model(rows: LabRows, device: torch.device) -> bool:
    """Whether the run's own model is small enough to be scored anew here."""
    return device.type != "cpu" or (rows.run().n_parameters or 0) <= LARGEST_ON_A_CPU


def lab_sample(
    model: nn.Module, corpus: LabCorpus, *, documents: int, modules: str
) -> StabilitySample:
    """A lab's model with documents of the lab."""
    explained = corpus.questions[: corpus.explained]
    return StabilitySample(
        model,
        corpus.documents[:documents],
        [question.example for question in explained],
        [question.query_id for question in explained if question.query_id is not None],
        modules,
        "a lab model (the run's own could not be used here)",
    )


def stability_figures(
    sample: StabilitySample, *, seed: int, device: torch.device
) -> dict[str, Any]:
    """Spearman of every condition and query, as arrays that can be kept."""
    found = stability(
        sample.model,
        sample.documents,
        sample.queries,
        modules=sample.modules,
        ranks=(RANK,),
        seed=seed,
        device=device,
    )
    return {
        "conditions": [row.condition for row in found],
        "queries": [sample.query_ids[row.query] for row in found],
        "spearman": [np.nan if row.spearman is None else row.spearman for row in found],
        "n": [row.n for row in found],
        "whose": sample.whose,
    }


def about_stability(figures: dict[str, Any], seed: int) -> dict[str, Any]:
    """How many documents were scored, and how many of them each factor sample had."""
    n = int(figures["n"][0]) if len(figures["n"]) else 0
    one, other = (sum(map(len, half)) for half in disjoint_samples(n, 1, seed))
    return {
        "documents": n,
        "documents of each disjoint factor sample": [one, other],
        "documents of the factors under every other condition": n,
        "model": str(figures["whose"]),
    }


def stability_rows(
    figures: dict[str, Any], suites: dict[int, str], seed: int
) -> list[FaithfulnessRow]:
    """A row a condition and query, and the median with quartiles of each condition.

    Args:
        suites: of the queries, by number; seed: which the factor samples were drawn with.
    """
    found = [
        StabilityRow(str(condition), int(query), None if np.isnan(value) else float(value), int(n))
        for condition, query, value, n in zip(
            *(figures[name].tolist() for name in ("conditions", "queries", "spearman", "n")),
            strict=True,
        )
    ]
    if not found:
        return []
    said = (
        f"Spearman, over {found[0].n} documents drawn by lot, between the scores of two ways to "
        f"compute them, on {figures['whose']}"
    )
    samples = _samples_in_words(found[0].n, seed)
    rows, seen = [], set()
    for row in found:
        if row.spearman is not None and (row.condition, row.query) not in seen:
            seen.add((row.condition, row.query))
            suite = suites.get(row.query)
            how = f"{said}; {samples[row.condition == DISJOINT]}"
            rows.append(_row(row.condition, row.spearman, row.n, how, row.query, suite))
    summaries = [each for each in summarise(found) if each.n]
    for each in summaries:
        how = f"{said}; {samples[each.condition == DISJOINT]}"
        words = f"{how}; median over {each.n} queries, low and high are its quartiles"
        quartiles = (each.lower_quartile, each.upper_quartile)
        rows.append(_row(each.condition, each.median, each.n, words, None, None, quartiles))
    return rows


def _samples_in_words(n: int, seed: int) -> tuple[str, str]:
    """How many documents the factors were fitted on: of one sample, and of two."""
    one, other = disjoint_samples(n, 1, seed)
    halves = [f"{len(half[0])} + {len(half[1])}" for half in (one, other)]
    first = (n + 1) // 2
    stages = "documents (covariances + eigenvalues)"
    return (
        f"both with factors of the same {first} + {n - first} {stages}",
        f"with factors of {halves[0]} {stages} against those of {halves[1]} others",
    )


def _row(
    condition: str,
    figure: float,
    n: int,
    how: str,
    query_id: int | None,
    suite: str | None,
    quartiles: tuple[float, float] | tuple[None, None] = (None, None),
) -> FaithfulnessRow:
    return FaithfulnessRow(
        EXPERIMENT,
        METHOD,
        SPEARMAN,
        "Spearman",
        figure,
        n,
        how,
        query_id=query_id,
        suite=suite,
        condition=condition,
        low=quartiles[0],
        high=quartiles[1],
    )
