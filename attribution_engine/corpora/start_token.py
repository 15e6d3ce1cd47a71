"""The token that a tokenizer puts before a text."""

from __future__ import annotations

from functools import lru_cache

from transformers.tokenization_utils_base import PreTrainedTokenizerBase


@lru_cache(maxsize=8)
def start_ids(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """The start token that this tokenizer puts before a text by default; none for GPT-2."""
    bos = tokenizer.bos_token_id
    ids = tokenizer("a")["input_ids"]
    return [bos] if bos is not None and ids and ids[0] == bos else []
