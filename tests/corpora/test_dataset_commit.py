"""A dataset on the Hub is read at one commit, and another commit is another corpus."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import datasets
import duckdb
import pytest
from datasets import Dataset
from huggingface_hub import HfApi

from attribution_engine.__main__ import main
from attribution_engine.corpora import datasets_rows
from attribution_engine.corpora.datasets_rows import dataset_commit
from attribution_engine.corpora.documents import read_documents
from attribution_engine.records import CorpusConfig, InputError
from attribution_engine.run_inputs import corpus_digest
from tests.tiny_run import write_config

OLD, NEW = "a" * 40, "b" * 40
CONFIG = CorpusConfig(path=Path("owner/name"), dataset="owner/name", text="text")


class Hub:
    """A Hub with one dataset whose branch can be moved while its commits stay."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.head, self.asked = OLD, 0
        monkeypatch.setattr(HfApi, "dataset_info", self._info)
        monkeypatch.setattr(datasets, "load_dataset", self._load)
        self.move(OLD)

    def move(self, commit: str) -> None:
        """The branch moves, and the next process asks anew."""
        self.head = commit
        datasets_rows._commit_now.cache_clear()

    def _info(self, _dataset: str, *, revision: str | None, timeout: float) -> Any:
        self.asked += 1
        return SimpleNamespace(sha=self.head)

    def _load(self, *_names: str | None, revision: str, **_options: Any) -> Any:
        word = {OLD: "old", NEW: "new"}[revision]
        rows = [{"text": f"take the {word} line {at} and divide"} for at in range(12)]
        return Dataset.from_list(rows).to_iterable_dataset()


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    return Hub(monkeypatch)


def test_what_is_read_is_the_commit_that_was_asked_for_first(hub: Hub) -> None:
    rows = read_documents(CONFIG, None)
    assert next(rows).text == "take the old line 0 and divide"
    hub.head = NEW  # within the process nothing else is read
    assert next(read_documents(CONFIG, None)).text == "take the old line 0 and divide"
    assert (dataset_commit(CONFIG), hub.asked) == (OLD, 1)


def test_another_commit_is_another_prepared_corpus(hub: Hub) -> None:
    old = corpus_digest(CONFIG, "model", "reading")
    assert corpus_digest(CONFIG, "model", "reading") == old
    hub.move(NEW)
    assert corpus_digest(CONFIG, "model", "reading") != old


def test_a_commit_in_the_configuration_and_a_folder_ask_nobody(hub: Hub, tmp_path: Path) -> None:
    pinned = CorpusConfig(path=Path("owner/name"), dataset="owner/name", revision=NEW)
    assert dataset_commit(pinned) == NEW
    assert dataset_commit(CorpusConfig(path=tmp_path, dataset=str(tmp_path))) is None
    assert dataset_commit(CorpusConfig(path=tmp_path)) is None
    assert hub.asked == 0


def test_a_hub_that_does_not_answer_is_one_line_with_the_mend(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_names: Any, **_options: Any) -> Any:
        raise ConnectionError("no route\nto host")

    monkeypatch.setattr(HfApi, "dataset_info", silent)
    with pytest.raises(InputError, match=r"^owner/name: cannot .*no route.*40 digits") as caught:
        dataset_commit(CONFIG)
    assert "\n" not in str(caught.value)


def test_a_dataset_that_changed_is_refused_on_resuming_and_read_anew_otherwise(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = write_config(tmp_path, influence='method = "bm25"', corpus="")
    place = f'path = "{tmp_path}/corpus.jsonl"'
    text = config.read_text().replace(place, 'dataset = "owner/name"')
    for line in ('source = "source"\n', 'difficulty = "level"\n'):
        text = text.replace(line, "")
    config.write_text(text)

    def texts() -> set[str]:
        with duckdb.connect(str(tmp_path / "tiny.duckdb"), read_only=True) as connection:
            rows = connection.execute("SELECT text FROM documents").fetchall()
        return {text.split()[2] for (text,) in rows}

    assert main(["run", str(config), "--device", "cpu"]) == 0
    assert texts() == {"old"}
    hub.move(NEW)
    capsys.readouterr()
    assert main(["run", str(config), "--device", "cpu", "--resume"]) == 2
    assert "changed since: corpus owner/name (commit)" in capsys.readouterr().err
    assert main(["run", str(config), "--device", "cpu"]) == 0
    assert texts() == {"new"}
