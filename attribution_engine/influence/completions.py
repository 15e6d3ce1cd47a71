"""What the model itself answers to a query's prompt, greedily."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import nn
from transformers import GenerationConfig
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.influence.model import context_length
from attribution_engine.influence.tokens import start_ids
from attribution_engine.records import InputError, Query


def complete_queries(
    queries: Sequence[Query],
    max_new_tokens: dict[str, int],
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[list[Query], list[Query]]:
    """Fills in missing completions and marks all completions correct, wrong or unknown.

    Wrong completions are kept. A completion without a character has no log-probability to
    explain; its query is returned apart.

    Args:
        max_new_tokens: of each suite.

    Returns:
        Queries with completions, numbered anew from 0; and the queries left out.
    """
    kept: list[Query] = []
    empty: list[Query] = []
    for query in queries:
        completion = query.completion
        if completion is None:
            completion = greedy(query, max_new_tokens[query.suite], model, tokenizer, device)
        if completion.strip():
            correct = is_correct(completion, query.reference)
            kept.append(replace(query, query_id=len(kept), completion=completion, correct=correct))
        else:
            empty.append(query)
        progress(1)
    if not kept:
        raise InputError("no query has a completion: the model answers nothing to any prompt")
    return kept, empty


@torch.no_grad()
def greedy(
    query: Query,
    max_new_tokens: int,
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
) -> str:
    """The most likely next token, again and again, until the end token or `max_new_tokens`.

    Raises:
        InputError: the prompt leaves no room in the model's context.
    """
    ids = start_ids(tokenizer) + tokenizer(query.prompt, add_special_tokens=False)["input_ids"]
    room = context_length(model) - len(ids)
    if room < 1:
        raise InputError(
            f"suite {query.suite}, query {query.query_id + 1}: the prompt's {len(ids)} tokens "
            f"leave no room in a context of {context_length(model)}; shorten the prompt"
        )
    # A model's own generation settings may sample: pass ours whole.
    settings = GenerationConfig(
        do_sample=False,
        max_new_tokens=min(max_new_tokens, room),
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id
        if tokenizer.pad_token_id is not None
        else tokenizer.eos_token_id,
    )
    inputs = torch.tensor([ids], device=device)
    output = model.generate(  # type: ignore[operator]
        inputs, attention_mask=torch.ones_like(inputs), generation_config=settings
    )
    return str(tokenizer.decode(output[0, len(ids) :], skip_special_tokens=True))
