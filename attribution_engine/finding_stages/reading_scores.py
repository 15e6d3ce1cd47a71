"""Readers of behaviours held against the labelled traces that ship with the project."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

from attribution_engine.findings.reading_scores import reading_scores
from attribution_engine.records import Span
from attribution_engine.text.spans import steps

LABELS: Final = Path(__file__).resolve().parents[2] / "data" / "labels" / "behaviours.jsonl"

Split = Literal["development", "held_out"]
Read = Callable[[str, Sequence[Span]], list[str | None]]


@dataclass(frozen=True, slots=True)
class LabelledTrace:
    """A trace whose spans were labelled by hand.

    Attributes:
        name: of the trace; style: what kind of trace it is, in words.
        split: "development" if rules were written with it in view, else "held_out".
        spans: tile the text; their behaviour is the label, None = none of the behaviours.
    """

    name: str
    style: str
    split: Split
    text: str
    spans: tuple[Span, ...]


def labelled_traces(path: Path = LABELS) -> list[LabelledTrace]:
    """The labelled traces of a JSONL file (`data/labels/README.md` says what they are)."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [_trace(json.loads(line)) for line in lines if line.strip()]


def reading_score_rows(
    reader_name: str, read: Read, split: Split = "held_out", path: Path = LABELS
) -> Iterator[dict[str, Any]]:
    """Rows of the table `reading_score` for one reader; none if the labels are not there.

    Args:
        reader_name: the detector or the judge.
        read: gives one behaviour or None for each span of a text.
        split: the traces that it is held against.

    Raises:
        ValueError: the reader gave more or fewer behaviours than there are spans.
    """
    if not path.is_file():
        return
    labels: list[str | None] = []
    found: list[str | None] = []
    for trace in labelled_traces(path):
        if trace.split != split:
            continue
        labels += [span.behaviour for span in trace.spans]
        found += read(trace.text, trace.spans)
    for score in reading_scores(labels, found):
        yield {"reader": reader_name, **asdict(score)}


def _trace(row: dict[str, Any]) -> LabelledTrace:
    """A line of the file; the form of a span is read off its text anew."""
    text = row["trace"]
    kinds = {span.start: span.kind for span in steps(text)}
    spans = tuple(
        Span(one["start"], one["end"], kinds.get(one["start"], "sentence"), one["behaviour"])
        for one in row["spans"]
    )
    return LabelledTrace(row["name"], row["style"], row["split"], text, spans)
