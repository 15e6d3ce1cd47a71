"""Token scores of the tails, in both alignments, and spans cut out: shard by shard."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attribution_engine.curvature_stages import Fitting
from attribution_engine.influence.memory import Stage, group_bytes
from attribution_engine.influence.token_scores import predicted_scores, update_scores
from attribution_engine.progress import progress
from attribution_engine.score_stages import Scored, Scoring, shard_folders
from attribution_engine.tails import Tails

UPDATE_DOCUMENTS = 256  # documents of a shard of `update` shares computed after the pass

# (query, document, scores [tokens])
TokenScores = Iterator[tuple[int, int, np.ndarray]]


def tail_tokens(scoring: Scoring, tails: Tails) -> None:
    """Computes the token scores that are not there yet, of the alignments asked for."""
    alignments = scoring.fitting.options.alignments
    if "predicted" in alignments:
        _predicted(scoring, tails)
    if "update" in alignments and not scoring.split:
        _update(scoring, tails)


def read_tail_tokens(scoring: Scored, tails: Tails, alignment: str) -> TokenScores:
    """Token scores of every query's tails, as they were computed."""
    wanted = {query: set(tails.of(query)) for query in range(scoring.n_queries)}
    if alignment == "predicted":
        folders = [_folder(scoring, "predicted", query) for query in wanted]
    elif scoring.split:
        folders = shard_folders(scoring)
    else:
        n_shards = -(-len(_tail_documents(tails, scoring)) // UPDATE_DOCUMENTS)
        folders = [_folder(scoring, "update", number) for number in range(n_shards)]
    for folder in folders:
        table = pq.read_table(folder / "tokens.parquet")
        for batch in table.to_batches(max_chunksize=1024):
            scores = batch.column("scores")
            for at, (query, row) in enumerate(
                zip(batch.column("query_id").to_pylist(), batch.column("doc_id").to_pylist())
            ):
                if row in wanted[query]:
                    yield query, row, scores[at].values.to_numpy(zero_copy_only=False)


def _predicted(scoring: Scoring, tails: Tails) -> None:
    fitting = scoring.fitting
    total = sum(len(tails.of(query)) for query in range(scoring.n_queries))
    groups = fitting.groups("token scores")
    if not _fit_beside_all_queries(fitting):
        scoring.directions.forget()
    with (
        fitting.work.timed("tokens (predicted)"),
        progress("token scores (predicted)", total) as step,
    ):
        for query in range(scoring.n_queries):
            rows = tails.of(query)
            if fitting.work.shard(_name(scoring, "predicted", query)) is None:
                found = _predicted_of(scoring, groups, query, rows)
                _write(scoring, "predicted", query, [(query, row, found[row]) for row in rows])
            step(len(rows))


def _update(scoring: Scoring, tails: Tails) -> None:
    """A second pass over the documents in a tail, where the first one did not split."""
    fitting = scoring.fitting
    documents = _tail_documents(tails, scoring)
    rows = sorted(documents)
    groups = fitting.groups("scores")
    with (
        fitting.work.timed("tokens (update)"),
        progress("token scores (update)", len(rows)) as step,
    ):
        for number, start in enumerate(range(0, len(rows), UPDATE_DOCUMENTS)):
            chosen = {row: documents[row] for row in rows[start : start + UPDATE_DOCUMENTS]}
            if fitting.work.shard(_name(scoring, "update", number)) is None:
                sums: dict[tuple[int, int], np.ndarray] = {}
                for group in groups:
                    for key, shares in _updates_of(scoring, group, chosen).items():
                        sums[key] = sums[key] + shares if key in sums else shares
                kept = [(query, row, shares) for (query, row), shares in sorted(sums.items())]
                _write(scoring, "update", number, kept)
            step(len(chosen))


def _fit_beside_all_queries(fitting: Fitting) -> bool:
    """Whether one query's directions fit on the device beside those of all queries."""
    every = range(len(fitting.tracked.layers))
    stages: tuple[Stage, ...] = ("scores", "token scores")
    held = (group_bytes(fitting.tracked.layers, every, each, fitting.shape) for each in stages)
    return sum(held) <= fitting.allowed


def _predicted_of(
    scoring: Scoring, groups: list[list[int]], query: int, rows: list[int]
) -> dict[int, np.ndarray]:
    """Of one query: the change along its direction is the sum of those along each group's."""
    sums: dict[int, np.ndarray] = {}
    for group in groups:

        def compute(tokens: int, group: list[int] = group) -> dict[int, np.ndarray]:
            return predicted_scores(
                scoring.fitting.tracked,
                scoring.directions.of_query(query, group),
                0,
                scoring.corpus,
                rows,
                batch_tokens=tokens,
            )

        for row, part in scoring.fitting.budget.run(compute, "token scores").items():
            sums[row] = sums[row] + part if row in sums else part
    return sums


def _updates_of(
    scoring: Scoring, group: list[int], wanted: dict[int, list[int]]
) -> dict[tuple[int, int], np.ndarray]:
    def compute(tokens: int) -> dict[tuple[int, int], np.ndarray]:
        return update_scores(
            scoring.fitting.tracked.only(group),
            scoring.directions.of_layers(group),
            wanted,
            scoring.corpus,
            batch_tokens=tokens,
        )

    return scoring.fitting.budget.run(compute, "token scores")


def _tail_documents(tails: Tails, scoring: Scored) -> dict[int, list[int]]:
    """Documents in any tail -> the queries in whose tail they are."""
    wanted: dict[int, list[int]] = {}
    for query in range(scoring.n_queries):
        for row in tails.of(query):
            wanted.setdefault(row, []).append(query)
    return dict(sorted(wanted.items()))


def _write(
    scoring: Scoring, kind: str, number: int, rows: list[tuple[int, int, np.ndarray]]
) -> None:
    if scoring.cosine:
        rows = [
            (query, row, scores * scoring.cosine_scale(query, row)) for query, row, scores in rows
        ]
    table = pa.table(
        {
            "query_id": pa.array([query for query, _, _ in rows], pa.int32()),
            "doc_id": pa.array([row for _, row, _ in rows], pa.int32()),
            "scores": pa.array(
                [scores.astype(np.float32) for _, _, scores in rows], pa.list_(pa.float32())
            ),
        }
    )
    with scoring.fitting.work.writing_shard(_name(scoring, kind, number)) as folder:
        pq.write_table(table, folder / "tokens.parquet")


def _name(scoring: Scored, kind: str, number: int) -> str:
    return f"{scoring.folder}{kind}/{number:06d}"


def _folder(scoring: Scored, kind: str, number: int) -> Path:
    folder = scoring.work.shard(_name(scoring, kind, number))
    assert folder is not None, "tail_tokens comes first"
    return folder
