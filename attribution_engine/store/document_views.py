"""What the reader answers about a document under a query: its text cut up, and its influence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
LevelName = Literal["token", "word", "sentence", "step", "behaviour"]
ScaleName = Literal["document", "query"]


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document under a query.

    Attributes:
        loss_ranges: characters (start, end) of `text` that are trained on; the rest is only read.
        seen_chars: characters that the model saw.
        alignments: those with token scores for this pair.
        behaviours: names that its spans have, in the order of the text.
    """

    doc_id: int
    text: str
    prompt_chars: int
    loss_ranges: tuple[tuple[int, int], ...]
    seen_chars: int
    n_tokens: int
    source: str
    domain: str
    category: str
    difficulty: str
    metadata: dict[str, Any]
    gradient_norm: float | None
    influence: float
    per_nat: float | None
    normed: float | None
    rank: int
    rank_normed: int
    alignments: tuple[str, ...]
    behaviours: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """What a document is drawn from: a token each, or the tokens that share a character.

    Attributes:
        text: what the model saw; the cells, joined.
        ends: [cells] character where each ends.
        firsts: [cells] number of its first token, from 0.
        counts: [cells] how many tokens it is.
        classes: [cells] place in `token_classes.CLASSES`.
        utf16: [cells] UTF-16 units, in which a browser counts.
        blank: [cells] whether it is white space only.
    """

    text: str
    ends: Ints
    firsts: Ints
    counts: Ints
    classes: NDArray[np.uint8]
    utf16: Ints
    blank: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ends)

    @property
    def starts(self) -> Ints:
        """[cells] character where each begins."""
        return np.concatenate((np.zeros(1, np.int64), self.ends[:-1]))[: len(self.ends)]

    def piece(self, first: int, last: int) -> str:
        """The text of the cells `first` to `last`, both included."""
        return self.text[int(self.ends[first - 1]) if first else 0 : int(self.ends[last])]


@dataclass(frozen=True, slots=True, eq=False)
class TokenScores:
    """The token influence of one document on one query under one alignment.

    Attributes:
        values: [cells] nats.
        total: sum over the tokens (nats).
        gap: `total` minus the document's influence (nats).
    """

    alignment: str
    cells: Cells
    values: Floats
    total: float
    gap: float


@dataclass(frozen=True, slots=True, eq=False)
class Units:
    """The cells of a document in groups that are shaded as one; they tile it.

    Attributes:
        starts: [units] first cell of each, ascending from 0.
        names: of the units: what a step is or a behaviour is called; empty where there is nothing
            to name, and for words and sentences altogether.
        by: who cut it: the "store", or "rules" that read the text.
    """

    level: LevelName
    starts: Ints
    names: tuple[str, ...] = ()
    by: Literal["store", "rules"] = "rules"


@dataclass(frozen=True, slots=True)
class Clip:
    """From which |sum| on a unit has the deepest shade: a 99th percentile.

    Attributes:
        helpful, harmful: documents from either end of the ranking that it was taken over; both 0
            where it was taken over the document shown alone.
        n: units it was taken over, those of no influence left out.
    """

    value: float
    n: int
    helpful: int = 0
    harmful: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A document's token influence at one level and on one scale.

    Attributes:
        sums: [units] sum of the token scores of each (nats).
        shades: [units] −8…8.
        n_clipped: units beyond the clip.
        most_helpful, most_harmful: units, strongest first.
        helpful_cells, harmful_cells: the same of cells.
    """

    scores: TokenScores
    units: Units
    sums: Floats
    shades: NDArray[np.int8]
    clip: Clip
    n_clipped: int
    most_helpful: tuple[int, ...]
    most_harmful: tuple[int, ...]
    helpful_cells: tuple[int, ...]
    harmful_cells: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Tokens of one kind, wherever they stand in a document.

    Attributes:
        cells: [cells] whether each is of it.
        n_places: passages that it comes in.
        total: sum of the token scores (nats); None without scores, as is `share`.
        share: sum of the sizes of its token scores ÷ that of all tokens of the document.
        found: what it is in detail, with how often: behaviours, or the words of the answer.
    """

    name: str
    cells: NDArray[np.bool_]
    n_places: int
    n_tokens: int
    total: float | None
    share: float | None
    found: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """Characters of a document, widened to whole tokens.

    Attributes:
        first, last: cells, both included.
        value: sum of the token scores (nats); None without scores.
    """

    start: int
    end: int
    first: int
    last: int
    n_tokens: int
    value: float | None


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as a table has it; `unit` is its number at the chosen level, from 1.

    Tokens that share a character have one row.
    """

    token: int
    n_tokens: int
    start: int
    end: int
    text: str
    token_class: str
    influence: float | None
    unit: int
    unit_influence: float | None
