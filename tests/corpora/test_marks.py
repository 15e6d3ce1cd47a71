"""Passages that the corpus marks: read, checked, and kept with the prepared corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attribution_engine.corpora.configuration import load_config
from attribution_engine.corpora.documents import read_documents
from attribution_engine.corpora.marks import read_marks
from attribution_engine.prepared_corpus import prepare_corpus
from attribution_engine.records import CorpusConfig, InputError, Mark, UnreadableRow
from tests.tiny_run import write_config

TEXT = "a check. "


def span(start: Any, end: Any, behaviour: Any = "verifies") -> dict[str, Any]:
    return {"start": start, "end": end, "behaviour": behaviour}


def test_marks_are_moved_behind_the_prompt_and_put_in_order() -> None:
    spans = [span(2, 9), span(0, 2, "backtracks")]
    expected = (Mark(4, 6, "backtracks"), Mark(6, 13, "verifies"))
    assert read_marks("row 1", spans, TEXT, 4) == expected
    assert read_marks("row 1", json.dumps(spans), TEXT, 4) == expected
    assert read_marks("row 1", None, TEXT, 4) == read_marks("row 1", [], TEXT, 4) == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[", "is no JSON"),
        ({"start": 0}, "must be a list of spans, not dict"),
        ([span(0, 10)], "span 0 to 10 does not lie in the 9 characters"),
        ([span(3, 3)], "span 3 to 3 does not lie"),
        ([span(-1, 3)], "span -1 to 3 does not lie"),
        ([span(0, 4), span(3, 5)], "spans at 0 and 3 overlap"),
        ([span(8, 9)], "span 8 to 9 is blank"),
        ([span(0, True)], "must be written"),
        ([span(0.0, 2)], "must be written"),
        ([span(0, 2, " ")], "must be written"),
        ([{"start": 0, "end": 2}], "must be written"),
        ([7], "must be written"),
    ],
)
def test_what_is_no_mark_is_one_line(value: Any, said: str) -> None:
    with pytest.raises(UnreadableRow, match=said) as error:
        read_marks('c.jsonl, line 3: field "spans"', value, TEXT, 0)
    assert str(error.value).startswith('c.jsonl, line 3: field "spans"')
    assert "\n" not in str(error.value)


def write_rows(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_documents_have_their_marks(tmp_path: Path) -> None:
    path = write_rows(
        tmp_path / "c.jsonl",
        {"q": "Ask", "a": "So it is. Check it.", "spans": [span(10, 19)]},
        {"q": "Ask", "a": "So it is.", "spans": None},
    )
    config = CorpusConfig(path=path, prompt="q", response="a", separator=": ", spans="spans")
    first, second = read_documents(config)
    (mark,) = first.marks
    assert first.text[mark.start : mark.end] == "Check it."
    assert second.marks == ()
    write_rows(path, {"q": "Ask", "a": "So it is."})
    with pytest.raises(InputError, match="spans"):
        list(read_documents(config))


def test_the_prepared_corpus_keeps_marks(tmp_path: Path) -> None:
    from attribution_engine.influence.model import load_tokenizer

    run = load_config(write_config(tmp_path))
    path = write_rows(
        tmp_path / "marked.jsonl",
        {"text": "one line", "spans": [span(0, 3), span(4, 8, "é")]},
        {"text": "two lines", "spans": []},
    )
    corpus = prepare_corpus(
        CorpusConfig(path=path, text="text", spans="spans"),
        load_tokenizer(run.model),
        context=64,
        vocabulary=300,
        folder=tmp_path / "prepared",
        spans=lambda document: [(mark.start, mark.end) for mark in document.marks],
    )
    assert corpus.document(0).marks == (Mark(0, 3, "verifies"), Mark(4, 8, "é"))
    assert corpus.spans(0)[:, :2].tolist() == [[0, 3], [4, 8]]
    assert corpus.document(1).marks == ()


def test_spans_need_text_that_stands_in_the_row(tmp_path: Path) -> None:
    config = write_config(tmp_path, corpus='spans = "spans"')
    assert load_config(config).corpus.spans == "spans"
    text = config.read_text().replace('text = "text"', 'messages = "text"')
    config.write_text(text)
    with pytest.raises(InputError, match="corpus.spans counts characters of text or response"):
        load_config(config)
