"""The tokenizer: special tokens, single digits, offsets, loading beside a Llama."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import LlamaConfig, PreTrainedTokenizerFast

from attribution_engine.lab.grammar.mixture import write_documents
from attribution_engine.lab.tokenizer import (
    BEGIN,
    END,
    PADDING,
    VOCABULARY,
    load_tokenizer,
    save_tokenizer,
    train_tokenizer,
)

SMALL = train_tokenizer([str(row["text"]) for row in write_documents(200)], vocabulary=600)


@pytest.fixture
def loaded(tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> PreTrainedTokenizerFast:
    """The tokenizer, saved into a folder that also has a Llama's configuration."""
    save_tokenizer(tokenizer, tmp_path)
    LlamaConfig(vocab_size=len(tokenizer)).save_pretrained(tmp_path)
    return load_tokenizer(tmp_path)


def test_loads_as_saved(
    loaded: PreTrainedTokenizerFast, tokenizer: PreTrainedTokenizerFast
) -> None:
    text = "Question: Solve for x: 3x + 14 = 26\nAnswer: ¿Qué? x = 4.  \n\tend"
    assert loaded.is_fast
    assert len(loaded) == VOCABULARY
    assert (loaded.bos_token, loaded.eos_token, loaded.pad_token) == (BEGIN, END, PADDING)
    assert loaded(text)["input_ids"] == tokenizer(text)["input_ids"]
    assert loaded(text)["input_ids"][0] == loaded.bos_token_id


def test_digits_are_single(loaded: PreTrainedTokenizerFast) -> None:
    tokens = loaded.convert_ids_to_tokens(loaded("(2024, 31) -7 x15 1,000 3.14")["input_ids"])
    digits = [token for token in tokens if any(char.isdigit() for char in token)]
    assert digits == list("20243171510003" + "14")
    vocabulary = loaded.get_vocab()
    assert not [t for t in vocabulary if len(t) > 1 and set(t) & set(digits)]


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60))
def test_round_trip_with_offsets(text: str) -> None:
    encoded = SMALL(text, add_special_tokens=False, return_offsets_mapping=True)
    assert SMALL.decode(encoded["input_ids"]) == text
    ends = [end for _, end in encoded["offset_mapping"]]
    assert ends == sorted(ends)
    assert not text or ends[-1] == len(text)


def test_offsets_cover_the_text(loaded: PreTrainedTokenizerFast) -> None:
    text = "The slope is (7 - 1) / 2 = 3. La respuesta está aquí."
    encoded = loaded(text, return_offsets_mapping=True)
    offsets = encoded["offset_mapping"]
    assert offsets[0] == (0, 0)
    assert "".join(text[start:end] for start, end in offsets) == text
