"""From a JSONL corpus to padded batches: reading, encoding, splitting, grouping by length."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeVar

import torch
from transformers import PreTrainedTokenizerFast

from attribution_engine.records import InputError

IGNORED = -100
Tokens = list[int]


@dataclass(frozen=True, slots=True)
class Example:
    """One text to learn or to explain; the loss is on `tokens[start:]`, `start` at least 1."""

    tokens: tuple[int, ...]
    start: int = 1

    def __len__(self) -> int:
        return len(self.tokens)


class Fields(NamedTuple):
    """Fields of a corpus row: a text, or a prompt without loss and the response to it."""

    text: str = "text"
    prompt: str | None = None
    response: str | None = None


class Row(NamedTuple):
    """What is trained on of one row; the first `prompt_chars` characters carry no loss."""

    text: str
    prompt_chars: int


Sized = TypeVar("Sized", Example, Tokens)


def read_rows(corpus: Path, fields: Fields) -> list[Row]:
    """Read the texts of a JSONL file.

    Raises:
        InputError: the file is missing or empty, or a row lacks a field.
    """
    if not corpus.is_file():
        raise InputError(f"{corpus}: no such file; write the corpus first")
    rows = []
    with corpus.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            row, where = json.loads(line), f"{corpus}, row {number}"
            if fields.prompt and fields.response:
                prompt = _field(row, fields.prompt, where)
                rows.append(Row(prompt + _field(row, fields.response, where), len(prompt)))
            else:
                rows.append(Row(_field(row, fields.text, where), 0))
    if not rows:
        raise InputError(f"{corpus}: no documents; write the corpus first")
    return rows


def _field(row: dict[str, object], name: str, where: str) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(f"{where}: no text in {name!r}; name another field")
    return value


def encode(tokenizer: PreTrainedTokenizerFast, rows: Sequence[Row], context: int) -> list[Example]:
    """Encode documents as begin + text + end, cut into pieces of at most `context` tokens.

    A token carries loss if it ends after the prompt, as in the engine.
    """
    end = tokenizer.eos_token_id
    encoded = tokenizer([row.text for row in rows], return_offsets_mapping=True)
    pieces = []
    for row, tokens, offsets in zip(
        rows, encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        whole = (*tokens, end)
        first = sum(after <= row.prompt_chars for _, after in offsets) if row.prompt_chars else 1
        for begin in range(0, len(whole), context):
            piece = whole[begin : begin + context]
            start = max(1, first - begin)
            if start < len(piece):
                pieces.append(Example(piece, start))
    return pieces


def split_off(documents: list[Sized], share: float, seed: int) -> tuple[list[Sized], list[Sized]]:
    """Part documents into those trained on and those only measured."""
    order = list(range(len(documents)))
    Random(f"{seed}/held-out").shuffle(order)
    held = set(order[: round(share * len(documents))])
    trained = [document for index, document in enumerate(documents) if index not in held]
    return trained, [documents[index] for index in sorted(held)]


def make_batches(
    documents: Sequence[Sized], batch_tokens: int, rng: Random | None
) -> list[list[int]]:
    """Group documents of about the same length; no group is larger than `batch_tokens` padded.

    Args:
        documents: anything with a length in tokens.
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


def count_tokens(documents: Sequence[Example]) -> int:
    """Tokens that carry loss."""
    return sum(len(document) - document.start for document in documents)


def pad(documents: Sequence[Example], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Stack documents: inputs, and targets that ignore prompt and padding, on the right."""
    length = max(len(document) for document in documents)
    inputs = torch.full((len(documents), length), padding)
    targets = torch.full((len(documents), length), IGNORED)
    for row, document in enumerate(documents):
        tokens = torch.tensor(document.tokens)
        inputs[row, : len(document)] = tokens
        targets[row, document.start : len(document)] = tokens[document.start :]
    return inputs, targets


def endless_batches(
    documents: Sequence[Sized], batch_tokens: int, seed: int, skip: int
) -> Iterator[list[Sized]]:
    """Batches of epoch after epoch, the first `skip` left out; the seed decides them all."""
    epoch = 0
    while True:
        rng = Random(f"{seed}/epoch/{epoch}")
        batches = make_batches(documents, batch_tokens, rng)
        for batch in batches[skip:]:
            yield [documents[index] for index in batch]
        skip = max(0, skip - len(batches))
        epoch += 1
