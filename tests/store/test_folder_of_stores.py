"""Which files of the runs folder are offered, and that no other can be opened."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from attribution_engine.records import InputError
from attribution_engine.store.opening import list_stores
from pages.parts import runs
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("elsewhere") / "secret.duckdb", 20)


@pytest.fixture
def folder(store: Path, tmp_path: Path) -> Path:
    """A folder with stores, and with much that only looks like one."""
    folder = tmp_path / "runs"
    folder.mkdir()
    for name in ("good.duckdb", "odd 'na<b>me$ 🙂.duckdb", ".hidden.duckdb", ".run.duckdb.17.part"):
        shutil.copy(store, folder / name)
    (folder / "leads out.duckdb").symlink_to(store)
    (folder / "leads away.duckdb").symlink_to("/etc/passwd")
    (folder / "leads nowhere.duckdb").symlink_to(folder / "missing")
    (folder / "leads in.duckdb").symlink_to(folder / "good.duckdb")
    (folder / "leads to hidden.duckdb").symlink_to(folder / ".hidden.duckdb")
    (folder / "turns.duckdb").symlink_to(folder / "turns.duckdb")
    (folder / "folder.duckdb").mkdir()
    (folder / "below").mkdir()
    shutil.copy(store, folder / "below" / "deep.duckdb")
    os.mkfifo(folder / "pipe.duckdb")
    return folder


def test_only_files_of_the_folder_are_offered(folder: Path) -> None:
    names = [path.name for path in list_stores(folder)]
    assert names == ["good.duckdb", "leads in.duckdb", "odd 'na<b>me$ 🙂.duckdb"]


def test_a_folder_that_is_a_link_itself(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert len(list_stores(tmp_path / "link")) == 3


def test_only_what_is_offered_can_be_opened(
    folder: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))
    for name in runs.stores():
        assert runs.reader_of(runs.stores()[name]).run().n_documents == 20
    for path in (
        store,
        folder / "leads out.duckdb",
        folder / ".hidden.duckdb",
        folder / "below" / "deep.duckdb",
        folder / ".." / "runs" / "good.duckdb",
        folder / "missing.duckdb",
        Path("/etc/passwd"),
    ):
        with pytest.raises(InputError, match="no such file in the runs folder"):
            runs.reader_of(path)


def test_a_store_that_is_replaced_has_a_new_reader(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))
    path = runs.stores()["good"]
    reader = runs.reader_of(path)
    assert runs.reader_of(path) is reader
    write_synthetic_store(folder / "new", 30)
    os.replace(folder / "new", path)
    assert runs.reader_of(path).run().n_documents == 30


def test_readers_are_few_and_those_of_files_that_are_gone_are_dropped(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(tmp_path))
    monkeypatch.setattr(runs, "KEPT", 2)
    for name in ("a", "b", "c"):
        shutil.copy(store, tmp_path / f"{name}.duckdb")
    paths = runs.stores()
    readers = {name: runs.reader_of(paths[name]) for name in ("a", "b")}
    assert runs.reader_of(paths["a"]) is readers["a"]
    runs.reader_of(paths["c"])
    _, kept = runs._open_readers()
    assert list(kept) == [paths["a"], paths["c"]]
    assert readers["b"].document(0, 1) is not None  # who has it may go on reading
    paths["a"].unlink()
    runs.reader_of(paths["c"])
    assert list(kept) == [paths["c"]]
