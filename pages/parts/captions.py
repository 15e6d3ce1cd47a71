"""The caption that a figure or table carries into a file: where its numbers are from."""

from __future__ import annotations

import re
from typing import Any

from pages.parts.wording import one_line, whole


def caption(
    run: str,
    query: int | str | None = None,
    k: int | str | None = None,
    scale: str | None = None,
    **more: Any,
) -> str:
    """Run, query, k, scale and what else identifies the numbers, on one line.

    Args:
        query: number of the query, or several in words.
        k: how many documents of an end are looked at.
        scale: which numbers are drawn and on what axes, in words.
        more: other facts by name; None and empty ones are left out. `_` in a name is a blank.
    """
    parts = [f"Run {one_line(run, 80)}"]
    if query is not None and query != "":
        parts.append(f"query {whole(query) if isinstance(query, int) else query}")
    if k is not None and k != "":
        parts.append(f"k = {whole(k) if isinstance(k, int) else k}")
    if scale:
        parts.append(f"scale: {scale}")
    parts += [
        f"{name.replace('_', ' ')} {one_line(str(value), 160)}"
        for name, value in more.items()
        if value is not None and value != ""
    ]
    return " · ".join(parts)


def file_name(name: str) -> str:
    """A name that every file system takes: letters, digits, dots and hyphens."""
    return re.sub(r"(?:[^A-Za-z0-9.]|\.{2,})+", "-", name).strip("-.")[:80].strip("-.") or "export"
