"""A table of records whose rows open something. Texts reach the page as text only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from pages.parts import links, wording

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    `bar` takes pairs of text and a length from −1 to 1; `words` are whole, over several lines.
    """

    label: str
    kind: Literal["text", "words", "number", "bar", "snippet"] = "text"
    help: str = ""
    width: str = ""


@dataclass(frozen=True, slots=True)
class Near:
    """A link in a row's snippet to the near-duplicates that stand behind the row."""

    id: str
    text: str
    href: str
    help: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row; `href` is where it leads, empty if nowhere.

    Attributes:
        sign: a glyph before the snippet and what it says.
        passage: which passage of a text the snippet is.
        marked: first and last character, from 0 and one past it, of the snippet that are marked.
    """

    id: str
    cells: Sequence[Any]
    href: str = ""
    current: bool = False
    sign: tuple[str, str] | None = None
    passage: str = ""
    near: Near | None = None
    marked: tuple[int, int] | None = None


_table = st.components.v2.component(
    "influence_table",
    html='<header class="title" hidden><h3></h3><p></p></header><div class="table"></div>',
    css=(FOLDER / "table.css").read_text(encoding="utf-8"),
    js=(FOLDER / "table.js").read_text(encoding="utf-8"),
)


def table(
    name: str, columns: Sequence[Column], rows: Sequence[Row], key: str, action: str = ""
) -> str | None:
    """Draws the table; the id of the row that was just clicked."""
    key = wording.component_key(key)
    result = _table(
        key=key, data=table_data(name, columns, rows, action), on_chosen_change=links.put
    )
    chosen: str | None = result.chosen
    return chosen


def table_data(
    name: str, columns: Sequence[Column], rows: Sequence[Row], action: str = "", **more: Any
) -> dict[str, Any]:
    """What the component draws. `more`: see `picking_table`."""
    return {
        "name": name,
        "action": action,
        "columns": [
            {"label": c.label, "kind": c.kind, "help": c.help, "width": c.width} for c in columns
        ],
        "rows": [
            {"id": r.id, "cells": list(r.cells), "href": r.href}
            | ({"sign": list(r.sign)} if r.sign else {})
            | ({"passage": r.passage} if r.passage else {})
            | ({"near": asdict(r.near)} if r.near else {})
            | ({"marked": list(r.marked)} if r.marked else {})
            for r in rows
        ],
        "current": next((r.id for r in rows if r.current), ""),
        **more,
    }


def picking_table(data: dict[str, Any], key: str, on: Mapping[str, Callable[[str], None]]) -> None:
    """Draws a table whose rows are chosen by a click or by keys, and opened by Enter.

    Args:
        data: of `table_data`, with `picks` and: `signature`, the same as long as all but `current`
            is the same (then the table stays where it was scrolled to); `title` and `note`, words
            above it; `box`, how high it may become ("half" or "tall" of the window); `marks`, words
            marked in the snippets; `address`, that of a row, its field `doc` left open; `alone`,
            whether no second table shows the other end.
        on: what to do with the row that is `chosen` or `opened`, with the near-duplicates that are
            `followed`, with a step `beyond` the table's ends, and with a wish for the `other` end.
    """
    key = wording.component_key(key)

    def take(event: str) -> Callable[[], None]:
        return lambda: on[event](getattr(st.session_state[key], event))

    callbacks: dict[str, Any] = {f"on_{event}_change": take(event) for event in on}
    _table(key=key, data=data, **callbacks)
