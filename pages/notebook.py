"""Notebook: views that someone kept, in order, to present and to export."""

from __future__ import annotations

import streamlit as st

from attribution_engine.records import InputError
from pages.parts import links, pickers, wording
from pages.parts.navigation import through_app
from pages.parts.notebook_export import exports
from pages.parts.notebook_file import notebook
from pages.parts.notebook_list import PROBLEM, notebook_list
from pages.parts.presenting import chosen

through_app()
view = links.view()
book = notebook()
st.header("Notebook", anchor=False)
try:
    notes = book.notes()
except InputError as error:
    pickers.say(str(error))
    st.stop()
if problem := st.session_state.pop(PROBLEM, ""):
    pickers.say(problem)
if view["note"] and view["note"] not in {str(note.note_id) for note in notes}:
    pickers.say(f"This link names note “{view['note']}”, which is not in this notebook.")
known = {tag for tag, _ in book.tags()}
for tag in [tag for tag in view["tag"] if tag not in known]:
    pickers.say(f"This link asks for notes with the tag “{tag}”, which no note has.")
    view["tag"] = [one for one in view["tag"] if one != tag]
shown = chosen(notes, view["tag"])
if not notes:
    st.info(
        "No note yet. On any page, Bookmark keeps the view as it is with a note and tags. Kept "
        "views stand here in your order, to be opened, presented and exported."
    )
else:
    some = f"{wording.whole(len(shown))} of " if len(shown) < len(notes) else ""
    st.caption(
        f"{some}{wording.whole(len(notes))} {'notes' if len(notes) > 1 else 'note'}. Each opens "
        "its view just as it was kept. They belong to whoever runs this explorer and to no run."
    )
    if shown:
        exports(shown)
notebook_list(book, notes)
