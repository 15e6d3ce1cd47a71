"""Reads the documents of a corpus as the configuration names their fields."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.chat import (
    Ranges,
    check_template,
    plain_chat,
    read_messages,
    rendered_chat,
)
from attribution_engine.corpora.marks import read_marks
from attribution_engine.corpora.rows import missing_field
from attribution_engine.corpora.sources import corpus_kind, corpus_rows, count_corpus_rows
from attribution_engine.records import CorpusConfig, Document, InputError, Mark, UnreadableRow


def read_documents(
    config: CorpusConfig, tokenizer: PreTrainedTokenizerBase | None = None
) -> Iterator[Document]:
    """Documents in the order of the corpus, streamed, their texts unaltered.

    In a folder of text files each file is a document; its source is the name of the sub-folder
    and its metadata holds the relative name of the file, unless the configuration says otherwise.

    Args:
        config: where the corpus is and which field means what.
        tokenizer: needed where its chat template is to write the documents.

    Yields:
        Documents with doc_id 0, 1, 2, … For prompt and response `text` is prompt + separator +
        response, and `prompt_chars` the length of prompt + separator.

    Raises:
        InputError: one line naming file, row, what is wrong and the mend. Not for an unreadable
            row with `unreadable` = "skip": it is left out.
    """
    skipped: str | None = None
    doc_id = 0
    for document in documents_or_errors(config, tokenizer):
        if isinstance(document, UnreadableRow):
            skipped = skipped or str(document)
        else:
            yield replace(document, doc_id=doc_id)
            doc_id += 1
    if not doc_id:
        raise no_document(config, skipped)


def documents_or_errors(
    config: CorpusConfig,
    tokenizer: PreTrainedTokenizerBase | None = None,
    *,
    first_row: int = 0,
) -> Iterator[Document | UnreadableRow]:
    """One item a row, from row `first_row` on: its document (doc_id still 0), or what is wrong.

    Raises:
        InputError: the corpus cannot be read on; with `unreadable` = "stop" whatever is wrong.
    """
    kind = corpus_kind(config)
    if kind == "text files":
        config = _folder_fields(config)
    elif not (config.text or config.prompt or config.messages):
        raise InputError(
            f"{config.path}: which field holds the text? name it as corpus.text, or prompt and "
            "response, or messages"
        )
    if needs_template(config):
        check_template(tokenizer)
    rows = corpus_rows(config, kind, needed_fields(config))
    for where, row in islice(rows, first_row, config.limit):
        try:
            if isinstance(row, UnreadableRow):
                raise row
            document: Document | UnreadableRow = _document(config, where, row, tokenizer)
        except UnreadableRow as error:
            if config.unreadable == "stop":
                raise
            document = error
        yield document


def no_document(config: CorpusConfig, skipped: str | None) -> InputError:
    """The one line for a corpus of which nothing is left."""
    if skipped is not None:
        return InputError(f"{config.path}: no row can be read; the first: {skipped}")
    return InputError(f"{config.path}: holds no document; give a corpus with at least one")


def needs_template(config: CorpusConfig) -> bool:
    """Whether the tokenizer's chat template writes the documents."""
    return config.template == "tokenizer" or (
        config.messages is not None and config.template is None
    )


def count_documents(config: CorpusConfig) -> int:
    """How many documents `read_documents` will give if all are readable; 0 where a stream does
    not say.

    Raises:
        InputError: the corpus cannot be opened.
    """
    count = count_corpus_rows(config)
    return count if config.limit is None else min(count, config.limit)


def needed_fields(config: CorpusConfig) -> list[str]:
    """The fields of a row that the configuration names, each once."""
    named = (
        *(config.text, config.prompt, config.response, config.messages),
        *(config.source, config.domain, config.category, config.difficulty),
        *config.metadata,
        config.spans,
    )
    return list(dict.fromkeys(name for name in named if name is not None))


def text_field(where: str, row: dict[str, Any], field: str) -> str:
    """A field that must hold text which can be stored as UTF-8.

    Raises:
        InputError: the field is not there, is no text, or holds a lone surrogate.
    """
    if field not in row:
        raise missing_field(where, field, list(row))
    value = row[field]
    if not isinstance(value, str):
        raise UnreadableRow(f'{where}: field "{field}" must be text, not {type(value).__name__}')
    _check_storable(f'{where}: field "{field}"', value)
    return value


def _folder_fields(config: CorpusConfig) -> CorpusConfig:
    metadata = config.metadata if "file" in config.metadata else (*config.metadata, "file")
    text = config.text or (None if config.prompt else "text")
    return replace(config, text=text, source=config.source or "folder", metadata=metadata)


def _document(
    config: CorpusConfig,
    where: str,
    row: dict[str, Any],
    tokenizer: PreTrainedTokenizerBase | None,
) -> Document:
    text, prompt_chars, ranges = _text(config, where, row, tokenizer)
    marks: tuple[Mark, ...] = ()
    if config.spans is not None:
        if config.spans not in row:
            raise missing_field(where, config.spans, list(row))
        place = f'{where}: field "{config.spans}"'
        marks = read_marks(place, row[config.spans], text[prompt_chars:], prompt_chars)
    return Document(
        doc_id=0,
        text=text,
        prompt_chars=prompt_chars,
        source=_label(where, row, config.source),
        domain=_label(where, row, config.domain),
        category=_label(where, row, config.category),
        difficulty=_label(where, row, config.difficulty),
        metadata={name: _kept(where, row, name) for name in config.metadata},
        where=where,
        loss_ranges=ranges,
        marks=marks,
    )


def _text(
    config: CorpusConfig,
    where: str,
    row: dict[str, Any],
    tokenizer: PreTrainedTokenizerBase | None,
) -> tuple[str, int, Ranges]:
    """Text of a document, its characters without loss at the start, and its ranges with loss."""
    if config.messages is not None:
        if config.messages not in row:
            raise missing_field(where, config.messages, list(row))
        place = f'{where}: field "{config.messages}"'
        return _chat(config, place, row[config.messages], tokenizer)
    if config.text is not None:
        return _filled(where, row, config.text), 0, ()
    assert config.prompt is not None and config.response is not None
    prompt = text_field(where, row, config.prompt)
    response = _filled(where, row, config.response)
    if needs_template(config):
        turns = [("user", prompt), ("assistant", response)]
        messages = [{"role": role, "content": content} for role, content in turns]
        return _chat(config, where, messages, tokenizer)
    lead = prompt + config.separator
    return lead + response, len(lead), ()


def _chat(
    config: CorpusConfig,
    where: str,
    value: Any,
    tokenizer: PreTrainedTokenizerBase | None,
) -> tuple[str, int, Ranges]:
    messages = read_messages(where, value)
    if config.template == "plain":
        text, ranges = plain_chat(messages)
    else:
        assert tokenizer is not None  # check_template has looked
        text, ranges = rendered_chat(where, messages, tokenizer)
    _check_storable(where, text)
    return text, ranges[0][0], ranges


def _filled(where: str, row: dict[str, Any], field: str) -> str:
    text = text_field(where, row, field)
    if not text.strip():
        raise UnreadableRow(f'{where}: field "{field}" is empty; write its text or remove the row')
    return text


def _label(where: str, row: dict[str, Any], field: str | None) -> str | None:
    """A label as text; nothing and NaN (how pandas writes nothing) are None."""
    if field is None:
        return None
    if field not in row:
        raise missing_field(where, field, list(row))
    value = row[field]
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, list | dict | bytes):
        raise UnreadableRow(
            f'{where}: field "{field}" must be text or a number, not {type(value).__name__}'
        )
    label = str(value)
    _check_storable(f'{where}: field "{field}"', label)
    return label


def _kept(where: str, row: dict[str, Any], field: str) -> Any:
    """A metadata value; whatever JSON has no word for (a date, say) is kept as its text."""
    if field not in row:
        raise missing_field(where, field, list(row))
    text = json.dumps(row[field], ensure_ascii=False, default=str)
    _check_storable(f'{where}: field "{field}"', text)
    return json.loads(text, parse_constant=lambda name: None)  # NaN and Infinity are not JSON


def _check_storable(where: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise UnreadableRow(
            f"{where} has half a surrogate pair at character {error.start + 1}; write the whole "
            "character"
        ) from None
