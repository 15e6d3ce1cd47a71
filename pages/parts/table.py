"""A table of records whose rows open something. Texts reach the page as text only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from pages.parts import links

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `bar` takes pairs of text and a length from −1 to 1."""

    label: str
    kind: Literal["text", "number", "bar", "snippet"] = "text"
    help: str = ""
    width: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A row; `href` is where it leads, empty if nowhere."""

    id: str
    cells: Sequence[Any]
    href: str = ""
    current: bool = False


_table = st.components.v2.component(
    "influence_table",
    html='<div class="table"></div>',
    css=(FOLDER / "table.css").read_text(encoding="utf-8"),
    js=(FOLDER / "table.js").read_text(encoding="utf-8"),
)


def table(
    name: str, columns: Sequence[Column], rows: Sequence[Row], key: str, action: str = ""
) -> str | None:
    """Draws the table; the id of the row that was just clicked."""
    data = {
        "name": name,
        "action": action,
        "columns": [
            {"label": c.label, "kind": c.kind, "help": c.help, "width": c.width} for c in columns
        ],
        "rows": [
            {"id": r.id, "cells": list(r.cells), "href": r.href, "current": r.current} for r in rows
        ],
    }
    result = _table(key=key, data=data, on_chosen_change=links.put)
    chosen: str | None = result.chosen
    return chosen
