"""What is underlined in a document: token classes, the query's answer, passages that explore."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from attribution_engine.store.document_views import Cells, Floats, Overlay, Units
from attribution_engine.store.token_scale import overlapping, runs
from attribution_engine.text.answers import answer_places
from attribution_engine.text.token_classes import CLASSES, OTHER

ANSWER, EXPLORATION = "answer", "exploration"
EXPLORING = ("explor", "verif", "backtrack")  # how the names of such behaviours begin


def explores(behaviour: str) -> bool:
    """Whether a behaviour's name says that the text explores, verifies or backtracks."""
    return behaviour.lower().startswith(EXPLORING)


def overlays_of(
    cells: Cells, values: Floats | None, wanted: Sequence[str], behaviours: Units | None
) -> list[Overlay]:
    """All overlays of a document in the order in which they are offered.

    Args:
        values: [cells] token scores; None where there are none.
        wanted: the reference answer and the keywords of the query.
        behaviours: the document at the level of behaviours; None where no span has one.
    """
    found = [
        _overlay(name, cells.classes == place, cells, values)
        for place, name in enumerate(CLASSES)
        if place != OTHER
    ]
    places = answer_places(cells.text, wanted)
    said = Counter(place.wanted for place in places)
    marked = overlapping(cells, [(place.start, place.end) for place in places])
    found.append(_overlay(ANSWER, marked, cells, values, len(places), said))
    marked, seen = np.zeros(len(cells), bool), Counter[str]()
    if behaviours is not None:
        ends = np.append(behaviours.starts[1:], len(cells))
        for first, end, name in zip(behaviours.starts, ends, behaviours.names, strict=True):
            if explores(name):
                marked[first:end] = True
                seen[name] += 1
    found.append(_overlay(EXPLORATION, marked, cells, values, sum(seen.values()), seen))
    return found


def _overlay(
    name: str,
    marked: np.ndarray,
    cells: Cells,
    values: Floats | None,
    n_places: int | None = None,
    detail: Counter[str] | None = None,
) -> Overlay:
    total = share = None
    if values is not None:
        whole = float(np.sum(np.abs(values)))
        total = float(np.sum(values[marked]))
        share = float(np.sum(np.abs(values[marked]))) / whole if whole else 0.0
    return Overlay(
        name=name,
        cells=marked,
        n_places=runs(marked) if n_places is None else n_places,
        n_tokens=int(cells.counts[marked].sum()),
        total=total,
        share=share,
        found=tuple((detail or Counter()).most_common()),
    )
