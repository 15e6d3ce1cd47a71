"""Where a note leads now: its run may have gone, or its file may have another name."""

from __future__ import annotations

from collections.abc import Mapping

from attribution_engine.notes import Note
from attribution_engine.records import InputError
from pages.parts import citation


def address_now(note: Note, ids: Mapping[str, str]) -> dict[str, list[str]]:
    """The address of a note, to the run of its citation where the file has another name now."""
    other = renamed(note, ids)
    return {**note.address, "run": [other]} if other else note.address


def readable_runs() -> dict[str, str]:
    """The ids of the runs of the folder by name; nothing where there is no folder."""
    try:
        return citation.run_ids()
    except InputError:
        return {}


def renamed(note: Note, ids: Mapping[str, str]) -> str:
    """The name under which the run of a note is now, if that is another one."""
    if note.run in ids or not note.citation:
        return ""
    cited = citation.parse(note.citation)
    found = [n for n, one in ids.items() if cited and citation.plain(one).startswith(cited.run)]
    return found[0] if len(found) == 1 else ""


def missing(note: Note, ids: Mapping[str, str]) -> str:
    """What of a note's run is not as it was, in words."""
    if note.run not in ids:
        if other := renamed(note, ids):
            return f"The run “{note.run}” is now called “{other}”."
        return f"The run “{note.run}” is not in the runs folder, or cannot be read."
    cited = citation.parse(note.citation)
    if cited and not citation.plain(ids[note.run]).startswith(cited.run):
        return (
            f"“{note.run}” is another build of the run now ({citation.citation(ids[note.run])}): "
            "what it shows may differ."
        )
    return ""
