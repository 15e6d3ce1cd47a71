"""Tables as CSV files that a spreadsheet does not execute."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from typing import Any


def csv_bytes(records: Sequence[Any]) -> bytes:
    """Records as CSV with a header; text that a spreadsheet would run gets an apostrophe."""
    if not records:
        return b""
    names = [field.name for field in dataclasses.fields(records[0])]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for record in records:
        writer.writerow([_inert(getattr(record, name)) for name in names])
    return out.getvalue().encode("utf-8-sig")


def _inert(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return value
