"""The rows of the tables `queries` and `query_items`, made from completed queries."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attribution_engine.influence.completions import CompletedQuery
from attribution_engine.influence.tokens import TokenisedText

# −log p of a text in nats, and its part for each text token (0 for a token without loss).
NatsOf = Callable[[TokenisedText], tuple[float, list[float]]]
STORED = ("query_id", "suite", "task", "kind", "prompt", "completion", "reference", "correct")


def query_rows(queries: Sequence[CompletedQuery], nats_of: NatsOf) -> Iterator[dict[str, Any]]:
    """A row of `queries` for each query.

    Of a set: `prompt` and `completion` are the description that `CompletedQuery` tells of; `nats`
    is the mean over the items in the set; `n_tokens` counts all their tokens with a loss; and
    `token_nats` has those tokens, item by item, each already divided by the number of items, with
    `token_ends` at the end of the item's line in the completion. One token of 0 nats, which ends
    where the prompt ends, stands before them.
    """
    for completed in queries:
        query = completed.query
        row = {name: getattr(query, name) for name in STORED}
        row |= {"keywords": json.dumps(query.keywords, ensure_ascii=False), "span": query.span}
        yield row | (_set_tokens if query.items else _tokens)(completed, nats_of)


def query_item_rows(queries: Sequence[CompletedQuery], nats_of: NatsOf) -> Iterator[dict[str, Any]]:
    """A row of `query_items` for each item of each set query, those not in the set included.

    An item without a token to explain (an empty answer, a span that is nowhere) has 0 tokens, and
    None as nats, token_ends and token_nats.
    """
    for completed in queries:
        query = completed.query
        for item, text, inside in zip(
            query.items, completed.item_texts, completed.in_set, strict=True
        ):
            nats, token_nats = (None, None) if text is None else nats_of(text)
            yield {
                "query_id": query.query_id,
                "item": item.query_id + 1,
                "prompt": item.prompt,
                "completion": item.completion,
                "reference": item.reference,
                "correct": item.correct,
                "nats": nats,
                "n_tokens": 0 if text is None else sum(text.has_loss),
                "token_ends": None if text is None else text.token_ends,
                "token_nats": token_nats,
                "in_set": inside,
            }


def _tokens(completed: CompletedQuery, nats_of: NatsOf) -> dict[str, Any]:
    text = completed.tokens
    nats, token_nats = nats_of(text)
    return {
        "nats": nats,
        "n_tokens": sum(text.has_loss),
        "token_ends": text.token_ends,
        "token_nats": token_nats,
    }


def _set_tokens(completed: CompletedQuery, nats_of: NatsOf) -> dict[str, Any]:
    end = len(completed.query.prompt)
    last = end + len(completed.query.completion or "")  # the last line has no newline
    ends, token_nats, total = [end], [0.0], 0.0
    lines = (completed.query.completion or "").split("\n")
    for line, text, weight in zip(lines, completed.parts, completed.weights, strict=True):
        end = min(end + len(line) + 1, last)
        nats, found = nats_of(text)
        total += weight * nats
        kept = [weight * n for n, has_loss in zip(found, text.has_loss, strict=True) if has_loss]
        token_nats += kept
        ends += [end] * len(kept)
    return {
        "nats": total,
        "n_tokens": len(token_nats) - 1,
        "token_ends": ends,
        "token_nats": token_nats,
    }
