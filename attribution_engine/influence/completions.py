"""What the model itself answers to a query's prompt, greedily, kept token by token."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn
from transformers import GenerationConfig
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.correctness import is_correct
from attribution_engine.influence.model import context_length, vocabulary_size
from attribution_engine.influence.tokens import TokenisedText, check_ids, start_ids, tokenise
from attribution_engine.records import InputError, Query


@dataclass(frozen=True, slots=True)
class CompletedQuery:
    """A query with its completion, and the tokens of prompt + completion.

    A generated completion keeps the very tokens that were generated: its text, tokenised again,
    may give others.
    """

    query: Query
    tokens: TokenisedText


def complete_queries(
    queries: Sequence[Query],
    max_new_tokens: dict[str, int],
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[list[CompletedQuery], list[Query]]:
    """Fills in missing completions and marks all completions correct, wrong or unknown.

    Wrong completions are kept. A completion without a character has no log-probability to
    explain; its query is returned apart.

    Args:
        max_new_tokens: of each suite.

    Returns:
        Queries with completions, numbered anew from 0; and the queries left out.

    Raises:
        InputError: a query that does not fit the model's context; or no completion at all.
    """
    kept: list[CompletedQuery] = []
    empty: list[Query] = []
    for query in queries:
        done = (
            _generated(query, max_new_tokens[query.suite], model, tokenizer, device)
            if query.completion is None
            else CompletedQuery(query, _given(query, model, tokenizer))
        )
        if done is None:
            empty.append(query)
        else:
            completion = done.query.completion or ""
            correct = is_correct(completion, query.reference)
            kept.append(
                replace(done, query=replace(done.query, query_id=len(kept), correct=correct))
            )
        progress(1)
    if not kept:
        raise InputError(
            f"{queries[0].where}: the model answers nothing to this nor to any other prompt; "
            'give completions (completions = "given")'
        )
    return kept, empty


def _given(query: Query, model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> TokenisedText:
    return tokenise(
        query.prompt + (query.completion or ""),
        tokenizer,
        loss_from=len(query.prompt),
        max_tokens=None,
        context=context_length(model),
        vocabulary=vocabulary_size(model),
        where=query.where,
        mend="shorten the prompt or the completion",
    )


def _generated(
    query: Query,
    max_new_tokens: int,
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
) -> CompletedQuery | None:
    """The query with the model's answer; None if the answer is empty."""
    start = start_ids(tokenizer)
    encoding = tokenizer(query.prompt, add_special_tokens=False, return_offsets_mapping=True)
    prompt = list(encoding["input_ids"])
    check_ids(prompt, vocabulary_size(model), query.where)
    answer = greedy([*start, *prompt], max_new_tokens, model, tokenizer, device, where=query.where)
    ends = _ends_of_answer(prompt, answer, tokenizer)
    completion = _decoded([*prompt, *answer], tokenizer)[len(_decoded(prompt, tokenizer)) :]
    if not completion.strip():
        return None
    prompt_ends: list[int] = []
    for _, end in encoding["offset_mapping"]:
        prompt_ends.append(max(end, prompt_ends[-1] if prompt_ends else 0))
    tokens = TokenisedText(
        ids=(*start, *prompt, *answer),
        starts=len(start),
        token_ends=(*prompt_ends, *(len(query.prompt) + end for end in ends)),
        has_loss=(*[False] * len(prompt), *[True] * len(answer)),
    )
    return CompletedQuery(replace(query, completion=completion), tokens)


@torch.no_grad()
def greedy(
    ids: list[int],
    max_new_tokens: int,
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
    *,
    where: str,
) -> list[int]:
    """The most likely next token, again and again, until an end token or `max_new_tokens`.

    Returns:
        The new ids, without the end token.

    Raises:
        InputError: the prompt is empty, or leaves no room in the model's context.
    """
    room = context_length(model) - len(ids)
    if not ids or room < 1:
        raise InputError(
            f"{where}: the prompt's {len(ids)} tokens leave no room in a context of "
            f"{context_length(model)}; shorten the prompt"
        )
    ends = end_ids(model, tokenizer)
    settings = GenerationConfig(
        do_sample=False,
        max_new_tokens=min(max_new_tokens, room),
        eos_token_id=ends or None,
        pad_token_id=ends[0] if ends else 0,
    )
    inputs = torch.tensor([ids], device=device)
    output = model.generate(  # type: ignore[operator]
        inputs, attention_mask=torch.ones_like(inputs), generation_config=settings
    )
    new = output[0, len(ids) :].tolist()
    return new[:-1] if new and new[-1] in ends else new


def end_ids(model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Tokens that end an answer: the tokenizer's, and those the model's own settings name."""
    named = getattr(model, "generation_config").eos_token_id  # noqa: B009 (nn.Module has no such)
    named = named if isinstance(named, list) else [named]
    return [end for end in dict.fromkeys([tokenizer.eos_token_id, *named]) if end is not None]


def _ends_of_answer(
    prompt: list[int], answer: list[int], tokenizer: PreTrainedTokenizerBase
) -> list[int]:
    """Character of the completion at which each of its tokens ends."""
    lead = len(_decoded(prompt, tokenizer))
    whole = len(_decoded([*prompt, *answer], tokenizer)) - lead
    ends: list[int] = []
    for n in range(1, len(answer) + 1):
        # A prefix that stops inside a character decodes to U+FFFD: that token ends before it.
        text = _decoded([*prompt, *answer[:n]], tokenizer).rstrip("\ufffd")
        ends.append(min(whole, max(len(text) - lead, ends[-1] if ends else 0)))
    if ends:
        ends[-1] = whole
    return ends


def _decoded(ids: list[int], tokenizer: PreTrainedTokenizerBase) -> str:
    """Text of ids; a completion is decoded behind its prompt, as some decoders strip a start."""
    text = tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)
    return str(text)
