"""The notes of the notebook as a list, and what is done to them there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from attribution_engine.notes import Conflict, Note, Notebook
from attribution_engine.records import InputError
from pages.parts import links, wording
from pages.parts.appearance import SCREEN
from pages.parts.navigation import PAGES
from pages.parts.note_address import address_now, missing, readable_runs
from pages.parts.notebook_file import notebook
from pages.parts.presenting import chosen, present

FOLDER = Path(__file__).parent
KEY = "notebook_list"
CONFLICTS, UNDO, SAVED, PROBLEM = (
    "conflicts of notes", "a removed note", "the last saved note", "what the notebook cannot do",
)  # fmt: skip

_list = st.components.v2.component(
    "influence_notebook",
    html=(FOLDER / "notebook_list.html").read_text(encoding="utf-8"),
    css=(FOLDER / "notebook_list.css").read_text(encoding="utf-8"),
    js=(FOLDER / "notebook_list.js").read_text(encoding="utf-8"),
)


def notebook_list(book: Notebook, notes: Sequence[Note]) -> None:
    """Draws all notes that have the chosen tags; opens or presents the one that was clicked."""
    chosen_tags = links.view()["tag"]
    ids = readable_runs()
    conflicts: dict[int, Conflict] = st.session_state.setdefault(CONFLICTS, {})
    shown = chosen(tuple(notes), chosen_tags)
    known = {note.note_id for note in shown}
    # A note that somebody has removed while it was being edited stays until that is settled.
    shown += tuple(one.theirs for note_id, one in conflicts.items() if note_id not in known)
    result = _list(
        key=KEY,
        data={
            "notes": [
                _row(note, place, ids, conflicts.get(note.note_id))
                for place, note in enumerate(shown, start=1)
            ],
            "tags": [[tag, count, tag in chosen_tags] for tag, count in book.tags()],
            "removed": [
                {"id": one.note_id, "words": wording.one_line(f"{one.title}: {one.text}", 120)}
                for one in book.removed()
            ],
            "undo": st.session_state.get(UNDO),
            "saved": st.session_state.get(SAVED, ""),
        },
        on_act_change=lambda: _act([note.note_id for note in shown]),
    )
    act = result.act
    asked = next((one for one in shown if act and one.note_id == act["id"]), None)
    if act and asked and act["what"] == "open":
        links.open_address(asked.page, address_now(asked, ids))
    if act and asked and act["what"] == "present":
        st.session_state[SCREEN] = int(act.get("width", 0))
        present(asked, chosen_tags, ids)


def _row(note: Note, place: int, ids: dict[str, str], conflict: Conflict | None) -> dict[str, Any]:
    address = address_now(note, ids)
    changed = f", changed {_day(note.changed_at)}" if note.revision > 1 else ""
    return {
        "id": note.note_id,
        "revision": note.revision,
        "place": place,
        "title": note.title or PAGES.get(note.page, note.page),
        "href": f"{note.page}?{urlencode(address, doseq=True)}",
        "citation": note.citation,
        "facts": [f"run {note.run}", f"kept {_day(note.created_at)}{changed}"],
        "missing": missing(note, ids) if note.run else "",
        "text": note.text,
        "tags": list(note.tags),
        "current": str(note.note_id) == links.view()["note"],
        "conflict": conflict
        and {
            "words": "Somebody else has removed this note meanwhile. Nothing is lost:"
            if conflict.removed
            else "Somebody else has changed this note meanwhile. Nothing is lost:",
            "mine": _written(conflict.mine),
            "theirs": _written(conflict.theirs),
            "removed": conflict.removed,
        },
    }


def _written(note: Note) -> str:
    return note.text + (f"\n\nTags: {', '.join(note.tags)}" if note.tags else "")


def _day(moment: str) -> str:
    return f"{moment[:16].replace('T', ' ')} UTC"


def _act(shown: list[int]) -> None:
    """Callback: does to the notebook what was asked for in the list."""
    act: dict[str, Any] | None = st.session_state[KEY].get("act")
    if not act:
        return
    links.put()
    what, note_id = act["what"], int(act["id"])
    if what != "filter":
        st.session_state.pop(UNDO, None)
    book = notebook()
    try:
        if what == "filter":
            tags = links.view()["tag"]
            without = [tag for tag in tags if tag != act["tag"]]
            links.put(tag=without if act["tag"] in tags else [*tags, act["tag"]])
        elif what in ("top", "up", "down"):
            _move(book, what, note_id, shown)
        elif what == "remove":
            _remove(book, note_id)
        elif what == "restore":
            book.restore(note_id)
        elif what == "save":
            _save(book, note_id, int(act["revision"]), act["text"], act["tags"])
        elif what in ("mine", "theirs", "both"):
            _settle(book, note_id, what)
    except InputError as error:
        st.session_state[PROBLEM] = str(error)


def _remove(book: Notebook, note_id: int) -> None:
    note = book.note(note_id)
    book.remove(note_id)
    if note is not None:
        words = f"Note removed: {wording.one_line(note.text or note.title, 80)}"
        st.session_state[UNDO] = {"id": note_id, "words": words}


def _move(book: Notebook, what: str, note_id: int, shown: list[int]) -> None:
    """Moves a note among those that are shown; hidden ones stay where they are."""
    order = [note.note_id for note in book.notes()]
    shown = [one for one in shown if one in order]
    if note_id not in shown:
        return
    at = shown.index(note_id)
    if what == "down":
        if at + 1 < len(shown):
            behind = order[order.index(shown[at + 1]) + 1 :]
            book.move(note_id, behind[0] if behind else None)
    elif at > 0:
        book.move(note_id, shown[0] if what == "top" else shown[at - 1])


def _save(book: Notebook, note_id: int, revision: int, text: str, tags: Sequence[str]) -> None:
    """Changes a note, or keeps the conflict for both to be shown."""
    conflicts: dict[int, Conflict] = st.session_state.setdefault(CONFLICTS, {})
    try:
        book.change(note_id, revision, text=text, tags=tags)
    except Conflict as conflict:
        conflicts[note_id] = conflict
        return
    conflicts.pop(note_id, None)
    _saved(note_id)


def _settle(book: Notebook, note_id: int, what: str) -> None:
    """Ends a conflict as its writer chose."""
    conflict: Conflict | None = st.session_state.get(CONFLICTS, {}).get(note_id)
    if conflict is None:
        return
    mine, theirs = conflict.mine, conflict.theirs
    if what == "theirs":
        st.session_state[CONFLICTS].pop(note_id)
        _saved(note_id)
        return
    if conflict.removed:
        book.restore(note_id)
    text, tags = mine.text, mine.tags
    if what == "both":
        text = "\n\n".join(dict.fromkeys(one for one in (theirs.text, mine.text) if one))
        tags = (*theirs.tags, *mine.tags)
    # Should it have changed once more meanwhile, both are shown once more.
    _save(book, note_id, theirs.revision, text, tags)


def _saved(note_id: int) -> None:
    """Lets the list close the editor of a note."""
    count = int(str(st.session_state.get(SAVED, "/0")).split("/")[1]) + 1
    st.session_state[SAVED] = f"{note_id}/{count}"
