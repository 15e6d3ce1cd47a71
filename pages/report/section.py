"""What a note shows, apart from any way of showing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import plotly.graph_objects as go

from attribution_engine.notes import Note

Hue = Literal["signed", "nats"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table in words.

    Attributes:
        numbers: columns that stand right.
        records: the same rows in full, for files; where there are none, the words are taken.
        whole: gives the rows of files where these hold more than `records`, such as whole texts;
            asked when a file is written.
    """

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: frozenset[int] = frozenset()
    records: Sequence[Any] = ()
    words: str = ""
    whole: Callable[[], Sequence[Any]] | None = None


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure in light colours.

    Attributes:
        name: of its file.
        alt: what it shows, in one line.
        words: how to read it.
    """

    figure: go.Figure
    name: str
    caption: str
    alt: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Heat:
    """A text whose pieces have shades.

    Attributes:
        pieces: joined, they are the text that the model saw.
        shades: of the pieces, −8…8.
        values: what the shades are steps of, where it is known.
        says: what stands at a piece that is pointed at: value, class, position.
        classes: names of what is to be underlined in each piece.
        turns: piece before which a label stands; the text is read on below it.
        rest: the text that follows, which the model did not see, and what is said of it.
        hue: colours of the sign, or those of the nats of a query.
        scale: the words at its low end, at its high end, and what the shades are.
        marked: names and words of what is underlined.
        framed: pieces from, to (both included) that a link marks.
    """

    title: str
    pieces: Sequence[str]
    shades: Sequence[int]
    says: Sequence[str]
    classes: Sequence[str]
    turns: Sequence[tuple[int, str]] = ()
    rest: tuple[str, str] = ("", "")
    hue: Hue = "signed"
    scale: tuple[str, str, str] = ("", "", "")
    marked: Sequence[tuple[str, str]] = ()
    framed: tuple[int, int] | None = None
    words: str = ""
    values: Sequence[float] = ()

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.pieces) + self.rest[0]


@dataclass(frozen=True, slots=True)
class Section:
    """A note and what its view shows.

    Attributes:
        missing: what of it is not there, in words; empty where all is.
        facts: name, value, small print.
        texts: titles and texts that are shown as they are.
        content: figures, tables and heatmaps in their order.
    """

    note: Note
    caption: str
    missing: str = ""
    facts: Sequence[tuple[str, str, str]] = ()
    texts: Sequence[tuple[str, str]] = ()
    content: Sequence[Plot | Table | Heat] = field(default=())

    @property
    def title(self) -> str:
        """What the note is called."""
        return self.note.title or self.note.page
