"""What a store tells besides its scores, computed from its own texts and scores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from attribution_engine.findings.correlations import query_correlations
from attribution_engine.findings.rank_curves import SIDES, rank_curve, rank_fit
from attribution_engine.progress import progress
from attribution_engine.store.schema import DOCUMENT_MAJOR_FROM
from attribution_engine.store.writer import StoreWriter, significant
from attribution_engine.text.near_duplicates import near_groups


def insert_curves(store: StoreWriter, influence: np.ndarray, step: Callable[[int], None]) -> None:
    """Fills `rank_curve` and `rank_fit`.

    Args:
        influence: [queries, documents], nats; may be a memory map.
    """
    curves: list[dict[str, Any]] = []
    fits: list[dict[str, Any]] = []
    for query, row in enumerate(influence):
        scores = significant(np.asarray(row))  # as they are kept
        for side in SIDES:
            key = {"query_id": query, "side": side}
            curves += [key | asdict(each) for each in rank_curve(scores, side)]
            fits.append(key | asdict(rank_fit(scores, side)))
        step(1)
    store.insert("rank_curve", curves)
    store.insert("rank_fit", fits)


def insert_derived(store: StoreWriter, influence: np.ndarray, scratch: Path) -> None:
    """Groups of near-duplicates, words, correlations, and documents' rows of a large run.

    Args:
        influence: [queries, documents], nats, as `influence` has it; may be a memory map.
        scratch: folder for what does not fit into memory meanwhile.
    """
    n_queries, n_documents = influence.shape
    with progress("near-duplicates", n_documents) as step:
        store.mark_near_groups(near_groups(_counted(store.texts(), step), scratch))
    with progress("word index", n_documents) as step:
        store.index_words(step)
    with progress("correlations", n_queries, "query") as step:
        found = query_correlations(influence, step, scratch)
        store.insert("query_correlation", (asdict(each) for each in found))
    if n_queries * n_documents >= DOCUMENT_MAJOR_FROM:
        store.insert_document_influence(influence)


def _counted(texts: Iterable[str], step: Callable[[int], None], batch: int = 1000) -> Iterator[str]:
    done = 0
    for text in texts:
        yield text
        done += 1
        if done == batch:
            step(done)
            done = 0
    step(done)
