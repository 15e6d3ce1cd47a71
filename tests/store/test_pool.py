"""Few connections, opened again where they were closed; answers kept by size; many threads."""

from __future__ import annotations

import gc
import os
import platform
import shutil
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from attribution_engine.records import InputError
from attribution_engine.store import pool
from attribution_engine.store.allocator import give_back_freed_memory
from attribution_engine.store.kept_answers import SHARED, SharedAnswers, size_of
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import DocumentFilter
from tests.synthetic_store import write_synthetic_store


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pool")
    first = write_synthetic_store(folder / "0.duckdb", 40)
    others = [folder / f"{number}.duckdb" for number in range(1, 6)]
    return [first, *(Path(shutil.copy(first, other)) for other in others)]


def test_only_few_stores_are_open_and_all_answer(paths: list[Path]) -> None:
    readers = [StoreReader(path) for path in paths]
    for _ in range(2):
        for reader in readers:
            assert len(reader._rows("SELECT doc_id FROM documents")) == 40
            assert pool.POOL.n_open <= pool.OPEN
    open_now = {file.path for file in pool.POOL._opened}
    assert open_now == {reader.path for reader in readers[-pool.OPEN :]}


def test_a_store_in_use_is_not_closed(paths: list[Path]) -> None:
    readers = [StoreReader(path) for path in paths]
    with readers[0]._cursor() as cursor:
        for reader in readers[1:]:
            reader._rows("SELECT 1")
        assert cursor.execute("SELECT count(*) FROM documents").fetchone() == (40,)


def test_a_reader_that_is_gone_lets_go_of_its_file_and_answers(paths: list[Path]) -> None:
    reader = StoreReader(paths[0])
    owner, file = reader._owner, reader._file
    reader.distribution(0)
    assert any(key[0] == owner for key in SHARED._kept)
    others = pool.POOL._holders[file] - 1
    del reader
    gc.collect()
    SHARED.get(-1, "anything", lambda: 1)
    assert not any(key[0] == owner for key in SHARED._kept)
    pool.POOL._sweep()
    assert pool.POOL._holders[file] == others


def test_many_threads_over_many_stores(paths: list[Path]) -> None:
    readers = [StoreReader(path) for path in paths]
    expected = [one.doc_id for one in readers[0].rankings(3, limit=40, fold=True).documents]
    wrong: list[object] = []

    def session(number: int) -> None:
        random = np.random.default_rng(number)
        try:
            for _ in range(6):
                reader = readers[random.integers(len(readers))]
                page = reader.rankings(3, limit=40, fold=True)
                if [one.doc_id for one in page.documents] != expected:
                    wrong.append(page)
                reader.rankings(int(random.integers(12)), only=DocumentFilter(text="slope"))
                reader.query_effects(int(random.integers(40)))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=session, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong and not any(thread.is_alive() for thread in threads)
    readers[0]._rows("SELECT 1")
    assert pool.POOL.n_open <= pool.OPEN


def test_a_replaced_store_is_read_anew_and_the_old_reader_says_so(tmp_path: Path) -> None:
    path = write_synthetic_store(tmp_path / "run.duckdb", 40)
    old = StoreReader(path)
    assert old.run().n_documents == 40
    write_synthetic_store(tmp_path / "new.duckdb", 50)
    os.replace(tmp_path / "new.duckdb", path)
    assert len(old._rows("SELECT 1 FROM documents")) == 40  # the file that it opened
    new = StoreReader(path)
    assert new.run().n_documents == 50
    with pytest.raises(InputError, match="replaced"):
        old._rows("SELECT 1")
    assert len(new._rows("SELECT 1 FROM documents")) == 50


def test_what_is_kept_is_bounded_and_made_once() -> None:
    kept = SharedAnswers(limit=10_000)
    made: list[int] = []

    def make(number: int, size: int) -> np.ndarray:
        made.append(number)
        return np.zeros(size, np.uint8)

    for number in range(20):
        kept.get("store", number, partial(make, number, 1_000))
        assert kept.n_bytes <= 10_000
    kept.get("store", 19, lambda: make(19, 1_000))
    assert made == list(range(20)), "the last ones are kept"
    kept.get("store", 0, lambda: make(0, 1_000))
    assert made[-1] == 0, "the first ones are not"
    kept.get("store", "large", lambda: make(-1, 9_000))
    kept.get("store", 19, lambda: make(19, 1_000))
    assert made[-1] == -1, "what takes most of the room is not kept"
    kept.forget("store")
    assert kept.n_bytes == 0


def test_what_many_ask_for_is_made_once_and_errors_are_not_kept() -> None:
    kept = SharedAnswers(limit=10_000, heavy_at_once=1)
    calls: list[int] = []
    start = threading.Barrier(8)

    def slow() -> int:
        calls.append(1)
        threading.Event().wait(0.05)
        # One heavy answer that needs another does not wait for itself.
        return kept.get("a", "inner", lambda: 7, heavy=True)

    def ask() -> None:
        start.wait()
        assert kept.get("a", "outer", slow, heavy=True) == 7

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(calls) == 1

    def fails() -> int:
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            kept.get("a", "fails", fails)
    assert kept.get("a", "fails", lambda: 3) == 3


def test_sizes_count_what_is_inside() -> None:
    assert size_of(np.zeros(1000)) > 8000
    assert size_of([np.zeros(1000), "x" * 500]) > 8500
    assert size_of(DocumentFilter(text="x" * 1000)) > 1000


def test_the_c_library_is_asked_to_return_memory() -> None:
    assert give_back_freed_memory() == (platform.libc_ver()[0] == "glibc")
