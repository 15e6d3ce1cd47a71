"""Reads the documents of a corpus as the configuration names their fields."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

from attribution_engine.corpora.rows import count_rows, missing_field, read_rows
from attribution_engine.records import CorpusConfig, Document, InputError


def read_documents(config: CorpusConfig) -> Iterator[Document]:
    """Documents in the order of the corpus, streamed, their texts unaltered.

    In a folder each file is a document; its source is the name of the sub-folder and its
    metadata holds the relative name of the file, unless the configuration says otherwise.

    Args:
        config: where the corpus is and which field means what.

    Yields:
        Documents with doc_id 0, 1, 2, … For prompt and response `text` is prompt + separator +
        response, and `prompt_chars` the length of prompt + separator.

    Raises:
        InputError: one line naming file, row, what is wrong and the mend.
    """
    config = _folder_fields(config) if config.path.is_dir() else config
    rows = islice(read_rows(config.path, needed_fields(config)), config.limit)
    doc_id = -1
    for doc_id, (where, row) in enumerate(rows):
        yield _document(config, doc_id, where, row)
    if doc_id < 0:
        raise InputError(f"{config.path}: holds no document; give a corpus with at least one")


def count_documents(config: CorpusConfig) -> int:
    """How many documents `read_documents` will give, without parsing them.

    Raises:
        InputError: the corpus cannot be opened.
    """
    count = count_rows(config.path)
    return count if config.limit is None else min(count, config.limit)


def needed_fields(config: CorpusConfig) -> list[str]:
    """The fields of a row that the configuration names, each once."""
    named = (
        *(config.text, config.prompt, config.response),
        *(config.source, config.domain, config.category, config.difficulty),
        *config.metadata,
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
        raise InputError(f'{where}: field "{field}" must be text, not {type(value).__name__}')
    _check_storable(where, field, value)
    return value


def _folder_fields(config: CorpusConfig) -> CorpusConfig:
    metadata = config.metadata if "file" in config.metadata else (*config.metadata, "file")
    text = config.text or (None if config.prompt else "text")
    return replace(config, text=text, source=config.source or "folder", metadata=metadata)


def _document(config: CorpusConfig, doc_id: int, where: str, row: dict[str, Any]) -> Document:
    if config.text is not None:
        lead, body, body_field = "", text_field(where, row, config.text), config.text
    else:
        assert config.prompt is not None and config.response is not None
        lead = text_field(where, row, config.prompt) + config.separator
        body, body_field = text_field(where, row, config.response), config.response
    if not body.strip():
        raise InputError(
            f'{where}: field "{body_field}" is empty; write its text or remove the row'
        )
    return Document(
        doc_id=doc_id,
        text=lead + body,
        prompt_chars=len(lead),
        source=_label(where, row, config.source),
        domain=_label(where, row, config.domain),
        category=_label(where, row, config.category),
        difficulty=_label(where, row, config.difficulty),
        metadata={name: _kept(where, row, name) for name in config.metadata},
        where=where,
    )


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
        raise InputError(
            f'{where}: field "{field}" must be text or a number, not {type(value).__name__}'
        )
    label = str(value)
    _check_storable(where, field, label)
    return label


def _kept(where: str, row: dict[str, Any], field: str) -> Any:
    """A metadata value; whatever JSON has no word for (a date, say) is kept as its text."""
    if field not in row:
        raise missing_field(where, field, list(row))
    text = json.dumps(row[field], ensure_ascii=False, default=str)
    _check_storable(where, field, text)
    return json.loads(text, parse_constant=lambda name: None)  # NaN and Infinity are not JSON


def _check_storable(where: str, field: str, text: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InputError(
            f'{where}: field "{field}" has half a surrogate pair at character {error.start + 1}; '
            "write the whole character"
        ) from None
