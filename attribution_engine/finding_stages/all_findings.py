"""Every finding of a run, one after the other, into its store."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields, replace
from typing import Final

import numpy as np

from attribution_engine.finding_stages import (
    answers,
    correlations,
    exploration,
    groups,
    sources,
    tokens,
    totals,
)
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import FINDINGS, Claim
from attribution_engine.findings.run_scores import RunScores
from attribution_engine.judging.judges import open_judge
from attribution_engine.judging.kept import KeptJudge
from attribution_engine.progress import progress
from attribution_engine.store.finding_reads import read_run_scores
from attribution_engine.store.finding_schema import FINDING_TABLES
from attribution_engine.store.judgements import keep_judgements, known_judgements
from attribution_engine.store.writer import StoreWriter
from attribution_engine.text.word_lists import load

Fill = Callable[[StoreWriter, RunScores, FindingOptions], Iterator[Claim]]
STAGES: Final[dict[str, Fill]] = {
    "correlations": correlations.fill,
    "totals": totals.fill,
    "answers": answers.fill,
    "sources": sources.fill,
    "groups": groups.fill,
    "tokens": tokens.fill,
    "exploration": exploration.fill,
}
assert tuple(STAGES) == FINDINGS
PLACES: Final = ("scratch", "words", "judge", "judged_file", "judging")  # not kept as they are
# What was asked once is not asked again; a store keeps its word lists until others are asked for.
KEPT: Final = ("judgement", "word_list")


def insert_findings(
    store: StoreWriter, influence: np.ndarray, options: FindingOptions | None = None
) -> list[Claim]:
    """Fills every table of the findings anew.

    Args:
        store: all other tables of which are filled.
        influence: [queries, documents], as the store keeps it; may be a memory map.

    Returns:
        The claims in the order of `FINDINGS`.
    """
    chosen = _with_judge(options or FindingOptions(), store)
    if chosen.words is not None:
        load(chosen.words)  # a mistake in it is told before minutes are spent
    for table in FINDING_TABLES:
        if table not in KEPT:
            store.clear(table)
    store.give_back_blocks()
    scores = read_run_scores(store.connection, influence)
    found: list[Claim] = []
    seconds: dict[str, float] = {}
    with progress("findings", len(STAGES), "finding") as step:
        for name, fill in STAGES.items():
            start = time.perf_counter()
            found += fill(store, scores, chosen)
            seconds[name] = round(time.perf_counter() - start, 2)
            step(1)
    store.insert("finding", map(asdict, found))
    if chosen.judging is not None:
        keep_judgements(store, chosen.judging)
    kept = {one.name: getattr(chosen, one.name) for one in fields(chosen) if one.name not in PLACES}
    kept["words"] = chosen.words.name if chosen.words else None
    kept["judge"] = chosen.judging.name if chosen.judging else None
    store.set_finding_settings(kept | {"seconds": seconds})
    return found


def _with_judge(options: FindingOptions, store: StoreWriter) -> FindingOptions:
    """The options with the judge opened, so that one that is not there is known at once."""
    if not options.judge or options.judging is not None:
        return options
    judge = open_judge(options.judge, options.judge_model, options.judge_tokens)
    kept = KeptJudge(judge, known_judgements(store), options.judged_file)
    return replace(options, judging=kept)
