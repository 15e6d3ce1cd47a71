"""Documents of every kind of corpus, and the one line each bad row gets."""

from __future__ import annotations

import datetime
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.corpora.documents import count_documents, read_documents
from attribution_engine.records import CorpusConfig, InputError


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_labels_and_metadata(tmp_path: Path) -> None:
    rows = [
        {"text": " one\r\n", "level": 3, "year": 1999, "extra": "unread", "from": None},
        {"text": "two\u2028two", "level": None, "year": None, "from": "books"},
    ]
    config = CorpusConfig(
        path=jsonl(tmp_path / "c.jsonl", rows),
        text="text",
        source="from",
        difficulty="level",
        metadata=("year",),
    )
    first, second = read_documents(config)
    assert (first.doc_id, first.text, first.difficulty, first.source) == (0, " one\r\n", "3", None)
    assert first.metadata == {"year": 1999}
    assert (second.doc_id, second.text) == (1, "two\u2028two")
    assert (second.difficulty, second.source) == (None, "books")
    assert count_documents(config) == 2


def test_prompt_and_response(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "c.jsonl", [{"q": "2+2?", "a": "4"}])
    config = CorpusConfig(path=path, prompt="q", response="a", separator="\n\n")
    (document,) = read_documents(config)
    assert document.text == "2+2?\n\n4"
    assert document.text[document.prompt_chars :] == "4"


def test_limit_blank_lines_and_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"text": "a"}\n\n{"text": "b"}\n{"text": "c"}')
    assert [d.text for d in read_documents(CorpusConfig(path=path, text="text"))] == list("abc")
    config = CorpusConfig(path=path, text="text", limit=2)
    assert [d.text for d in read_documents(config)] == ["a", "b"]
    assert count_documents(config) == 2


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "a"}\n{"text": "b"}\n'))
    config = CorpusConfig(path=path, text="text")
    assert [d.text for d in read_documents(config)] == ["a", "b"]
    assert count_documents(config) == 2
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(InputError, match="cannot be read"):
        list(read_documents(config))


def test_parquet_in_order_over_row_groups(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    days = [datetime.date(2020, 1, 1)] * 1000
    table = pa.table({"text": [f"t{i}" for i in range(1000)], "n": range(1000), "day": days})
    pq.write_table(table, path, row_group_size=77)
    config = CorpusConfig(path=path, text="text", category="n", metadata=("day",), limit=900)
    documents = list(read_documents(config))
    assert [d.text for d in documents] == [f"t{i}" for i in range(900)]
    assert [d.category for d in documents] == [str(i) for i in range(900)]
    assert documents[0].metadata == {"day": "2020-01-01"}
    assert count_documents(config) == 900


def test_parquet_mistakes(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    pq.write_table(pa.table({"text": ["a", None], "b": [1, 2]}), path)
    with pytest.raises(InputError, match=r'c.parquet: has no field "body"; .* text, b'):
        list(read_documents(CorpusConfig(path=path, text="body")))
    with pytest.raises(InputError, match=r"row 2: field \"text\" must be text, not NoneType"):
        list(read_documents(CorpusConfig(path=path, text="text")))
    bad = pa.array([b"ok", b"\xff\xfe"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": bad}), path)
    with pytest.raises(InputError, match=r"row 2: is not UTF-8"):
        list(read_documents(CorpusConfig(path=path, text="text")))
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(InputError, match="is not a Parquet file"):
        list(read_documents(CorpusConfig(path=path, text="text")))


def test_folder(tmp_path: Path) -> None:
    (tmp_path / "maths" / "deep").mkdir(parents=True)
    (tmp_path / "maths" / "deep" / "b.md").write_bytes(b"two\r\n")
    (tmp_path / "a.txt").write_text("one")
    (tmp_path / "z.py").write_text("three")
    (tmp_path / "picture.png").write_bytes(b"\xff")
    (tmp_path / ".hidden.txt").write_text("no")
    config = CorpusConfig(path=tmp_path)
    documents = list(read_documents(config))
    assert [d.text for d in documents] == ["one", "two\r\n", "three"]
    assert [d.source for d in documents] == [None, "maths", None]
    assert documents[1].metadata == {"file": "maths/deep/b.md"}
    assert count_documents(config) == 3


def test_folder_mistakes(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no .txt"):
        list(read_documents(CorpusConfig(path=tmp_path)))
    (tmp_path / "a.txt").write_bytes(b"ab\xff")
    with pytest.raises(InputError, match=r"a\.txt: is not UTF-8 at byte 3"):
        list(read_documents(CorpusConfig(path=tmp_path)))
    (tmp_path / "a.txt").write_text(" \n")
    with pytest.raises(InputError, match=r'a\.txt: field "text" is empty'):
        list(read_documents(CorpusConfig(path=tmp_path)))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{not json", r"line 2: is not JSON \("),
        (b"[1]", r"line 2: is not a JSON object"),
        (b'{"body": "x"}', r'line 2: has no field "text"; the fields there are: body'),
        (b'{"text": "  "}', r'line 2: field "text" is empty'),
        (b'{"text": 7}', r'line 2: field "text" must be text, not int'),
        (b'{"text": "\xff"}', r"line 2: is not UTF-8 at byte 11"),
        (b'{"text": "a\\ud800"}', r"line 2: .*surrogate pair at character 2"),
        (b"[" * 100_000, r"line 2: is not JSON"),
    ],
)
def test_bad_row_is_one_line(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b'{"text": "fine"}\n' + line + b"\n")
    with pytest.raises(InputError, match=message) as caught:
        list(read_documents(CorpusConfig(path=path, text="text")))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"q": "?", "a": " "}, r'field "a" is empty'),
        ({"q": "?"}, r'has no field "a"'),
        ({"q": "?", "a": "!", "s": [1]}, r'field "s" must be text or a number'),
        ({"q": "?", "a": "!"}, r'has no field "s"'),
        ({"q": "?", "a": "!", "s": "\ud800"}, r'field "s" has half a surrogate'),
    ],
)
def test_bad_response_or_label(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    config = CorpusConfig(
        path=jsonl(tmp_path / "c.jsonl", [row]), prompt="q", response="a", source="s"
    )
    with pytest.raises(InputError, match=message):
        list(read_documents(config))


def test_whole_file_mistakes(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("\n\n")
    for path, message in (
        (empty, "holds no document"),
        (tmp_path / "no.jsonl", "no such file"),
        (jsonl(tmp_path / "rows.csv", []), "no known kind"),
    ):
        with pytest.raises(InputError, match=message):
            list(read_documents(CorpusConfig(path=path, text="text")))


def test_nan_in_metadata_becomes_null(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"text": "a", "score": NaN, "label": NaN}\n')
    config = CorpusConfig(path=path, text="text", category="label", metadata=("score",))
    (document,) = read_documents(config)
    assert document.category is None
    assert document.metadata == {"score": None}


@settings(deadline=None)
@given(st.lists(st.text().filter(lambda text: text.strip()), min_size=1, max_size=5))
def test_texts_are_unaltered(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    folder = tmp_path_factory.mktemp("texts")
    path = jsonl(folder / "c.jsonl", [{"text": text} for text in texts])
    assert [d.text for d in read_documents(CorpusConfig(path=path, text="text"))] == texts
    path = folder / "c.parquet"
    pq.write_table(pa.table({"text": texts}), path)
    assert [d.text for d in read_documents(CorpusConfig(path=path, text="text"))] == texts
