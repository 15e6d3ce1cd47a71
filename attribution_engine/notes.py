"""The notebook: views that someone kept, with a note and tags, in one SQLite file.

Every change is one transaction, so several people may write at once. A change of a note names the
revision it started from; where somebody else was quicker, it fails and carries both versions.
Removed notes stay in the file until someone wants them back.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attribution_engine.records import InputError

VERSION = 1
BUSY_SECONDS = 10.0  # waits that long for another writer
MAX_TEXT, MAX_TAG, MAX_TAGS = 100_000, 60, 20  # characters, characters, tags of a note
SMALLEST_GAP = 1e-6  # between two positions; the order is numbered anew below it
CREATE = """
CREATE TABLE IF NOT EXISTS notes (
    note_id INTEGER PRIMARY KEY AUTOINCREMENT, position REAL NOT NULL, page TEXT NOT NULL,
    address TEXT NOT NULL, run TEXT NOT NULL, citation TEXT NOT NULL, title TEXT NOT NULL,
    text TEXT NOT NULL, tags TEXT NOT NULL, created_at TEXT NOT NULL, changed_at TEXT NOT NULL,
    revision INTEGER NOT NULL, removed_at TEXT
)"""
COLUMNS = """note_id, position, page, address, run, citation, title, text, tags, created_at,
    changed_at, revision"""


@dataclass(frozen=True, slots=True)
class Note:
    """A kept view.

    Attributes:
        address: the fields of the view, as they stand in the address of the page.
        run: name of the run's store.
        created_at, changed_at: in UTC, to the second.
        revision: counts changes of text, tags and title, from 1.
    """

    note_id: int
    position: float
    page: str
    address: dict[str, list[str]]
    run: str
    citation: str
    title: str
    text: str
    tags: tuple[str, ...]
    created_at: str
    changed_at: str
    revision: int


class Conflict(Exception):
    """A note was changed or removed by somebody else since it was read.

    Attributes:
        mine: the note as this change would have made it.
        theirs: the note as it is; `removed` says that it was taken out.
    """

    def __init__(self, mine: Note, theirs: Note, removed: bool) -> None:
        super().__init__(f"note {mine.note_id} has changed since revision {mine.revision}")
        self.mine, self.theirs, self.removed = mine, theirs, removed


class Notebook:
    """The notes of one file. Safe to share between threads, processes and people.

    The file comes into being with the first note.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    # Reading -----------------------------------------------------------------------------------

    def notes(self, tag: str = "") -> tuple[Note, ...]:
        """The notes in their order; with a tag, those that have it."""
        with self._reading() as connection:
            rows = _select(connection, "removed_at IS NULL ORDER BY position, note_id")
        return tuple(note for note in rows if not tag or tag in note.tags)

    def note(self, note_id: int) -> Note | None:
        """One note; None if there is no such note or it was removed."""
        with self._reading() as connection:
            rows = _select(connection, "removed_at IS NULL AND note_id = ?", [note_id])
        return rows[0] if rows else None

    def removed(self) -> tuple[Note, ...]:
        """The removed notes, the last one first."""
        with self._reading() as connection:
            rows = _select(connection, "removed_at IS NOT NULL ORDER BY removed_at DESC, note_id")
        return tuple(rows)

    def tags(self) -> tuple[tuple[str, int], ...]:
        """The tags in use and how many notes have each, by name."""
        counts: dict[str, int] = {}
        with self._reading() as connection:
            if connection is not None and _has_notes(connection):
                rows = connection.execute("SELECT tags FROM notes WHERE removed_at IS NULL")
                for (tags,) in rows:
                    for tag in json.loads(tags):
                        counts[tag] = counts.get(tag, 0) + 1
        return tuple(sorted(counts.items(), key=lambda one: (one[0].casefold(), one[0])))

    # Writing -----------------------------------------------------------------------------------

    def add(
        self,
        page: str,
        address: Mapping[str, Sequence[str]],
        *,
        run: str = "",
        citation: str = "",
        title: str = "",
        text: str = "",
        tags: Sequence[str] = (),
    ) -> Note:
        """Keeps a view as the last note."""
        now = _now()
        plain = {name: [str(one) for one in values] for name, values in address.items()}
        with self._writing() as connection:
            last = connection.execute(
                "SELECT coalesce(max(position), 0) FROM notes WHERE removed_at IS NULL"
            ).fetchone()[0]
            cursor = connection.execute(
                f"""INSERT INTO notes ({COLUMNS.removeprefix("note_id, ")})
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)""",
                [
                    float(last) + 1.0,
                    *(page, _json(plain), run, citation, title, checked_text(text)),
                    *(_json(tidy_tags(tags)), now, now),
                ],
            )
            return _select(connection, "note_id = ?", [cursor.lastrowid])[0]

    def change(
        self,
        note_id: int,
        revision: int,
        *,
        text: str | None = None,
        tags: Sequence[str] | None = None,
        title: str | None = None,
    ) -> Note:
        """Changes what is given of a note that was read at a revision.

        Raises:
            Conflict: somebody else has changed or removed the note since; nothing is changed.
            KeyError: there never was such a note.
        """
        with self._writing() as connection:
            rows = _select(connection, "note_id = ?", [note_id])
            if not rows:
                raise KeyError(note_id)
            theirs = rows[0]
            mine = replace(
                theirs,
                text=theirs.text if text is None else checked_text(text),
                tags=theirs.tags if tags is None else tidy_tags(tags),
                title=theirs.title if title is None else title,
            )
            removed = _is_removed(connection, note_id)
            if (mine.text, mine.tags, mine.title) == (theirs.text, theirs.tags, theirs.title):
                if not removed:
                    return theirs  # both wanted the same
            elif theirs.revision == revision and not removed:
                connection.execute(
                    """UPDATE notes SET text = ?, tags = ?, title = ?, changed_at = ?,
                        revision = revision + 1 WHERE note_id = ?""",
                    [mine.text, _json(mine.tags), mine.title, _now(), note_id],
                )
                return _select(connection, "note_id = ?", [note_id])[0]
        raise Conflict(replace(mine, revision=revision), theirs, removed)

    def remove(self, note_id: int) -> None:
        """Takes a note out; `restore` brings it back to its place."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE notes SET removed_at = ? WHERE note_id = ? AND removed_at IS NULL",
                [datetime.now(UTC).isoformat(), note_id],
            )

    def restore(self, note_id: int) -> None:
        """Brings a removed note back."""
        with self._writing() as connection:
            connection.execute("UPDATE notes SET removed_at = NULL WHERE note_id = ?", [note_id])

    def move(self, note_id: int, before: int | None) -> None:
        """Puts a note before another one; None puts it at the end.

        Where either was removed meanwhile, nothing moves.
        """
        with self._writing() as connection:
            order = _order(connection)
            if note_id == before or note_id not in order or (before and before not in order):
                return
            position = _between(order, note_id, before)
            if position is None:
                for at, one in enumerate(list(order), start=1):
                    connection.execute(
                        "UPDATE notes SET position = ? WHERE note_id = ?", [float(at), one]
                    )
                position = _between(_order(connection), note_id, before)
            connection.execute(
                "UPDATE notes SET position = ? WHERE note_id = ?", [position, note_id]
            )

    # The file ----------------------------------------------------------------------------------

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """A connection; None where there is no file yet."""
        if not self.path.is_file():
            yield None
            return
        with self._connection() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; it waits for other writers and is undone by an exception."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{self.path}: cannot make its folder ({error.strerror})") from error
        with self._connection() as connection:
            _let_readers_read(connection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                _prepare(connection)
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        connection = None
        try:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise InputError(
                    f"{self.path}: was written by a later version of the explorer (notes version "
                    f"{version}, this one reads {VERSION}); update the explorer"
                )
            yield connection
        except sqlite3.Error as error:
            raise InputError(f"{self.path}: {_why(error)}") from error
        finally:
            if connection is not None:
                connection.close()


def tidy_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Tags on one line each, without repeats, empty ones and a leading #."""
    found: dict[str, None] = {}
    for tag in tags:
        words = " ".join(re.sub(r"[\x00-\x1f\x7f,]", " ", tag).split()).lstrip("#").strip()
        if words:
            found.setdefault(words[:MAX_TAG])
    return tuple(found)[:MAX_TAGS]


def checked_text(text: str) -> str:
    """The text of a note.

    Raises:
        InputError: it is too long to be read by anybody.
    """
    if len(text) > MAX_TEXT:
        raise InputError(f"a note holds at most {MAX_TEXT} characters; this one has {len(text)}")
    # A lone surrogate is no text and cannot be written to a file.
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "\ufffd")


def _prepare(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] < VERSION:
        connection.execute(CREATE)
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _select(
    connection: sqlite3.Connection | None, where: str, parameters: Sequence[object] = ()
) -> list[Note]:
    if connection is None or not _has_notes(connection):
        return []
    rows = connection.execute(f"SELECT {COLUMNS} FROM notes WHERE {where}", parameters).fetchall()
    return [_note(*row) for row in rows]


def _note(note_id: int, position: float, page: str, address: str, *rest: Any) -> Note:
    run, citation, title, text, tags, created_at, changed_at, revision = rest
    return Note(
        *(note_id, position, page, json.loads(address), run, citation, title, text),
        *(tuple(json.loads(tags)), created_at, changed_at, revision),
    )


def _has_notes(connection: sqlite3.Connection) -> bool:
    """Whether the table is there: a file may be seen before its first transaction has ended."""
    return bool(connection.execute("PRAGMA user_version").fetchone()[0])


def _is_removed(connection: sqlite3.Connection, note_id: int) -> bool:
    row = connection.execute("SELECT removed_at FROM notes WHERE note_id = ?", [note_id]).fetchone()
    return row[0] is not None


def _order(connection: sqlite3.Connection) -> dict[int, float]:
    """Positions of the notes by number, in their order."""
    rows = connection.execute(
        "SELECT note_id, position FROM notes WHERE removed_at IS NULL ORDER BY position, note_id"
    )
    return dict(rows.fetchall())


def _between(order: Mapping[int, float], note_id: int, before: int | None) -> float | None:
    """A position before another note; None where there is no room left."""
    others = [one for one in order if one != note_id]
    at = len(others) if before is None else others.index(before)
    low = order[others[at - 1]] if at else None
    high = order[others[at]] if at < len(others) else None
    if low is None:
        return 1.0 if high is None else high - 1.0
    if high is None:
        return low + 1.0
    return (low + high) / 2 if high - low > SMALLEST_GAP else None


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _let_readers_read(connection: sqlite3.Connection) -> None:
    """Turns the write-ahead log on.

    SQLite does not wait for others here as it does elsewhere, so this does; who still finds the
    file held goes on in the mode that it has, which is as safe.
    """
    if connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal":
        return
    until = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                return
            time.sleep(0.02)


def _why(error: sqlite3.Error) -> str:
    words = str(error)
    if "locked" in words or "busy" in words:
        return "is held by another program; try again"
    if "readonly" in words or "unable to open" in words:
        return "cannot be written; check its folder's permissions or set INFLUENCE_NOTES"
    if "not a database" in words or "malformed" in words:
        return "is no notebook or is damaged; move it away or set INFLUENCE_NOTES"
    return words
