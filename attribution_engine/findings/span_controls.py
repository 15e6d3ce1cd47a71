"""For a span, text of equal length that does not do what the span does."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

# A control has as many tokens as its span, give or take so many, or such a share of them.
NEAR_TOKENS: Final = 2
NEAR_SHARE: Final = 0.25
# What keys of a search for controls are made of: pair or query, tokens, first character.
_TOKEN_BITS, _PLACE_BITS = 20, 23
_FAR: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class SpanScores:
    """Spans of the documents at the ends of rankings, each under each query it is at an end of.

    Attributes:
        query, document, span: [n] int; rows of one query and document stand together, in the order
            of the text. A span is numbered over all documents.
        start: [n] first character of the span; tokens: [n] its tokens with a loss, at least 1.
        helpful: [n] whether the document is at the helpful end.
        influence: [n] sum of the span's token scores (nats).
        cut: [n] the document's influence less that without the span (nats); NaN: not computed.
    """

    query: np.ndarray
    document: np.ndarray
    span: np.ndarray
    start: np.ndarray
    tokens: np.ndarray
    helpful: np.ndarray
    influence: np.ndarray
    cut: np.ndarray

    def __len__(self) -> int:
        return len(self.query)

    def where(self, mask: np.ndarray) -> SpanScores:
        """The rows of a mask [n]."""
        return SpanScores(*(getattr(self, one.name)[mask] for one in fields(self)))


@dataclass(frozen=True, slots=True)
class Controls:
    """The controls of some spans: rows `first` up to `stop` of the scores; −1 where none."""

    first: np.ndarray
    stop: np.ndarray

    def scaled(self, scores: SpanScores, rows: np.ndarray, values: np.ndarray) -> np.ndarray:
        """[rows] what the control has of `values` [n] at its span's length; NaN without one."""
        totals = np.concatenate([[0.0], np.cumsum(values)])
        tokens = np.concatenate([[0], np.cumsum(scores.tokens, dtype=np.int64)])
        has = self.first >= 0
        found = np.full(len(rows), np.nan)
        first, stop = self.first[has], self.stop[has]
        one = stop == first + 1  # exact where nothing is summed
        sums = np.where(one, values[first], totals[stop] - totals[first])
        found[has] = sums * (scores.tokens[rows[has]] / (tokens[stop] - tokens[first]))
        return found


def controls(
    scores: SpanScores, rows: np.ndarray, allowed: np.ndarray, with_runs: bool = True
) -> Controls:
    """A control of nearly the same number of tokens for each row.

    It is a span of the same document; else, successive spans of it; else a span of another
    document at the same end of the same query. Of several the nearest in length is taken, then
    the nearest in the text. One may be the control of several spans.

    Args:
        rows: that want a control; allowed: [n] whether a span may be one.
        with_runs: whether successive spans may be one control.
    """
    width = int(scores.document.max(initial=0)) + 1
    pair = np.unique(scores.query.astype(np.int64) * width + scores.document, return_inverse=True)[
        1
    ]
    end = scores.query.astype(np.int64) * 2 + scores.helpful
    among = np.flatnonzero(allowed)
    first = _nearest(scores, pair, rows, among)
    stop = np.where(first >= 0, first + 1, -1)
    if with_runs:
        lacking = np.flatnonzero(first < 0)
        first[lacking], stop[lacking] = _runs(scores, pair, rows[lacking], allowed)
    lacking = np.flatnonzero(first < 0)
    first[lacking] = _nearest(scores, end, rows[lacking], among)
    stop[lacking] = np.where(first[lacking] >= 0, first[lacking] + 1, -1)
    return Controls(first, stop)


def _tolerance(wanted: np.ndarray) -> np.ndarray:
    return np.maximum(NEAR_TOKENS, NEAR_SHARE * wanted)


def _nearest(
    scores: SpanScores, group: np.ndarray, rows: np.ndarray, among: np.ndarray
) -> np.ndarray:
    """[rows] the row of the same group that is nearest in tokens, then in the text; or −1."""
    found = np.full(len(rows), -1, np.int64)
    if not len(rows) or not len(among):
        return found
    keys = (
        (group.astype(np.int64) << (_TOKEN_BITS + _PLACE_BITS))
        | (np.minimum(scores.tokens, (1 << _TOKEN_BITS) - 1).astype(np.int64) << _PLACE_BITS)
        | np.minimum(scores.start, (1 << _PLACE_BITS) - 1).astype(np.int64)
    )
    ordered = among[np.argsort(keys[among], kind="stable")]
    behind = np.searchsorted(keys[ordered], keys[rows])
    wanted = scores.tokens[rows].astype(np.int64)
    best = np.full(len(rows), _FAR)
    for at in (behind - 1, behind):
        other = ordered[np.clip(at, 0, len(ordered) - 1)]
        apart = np.abs(scores.tokens[other].astype(np.int64) - wanted)
        away = np.abs(scores.start[other].astype(np.int64) - scores.start[rows])
        size = (apart << _PLACE_BITS) + np.minimum(away, (1 << _PLACE_BITS) - 1)
        there = (at >= 0) & (at < len(ordered)) & (group[other] == group[rows])
        better = there & (apart <= _tolerance(wanted)) & (size < best)
        found[better], best[better] = other[better], size[better]
    return found


def _runs(
    scores: SpanScores, pair: np.ndarray, rows: np.ndarray, allowed: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """[rows] first row, and the row behind the last one, of successive allowed spans; or −1."""
    first, stop = np.full(len(rows), -1, np.int64), np.full(len(rows), -1, np.int64)
    borders = np.flatnonzero(np.diff(pair, prepend=-1, append=-1))
    tokens = np.concatenate([[0], np.cumsum(scores.tokens, dtype=np.int64)])
    barred = np.concatenate([[0], np.cumsum(~allowed)])
    places = np.searchsorted(borders, rows, "right")
    for at, (row, place) in enumerate(zip(rows.tolist(), places.tolist(), strict=True)):
        begin, behind = int(borders[place - 1]), int(borders[place])
        starts = np.arange(begin, behind)
        wanted = int(scores.tokens[row])
        # The last end that is not beyond the wanted length, and the one behind it.
        ends = np.searchsorted(tokens[begin : behind + 1], tokens[starts] + wanted, "right") - 1
        best = _FAR
        for stops in (begin + ends, begin + ends + 1):
            fits = (stops > starts) & (stops <= behind)
            here, there = starts[fits], stops[fits]
            apart = np.abs(tokens[there] - tokens[here] - wanted)
            away = np.abs(scores.start[here].astype(np.int64) - int(scores.start[row]))
            size = (apart << _PLACE_BITS) + np.minimum(away, (1 << _PLACE_BITS) - 1)
            good = (barred[there] == barred[here]) & (apart <= _tolerance(np.array(wanted)))
            if not good.any():
                continue
            choice = int(np.where(good, size, _FAR).argmin())
            if size[choice] < best:
                best, first[at], stop[at] = int(size[choice]), here[choice], there[choice]
    return first, stop
