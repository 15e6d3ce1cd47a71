"""A prepared corpus is what tokenising one document after the other gives, whatever happens."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

from attribution_engine import prepared_corpus, prepared_parts
from attribution_engine.corpora.documents import read_documents
from attribution_engine.influence.tokens import TokenisedText, tokenise, tokenise_documents
from attribution_engine.prepared_corpus import PreparedCorpus, prepare_corpus
from attribution_engine.prepared_parts import read_tally, span_tokens
from attribution_engine.records import CorpusConfig, Document, InputError, UnreadableRow
from attribution_engine.store.schema import TABLES
from tests.corpora.chat_templates import CHATML, byte_tokenizer
from tests.tiny_run import WORDS, write_model

SIZES = {"context": 64, "vocabulary": 300}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return AutoTokenizer.from_pretrained(write_model(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 8 rows and batches of 3, so that every border is crossed."""
    monkeypatch.setattr(prepared_corpus, "PART_DOCUMENTS", 8)
    monkeypatch.setattr(prepared_corpus, "BATCH_DOCUMENTS", 3)
    monkeypatch.setattr(prepared_parts, "ROW_GROUP", 3)
    monkeypatch.setattr(prepared_corpus, "ROW_GROUP", 3)


def write_rows(path: Path, n: int = 20, seed: int = 0) -> CorpusConfig:
    draw = random.Random(seed)
    rows = [
        {
            "q": " ".join(draw.choices(WORDS, k=draw.randint(1, 6))) + "\0\u2028",
            "a": " ".join(draw.choices(WORDS, k=draw.randint(1, 40))),
            "s": draw.choice(["wiki", None]),
            "n": at,
        }
        for at in range(n)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return CorpusConfig(
        path=path, prompt="q", response="a", source="s", metadata=("n",), max_tokens=40
    )


def one_by_one(config: CorpusConfig, tokenizer: Any) -> list[TokenisedText]:
    return [
        tokenise(
            document.text,
            tokenizer,
            loss_from=document.prompt_chars,
            loss_ranges=document.loss_ranges,
            max_tokens=config.max_tokens,
            where=document.where,
            **SIZES,
        )
        for document in read_documents(config, tokenizer)
    ]


def prepared(config: CorpusConfig, tokenizer: Any, folder: Path, **more: Any) -> PreparedCorpus:
    return prepare_corpus(config, tokenizer, folder=folder, **SIZES, **more)


def test_it_holds_what_reading_and_tokenising_one_by_one_gives(
    tmp_path: Path, tokenizer: Any
) -> None:
    config = write_rows(tmp_path / "c.jsonl")
    texts, documents = one_by_one(config, tokenizer), list(read_documents(config))
    done: list[int] = []
    corpus = prepared(config, tokenizer, tmp_path / "parts", progress=done.append)
    assert sum(done) == len(corpus) == 20
    assert list(corpus) == texts
    assert (corpus[-1], corpus[3:9:2]) == (texts[-1], texts[3:9:2])
    assert corpus.lengths.tolist() == [text.n_positions for text in texts]
    assert corpus.n_tokens == sum(text.n_tokens for text in texts)
    assert corpus.note == ""
    assert corpus.n_cut == sum(text.cut for text in texts) > 0
    assert list(corpus.documents_in(0, 99)) == documents
    assert list(corpus.documents_in(7, 10)) == documents[7:10]
    assert [corpus.document(row) for row in (19, 0, -1, 8)] == [
        documents[row] for row in (19, 0, -1, 8)
    ]
    assert corpus.text(5) == documents[5].text
    assert corpus.where(5) == f"{config.path}: line 6"
    with pytest.raises(IndexError, match="row 20 of 20"):
        corpus[20]


def test_the_parquet_parts_fill_the_documents_of_a_store(tmp_path: Path, tokenizer: Any) -> None:
    config = write_rows(tmp_path / "c.jsonl")
    corpus = prepared(config, tokenizer, tmp_path / "parts")
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE documents ({TABLES['documents']})")
        connection.execute(
            'INSERT INTO documents BY NAME SELECT * EXCLUDE ("where", marks) FROM read_parquet(?)',
            [[str(path) for path in corpus.parquet_parts()]],
        )
        rows = connection.execute(
            "SELECT doc_id, text, prompt_chars, source, n_tokens, token_ends, metadata->>'n', "
            "loss_ranges FROM documents ORDER BY rowid"
        ).fetchall()
    for row, document, text in zip(rows, read_documents(config), corpus, strict=True):
        assert row == (
            *(document.doc_id, document.text, document.prompt_chars, document.source),
            *(text.n_tokens, list(text.token_ends), str(document.doc_id), None),
        )


def test_chats_keep_their_ranges(tmp_path: Path) -> None:
    turns = [("user", "a?"), ("assistant", "b"), ("user", "c?"), ("assistant", "d")]
    row = {"m": [{"role": role, "content": content} for role, content in turns]}
    path = tmp_path / "c.jsonl"
    path.write_text((json.dumps(row) + "\n") * 10)
    tokenizer = byte_tokenizer(CHATML)
    config = CorpusConfig(path=path, messages="m", max_tokens=60)
    corpus = prepared(config, tokenizer, tmp_path / "parts")
    assert list(corpus) == one_by_one(config, tokenizer)
    (first, *_) = read_documents(config, tokenizer)
    assert corpus.document(9).loss_ranges == first.loss_ranges != ()


def test_classes_and_spans_are_kept_with_their_tokens(tmp_path: Path, tokenizer: Any) -> None:
    def classify(text: str, ends: tuple[int, ...]) -> list[int]:
        return [(len(text) + end) % 256 for end in ends]

    def spans(document: Document) -> list[tuple[int, int]]:
        text = document.text
        return [(at, min(at + 7, len(text))) for at in range(0, len(text) % 40, 7)]

    config = write_rows(tmp_path / "c.jsonl")
    corpus = prepared(config, tokenizer, tmp_path / "parts", classify=classify, spans=spans)
    assert list(corpus) == one_by_one(config, tokenizer)
    for row in (3, 19, 0, 11, *range(20), -1):
        text, tokens = corpus.text(row), corpus[row]
        assert corpus.classes(row).tolist() == classify(text, tokens.token_ends)
        assert corpus.classes(row).dtype == np.uint8
        assert corpus.spans(row)[:, :2].tolist() == [
            list(span) for span in spans(corpus.document(row))
        ]
        for start, end, first, stop in corpus.spans(row):
            inside = [at for at, e in enumerate(tokens.token_ends) if start <= e - 1 < end]
            assert list(range(first, stop)) == inside
    bare = prepared(config, tokenizer, tmp_path / "bare")
    for ask in (bare.classes, bare.spans):
        with pytest.raises(ValueError, match="prepared without"):
            ask(0)


def test_a_corpus_without_any_span(tmp_path: Path, tokenizer: Any) -> None:
    config = write_rows(tmp_path / "c.jsonl", 9)
    corpus = prepared(config, tokenizer, tmp_path / "parts", spans=lambda document: [])
    assert corpus.spans(8).shape == (0, 4)


@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 7))
def test_spans_side_by_side_share_out_the_tokens(widths: list[int], size: int) -> None:
    ends = np.cumsum(widths).tolist()
    length = max(ends, default=0)
    spans = [(at, min(at + size, length)) for at in range(0, length, size)]
    found = span_tokens(spans, ends)
    tokens = [at for _, _, first, stop in found for at in range(first, stop)]
    assert tokens == (list(range(len(ends))) if spans else [])


@settings(deadline=None, max_examples=40)
@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=30), max_size=8))
def test_a_batch_is_tokenised_as_one_by_one(tokenizer: Any, texts: list[str]) -> None:
    documents = [
        Document(doc_id=0, text=text, prompt_chars=len(text) // 2, where="w") for text in texts
    ]
    for each, fast in zip(
        documents, tokenise_documents(documents, tokenizer, max_tokens=20, **SIZES), strict=True
    ):
        try:
            slow: Any = tokenise(
                each.text,
                tokenizer,
                loss_from=each.prompt_chars,
                max_tokens=20,
                where=each.where,
                **SIZES,
            )
        except UnreadableRow as error:
            assert str(fast) == str(error)
        else:
            assert fast == slow


def test_unreadable_rows_are_left_out_counted_and_named(tmp_path: Path, tokenizer: Any) -> None:
    good = [json.dumps({"q": "the slope" * (at == 7) * 30, "a": f"is {at}"}) for at in range(14)]
    bad = ["{", json.dumps({"q": "x", "a": " "}), json.dumps({"q": "x"}), "7"] * 5
    lines = [line for pair in zip(bad, good) for line in pair] + bad[14:]
    path = tmp_path / "c.jsonl"
    path.write_text("\n".join(lines))
    config = CorpusConfig(path=path, prompt="q", response="a", max_tokens=40, unreadable="skip")
    corpus = prepared(config, tokenizer, tmp_path / "parts")
    kept = [at for at in range(14) if at != 7]  # the response of 7 is behind the cut
    assert [corpus.text(row) for row in range(len(corpus))] == [f"is {at}" for at in kept]
    assert [d.doc_id for d in corpus.documents_in(0, 99)] == list(range(13))
    assert corpus.n_skipped == len(bad) + 1
    assert corpus.note.startswith(f"Left out 21 of 34 rows: {path}: line 1: is not JSON")
    assert corpus.note.endswith("; ….")
    assert len(corpus.skipped) == prepared_parts.NAMED
    assert corpus.skipped[0].startswith(f"{path}: line 1: is not JSON")
    assert corpus.skipped[1].startswith(f'{path}: line 3: field "a" is empty')
    with pytest.raises(InputError, match="line 1: is not JSON"):
        prepared(CorpusConfig(path=path, prompt="q", response="a"), tokenizer, tmp_path / "stop")


def test_mistakes_that_are_not_of_one_row_stop_in_any_case(tmp_path: Path, tokenizer: Any) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text(json.dumps({"a": "word " * 99}) + "\n")
    config = CorpusConfig(path=path, text="a", unreadable="skip")
    with pytest.raises(InputError, match="and the model's context holds 64"):
        prepared(config, tokenizer, tmp_path / "parts")
    with pytest.raises(InputError, match="name the model's own tokenizer"):
        prepare_corpus(config, tokenizer, context=999, vocabulary=5, folder=tmp_path / "parts")
    path.write_text("{\n")
    with pytest.raises(InputError, match="no row can be read; the first: .*line 1"):
        prepared(config, tokenizer, tmp_path / "parts")


def test_what_is_complete_is_opened_without_reading_the_corpus(
    tmp_path: Path, tokenizer: Any
) -> None:
    config = write_rows(tmp_path / "c.jsonl")
    first = list(prepared(config, tokenizer, tmp_path / "parts"))
    config.path.unlink()
    done: list[int] = []
    assert list(prepared(config, tokenizer, tmp_path / "parts", progress=done.append)) == first
    assert done == [20]
    assert list(PreparedCorpus(tmp_path / "parts")) == first
    (tmp_path / "parts" / "part-000001" / "n_tokens.npy").unlink()
    with pytest.raises(InputError, match="is not a complete prepared corpus"):
        PreparedCorpus(tmp_path / "parts")


def files_of(folder: Path) -> dict[str, bytes]:
    files = [file for file in folder.rglob("*") if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def killed_at(call: int, config: CorpusConfig, tokenizer: Any, folder: Path) -> bool:
    """Prepares in a process that kills itself at its n-th fsync; whether it came so far."""
    process = os.fork()
    if process == 0:
        calls = 0

        def sync(path: Path) -> None:
            nonlocal calls
            calls += 1
            if calls == call:
                os.kill(os.getpid(), signal.SIGKILL)

        prepared_parts.sync = prepared_corpus.sync = sync  # type: ignore[assignment]
        signal.alarm(300)  # should it hang
        try:
            prepared(config, tokenizer, folder)
            os._exit(0)
        finally:
            os._exit(1)
    status = os.waitpid(process, 0)[1]
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
    return os.WIFSIGNALED(status)


def test_killed_at_any_moment_it_goes_on_after_the_last_complete_part(
    tmp_path: Path, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    config = replace(write_rows(tmp_path / "c.jsonl"), unreadable="skip")
    config.path.write_text("{\n" + config.path.read_text() + "{\n{\n")
    prepared(config, tokenizer, tmp_path / "whole")
    whole = files_of(tmp_path / "whole")
    tokenised: list[str] = []
    plain = tokenise_documents

    def counted(documents: list[Document], *more: Any, **options: Any) -> Any:
        tokenised.extend(document.text for document in documents)
        return plain(documents, *more, **options)

    monkeypatch.setattr(prepared_corpus, "tokenise_documents", counted)
    call, moments = 1, set()
    while killed_at(call, config, tokenizer, folder := tmp_path / f"killed {call}"):
        complete = [part for part in folder.glob("part-*") if part.suffix != ".part"]
        for part in complete:
            name = part.name
            assert files_of(part) == {
                key.removeprefix(f"{name}/"): content
                for key, content in whole.items()
                if key.startswith(f"{name}/")
            }
        kept = max((read_tally(part).documents for part in complete), default=0)
        moments.add(kept)
        tokenised.clear()
        prepared(config, tokenizer, folder)
        assert len(tokenised) == 20 - kept
        assert files_of(folder) == whole
        shutil.rmtree(folder)
        call += 1
    assert moments == {0, 7, 15, 20}
    assert call > 20


def test_a_full_disk_is_one_line_and_leaves_complete_parts_only(
    tmp_path: Path, tokenizer: Any
) -> None:
    folder = tmp_path / "parts"
    prepared(write_rows(tmp_path / "c.jsonl", 8), tokenizer, folder)
    config = write_rows(tmp_path / "c.jsonl", 20)
    (folder / "corpus.json").unlink()
    before = files_of(folder)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, limits[1]))  # no file may be larger, in bytes
    try:
        with pytest.raises(InputError, match=r"parts: cannot be written \(.*free space"):
            prepared(config, tokenizer, folder)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert files_of(folder) == before
    assert [entry.name for entry in folder.iterdir()] == ["part-000000"]
    prepared(config, tokenizer, tmp_path / "whole")
    prepared(config, tokenizer, folder)
    assert files_of(folder) == files_of(tmp_path / "whole")
