"""Snippets: which passage of a document stands in a row of a table, cut out by the database."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import duckdb
import numpy as np

from attribution_engine.store import word_index

SNIPPET = 180  # characters
MARGIN = 24  # characters on either side that are read to cut between words
BEFORE = 60  # characters before what a search found
JOINER = "\u200d"

PassageName = Literal["influence", "search", "start"]


@dataclass(frozen=True, slots=True)
class Snippet:
    """A passage on one line; `start` is its first character in the text, whitespace unfolded."""

    text: str
    passage: PassageName
    start: int = 0


def strongest_window(
    ends: np.ndarray, scores: np.ndarray, sign: int, size: int = SNIPPET
) -> int | None:
    """Where the `size` characters start in whose middle the strongest tokens stand.

    Args:
        ends: [tokens], character where each token ends.
        scores: [tokens], nats.
        sign: 1 for the largest sum of scores, −1 for the smallest.

    Returns:
        A character of the text; None where no passage has a sum of that sign.
    """
    if not len(ends):
        return None
    starts = np.concatenate(([0], ends[:-1]))
    first = np.arange(len(ends))
    # The tokens that fit into a window, and at the least the one that it starts with.
    behind = np.maximum(np.searchsorted(ends, starts + size, side="right"), first + 1)
    total = np.concatenate(([0.0], np.cumsum(sign * scores.astype(np.float64))))
    # The largest total within reach of each start: of two overlapping stretches of a power of two.
    reach = behind - first
    levels = [total]
    while 2 ** len(levels) <= reach.max():
        half = 2 ** (len(levels) - 1)
        levels.append(np.maximum(levels[-1][:-half], levels[-1][half:]))
    level = np.frexp(reach)[1] - 1
    best = np.empty(len(ends))
    for number, stretch in enumerate(levels):
        at_level = level == number
        best[at_level] = np.maximum(
            stretch[first[at_level] + 1], stretch[behind[at_level] + 1 - 2**number]
        )
    at = int((best - total[first]).argmax())
    if not best[at] > total[at]:
        return None
    last = at + 1 + int(total[at + 1 : behind[at] + 1].argmax())
    at += len(total[at:last]) - 1 - int(total[at:last][::-1].argmin())
    space = size - int(ends[last - 1] - starts[at])
    start = int(starts[at]) - max(0, space) // 2
    return max(0, min(start, int(ends[-1]) - size))


def snippets(
    cursor: duckdb.DuckDBPyConnection,
    ids: Sequence[int],
    windows: Mapping[int, int],
    search: str = "",
) -> dict[int, Snippet]:
    """Snippets of documents, by doc_id.

    Args:
        windows: character at which the snippet of a document starts, where that is known; others
            show what `search` finds, if anything, or their beginning.
    """
    words = [word.lower() for word in word_index.matches(search)] if search else []
    found = cursor.execute(
        f"""WITH wanted AS (
            SELECT unnest($ids::INTEGER[]) AS doc_id, unnest($opens::BIGINT[]) AS opens),
        texts AS (SELECT doc_id, opens, text, {_place() if words else "NULL"} AS place
            FROM documents JOIN wanted USING (doc_id)),
        cuts AS (SELECT doc_id, text, opens < 0 AND place IS NOT NULL AS found,
            CASE WHEN opens >= 0 THEN opens
                ELSE greatest(0, coalesce(place, 1) - 1 - {BEFORE}) END AS cut
            FROM texts)
        SELECT doc_id, found, cut, greatest(0, cut - {MARGIN}) AS start,
            substr(text, start + 1, cut - start + {SNIPPET + MARGIN}),
            length(text) > cut + {SNIPPET + MARGIN} FROM cuts""",
        {
            "ids": list(ids),
            "opens": [windows.get(doc_id, -1) for doc_id in ids],
            **({"words": words} if words else {}),
        },
    ).fetchall()
    result = {}
    for doc_id, by_search, cut, start, piece, goes_on in found:
        passage: PassageName = (
            "influence" if doc_id in windows else "search" if by_search else "start"
        )
        text, left = one_line(piece, cut - start, goes_on)
        result[doc_id] = Snippet(("…" if start + left else "") + text, passage, start + left)
    return result


def _place() -> str:
    """SQL of the first character, from 1, of what is searched for; NULL where it is not found.

    A place behind a blank is taken first: "art" is not to show the middle of "start".
    """
    first = "list_min([p FOR p IN [strpos({}) FOR w IN $words::VARCHAR[]] IF p > 0])"
    behind_blank = first.format("' ' || lower(text), ' ' || w")
    anywhere = first.format("lower(text), w")
    return f"CASE WHEN opens < 0 THEN coalesce({behind_blank}, {anywhere}) END"


def one_line(piece: str, left: int, goes_on: bool, size: int = SNIPPET) -> tuple[str, int]:
    """Cuts `size` characters out of a piece of text, at blanks where they are near.

    Args:
        piece: characters of the text from a little before the cut to a little behind it.
        left: where in the piece to cut.
        goes_on: whether the text goes on behind the piece.

    Returns:
        The characters with whitespace folded, … behind them if text is left out there, and where
        in the piece they start.
    """
    right = min(len(piece), left + size)
    if left:
        blank = re.compile(r"\s").search(piece, max(0, left - 1), min(left + MARGIN // 2, right))
        left = blank.end() if blank else _whole(piece, left)
    if right < len(piece) or goes_on:
        if right < len(piece):
            near = [m.start() for m in re.finditer(r"\s", piece[right - MARGIN // 2 : right + 1])]
            right = right - MARGIN // 2 + near[-1] if near else _whole(piece, right)
        return " ".join(piece[left:right].split()) + "…", left
    return " ".join(piece[left:right].split()), left


def _whole(piece: str, at: int) -> int:
    """A place near `at` that does not part a character from its marks or a joined emoji."""
    for back in range(at, max(0, at - MARGIN // 2), -1):
        if back < len(piece) and not _belongs(piece[back]) and piece[back - 1] != JOINER:
            return back
    return at


def _belongs(character: str) -> bool:
    """Whether a character is drawn with the one before it."""
    return (
        character == JOINER
        or unicodedata.category(character) in ("Mn", "Mc", "Me")
        or "\U0001f3fb" <= character <= "\U0001f3ff"
    )
