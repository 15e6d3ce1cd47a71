"""From a JSONL corpus to padded batches: reading, encoding, splitting, grouping by length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

import torch
from transformers import PreTrainedTokenizerFast

from attribution_engine.records import InputError

IGNORED = -100
Tokens = list[int]


def read_texts(corpus: Path, text: str) -> list[str]:
    """Read one field of a JSONL file.

    Raises:
        InputError: the file is missing or empty, or a row lacks the field.
    """
    if not corpus.is_file():
        raise InputError(f"{corpus}: no such file; write the corpus first")
    texts = []
    with corpus.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            value = json.loads(line).get(text)
            if not isinstance(value, str) or not value:
                raise InputError(f"{corpus}, row {number}: no text in {text!r}; name another field")
            texts.append(value)
    if not texts:
        raise InputError(f"{corpus}: no documents; write the corpus first")
    return texts


def encode(tokenizer: PreTrainedTokenizerFast, texts: list[str], context: int) -> list[Tokens]:
    """Encode documents as begin + text + end, cut into pieces of at most `context` tokens."""
    end = tokenizer.eos_token_id
    pieces = []
    for tokens in tokenizer(texts)["input_ids"]:
        whole = [*tokens, end]
        pieces += [whole[start : start + context] for start in range(0, len(whole), context)]
    return [piece for piece in pieces if len(piece) > 1]


def split_off(
    documents: list[Tokens], share: float, seed: int
) -> tuple[list[Tokens], list[Tokens]]:
    """Part documents into those trained on and those only measured."""
    order = list(range(len(documents)))
    Random(f"{seed}/held-out").shuffle(order)
    held = set(order[: round(share * len(documents))])
    trained = [document for index, document in enumerate(documents) if index not in held]
    return trained, [documents[index] for index in sorted(held)]


def make_batches(documents: list[Tokens], batch_tokens: int, rng: Random | None) -> list[list[int]]:
    """Group documents of about the same length; no group is larger than `batch_tokens` padded.

    Args:
        documents: token lists.
        batch_tokens: rows times longest row of a batch.
        rng: shuffles within and between the groups; None = in order of length.
    """
    noise = rng.random if rng else (lambda: 0.0)
    order = sorted(range(len(documents)), key=lambda i: len(documents[i]) * (1 + 0.2 * noise()))
    batches: list[list[int]] = [[]]
    longest = 0
    for index in order:
        longest = max(longest, len(documents[index]))
        if batches[-1] and longest * (len(batches[-1]) + 1) > batch_tokens:
            batches.append([])
            longest = len(documents[index])
        batches[-1].append(index)
    if rng:
        rng.shuffle(batches)
    return batches


def count_tokens(documents: list[Tokens]) -> int:
    """Target tokens of documents: all but the first of each."""
    return sum(len(document) - 1 for document in documents)


def pad(documents: list[Tokens], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Stack documents: inputs, and targets that ignore the padding. Padding is on the right."""
    length = max(len(document) for document in documents)
    inputs = torch.full((len(documents), length), padding)
    targets = torch.full((len(documents), length), IGNORED)
    for row, document in enumerate(documents):
        inputs[row, : len(document)] = torch.tensor(document)
        targets[row, : len(document)] = torch.tensor(document)
    return inputs, targets


def endless_batches(
    documents: list[Tokens], batch_tokens: int, seed: int, skip: int
) -> Iterator[list[Tokens]]:
    """Batches of epoch after epoch, the first `skip` left out; the seed decides them all."""
    epoch = 0
    while True:
        rng = Random(f"{seed}/epoch/{epoch}")
        batches = make_batches(documents, batch_tokens, rng)
        for batch in batches[skip:]:
            yield [documents[index] for index in batch]
        skip = max(0, skip - len(batches))
        epoch += 1
