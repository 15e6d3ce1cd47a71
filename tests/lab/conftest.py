"""What the demo lab's tests share: the whole corpus, written once."""

from __future__ import annotations

import pytest
from transformers import PreTrainedTokenizerFast

from attribution_engine.lab.grammar.mixture import Row, write_documents
from attribution_engine.lab.tokenizer import train_tokenizer


@pytest.fixture(scope="session")
def rows() -> list[Row]:
    return write_documents()


@pytest.fixture(scope="session")
def lowered(rows: list[Row]) -> list[str]:
    """The texts in lower case, in the corpus's order."""
    return [str(row["text"]).lower() for row in rows]


@pytest.fixture(scope="session")
def tokenizer(rows: list[Row]) -> PreTrainedTokenizerFast:
    return train_tokenizer([str(row["text"]) for row in rows])
