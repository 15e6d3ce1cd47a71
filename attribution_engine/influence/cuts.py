"""Cut influence: what a document scores without one of its spans, or without a token's loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.influence.tokens import TokenisedText, tokenise
from attribution_engine.records import Document, InputError


def without_span(
    document: Document,
    start: int,
    end: int,
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_tokens: int | None,
    context: int,
    vocabulary: int,
) -> TokenisedText | None:
    """The document with the characters `start` to `end` taken out, tokenised anew.

    What stands before and after becomes neighbours, as in Infra's behaviour cut. Prompt and loss
    ranges shrink with the text.

    Returns:
        None if nothing with a loss is left.
    """

    def moved(at: int) -> int:
        return at if at <= start else max(start, at - (end - start))

    ranges = tuple((moved(a), moved(b)) for a, b in document.loss_ranges if moved(a) < moved(b))
    if document.loss_ranges and not ranges:
        return None
    try:
        return tokenise(
            document.text[:start] + document.text[end:],
            tokenizer,
            loss_from=moved(document.prompt_chars),
            loss_ranges=ranges,
            max_tokens=max_tokens,
            context=context,
            vocabulary=vocabulary,
            where=document.where,
        )
    except InputError:  # no token to predict is left
        return None


def without_loss(text: TokenisedText, tokens: Sequence[int]) -> TokenisedText:
    """The same text with the loss of some of its tokens erased: read, but not learnt.

    The influence that goes with them is the sum of their `predicted` scores, exactly, since L is
    a sum over tokens.

    Args:
        tokens: indices of text tokens.
    """
    erased = set(tokens)
    kept = tuple(counts and at not in erased for at, counts in enumerate(text.has_loss))
    return replace(text, has_loss=kept)
