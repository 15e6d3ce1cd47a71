"""The notebook's file: nothing that anybody wrote is lost, whoever writes at the same time."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
import threading
from pathlib import Path

import pytest

from attribution_engine import notes
from attribution_engine.notes import Conflict, Notebook
from attribution_engine.records import InputError

PATIENCE = 300.0  # seconds that writers may wait for each other: a disk may be slow
ADDRESS = {"run": ["demo"], "query": ["3"], "source": ["a", "b"], "text": [""]}


@pytest.fixture
def book(tmp_path: Path) -> Notebook:
    return Notebook(tmp_path / "deep" / "notes.sqlite")


def keep(book: Notebook, text: str = "", *tags: str) -> int:
    return book.add("rankings", ADDRESS, run="demo", text=text, tags=tags).note_id


def texts(book: Notebook, tag: str = "") -> list[str]:
    return [note.text for note in book.notes(tag)]


def test_reading_makes_no_file(book: Notebook) -> None:
    assert book.notes() == () and book.note(1) is None
    assert book.tags() == () and book.removed() == ()
    assert not book.path.parent.exists()


def test_a_note_comes_back_as_it_was_kept(book: Notebook) -> None:
    text = "<script>\n$5 \u202e and 🙂 'quotes\"; DROP TABLE notes; --"
    note = book.add(
        "document", ADDRESS, run="demo", citation="858b21·q3", title="T", text=text, tags=["a", "b"]
    )
    assert Notebook(book.path).note(note.note_id) == note
    assert note.address == ADDRESS and note.text == text and note.tags == ("a", "b")
    assert (note.page, note.run, note.citation, note.title) == (
        "document",
        "demo",
        "858b21·q3",
        "T",
    )
    assert note.revision == 1 and note.created_at == note.changed_at
    assert sqlite3.connect(book.path).execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_tags_are_tidied_and_counted(book: Notebook) -> None:
    keep(book, "1", " #loops ", "loops", "two  words", "", "a,b", "x" * 99)
    keep(book, "2", "loops")
    assert book.tags() == (("a b", 1), ("loops", 2), ("two words", 1), ("x" * notes.MAX_TAG, 1))
    assert texts(book, "two words") == ["1"] and texts(book, "loops") == ["1", "2"]
    assert texts(book, "none") == []
    keep(book, "3", *map(str, range(99)))
    assert len(book.notes()[-1].tags) == notes.MAX_TAGS


def test_a_change_by_two_loses_neither_text(book: Notebook) -> None:
    note_id = keep(book, "first", "t")
    book.change(note_id, 1, text="by one", tags=["t", "u"])
    with pytest.raises(Conflict) as conflict:
        book.change(note_id, 1, text="by two")
    assert conflict.value.mine.text == "by two" and conflict.value.theirs.text == "by one"
    assert conflict.value.theirs.revision == 2 and not conflict.value.removed
    found = book.note(note_id)
    assert found is not None and found.text == "by one" and found.tags == ("t", "u")
    book.change(note_id, conflict.value.theirs.revision, text="by one\n\nby two")
    assert texts(book) == ["by one\n\nby two"]


def test_the_same_change_by_two_is_no_conflict(book: Notebook) -> None:
    note_id = keep(book, "first")
    book.change(note_id, 1, text="the same")
    assert book.change(note_id, 1, text="the same").revision == 2


def test_a_change_of_a_removed_note_is_not_lost(book: Notebook) -> None:
    note_id = keep(book, "first")
    book.remove(note_id)
    with pytest.raises(Conflict) as conflict:
        book.change(note_id, 1, text="mine")
    assert conflict.value.removed and conflict.value.mine.text == "mine"
    with pytest.raises(KeyError):
        book.change(99, 1, text="x")


def test_removing_is_undone_at_the_same_place(book: Notebook) -> None:
    ids = [keep(book, str(n)) for n in range(3)]
    book.remove(ids[1])
    assert texts(book) == ["0", "2"] and book.note(ids[1]) is None
    assert [note.text for note in book.removed()] == ["1"]
    book.restore(ids[1])
    assert texts(book) == ["0", "1", "2"] and book.removed() == ()
    book.remove(ids[2])
    assert keep(book, "new") not in ids


def test_move_keeps_every_order_asked_for(book: Notebook) -> None:
    """Against a list that is reordered the plain way, far beyond the room between two numbers."""
    order = [keep(book, str(n)) for n in range(5)]
    chance = random.Random(3)
    for _ in range(100):
        one = chance.choice(order)
        before = chance.choice([other for other in order if other != one] + [None])
        book.move(one, before)
        order.remove(one)
        order.insert(len(order) if before is None else order.index(before), one)
        assert [note.note_id for note in book.notes()] == order
    for _ in range(40):  # always between the same two: the gap halves until it is used up
        one, order = order[-1], [order[0], order[-1], *order[1:-1]]
        book.move(one, order[2])
        assert [note.note_id for note in book.notes()] == order


def test_a_move_to_a_removed_note_does_nothing(book: Notebook) -> None:
    first, second, third = (keep(book, str(n)) for n in range(3))
    book.remove(second)
    book.move(third, second)
    book.move(second, first)
    book.move(third, third)
    assert texts(book) == ["0", "2"]


def test_a_text_of_any_length_is_refused_in_words(book: Notebook) -> None:
    with pytest.raises(InputError, match="at most 100000 characters"):
        keep(book, "x" * 100_001)
    assert book.notes() == ()
    keep(book, "lone \ud800 surrogate and \x00")
    assert texts(book) == ["lone ? surrogate and \ufffd"]


def write_many(path: Path, name: str) -> None:
    notes.BUSY_SECONDS = PATIENCE
    book = Notebook(path)
    for n in range(25):
        book.add("overview", ADDRESS, text=f"{name} {n}")


def test_two_programs_write_at_once(book: Notebook) -> None:
    start = multiprocessing.get_context("spawn")
    programs = [start.Process(target=write_many, args=(book.path, name)) for name in "ab"]
    for one in programs:
        one.start()
    for one in programs:
        one.join(PATIENCE)
    assert [one.exitcode for one in programs] == [0, 0]
    assert sorted(texts(book)) == sorted(f"{name} {n}" for name in "ab" for n in range(25))
    assert len({note.position for note in book.notes()}) == 50


def test_many_threads_change_one_note_and_lose_nothing(
    book: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes, "BUSY_SECONDS", PATIENCE)
    note_id = keep(book, "")

    def append(name: str) -> None:
        while True:
            note = book.note(note_id)
            assert note is not None
            try:
                book.change(note_id, note.revision, text=f"{note.text}{name};")
                return
            except Conflict:
                continue

    threads = [threading.Thread(target=append, args=(str(n),)) for n in range(12)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert sorted(texts(book)[0].strip(";").split(";"), key=int) == [str(n) for n in range(12)]


def test_what_is_no_notebook_is_said_in_words(tmp_path: Path) -> None:
    broken = tmp_path / "notes.sqlite"
    broken.write_bytes(b"this is text, and long enough to be read as a header" * 30)
    for act in (lambda: Notebook(broken).notes(), lambda: keep(Notebook(broken))):
        with pytest.raises(InputError, match="no notebook or is damaged"):
            act()
    later = tmp_path / "later.sqlite"
    connection = sqlite3.connect(later)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(InputError, match="later version of the explorer"):
        Notebook(later).notes()
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot make its folder"):
        keep(Notebook(tmp_path / "file" / "notes.sqlite"))
