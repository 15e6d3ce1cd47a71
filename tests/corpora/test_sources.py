"""Every kind of corpus gives the same documents; what cannot be read stops, or is left out."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, DatasetDict
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution_engine.corpora.documents import count_documents, read_documents
from attribution_engine.records import CorpusConfig, Document, InputError
from tests.corpora.chat_templates import CHATML, byte_tokenizer

ROWS = [
    {
        "text": f"text {at}\u2028\r\n",
        "kind": "ab"[at % 2],
        "chat": [{"role": "user", "content": ""}],
    }
    for at in range(700)
]


def jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def duckdb_file(path: Path, rows: list[dict[str, Any]], table: str = "documents") -> Path:
    with duckdb.connect(str(path)) as connection:
        connection.register("incoming", pa.Table.from_pylist(rows))
        quoted = table.replace('"', '""')
        connection.execute(f'CREATE TABLE "{quoted}" AS SELECT * FROM incoming')
    return path


def shards(folder: Path, rows: list[dict[str, Any]]) -> Path:
    third = len(rows) // 3 + 1
    jsonl(folder / "a.jsonl", rows[:third])
    parquet(folder / "data" / "b.parquet", rows[third : 2 * third] or rows[:0])
    packed = "".join(json.dumps(row) + "\n" for row in rows[2 * third :])
    (folder / "data" / "c.jsonl.gz").write_bytes(gzip.compress(packed.encode()))
    (folder / "README.md").write_text("what these rows are")
    return folder


def saved(folder: Path, rows: list[dict[str, Any]]) -> Path:
    Dataset.from_list(rows).save_to_disk(folder, num_shards=min(2, len(rows)))
    return folder


def every_kind(folder: Path, rows: list[dict[str, Any]]) -> dict[str, CorpusConfig]:
    """The same rows as every kind of corpus."""
    fields: dict[str, Any] = {"text": "text", "source": "kind"}
    streamed = folder / "streamed"
    jsonl(streamed / "data" / "train.jsonl", rows)
    return {
        "jsonl": CorpusConfig(path=jsonl(folder / "c.jsonl", rows), **fields),
        "parquet": CorpusConfig(path=parquet(folder / "c.parquet", rows), **fields),
        "duckdb": CorpusConfig(path=duckdb_file(folder / "c.duckdb", rows), **fields),
        "shards": CorpusConfig(path=shards(folder / "shards", rows), **fields),
        "saved": CorpusConfig(path=saved(folder / "saved", rows), **fields),
        "streamed": CorpusConfig(path=streamed, dataset=str(streamed), **fields),
    }


def read(config: CorpusConfig) -> list[Document]:
    return list(read_documents(config))


def test_every_kind_of_corpus_gives_the_same_documents(tmp_path: Path) -> None:
    for kind, config in every_kind(tmp_path, ROWS).items():
        documents = read(config)
        assert [d.doc_id for d in documents] == list(range(len(ROWS))), kind
        assert [(d.text, d.source) for d in documents] == [(r["text"], r["kind"]) for r in ROWS]
        # A stream does not say beforehand how many rows it has.
        assert count_documents(config) == (0 if kind == "streamed" else len(ROWS)), kind


@settings(deadline=None, max_examples=5)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8")).filter(lambda text: text.strip()),
        min_size=3,
        max_size=6,
    )
)
def test_no_kind_of_corpus_alters_a_text(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("kinds")
    rows = [{"text": text, "kind": "a"} for text in texts]
    for kind, config in every_kind(folder, rows).items():
        assert [d.text for d in read(config)] == texts, kind


def test_a_field_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    for kind, config in every_kind(tmp_path, ROWS[:5]).items():
        wrong = CorpusConfig(path=config.path, dataset=config.dataset, text="body")
        with pytest.raises(InputError, match=r'has no field "body"; .*text') as caught:
            read(wrong)
        assert "\n" not in str(caught.value), kind


def test_chats_are_read_from_nested_columns(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]
    rows = [{"text": "t", "kind": "a", "m": chat}] * 3
    for kind, config in every_kind(tmp_path, rows).items():
        chats = CorpusConfig(path=config.path, dataset=config.dataset, messages="m")
        documents = list(read_documents(chats, byte_tokenizer(CHATML)))
        learned = [d.text[a:b] for d in documents for a, b in d.loss_ranges]
        assert learned == ["4<|im_end|>"] * 3, kind


def test_a_split_of_a_saved_dataset_and_of_a_stream(tmp_path: Path) -> None:
    parts = {"train": Dataset.from_list(ROWS[:3]), "test": Dataset.from_list(ROWS[3:5])}
    DatasetDict(parts).save_to_disk(tmp_path / "saved")
    jsonl(tmp_path / "streamed" / "train.jsonl", ROWS[:3])
    jsonl(tmp_path / "streamed" / "test.jsonl", ROWS[3:5])
    for name, dataset in (("saved", None), ("streamed", str(tmp_path / "streamed"))):
        place: dict[str, Any] = {"path": tmp_path / name, "dataset": dataset, "text": "text"}
        assert len(read(CorpusConfig(**place))) == 3
        assert [d.text for d in read(CorpusConfig(**place, split="test"))] == [
            row["text"] for row in ROWS[3:5]
        ]
        with pytest.raises(InputError, match=r"split.*train") as caught:
            read(CorpusConfig(**place, split="dev"))
        assert "\n" not in str(caught.value)


def test_a_stream_that_cannot_be_reached_is_one_line() -> None:
    config = CorpusConfig(path=Path("no/such"), dataset="no/such", text="text")
    with pytest.raises(InputError, match=r"^no/such: cannot be opened .*corpus\.dataset"):
        read(config)


def test_a_stream_that_breaks_off_is_one_line_whatever_is_to_be_skipped(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "train.jsonl", ROWS[:40])
    path.write_text(path.read_text() + "{broken\n")
    for unreadable in ("stop", "skip"):
        config = CorpusConfig(
            path=tmp_path,
            dataset=str(tmp_path),
            text="text",
            unreadable=unreadable,  # type: ignore[arg-type]
        )
        with pytest.raises(InputError, match=r"cannot be (opened|read after row \d+) \(") as caught:
            read(config)
        assert "\n" not in str(caught.value)


def test_an_empty_row_of_a_stream_is_left_out(tmp_path: Path) -> None:
    parquet(tmp_path / "train.parquet", [{"text": text} for text in ("a", None, "", "d")])
    config = CorpusConfig(path=tmp_path, dataset=str(tmp_path), text="text", unreadable="skip")
    assert [(d.doc_id, d.text, d.where) for d in read(config)] == [
        (0, "a", f"{tmp_path}: row 1"),
        (1, "d", f"{tmp_path}: row 4"),
    ]


def test_the_table_of_a_duckdb_file(tmp_path: Path) -> None:
    path = duckdb_file(tmp_path / "c.duckdb", ROWS[:4])
    duckdb_file(path, ROWS[4:5], 'odd"name')
    assert len(read(CorpusConfig(path=path, table="documents", text="text"))) == 4
    assert len(read(CorpusConfig(path=path, table='odd"name', text="text"))) == 1
    with pytest.raises(InputError, match=r"several tables; .*documents, odd"):
        read(CorpusConfig(path=path, text="text"))
    with pytest.raises(InputError, match=r'no table "x"; .*documents, odd'):
        read(CorpusConfig(path=path, table="x", text="text"))
    path.write_bytes(b"not a database at all")
    with pytest.raises(InputError, match="cannot be opened as a DuckDB file"):
        read(CorpusConfig(path=path, text="text"))


def test_a_view_of_a_duckdb_corpus_reads_no_other_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("text\nsecret\n")
    path = tmp_path / "c.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE VIEW v AS SELECT text FROM read_csv('{secret}')")
    with pytest.raises(InputError, match="cannot be read"):
        read(CorpusConfig(path=path, text="text"))


def test_a_folder_is_text_files_where_no_field_is_named(tmp_path: Path) -> None:
    folder = shards(tmp_path / "shards", ROWS[:6])
    assert [d.text for d in read(CorpusConfig(path=folder))] == ["what these rows are"]
    (folder / "README.md").unlink()
    with pytest.raises(InputError, match=r"holds no \.txt"):
        read(CorpusConfig(path=folder))
    with pytest.raises(InputError, match=r"which field holds the text"):
        read(CorpusConfig(path=saved(tmp_path / "saved", ROWS[:2])))


BAD_LINES = [b"{not json", b"[1]", b'{"body": "x"}', b'{"text": " "}', b'{"text": "\xff"}', b"3"]


def test_unreadable_lines_are_left_out_and_the_rest_is_numbered_on(tmp_path: Path) -> None:
    lines = [b'{"text": "one"}', *BAD_LINES, b'{"text": "two"}', b"", b'{"text": "three"}']
    path = tmp_path / "c.jsonl"
    path.write_bytes(b"\n".join(lines))
    documents = read(CorpusConfig(path=path, text="text", unreadable="skip"))
    assert [(d.doc_id, d.text) for d in documents] == [(0, "one"), (1, "two"), (2, "three")]
    assert [d.where.rsplit(" ", 1)[1] for d in documents] == ["1", "8", "10"]
    with pytest.raises(InputError, match="line 2: is not JSON"):
        read(CorpusConfig(path=path, text="text"))


def test_nothing_left_names_the_first_unreadable_row(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl"
    path.write_bytes(b"\n".join(BAD_LINES))
    with pytest.raises(InputError, match=r"no row can be read; the first: .*line 1: is not JSON"):
        read(CorpusConfig(path=path, text="text", unreadable="skip"))


def test_a_damaged_row_group_in_the_middle_loses_its_own_rows_only(tmp_path: Path) -> None:
    path = tmp_path / "c.parquet"
    rows = [{"text": f"text number {at}"} for at in range(3000)]
    table = pa.Table.from_pylist(rows)
    pq.write_table(table, path, row_group_size=1000, write_page_checksum=True, compression="zstd")
    column = pq.ParquetFile(path).metadata.row_group(1).column(0)
    damaged = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    for at in range(start + 40, start + column.total_compressed_size):
        damaged[at] ^= 0x5A
    path.write_bytes(damaged)
    documents = read(CorpusConfig(path=path, text="text", unreadable="skip"))
    assert [d.text for d in documents] == [r["text"] for r in rows[:1000] + rows[2000:]]
    with pytest.raises(InputError, match=r"row 1001: cannot be read \("):
        read(CorpusConfig(path=path, text="text"))


def test_an_unreadable_text_file_is_left_out(tmp_path: Path) -> None:
    for name, content in (("a.txt", b"one"), ("b.txt", b"\xff"), ("c.md", b" "), ("d.py", b"two")):
        (tmp_path / name).write_bytes(content)
    documents = read(CorpusConfig(path=tmp_path, unreadable="skip"))
    assert [(d.doc_id, d.text) for d in documents] == [(0, "one"), (1, "two")]
