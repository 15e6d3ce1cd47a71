"""The figures of the notes as a zip: a folder a note."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pages.parts.captions import file_name
from pages.parts.export import csv_bytes
from pages.parts.print_figure import CannotPrint, print_figure
from pages.report.heat_print import print_heat
from pages.report.html import html_of
from pages.report.section import Heat, Plot, Section, Table


def zip_of(sections: Sequence[Section]) -> bytes:
    """The files of these sections."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, section in enumerate(sections, start=1):
            folder = f"{number:02d}-{file_name(section.title)[:50].strip('-.')}"
            for name, data in _files(section):
                # A fixed date: the same notes give the same file.
                entry = zipfile.ZipInfo(f"{folder}/{name}", (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _files(section: Section) -> Iterator[tuple[str, bytes]]:
    yield "caption.txt", _caption(section).encode("utf-8", errors="backslashreplace")
    counts: dict[str, int] = {}

    def numbered(kind: str) -> str:
        counts[kind] = counts.get(kind, 0) + 1
        return kind if counts[kind] == 1 else f"{kind}-{counts[kind]}"

    for one in section.content:
        if isinstance(one, Plot):
            name = numbered("figure")
            lost = ""
            try:
                yield f"{name}.svg", print_figure(one.figure, "svg", one.alt, one.caption)
                yield f"{name}.png", print_figure(one.figure, "png", one.alt, one.caption)
                yield f"{name}.pdf", print_figure(one.figure, "pdf", one.alt, one.caption)
            except CannotPrint as error:
                lost = f"This figure cannot be printed: it holds {error}.\n"
            words = f"{one.alt}\n{one.words}\n{one.caption}\n{lost}"
            yield f"{name}.txt", words.encode("utf-8", errors="backslashreplace")
        elif isinstance(one, Table):
            name = f"{numbered('table')}-{file_name(one.title)[:50].strip('-.')}"
            yield (
                f"{name}.csv",
                csv_bytes(_records(one), run=section.note.run, citation=section.note.citation),
            )
        else:
            name = numbered("heatmap")
            yield f"{name}.pdf", print_heat(one, section.caption)
            yield f"{name}.html", _heat_page(section, one)


def _records(table: Table) -> Sequence[Any]:
    return table.whole() if table.whole else table.records or _words(table)


def _words(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def _heat_page(section: Section, heat: Heat) -> bytes:
    return html_of([replace(section, content=[heat], texts=())])


def _caption(section: Section) -> str:
    note = section.note
    parts = [
        section.title,
        section.caption,
        f"Tags: {', '.join(note.tags)}" if note.tags else "",
        section.missing,
        note.text,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"
