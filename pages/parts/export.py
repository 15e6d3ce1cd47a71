"""Tables as CSV files that a spreadsheet does not execute."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from typing import Any

DRAWN = ("bar",)  # lengths that only the page needs


def csv_bytes(records: Sequence[Any], **same: Any) -> bytes:
    """Records as CSV with a header; text that a spreadsheet would run gets an apostrophe.

    Args:
        same: columns that have one value in all rows (run, query, side), put first.
    """
    if not records:
        return b""
    names = [field.name for field in dataclasses.fields(records[0]) if field.name not in DRAWN]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*same, *names])
    for record in records:
        cells = [*same.values(), *(getattr(record, name) for name in names)]
        writer.writerow([_inert(cell) for cell in cells])
    return out.getvalue().encode("utf-8-sig")


def _inert(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
