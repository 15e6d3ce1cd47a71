"""Citations: a short id of a run, a query, a document and a passage, such as 858b21·q12·d345.

A person can type it: any of · . / - : , or a space may stand between its parts. The run is the
beginning of its id; it stays the same when the file is renamed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from attribution_engine.records import InputError
from attribution_engine.store.reader import StoreReader
from pages.parts import runs

RUN_CHARACTERS = 6
_BETWEEN = r"[\s·•‧.,:/_-]+"
_CITED = re.compile(
    rf"(?P<run>[0-9a-z]+)(?:{_BETWEEN}q(?P<query>\d{{1,9}}))?(?:{_BETWEEN}d(?P<doc>\d{{1,9}}))?"
    rf"(?:{_BETWEEN}c(?P<start>\d{{1,9}})\s*[-–—−]\s*(?P<end>\d{{1,9}}))?"
)


@dataclass(frozen=True, slots=True)
class Citation:
    """What a citation names; `run` is the beginning of a run's id."""

    run: str
    query: int | None = None
    doc: int | None = None
    span: tuple[int, int] | None = None

    @property
    def page(self) -> str:
        """The page that shows it."""
        if self.doc is not None:
            return "document"
        return "overview" if self.query is None else "query"

    def fields(self, run: str) -> dict[str, Any]:
        """The fields of its view in a run of the folder."""
        found: dict[str, Any] = {"run": run}
        if self.query is not None:
            found["query"] = str(self.query)
        if self.doc is not None:
            found["doc"] = str(self.doc)
        return found | {"span": "-".join(map(str, self.span)) if self.span else ""}


def citation(
    run_id: str,
    query: int | str | None = None,
    doc: int | str | None = None,
    span: tuple[int, int] | None = None,
) -> str:
    """The citation of a run, or of a query, document and passage in it."""
    parts = [plain(run_id)[:RUN_CHARACTERS]]
    if query not in (None, ""):
        parts.append(f"q{query}")
        if doc not in (None, ""):
            parts.append(f"d{doc}")
            if span:
                parts.append(f"c{span[0]}-{span[1]}")
    return "·".join(parts)


def parse(text: str) -> Citation | None:
    """What a typed citation names; None if it is none."""
    found = _CITED.fullmatch(text.strip().strip("[]()").strip().lower())
    if found is None:
        return None
    query, doc, start, end = (
        None if found[name] is None else int(found[name])
        for name in ("query", "doc", "start", "end")
    )
    if (doc is not None and query is None) or (start is not None and doc is None):
        return None
    if start is None or end is None:
        return Citation(found["run"], query, doc)
    return Citation(found["run"], query, doc, (start, end)) if start < end else None


def plain(run_id: str) -> str:
    """A run's id as it can be typed."""
    return re.sub(r"[^0-9a-z]", "", run_id.lower())


def resolve(cited: Citation, ids: Mapping[str, str]) -> str:
    """The name of the run that a citation means.

    Args:
        ids: the runs' ids by name.

    Raises:
        InputError: no run or more than one has an id that begins so.
    """
    exact = [name for name, run_id in ids.items() if plain(run_id) == cited.run]
    found = exact or [name for name, one in ids.items() if plain(one).startswith(cited.run)]
    if not found:
        raise InputError(
            f"No run of the folder has an id that begins with “{cited.run}”: it has "
            + (", ".join(f"{plain(one)[:RUN_CHARACTERS]} ({name})" for name, one in ids.items())
               or "none that can be read")
            + "."
        )  # fmt: skip
    if len(found) > 1:
        many = ", ".join(f"{plain(ids[name])} ({name})" for name in found)
        raise InputError(
            f"“{cited.run}” is the beginning of {len(found)} runs' ids: {many}. Write more of it."
        )
    return found[0]


def run_ids() -> dict[str, str]:
    """The ids of the runs that can be read, by name; the name stands in for a missing id."""
    found = {}
    for name, path in runs.stores().items():
        try:
            stat = path.stat()
        except OSError:
            continue  # removed since the folder was listed
        run_id = _run_id(str(path), stat.st_mtime_ns, stat.st_size)
        if run_id is not None:
            found[name] = run_id or name
    return found


@st.cache_data(show_spinner=False, max_entries=500)
def _run_id(path: str, changed: int, size: int) -> str | None:
    try:
        reader = StoreReader(Path(path))
        run_id = reader.run().run_id
    except InputError:
        return None
    reader.close()
    return run_id or ""
