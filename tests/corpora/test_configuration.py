"""Configuration files: what they mean, and the one line each mistake gets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from attribution_engine.corpora import configuration
from attribution_engine.corpora.configuration import load_config
from attribution_engine.records import CorpusConfig, InfluenceConfig, InputError

GOOD = """
name = "tiny"
[model]
path = "model"
[corpus]
path = "corpus.jsonl"
text = "text"
[[queries]]
file = "sums.jsonl"
"""
PATH_AND_TEXT = 'path = "corpus.jsonl"\ntext = "text"'


def with_corpus(line: str) -> str:
    """GOOD with one more line in its section of the corpus."""
    return GOOD.replace("[[queries]]", line + "\n[[queries]]")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a model, a corpus, a query file and one suite of the project."""
    (tmp_path / "model").mkdir()
    (tmp_path / "suites").mkdir()
    for name in ("corpus.jsonl", "sums.jsonl", "suites/slopes.jsonl"):
        (tmp_path / name).write_text("{}\n")
    monkeypatch.setattr(configuration, "SUITES_FOLDER", tmp_path / "suites")
    return tmp_path


def write(folder: Path, text: str) -> Path:
    path = folder / "tiny.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_smallest_file_takes_every_default(folder: Path) -> None:
    config = load_config(write(folder, GOOD))
    assert config.name == "tiny"
    assert config.model.path == str(folder / "model")
    assert config.corpus.path == folder / "corpus.jsonl"
    assert config.influence == InfluenceConfig()
    assert config.store == Path("data/runs/tiny.duckdb")
    assert config.work == Path("data/work/tiny")
    assert [(suite.suite, suite.completions) for suite in config.suites] == [("sums", "given")]
    json.dumps(config.raw)


def test_every_key(folder: Path) -> None:
    text = """
name = "full"
notes = "a note"
[model]
path = "someone/some-model"
dtype = "bfloat16"
tokenizer = "model"
[corpus]
path = "corpus.jsonl"
prompt = "q"
response = "a"
separator = "\\n"
source = "s"
metadata = ["year"]
max_tokens = 64
limit = 10
[[queries]]
suite = "slopes"
completions = "generate"
max_new_tokens = 32
limit = 3
[[queries]]
file = "sums.jsonl"
[influence]
factor_documents = 0
rank = 32
damping = 1
tail = 5
alignments = ["predicted"]
batch_tokens = 256
seed = 7
[output]
store = "out/full.duckdb"
work = "out/work"
"""
    config = load_config(write(folder, text))
    assert config.model.path == "someone/some-model"
    assert config.model.tokenizer == str(folder / "model")
    assert (config.corpus.separator, config.corpus.metadata) == ("\n", ("year",))
    assert config.suites[0].path == folder / "suites" / "slopes.jsonl"
    assert config.suites[0].max_new_tokens == 32
    assert config.influence.factor_documents is None
    assert config.influence.rank == 32
    assert config.influence.damping == 1.0
    assert config.influence.alignments == ("predicted",)
    assert config.store == Path("out/full.duckdb")


def test_rank_zero_is_exact(folder: Path) -> None:
    config = load_config(write(folder, GOOD + "[influence]\nrank = 0\n"))
    assert config.influence.rank is None


def test_current_folder_comes_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "corpus.jsonl").write_text("{}")
    monkeypatch.chdir(elsewhere)
    assert load_config(write(folder, GOOD)).corpus.path == Path("corpus.jsonl")


def test_a_folder_needs_no_text_field(folder: Path) -> None:
    text = GOOD.replace('path = "corpus.jsonl"\ntext = "text"', 'path = "suites"')
    assert load_config(write(folder, text)).corpus.text is None


def corpus_of(folder: Path, lines: str) -> CorpusConfig:
    return load_config(write(folder, GOOD.replace(PATH_AND_TEXT, lines))).corpus


def test_a_dataset_by_name_or_by_folder(folder: Path) -> None:
    lines = 'dataset = "owner/name"\nsubset = "sub"\nsplit = "test"\nrevision = "v1"\n'
    corpus = corpus_of(folder, lines + 'messages = "chat"\nunreadable = "skip"')
    assert (corpus.dataset, corpus.path) == ("owner/name", Path("owner/name"))
    assert (corpus.subset, corpus.split, corpus.revision) == ("sub", "test", "v1")
    assert (corpus.messages, corpus.template, corpus.unreadable) == ("chat", None, "skip")
    corpus = corpus_of(folder, 'dataset = "suites"\nprompt = "q"\nresponse = "a"')
    assert (corpus.dataset, corpus.path) == (str(folder / "suites"), folder / "suites")
    assert (corpus.split, corpus.unreadable) == ("train", "stop")


def test_a_table_of_a_duckdb_file(folder: Path) -> None:
    (folder / "c.duckdb").write_bytes(b"")
    corpus = corpus_of(folder, 'path = "c.duckdb"\ntable = "documents"\ntext = "text"')
    assert (corpus.path, corpus.table) == (folder / "c.duckdb", "documents")


MISTAKES = [
    ("unknown key", GOOD + "[influence]\ndampin = 1\n", r"influence\.dampin .*mean damping\?"),
    ("unknown top key", "nam = 1\n" + GOOD, r"nam is not a known key; did you mean name\?"),
    (
        "wrong type",
        GOOD + '[influence]\nrank = "32"\n',
        r"influence\.rank .*whole number, not text",
    ),
    ("bool for number", GOOD + "[influence]\nrank = true\n", r"influence\.rank .*true or false"),
    ("negative", GOOD + "[influence]\ntail = -1\n", r"influence\.tail = -1 is too small"),
    ("negative damping", GOOD + "[influence]\ndamping = -0.1\n", r"damping = -0\.1 .*above 0"),
    ("nan", GOOD + "[influence]\ndamping = nan\n", r"damping = nan must be a finite"),
    ("bad enum", GOOD.replace('"model"\n', '"model"\ndtype = "half"\n'), r"dtype .*float32"),
    ("bad method", GOOD + '[influence]\nmethod = "magic"\n', r'method .*"ek-fac"'),
    ("alignment", GOOD + '[influence]\nalignments = ["up"]\n', r'alignments .*"predicted"'),
    (
        "unknown suite",
        GOOD.replace('file = "sums.jsonl"', 'suite = "slope"'),
        r'known are "slopes"',
    ),
    ("suite twice", GOOD + '[[queries]]\nfile = "sums.jsonl"\n', r'"sums" twice'),
    ("suite and file", GOOD + 'suite = "slopes"\n', r"queries\[1\]\.suite or file .*not both"),
    ("completions", GOOD + 'completions = "made"\n', r'completions .*"given", "generate"'),
    ("text and prompt", GOOD.replace("[[", 'prompt = "q"\n[['), r"corpus\.text stands beside"),
    ("prompt alone", GOOD.replace("text =", "prompt ="), r"corpus\.prompt needs response"),
    ("neither", GOOD.replace('text = "text"', ""), r"corpus\.text is missing"),
    ("path and dataset", with_corpus('dataset = "a/b"'), r"corpus\.path stands beside dataset"),
    ("text and messages", with_corpus('messages = "m"'), r"corpus\.messages stands beside text"),
    ("subset of a file", with_corpus('subset = "s"'), r"corpus\.subset is for corpus\.dataset"),
    ("split of a file", with_corpus('split = "s"'), r"corpus\.split is for a dataset"),
    ("table of JSONL", with_corpus('table = "t"'), r"corpus\.table is for a \.duckdb"),
    ("template of texts", with_corpus('template = "plain"'), r"corpus\.template stands beside"),
    ("unknown template", with_corpus('template = "x"'), r'template = "x" .*"tokenizer", "plain"'),
    ("unreadable", with_corpus('unreadable = "x"'), r'unreadable = "x" .*"stop", "skip"'),
    (
        "separator in a template",
        GOOD.replace('text = "text"', 'messages = "m"\nseparator = " "'),
        r"corpus\.separator does nothing",
    ),
    (
        "no dataset",
        GOOD.replace(PATH_AND_TEXT, 'dataset = "../no/data"\ntext = "t"'),
        r"corpus\.dataset = .*no hub id",
    ),
    (
        "dataset without fields",
        GOOD.replace(PATH_AND_TEXT, 'dataset = "suites"'),
        r"corpus\.text is missing",
    ),
    ("no queries", GOOD.split("[[")[0], r"queries is missing; add \[\[queries\]\]"),
    ("single bracket", GOOD.replace("[[queries]]", "[queries]"), r"double brackets"),
    ("no corpus", GOOD.replace("corpus.jsonl", "corpse.jsonl"), r"corpus\.path = .*neither"),
    ("no model", GOOD.replace('"model"', '"../../no/model"'), r"model\.path .*no hub id"),
    ("no name", GOOD.replace('name = "tiny"', ""), r'name is missing; add .*name = "tiny"'),
    ("bad name", GOOD.replace("tiny", "a/b"), r"name = .*only letters"),
    ("section as value", "model = 3\n" + GOOD.replace('[model]\npath = "model"', ""), r"\[model\]"),
    ("store", GOOD + '[output]\nstore = "x.db"\n', r"output\.store .*\.duckdb"),
    ("not TOML", GOOD + "name = = 3\n", r"is not TOML: .*line"),
    ("metadata", GOOD.replace("[[", "metadata = [1]\n[["), r"corpus\.metadata must be a list"),
    ("empty text", GOOD.replace('"text"', '""'), r"corpus\.text is empty"),
]


@pytest.mark.parametrize(
    ("text", "line"), [case[1:] for case in MISTAKES], ids=[c[0] for c in MISTAKES]
)
def test_mistake_is_one_line(folder: Path, text: str, line: str) -> None:
    path = write(folder, text)
    with pytest.raises(InputError) as caught:
        load_config(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert re.search(line, message), message


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such file"):
        load_config(tmp_path / "no.toml")


def test_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes(b'name = "\xe9"')
    with pytest.raises(InputError, match="not UTF-8 at byte 8"):
        load_config(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        load_config(tmp_path)
