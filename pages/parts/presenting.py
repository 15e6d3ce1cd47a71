"""Presenting the notebook: each note's own page, large and without chrome, one after another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from attribution_engine.notes import Note
from attribution_engine.records import InputError
from pages.parts import links, pickers
from pages.parts.note_address import address_now, readable_runs
from pages.parts.notebook_file import notebook

FOLDER = Path(__file__).parent

_presenting = st.components.v2.component(
    "influence_presenting",
    html=(FOLDER / "presenting.html").read_text(encoding="utf-8"),
    css=(FOLDER / "presenting_footer.css").read_text(encoding="utf-8"),
    js="".join(
        (FOLDER / name).read_text(encoding="utf-8") for name in ("presenting.js", "history.js")
    ),
)


def chosen(notes: tuple[Note, ...], tags: list[str]) -> tuple[Note, ...]:
    """The notes that have every one of the tags."""
    return tuple(note for note in notes if set(tags) <= set(note.tags))


def presenting(page: str) -> bool:
    """Draws the footer of the presented note and takes its steps; False if none is presented."""
    view = links.view()
    if not view["present"]:
        return False
    try:
        notes = chosen(notebook().notes(), view["tag"])
    except InputError as error:
        pickers.say(str(error))
        notes = ()
    at = next((n for n, one in enumerate(notes) if str(one.note_id) == view["present"]), None)
    if at is None:
        pickers.say(
            f"This link presents note “{view['present']}”, which is not in the notebook"
            + (f" under {' and '.join(view['tag'])}" if view["tag"] else "")
            + "; shown as an ordinary page."
        )
        view.update(present="", tag=[])
        return False
    note = notes[at]
    result = _presenting(
        key="presenting",
        data={
            "note": str(note.note_id),
            "title": note.title,
            "text": note.text,
            "citation": note.citation,
            "place": f"{at + 1} of {len(notes)}",
            "first": at == 0,
            "last": at + 1 == len(notes),
            "step": links.step(page),
        },
        on_step_change=links.put,
    )
    if result.step == "end":
        links.open_address("notebook", notebook_address(note.note_id, view["tag"]))
    steps = {"before": at - 1, "after": at + 1, "first": 0, "last": len(notes) - 1}
    to = steps.get(result.step, at)
    if result.step in steps and 0 <= to < len(notes):
        present(notes[to], view["tag"], readable_runs())
    return True


def present(note: Note, tags: list[str], ids: Mapping[str, str]) -> None:
    """Opens the page of a note as part of a presentation.

    Args:
        ids: the ids of the runs by name.
    """
    address = address_now(note, ids)
    links.open_address(note.page, address, present=[str(note.note_id)], tag=list(tags))


def notebook_address(note_id: int, tags: list[str]) -> dict[str, list[str]]:
    """The notebook's page at a note."""
    return links.address_of("notebook", note=note_id, tag=tags, present="")
