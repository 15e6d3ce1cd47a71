"""What the model itself answers to a query's prompt, greedily, kept token by token."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn
from transformers import GenerationConfig
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.verifiers import Verdict, can_verify, verify_completion
from attribution_engine.influence.model import context_length, vocabulary_size
from attribution_engine.influence.tokens import TokenisedText, check_ids, start_ids, tokenise
from attribution_engine.records import InputError, Query


@dataclass(frozen=True, slots=True)
class CompletedQuery:
    """A query with its completion, and the tokens whose log-probability f is made of.

    f = Σ over parts of weight × Σ log p of the part's tokens with loss. A single completion is
    one part of weight 1; a set is one part an item answered correctly, of weight 1 / n each. Where
    only a span is explained, only tokens that overlap it have a loss.

    A generated completion keeps the very tokens that were generated: its text, tokenised again,
    may give others.

    Attributes:
        query: of a set: `prompt` says how many items of how many it is made of, `completion` has
            a line for each of those, `correct` is True, `items` are all that were tried, with
            their completions ("" if the model answered nothing) and whether they are correct;
            `reference`, `keywords` and `span` are empty, as they are the items' own.
        item_texts: of a set, the tokens of each of `query.items`; None for an item without any
            token to explain.
        in_set: of a set, whether each of `query.items` is one of the parts.
    """

    query: Query
    parts: tuple[TokenisedText, ...]
    weights: tuple[float, ...] = (1.0,)
    item_texts: tuple[TokenisedText | None, ...] = ()
    in_set: tuple[bool, ...] = ()

    @property
    def tokens(self) -> TokenisedText:
        """The only part of a single completion; the first one of a set."""
        return self.parts[0]


@dataclass(frozen=True, slots=True)
class _Answer:
    """A query with its completion; `left_out` says why `text` is None, nothing to be explained."""

    query: Query
    text: TokenisedText | None
    verdict: Verdict
    left_out: str = ""


def complete_queries(
    queries: Sequence[Query],
    max_new_tokens: dict[str, int],
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
    progress: Callable[[int], None] = lambda done: None,
) -> tuple[list[CompletedQuery], list[str]]:
    """Fills in missing completions and marks all completions correct, wrong or unknown.

    Wrong completions are kept, but in a set, whose mean is over the items answered correctly. A
    completion without a character has no log-probability to explain, nor has one in which the
    span's pattern matches nothing: its query is left out.

    Args:
        max_new_tokens: of each suite.
        progress: called once a query and, for a set, once an item (see `count_completions`).

    Returns:
        Queries with completions, numbered anew from 0; and sentences for the run's notes: which
        queries were left out and why, and how code was shut in.

    Raises:
        InputError: a query that does not fit the model's context; a set without a correct item; or
            no completion at all.
    """
    kept: list[CompletedQuery] = []
    notes: list[str] = []
    held: list[set[str]] = []
    for query in queries:
        answers: list[_Answer] = []
        for each in query.items or (query,):
            limit = max_new_tokens[each.suite]
            answers.append(_answered(each, limit, model, tokenizer, device))
            progress(1)
        held += [set(answer.verdict.protections) for answer in answers]
        notes += [f"{answer.left_out}." for answer in answers if answer.left_out]
        if query.items:
            done = _of_set(query, answers)
        elif answers[0].text is None:
            continue
        else:
            done = CompletedQuery(answers[0].query, (answers[0].text,))
        kept.append(replace(done, query=replace(done.query, query_id=len(kept))))
    if not kept:
        raise InputError(
            f"{queries[0].where}: the model answers nothing to this nor to any other prompt; "
            'give completions (completions = "given")'
        )
    told = [each for each in held if each]
    if told:
        notes.append(f"Code was run with: {', '.join(sorted(set.intersection(*told)))}.")
    return kept, notes


def count_completions(queries: Sequence[Query]) -> int:
    """How many completions `complete_queries` goes through: a set has as many as it has items."""
    return sum(len(query.items) or 1 for query in queries)


def as_plain(completed: CompletedQuery) -> dict[str, Any]:
    """As dicts, tuples, numbers and texts only, for a stage's file; see `from_plain`."""
    return asdict(completed)


def from_plain(row: dict[str, Any]) -> CompletedQuery:
    """What `as_plain` was made from."""
    items = tuple(Query(**item) for item in row["query"]["items"])
    texts = tuple(None if text is None else TokenisedText(**text) for text in row["item_texts"])
    return CompletedQuery(
        query=Query(**(row["query"] | {"items": items})),
        parts=tuple(TokenisedText(**part) for part in row["parts"]),
        weights=tuple(row["weights"]),
        item_texts=texts,
        in_set=tuple(row["in_set"]),
    )


def _of_set(query: Query, answers: list[_Answer]) -> CompletedQuery:
    """The set query of items that have been answered.

    Raises:
        InputError: none of them is correct.
    """
    in_set = tuple(bool(a.verdict.correct) and a.text is not None for a in answers)
    chosen = [answer for answer, inside in zip(answers, in_set, strict=True) if inside]
    n, tried = len(chosen), len(answers)
    if not n:
        reasons = [a.left_out or f"{a.query.where}: {a.verdict.reason}" for a in answers]
        raise InputError(
            f"{query.where}: none of the {tried} items tried is answered correctly, so there is "
            f"no mean to explain (the first: {reasons[0]}); check verifier and references, or "
            "give correct completions"
        )
    described = replace(
        query,
        prompt=f"{n} of {tried} items of suite {query.suite}, answered correctly",
        completion="\n".join(_line(answer.query) for answer in chosen),
        correct=True,
        items=tuple(answer.query for answer in answers),
    )
    return CompletedQuery(
        query=described,
        parts=tuple(answer.text for answer in chosen if answer.text is not None),
        weights=(1.0 / n,) * n,
        item_texts=tuple(answer.text for answer in answers),
        in_set=in_set,
    )


def _line(item: Query) -> str:
    """An item of a set in one line: its row and its first words."""
    return f"{item.query_id + 1}: {' '.join(item.prompt[:400].split())[:60]}"


def _answered(
    query: Query,
    max_new_tokens: int,
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
) -> _Answer:
    """The query with its completion marked, its span found and its tokens."""
    generated = query.completion is None
    text = None
    if generated:
        query, text = _generated(query, max_new_tokens, model, tokenizer, device)
        if text is None:
            verdict = Verdict(False if can_verify(query) else None, "the answer is empty")
            left_out = f"Left out, the model answers nothing: {query.where}"
            return _Answer(query, None, verdict, left_out)
    completion = query.completion or ""
    verdict = verify_completion(query, completion)
    query = replace(query, correct=verdict.correct)
    if query.span_pattern is not None:
        span = _first_match(query.span_pattern, completion)
        if span is None:
            left_out = f"Left out, span_pattern matches nothing in the completion: {query.where}"
            return _Answer(query, None, verdict, left_out)
        query = replace(query, span=span)
    if text is None:
        text = _given(query, model, tokenizer)
    elif query.span is not None:
        text = _narrowed(text, query)
        if not any(text.target_loss):
            return _Answer(query, None, verdict, f"Left out, no token in its span: {query.where}")
    return _Answer(query, text, verdict)


def _first_match(pattern: str, completion: str) -> tuple[int, int] | None:
    """Where the pattern, or its first group if it has one, matches first; None if nowhere."""
    found = re.search(pattern, completion)
    if found is None:
        return None
    start, end = found.span(1 if found.re.groups else 0)
    return (start, end) if start < end else None


def _given(query: Query, model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> TokenisedText:
    lead = len(query.prompt)
    start, end = query.span or (0, len(query.completion or ""))
    return tokenise(
        query.prompt + (query.completion or ""),
        tokenizer,
        loss_from=lead,
        loss_ranges=() if query.span is None else ((lead + start, lead + end),),
        max_tokens=None,
        context=context_length(model),
        vocabulary=vocabulary_size(model),
        where=query.where,
        mend="shorten the prompt or the completion",
    )


def _narrowed(text: TokenisedText, query: Query) -> TokenisedText:
    """A generated text with a loss on those tokens only that overlap the query's span."""
    assert query.span is not None
    start, end = (len(query.prompt) + at for at in query.span)
    ends = text.token_ends
    inside = []
    stop = ends[-1] if ends else 0
    # From the last token on: one that ends where the one before it ended is the beginning of a
    # character (see `_ends_of_answer`), and reaches as far as the token that completes it.
    for at in range(len(ends) - 1, -1, -1):
        begin = ends[at - 1] if at else 0
        if ends[at] > begin:
            stop = ends[at]
        inside.append(begin < end and stop > start)
    inside.reverse()
    has_loss = tuple(a and b for a, b in zip(text.has_loss, inside, strict=True))
    return replace(text, has_loss=has_loss)


def _generated(
    query: Query,
    max_new_tokens: int,
    model: nn.Module,
    tokenizer: PreTrainedTokenizerBase,
    device: torch.device,
) -> tuple[Query, TokenisedText | None]:
    """The query with the model's answer, and its tokens; None if the answer is empty."""
    start = start_ids(tokenizer)
    encoding = tokenizer(query.prompt, add_special_tokens=False, return_offsets_mapping=True)
    prompt = list(encoding["input_ids"])
    check_ids(prompt, vocabulary_size(model), query.where)
    answer = greedy([*start, *prompt], max_new_tokens, model, tokenizer, device, where=query.where)
    ends = _ends_of_answer(prompt, answer, tokenizer)
    completion = _decoded([*prompt, *answer], tokenizer)[len(_decoded(prompt, tokenizer)) :]
    if not completion.strip():
        return replace(query, completion="", correct=False if can_verify(query) else None), None
    prompt_ends: list[int] = []
    for _, end in encoding["offset_mapping"]:
        prompt_ends.append(max(end, prompt_ends[-1] if prompt_ends else 0))
    tokens = TokenisedText(
        ids=(*start, *prompt, *answer),
        starts=len(start),
        token_ends=(*prompt_ends, *(len(query.prompt) + end for end in ends)),
        has_loss=(*[False] * len(prompt), *[True] * len(answer)),
    )
    return replace(query, completion=completion), tokens


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
