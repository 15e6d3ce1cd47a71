"""The page Notebook and what is done to notes there, with somebody else at work meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import streamlit as st

from attribution_engine.notes import Note, Notebook
from pages.parts import links, notebook_list, presenting, view_bar
from pages.parts.note_address import address_now, missing
from tests.pages.test_pages import draw, words
from tests.synthetic_store import write_synthetic_store

ADDRESS = {"run": ["synthetic"], "query": ["3"], "side": ["harmful"]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_synthetic_store(tmp_path_factory.mktemp("runs") / "synthetic.duckdb").parent


@pytest.fixture(autouse=True)
def book(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))
    monkeypatch.setenv("INFLUENCE_NOTES", str(tmp_path / "notes.sqlite"))
    return Notebook(tmp_path / "notes.sqlite")


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A session of its own, without a server."""
    kept: dict[str, Any] = {links.VIEW: dict(links.DEFAULTS)}
    monkeypatch.setattr(st, "session_state", kept)
    return kept


def keep(book: Notebook, text: str, *tags: str, **more: str) -> Note:
    return book.add("rankings", ADDRESS, run="synthetic", text=text, tags=tags, **more)


def act(state: dict[str, Any], what: str, note: int | Note = 0, shown: tuple[int, ...] = (),
        **more: Any) -> None:  # fmt: skip
    """Does what a click in the list does."""
    note_id = note if isinstance(note, int) else note.note_id
    revision = 0 if isinstance(note, int) else note.revision
    state[notebook_list.KEY] = {"act": {"what": what, "id": note_id, "revision": revision, **more}}
    notebook_list._act(list(shown))


def texts(book: Notebook) -> list[str]:
    return [note.text for note in book.notes()]


def test_an_empty_notebook_says_what_it_is_for(book: Notebook) -> None:
    app = draw("notebook", run="synthetic", query="3")
    assert "Bookmark keeps the view" in words(app) and not app.error
    assert not book.path.exists()


def test_the_page_lists_the_notes_and_says_what_a_link_asks_in_vain(book: Notebook) -> None:
    keep(book, "one", "talk")
    keep(book, "two")
    assert "2 notes. Each opens" in words(draw("notebook", run="synthetic", query="3"))
    app = draw("notebook", run="synthetic", query="3", tag=["talk"], note="1")
    assert "1 of 2 notes" in words(app) and not app.error
    app = draw("notebook", run="synthetic", query="3", tag=["none"], note="99")
    said = words(app).replace("\\", "")
    assert "note “99”, which is not in this notebook" in said
    assert "the tag “none”, which no note has" in said and "2 notes" in said


def test_the_page_needs_no_run_and_no_query(book: Notebook) -> None:
    keep(book, "one")
    for address in ({"run": "gone"}, {"run": "synthetic", "query": "999"}):
        assert "1 note. Each" in words(draw("notebook", **address))


def test_a_broken_notebook_breaks_no_page(book: Notebook) -> None:
    book.path.write_bytes(b"no database, but long enough to be taken for one" * 40)
    assert "no notebook or is damaged" in words(draw("notebook", run="synthetic", query="3"))
    app = draw("rankings", run="synthetic", query="3")
    assert "documents" in words(app)


def test_a_link_that_presents_an_unknown_note_says_so(book: Notebook) -> None:
    keep(book, "one", "talk")
    app = draw("rankings", run="synthetic", query="3", present="7")
    assert "presents note “7”, which is not in the notebook" in words(app).replace("\\", "")
    app = draw("rankings", run="synthetic", query="3", present="1", tag=["other"])
    assert "not in the notebook under other" in words(app).replace("\\", "")
    app = draw("rankings", run="synthetic", query="3", present="1", tag=["talk"])
    assert not app.error


def test_a_bookmark_holds_the_whole_view(book: Notebook, state: dict[str, Any]) -> None:
    links.view().update(run="synthetic", query="3", side="harmful", tails="one", size="large")
    links.view()["source"] = ["a", "b"]
    state[view_bar.KEY] = {"keep": {"text": "$5 <b>", "tags": ["talk", " talk"]}}
    view_bar._keep("rankings", "synthe·q3")
    (note,) = book.notes()
    assert note.address == links.address_of("rankings", size="")
    assert note.address["source"] == ["a", "b"] and "size" not in note.address
    assert (note.text, note.tags, note.citation, note.run) == (
        "$5 <b>", ("talk",), "synthe·q3", "synthetic",
    )  # fmt: skip
    assert note.title == "Most harmful documents of query 3, filtered"


def test_two_people_change_one_note(book: Notebook, state: dict[str, Any]) -> None:
    note = keep(book, "first", "a")
    for choice, text, tags in (
        ("mine", "by me", ("mine",)),
        ("theirs", "by them", ("a", "b")),
        ("both", "by them\n\nby me", ("a", "b", "mine")),
    ):
        book.change(note.note_id, book.note(note.note_id).revision, text="first", tags=["a"])
        read = book.note(note.note_id)
        book.change(note.note_id, read.revision, text="by them", tags=["a", "b"])
        act(state, "save", read, text="by me", tags=["mine"])
        assert texts(book) == ["by them"]
        assert state[notebook_list.CONFLICTS][note.note_id].mine.text == "by me"
        act(state, choice, note)
        assert book.note(note.note_id).text == text and book.note(note.note_id).tags == tags
        assert not state[notebook_list.CONFLICTS]


def test_a_second_conflict_while_the_first_is_settled(
    book: Notebook, state: dict[str, Any]
) -> None:
    note = keep(book, "first")
    book.change(note.note_id, 1, text="by a second")
    act(state, "save", note, text="by me", tags=[])
    book.change(note.note_id, 2, text="by a third")
    act(state, "mine", note)
    assert texts(book) == ["by a third"]
    act(state, "both", note)
    assert texts(book) == ["by a third\n\nby me"]


def test_a_note_that_is_removed_while_it_is_edited(book: Notebook, state: dict[str, Any]) -> None:
    note = keep(book, "first")
    book.remove(note.note_id)
    act(state, "save", note, text="by me", tags=[])
    assert state[notebook_list.CONFLICTS][note.note_id].removed and texts(book) == []
    act(state, "mine", note)
    assert texts(book) == ["by me"]


def test_removing_is_undone(book: Notebook, state: dict[str, Any]) -> None:
    first, second = keep(book, "first"), keep(book, "second")
    act(state, "remove", first)
    assert texts(book) == ["second"]
    assert state[notebook_list.UNDO] == {"id": first.note_id, "words": "Note removed: first"}
    act(state, "restore", state[notebook_list.UNDO]["id"])
    assert texts(book) == ["first", "second"] and notebook_list.UNDO not in state
    assert second in book.notes()


def test_notes_move_among_those_that_are_shown(book: Notebook, state: dict[str, Any]) -> None:
    a, b, c, d = (keep(book, text).note_id for text in "abcd")
    shown = (a, c, d)  # b is hidden by the filter
    act(state, "down", a, shown)
    assert texts(book) == ["b", "c", "a", "d"]
    act(state, "up", a, (c, a, d))
    assert texts(book) == ["b", "a", "c", "d"]
    act(state, "top", d, shown)
    assert texts(book) == ["b", "d", "a", "c"]
    act(state, "down", c, (d, a, c))
    act(state, "up", d, (d, a, c))
    act(state, "up", 99, (d, a, c))
    assert texts(book) == ["b", "d", "a", "c"]


def test_tags_are_switched_in_the_view(book: Notebook, state: dict[str, Any]) -> None:
    act(state, "filter", tag="talk")
    act(state, "filter", tag="slopes")
    assert links.view()["tag"] == ["talk", "slopes"]
    act(state, "filter", tag="talk")
    assert links.view()["tag"] == ["slopes"]
    keep(book, "both", "talk", "slopes")
    keep(book, "one", "talk")
    assert [note.text for note in presenting.chosen(book.notes(), ["talk", "slopes"])] == ["both"]


def test_too_long_a_text_is_said_and_not_kept(book: Notebook, state: dict[str, Any]) -> None:
    note = keep(book, "first")
    act(state, "save", note, text="x" * 200_000, tags=[])
    assert texts(book) == ["first"] and "at most 100000" in state[notebook_list.PROBLEM]


def test_a_note_says_where_its_run_has_gone(book: Notebook) -> None:
    note = keep(book, "one", citation="858b21·q3")
    here = {"synthetic": "858b218408d5"}
    assert missing(note, here) == "" and address_now(note, here) == ADDRESS
    assert "another build" in missing(note, {"synthetic": "ffffff"})
    moved = {"other": "858b218408d5"}
    assert "now called “other”" in missing(note, moved)
    assert address_now(note, moved) == ADDRESS | {"run": ["other"]}
    assert "not in the runs folder" in missing(note, {"other": "ffffff"})
    assert address_now(note, {}) == ADDRESS
