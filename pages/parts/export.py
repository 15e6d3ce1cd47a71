"""Tables as files: CSV that a spreadsheet does not execute, Parquet with types, LaTeX.

What the formats cannot hold: a CSV file and a LaTeX source have no place for control characters,
which are shown instead (`␀`, `[U+0000]`). Everything else is there in full; Parquet alters nothing.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.parts import captions
from pages.parts.export_latex import latex
from pages.parts.wording import label

DRAWN = frozenset({"bar", "shade", "shade_value"})  # lengths and depths that only the page needs
# What a spreadsheet takes for the beginning of a formula, after blanks and marks it passes over.
PASSED_OVER = r"['\s\0-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]*"
FORMULA = re.compile(PASSED_OVER + "[=+\\-@＝＋－＠﹢﹣﹦﹫]")
BLANK_FIRST = ("\t", "\r", "\n", "\0")
HELP = (
    "All columns and the whole text. In CSV, cells that a spreadsheet would run start with an "
    "apostrophe, and control characters are shown as pictures (␀) there and as [U+0000] in LaTeX. "
    "Parquet holds every text unaltered, with types, and says in its metadata where it is from. "
    "Of very long lists the later texts are left out, and the column text_left_out says so."
)


@dataclass(frozen=True, slots=True)
class Flat:
    """A table: names of columns and rows of plain values (text, numbers, truth, lists, None)."""

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def downloads(
    name: str,
    records: Callable[[], Sequence[Any]],
    key: str,
    caption: str = "",
    button: str = "Export",
    **same: Any,
) -> None:
    """A popover "Export" with the table as CSV, Parquet and LaTeX.

    Args:
        button: what the popover is called, where several stand on a page.
        name: what the files are called.
        records: gives dataclass records or dicts; called when a file is asked for, in a thread of
            its own, so that it must not use the session.
        caption: where the numbers are from, see `captions.caption`.
        same: columns that have one value in all rows (run, query, k, scale, citation), put first.
    """
    file = captions.file_name(name)
    forms: tuple[tuple[str, str, str, Callable[[], bytes]], ...] = (
        ("CSV", "csv", "text/csv", lambda: csv_bytes(records(), **same)),
        (
            "Parquet",
            "parquet",
            "application/vnd.apache.parquet",
            lambda: parquet_bytes(records(), name, caption, **same),
        ),
        (
            "LaTeX",
            "tex",
            "application/x-tex",
            lambda: latex_bytes(records(), name, caption, **same),
        ),
    )
    with st.popover(button, key=f"{key} export", help=f"{label(name)} as a file"):
        with st.container(horizontal=True, gap="small"):
            for words, ending, mime, make in forms:
                st.download_button(
                    words,
                    make,
                    file_name=f"{file}.{ending}",
                    mime=mime,
                    on_click="ignore",
                    key=f"{key} {ending}",
                )
        st.caption(HELP)


def flat(records: Sequence[Any], **same: Any) -> Flat:
    """Records as a table; what a record holds as a record has columns of its own, `a.b`."""
    rows = [{**same, **_fields(record)} for record in records]
    names = tuple(dict.fromkeys(name for row in rows for name in row)) or tuple(same)
    return Flat(names, tuple(tuple(row.get(name) for name in names) for row in rows))


def _fields(record: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(record, Mapping):
        pairs = [(str(name), value) for name, value in record.items()]
    else:
        pairs = [(each.name, getattr(record, each.name)) for each in dataclasses.fields(record)]
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in DRAWN:
            continue
        if dataclasses.is_dataclass(value):
            found.update(_fields(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = value
    return found


def csv_bytes(records: Sequence[Any], **same: Any) -> bytes:
    """Records as CSV with a header, for spreadsheets: UTF-8 with its mark, nothing runs.

    Args:
        same: columns that have one value in all rows (run, query, side), put first.
    """
    table = flat(records, **same)
    if not table.names:
        return b""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([safe_cell(name) for name in table.names])
    for row in table.rows:
        writer.writerow([safe_cell(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig", errors="backslashreplace")


def safe_cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet runs and no terminal obeys."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else as_json(value)
    # An apostrophe that is there already is passed over, so that the one put first can be told.
    risky = text.lstrip("'").startswith(BLANK_FIRST) or FORMULA.match(text)
    shown = re.sub(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", _picture, text)
    return f"'{shown}" if risky else shown


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    return chr(0x2400 + code) if code < 0x20 else "␡" if code == 0x7F else f"[U+{code:04X}]"


def as_json(value: Any) -> str:
    """Lists and mappings as a cell of text."""
    return json.dumps(value, ensure_ascii=False, default=str)


def parquet_bytes(records: Sequence[Any], name: str = "", caption: str = "", **same: Any) -> bytes:
    """Records as Parquet: every text as it is, columns with types, provenance in the metadata."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = flat(records, **same)
    columns = [_column([row[place] for row in table.rows]) for place in range(len(table.names))]
    about = {"name": name, "caption": caption, **{key: str(value) for key, value in same.items()}}
    written = pa.table(columns, names=list(table.names)).replace_schema_metadata(
        {key: value for key, value in about.items() if value}
    )
    out = pa.BufferOutputStream()
    pq.write_table(written, out, compression="zstd")
    return bytes(out.getvalue())


def _column(values: list[Any]) -> Any:
    import pyarrow as pa

    plain = [list(value) if isinstance(value, tuple) else value for value in values]
    try:
        column = pa.array(plain)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        column = None
    except UnicodeEncodeError:  # half a character, which UTF-8 has no place for
        plain = [_whole_characters(value) for value in plain]
        column = None
    if column is None or pa.types.is_struct(column.type):
        texts = [
            value if value is None or isinstance(value, str) else as_json(value) for value in plain
        ]
        return pa.array(texts, pa.string())
    return column.cast(pa.string()) if pa.types.is_null(column.type) else column


def _whole_characters(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", errors="backslashreplace").decode()
    return value


def latex_bytes(records: Sequence[Any], name: str = "", caption: str = "", **same: Any) -> bytes:
    """Records as a LaTeX longtable with booktabs, every character escaped."""
    table = flat(records, **same)
    return latex(table.names, table.rows, name, caption).encode("utf-8", errors="backslashreplace")
