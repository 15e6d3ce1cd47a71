"""The one pass over the corpus: scores of all levels, shard by shard, each complete or absent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from attribution_engine.curvature_stages import Fitting, curvatures
from attribution_engine.influence.finiteness import refuse_not_finite
from attribution_engine.influence.scores import (
    Group,
    Progress,
    Scores,
    score_documents,
    self_scores,
)
from attribution_engine.prepared_corpus import PreparedCorpus
from attribution_engine.progress import progress
from attribution_engine.query_stages import Directions
from attribution_engine.records import InfluenceConfig, InputError
from attribution_engine.tails import Tails
from attribution_engine.text.token_classes import CLASSES
from attribution_engine.workspace import Workspace

MOST_DOCUMENTS = 8_192  # of a shard
MOST_SHARES = 1 << 28  # numbers: queries × tokens of a shard that is split over tokens


@dataclass(slots=True, kw_only=True)
class Scored:
    """Where the results of one set of weights are; neither model nor directions are held.

    Attributes:
        folder: prefix of the results' names, "" or "checkpoint-1/".
        split: whether influence is split over spans and token classes of every document.
    """

    work: Workspace
    options: InfluenceConfig
    folder: str
    corpus: PreparedCorpus
    n_queries: int
    split: bool
    document_norms: np.ndarray | None = None  # filled in by `score_corpus`

    def name(self, number: int) -> str:
        return f"{self.folder}scores/{number:06d}"


@dataclass(slots=True, kw_only=True)
class Scoring(Scored):
    """What shards are computed with.

    Attributes:
        cosine: whether scores are divided by both gradients' norms.
    """

    fitting: Fitting
    directions: Directions
    cosine: bool

    def results(self) -> Scored:
        """What is needed to read the results, without what computes them."""
        return Scored(**{each.name: getattr(self, each.name) for each in fields(Scored)})

    def cosine_scale(self, query: int, row: int) -> float:
        """1 ÷ (‖∇f‖ ‖∇L‖), 0 where one of them is 0."""
        assert self.document_norms is not None
        product = float(self.directions.norms()[query]) * float(self.document_norms[row])
        return 1.0 / product if product > 0 else 0.0

    def groups(self) -> list[Group]:
        """Groups of layers whose directions fit on the device together."""
        return [
            (group, partial(self.directions.of_layers, group))
            for group in self.fitting.groups("scores")
        ]


def shards_of(scoring: Scored) -> list[range]:
    """Consecutive documents, of `shard_tokens` tokens and not too many."""
    allowed = scoring.options.shard_tokens
    if scoring.split:
        allowed = min(allowed, max(1, MOST_SHARES // max(1, scoring.n_queries)))
    found, start, tokens = [], 0, 0
    for row, length in enumerate(scoring.corpus.lengths.tolist()):
        if row > start and (tokens + length > allowed or row - start >= MOST_DOCUMENTS):
            found.append(range(start, row))
            start, tokens = row, 0
        tokens += length
    return [*found, range(start, len(scoring.corpus))]


def score_corpus(scoring: Scoring) -> Tails:
    """Computes the shards that are not there; gives the tails over all of them."""
    fitting = scoring.fitting
    tails = Tails(scoring.n_queries, fitting.options.tail)
    norms = np.zeros(len(scoring.corpus))
    with (
        fitting.work.timed("scores"),
        progress("scores", len(scoring.corpus)) as step,
    ):
        for number, rows in enumerate(shards_of(scoring)):
            done = fitting.work.shard(scoring.name(number))
            if done is not None:
                influence, squared = read_influence(done)
                tails.add(influence, np.asarray(rows))
                norms[rows.start : rows.stop] = np.sqrt(squared)
                step(len(rows))
                continue
            scores = _scores_of(scoring, rows, step)
            tails.add(scores.influence, scores.rows)
            norms[rows.start : rows.stop] = np.sqrt(scores.squared_norms)
            with fitting.work.writing_shard(scoring.name(number)) as folder:
                _write_documents(scores, folder)
                if scores.tokens is not None:
                    _write_spans(scoring, scores, folder)
                    _write_classes(scoring, scores, folder)
                    _write_tokens(scores, tails, folder)
    scoring.document_norms = norms
    return tails


def influence_shards(scoring: Scored) -> Iterator[tuple[range, np.ndarray]]:
    """Documents and their influence [queries, documents], shard by shard."""
    for rows, folder in zip(shards_of(scoring), shard_folders(scoring), strict=True):
        yield rows, read_influence(folder)[0]


def shard_folders(scoring: Scored) -> list[Path]:
    """The finished shards, in the order of their documents."""
    numbers = range(len(shards_of(scoring)))
    found = (scoring.work.shard(scoring.name(number)) for number in numbers)
    return [folder for folder in found if folder is not None]


def read_influence(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """float32 [queries, documents], and ‖∇L‖² [documents]."""
    table = pq.read_table(folder / "documents.parquet")
    flat = table["influence"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    return flat.reshape(table.num_rows, -1).T, table["squared_norm"].to_numpy()


def _scores_of(scoring: Scoring, rows: range, step: Progress) -> Scores:
    fitting, options = scoring.fitting, scoring.fitting.options
    counted = _Once(step)

    def compute(tokens: int) -> Scores:
        counted.begin()
        if options.method == "self-influence":
            return self_scores(
                fitting.tracked,
                [(g, partial(curvatures, fitting, g)) for g in fitting.groups("eigenvalues")],
                scoring.corpus,
                rows,
                damping=options.damping,
                batch_tokens=tokens,
                progress=counted,
            )
        return score_documents(
            fitting.tracked,
            scoring.groups(),
            scoring.corpus,
            rows,
            scoring.n_queries,
            tokens=scoring.split,
            batch_tokens=tokens,
            progress=counted,
        )

    scores = fitting.budget.run(compute, "scores")
    if scoring.cosine:
        normalise(scores, scoring.directions.norms().numpy())
    bad = ~np.isfinite(scores.influence).all(0)
    if bad.any():
        row = rows[int(bad.argmax())]
        refuse_not_finite(fitting.tracked, scoring.corpus, [row])
        where = scoring.corpus.where(row)
        raise InputError(f"{where}: its influence is NaN or infinite; raise influence.damping")
    return scores


class _Once:
    """Progress of work that may begin again: what was counted before is not counted twice."""

    def __init__(self, step: Progress) -> None:
        self._step, self._counted, self._seen = step, 0, 0

    def begin(self) -> None:
        self._seen = 0

    def __call__(self, done: int) -> None:
        self._seen += done
        if self._seen > self._counted:
            self._step(self._seen - self._counted)
            self._counted = self._seen


def normalise(scores: Scores, query_norms: np.ndarray) -> None:
    """Dot products of gradients to cosines."""
    of_documents = np.sqrt(scores.squared_norms)
    scale = query_norms[:, None] * of_documents[None]
    scale = np.divide(1.0, scale, out=np.zeros_like(scale), where=scale > 0)
    scores.influence *= scale
    if scores.tokens is not None:
        scores.tokens *= np.repeat(scale, np.diff(scores.token_starts), axis=1)


def _write_documents(scores: Scores, folder: Path) -> None:
    influence = np.ascontiguousarray(scores.influence.T, dtype=np.float32)  # [documents, queries]
    columns = {
        "doc_id": pa.array(scores.rows.astype(np.int32)),
        "squared_norm": pa.array(scores.squared_norms),
        "influence": pa.FixedSizeListArray.from_arrays(
            pa.array(influence.reshape(-1)), influence.shape[1]
        ),
    }
    pq.write_table(pa.table(columns), folder / "documents.parquet")


def _write_spans(scoring: Scoring, scores: Scores, folder: Path) -> None:
    """Sums of every span: a row a document, [spans × queries] one span after another."""
    sums = []
    for at, row in enumerate(scores.rows.tolist()):
        spans = scoring.corpus.spans(row)
        totals = np.concatenate(
            [np.zeros((scoring.n_queries, 1)), scores.of_document(at).cumsum(1, dtype=np.float64)],
            axis=1,
        )
        first, end = (np.minimum(spans[:, column], totals.shape[1] - 1) for column in (2, 3))
        sums.append((totals[:, end] - totals[:, first]).T.astype(np.float32).reshape(-1))
    lengths = np.concatenate([[0], np.cumsum([len(each) for each in sums])])
    column = pa.LargeListArray.from_arrays(pa.array(lengths), pa.array(np.concatenate(sums)))
    table = pa.table({"doc_id": pa.array(scores.rows.astype(np.int32)), "sums": column})
    pq.write_table(table, folder / "spans.parquet")


def _write_classes(scoring: Scoring, scores: Scores, folder: Path) -> None:
    """Sums over the tokens of each class, by the documents' domain."""
    assert scores.tokens is not None
    sums: dict[tuple[str | None, int], np.ndarray] = {}
    counts: dict[tuple[str | None, int], int] = {}
    for at, row in enumerate(scores.rows.tolist()):
        domain, classes = scoring.corpus.document(row).domain, scoring.corpus.classes(row)
        shares = scores.of_document(at)
        for number in np.unique(classes).tolist():
            chosen = classes == number
            key = (domain, number)
            total = shares[:, chosen].sum(1, dtype=np.float64)
            sums[key] = sums[key] + total if key in sums else total
            counts[key] = counts.get(key, 0) + int(chosen.sum())
    pq.write_table(
        pa.table(
            {
                "domain": pa.array([domain for domain, _ in sums], pa.string()),
                "token_class": pa.array([CLASSES[number] for _, number in sums], pa.string()),
                "n": pa.array([counts[key] for key in sums], pa.int64()),
                "sums": pa.array(
                    [total.tolist() for total in sums.values()], pa.list_(pa.float64())
                ),
            }
        ),
        folder / "classes.parquet",
    )


def _write_tokens(scores: Scores, tails: Tails, folder: Path) -> None:
    """Token scores of the shard's documents that are in a tail so far."""
    place = {row: at for at, row in enumerate(scores.rows.tolist())}
    queries, docs, shares = [], [], []
    for query in range(len(scores.influence)):
        for row in tails.of(query):
            if row in place:
                queries.append(query)
                docs.append(row)
                shares.append(scores.of_document(place[row])[query])
    pq.write_table(
        pa.table(
            {
                "query_id": pa.array(queries, pa.int32()),
                "doc_id": pa.array(docs, pa.int32()),
                "scores": pa.array(shares, pa.list_(pa.float32())),
            }
        ),
        folder / "tokens.parquet",
    )
