"""A measured figure of a test of scores against retraining: one row of `faithfulness`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

EXPERIMENTS: Final = ("removal", "lds", "planted", "stability", "behaviour_cut")
CEILING: Final = "ceiling"  # stands as a method in `lds`: what agreement of seeds leaves to reach
RANDOM: Final = "random"  # stands as a method in `removal`: documents drawn by lot
RETRAINING: Final = "retraining"  # stands as a method in `planted`: what lab models learnt
REFERENCE: Final = "ek-fac"  # every other method is compared with it in pairs
MEAN_OF_SEEDS: Final = "mean of seeds"  # a condition of `lds`
# What the rows of the tests are about.
DROP: Final = "drop in log-probability"
ACCURACY_DROP: Final = "drop in share reproduced"
LDS: Final = "LDS"
AGREEMENT: Final = "agreement of seeds"
LEARNT: Final = "share of the nats learnt"
ANSWER_NATS: Final = "nats of the answer"
WITH_DOCUMENT: Final = "with its document"
WITHOUT_DOCUMENT: Final = "without its document"
PLANTED: Final = ("mean reciprocal rank", "recall@10")
SPEARMAN: Final = "Spearman of scores"
ACCURACY: Final = "accuracy"
LOG_PROBABILITY: Final = "log-probability"
PREDICTED: Final = "predicted change"
UNCUT: Final = "nothing cut"
NAMES: Final = {
    "ek-fac": "EK-FAC",
    "k-fac": "K-FAC",
    "gradient-dot": "gradient product",
    "gradient-cosine": "gradient cosine",
    "tracin": "TracIn",
    "bm25": "BM25",
    RANDOM: "random",
}


@dataclass(frozen=True, slots=True)
class FaithfulnessRow:
    """One figure of one test.

    Attributes:
        experiment: one of `EXPERIMENTS`.
        method: a name of `records.METHODS`, "random", "ceiling" or "retraining"; what was ranked
            with, or stands in its place.
        quantity: what `figure` is ("drop in log-probability"); unit: "nats", "share", "Spearman".
        figure: the value; `low` and `high` its interval where there is one.
        n: how many things it is taken over; `how` says which.
        how: in words: mean over what, which interval, how it was computed.
        seed: of one retraining; None = over all seeds.
        query_id: of one query of the store; None = over all that were tested.
        suite: of one suite; condition: "1%", "disjoint factor samples", "exploration cut".
    """

    experiment: str
    method: str
    quantity: str
    unit: str
    figure: float
    n: int
    how: str
    seed: int | None = None
    query_id: int | None = None
    suite: str | None = None
    condition: str | None = None
    low: float | None = None
    high: float | None = None


def name_of(method: str) -> str:
    """A method as a sentence calls it."""
    return NAMES.get(method, method)


def difference_of(quantity: str) -> str:
    """The quantity under which a method's row holds how far the reference is above it."""
    return f"{name_of(REFERENCE)} minus this method: {quantity}"


def datamodelling_means(rows: Iterable[FaithfulnessRow]) -> list[FaithfulnessRow]:
    """The LDS of every method against single seeds, and the ceiling that belongs to it."""
    return [row for row in overall(rows, LDS) if row.condition is None]


def overall(rows: Iterable[FaithfulnessRow], quantity: str) -> list[FaithfulnessRow]:
    """The rows of a quantity over all seeds, queries and suites."""
    return [
        row
        for row in rows
        if row.quantity == quantity and row.seed is None and row.query_id is None and not row.suite
    ]
