"""Word lists of one's own reach all that reads token classes: a run, its store, its pages."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from attribution_engine.corpora.configuration import load_config
from attribution_engine.preparation import prepare
from attribution_engine.records import InputError
from attribution_engine.run_inputs import inputs_of
from attribution_engine.store.reader import StoreReader
from attribution_engine.text.token_classes import CONNECTIVE, classify
from attribution_engine.text.word_lists import load
from tests.finding_stages.token_store import find
from tests.synthetic_store import write_synthetic_store
from tests.tiny_run import write_config

MINE = '[connectives]\nmine = ["the slope", "take"]\n'


def with_words(folder: Path, content: str = MINE) -> Path:
    """The tiny run's configuration, with word lists beside it."""
    (folder / "mine.toml").write_text(content, encoding="utf-8")
    config = write_config(folder)
    with config.open("a", encoding="utf-8") as file:
        file.write(f'\n[text]\nwords = "{folder}/mine.toml"\n')
    return config


def test_a_run_reads_its_corpus_by_its_own_lists(tmp_path: Path) -> None:
    config = load_config(with_words(tmp_path))
    assert config.words == tmp_path / "mine.toml"
    corpus = prepare(config, "cpu").corpus
    words = load(tmp_path / "mine.toml")
    seen = 0
    for row in range(len(corpus)):
        document = corpus.document(row)
        classes = corpus.classes(row)
        names = classify(document.text, corpus[row].token_ends, words)
        assert [name == "connective" for name in names] == (classes == CONNECTIVE).tolist()
        seen += int((classes == CONNECTIVE).sum())
        if not ("the slope" in document.text or "take" in document.text):
            assert not (classes == CONNECTIVE).any()
    assert seen > 10


def test_other_lists_are_other_inputs(tmp_path: Path) -> None:
    config = load_config(with_words(tmp_path))
    before = prepare(config, "cpu").corpus.folder
    inputs = inputs_of(config, "cpu")
    (tmp_path / "mine.toml").write_text(MINE.replace("take", "points"), encoding="utf-8")
    assert inputs_of(config, "cpu") != inputs
    assert prepare(config, "cpu").corpus.folder != before


def test_mistakes_are_told_when_the_configuration_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mine.toml: connectives.a is empty"):
        load_config(with_words(tmp_path, "[connectives]\na = []\n"))
    config = with_words(tmp_path)
    (tmp_path / "mine.toml").unlink()
    with pytest.raises(InputError, match="text.words .* is neither in the current folder"):
        load_config(config)


def test_a_document_is_underlined_by_the_lists_of_its_run(tmp_path: Path) -> None:
    path = write_synthetic_store(tmp_path / "mine.duckdb")
    plain = write_synthetic_store(tmp_path / "plain.duckdb")
    before = StoreReader(plain).document_cells(10).classes
    with duckdb.connect(str(path)) as connection:
        connection.execute("INSERT INTO word_list VALUES ('connectives', 'mine', ['slope'])")
    reader = StoreReader(path)
    cells = reader.document_cells(10)
    marked = [cells.piece(at, at) for at in range(len(cells)) if cells.classes[at] == CONNECTIVE]
    assert set(marked) <= {"slope", "Slope"} and (cells.classes != before).any()
    reader.close()
    find(path)  # keeps the lists that are there
    assert [one.words for one in StoreReader(path).used_word_lists()] == [("slope",)]
