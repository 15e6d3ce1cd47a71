"""Two runs of one corpus, asked together: what they share and how far they agree."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from attribution_engine.findings.agreement import pearson, spearman, top_overlap
from attribution_engine.records import InputError
from attribution_engine.store.comparison_views import (
    ALL_POINTS,
    TOPS,
    Agreement,
    AgreementSummary,
    Counterpart,
    DocumentMatch,
    Plane,
    PlanePoint,
    Plot,
    QueryPair,
)
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import SIDES, Side

STEPS = 48  # of a density, each way

# Equal texts are paired by number of occurrence, so that no document is in two pairs.
PAIR_DOCUMENTS = """CREATE TABLE pairs AS
WITH digests AS (
    SELECT 'here' AS run, doc_id, md5_number(text) AS digest FROM here.documents
    UNION ALL SELECT 'there', doc_id, md5_number(text) FROM there.documents),
numbered AS (SELECT *, row_number() OVER (PARTITION BY run, digest ORDER BY doc_id) AS occurrence
    FROM digests)
SELECT h.doc_id AS here, t.doc_id AS there
FROM (FROM numbered WHERE run = 'here') h JOIN (FROM numbered WHERE run = 'there') t
USING (digest, occurrence) ORDER BY here"""
PAIR_QUERIES = """WITH asked AS (
    SELECT 'here' AS run, query_id, suite, coalesce(prompt, '') AS prompt, completion, span
    FROM here.queries
    UNION ALL SELECT 'there', query_id, suite, coalesce(prompt, ''), completion, span
    FROM there.queries),
numbered AS (SELECT *,
    row_number() OVER (PARTITION BY run, suite, prompt ORDER BY query_id) AS occurrence FROM asked)
SELECT h.query_id, t.query_id, h.completion IS NOT DISTINCT FROM t.completion
    AND h.span IS NOT DISTINCT FROM t.span
FROM (FROM numbered WHERE run = 'here') h JOIN (FROM numbered WHERE run = 'there') t
USING (suite, prompt, occurrence) ORDER BY h.query_id"""


@dataclass(frozen=True, slots=True)
class _Scores:
    """The shared documents of one query in both runs: numbers, scores and ranks."""

    here: np.ndarray
    there: np.ndarray
    score_here: np.ndarray
    score_there: np.ndarray
    rank_here: np.ndarray
    rank_there: np.ndarray


class Comparison:
    """Answers questions about two stores. Safe to share between threads.

    Documents are the same where their texts are; queries where suite and prompt are.

    Raises:
        InputError: one of the files cannot be read.
    """

    def __init__(self, here: StoreReader, there: StoreReader) -> None:
        self.here, self.there = here, there
        self._lock = threading.Lock()
        self._connection = duckdb.connect()
        self._agreements: dict[int, Agreement] = {}
        try:
            for name, path in (("here", here.path), ("there", there.path)):
                self._connection.execute(f"ATTACH {_quoted(path)} AS {name} (READ_ONLY)")
            self._connection.execute("SET enable_external_access = false")
            self._connection.execute("SET lock_configuration = true")
            self._connection.execute(PAIR_DOCUMENTS)
            self._pairs = self._query_pairs()
        except duckdb.Error as error:
            self._connection.close()
            raise self._unreadable(error) from error

    def close(self) -> None:
        """Lets go of both files."""
        self._connection.close()

    def documents(self) -> DocumentMatch:
        """How many documents are in both runs."""
        shared, same = self._rows(
            "SELECT count(*), coalesce(bool_and(here = there), true) FROM pairs"
        )[0]
        n_here, n_there = self.here.run().n_documents, self.there.run().n_documents
        return DocumentMatch(n_here, n_there, shared, same and n_here == n_there == shared)

    def queries(self) -> tuple[QueryPair, ...]:
        """The queries that are in both runs."""
        return tuple(self._pairs.values())

    def pair(self, query_id: int) -> QueryPair | None:
        """A query of the open run and its twin in the other; None if it has none."""
        return self._pairs.get(query_id)

    def agreement(self, query_id: int) -> Agreement:
        """How far the runs agree on a shared query.

        Raises:
            KeyError: the query is not shared.
        """
        if query_id not in self._agreements:
            self._agreements[query_id] = self._agree(self._scores(query_id))
        return self._agreements[query_id]

    def agreements(self) -> list[tuple[QueryPair, Agreement]]:
        """Every shared query, the one on which the runs agree best (Spearman) first."""
        found = [(pair, self.agreement(pair.query.query_id)) for pair in self.queries()]
        return sorted(
            found,
            key=lambda one: -2.0 if one[1].spearman is None else one[1].spearman,
            reverse=True,
        )

    def summary(self) -> AgreementSummary:
        """The agreement over all shared queries."""
        found = [one for _, one in self.agreements()]
        known = [one.spearman for one in found if one.spearman is not None]
        return AgreementSummary(
            len(found),
            statistics.median(known) if known else None,
            {side: statistics.fmean(one.overlaps[side][0].n_both for one in found)
             for side in SIDES if found},
        )  # fmt: skip

    def plane(
        self, query_id: int, side: Side, plot: Plot, k: int, chosen: int | None = None
    ) -> Plane:
        """The shared documents by rank or score in both runs; those of either top k as points.

        Args:
            chosen: a document of the open run that is to be marked.
        """
        scores = self._scores(query_id)
        rank_here, rank_there = self._from_end(scores, side)
        x, y = (
            (scores.score_here, scores.score_there) if plot == "score" else (rank_here, rank_there)
        )
        n = len(x)
        in_here, in_there = rank_here <= k, rank_there <= k
        shown = np.ones(n, dtype=bool) if n <= ALL_POINTS else in_here | in_there
        names = np.array(["neither", "here", "there", "both"])[in_here + 2 * in_there]

        def point(at: int) -> PlanePoint:
            return PlanePoint(
                int(scores.here[at]), int(scores.there[at]), float(x[at]), float(y[at]),
                names[at].item(),
            )  # fmt: skip

        points = tuple(point(int(at)) for at in np.flatnonzero(shown))
        marked = next((point(int(at)) for at in np.flatnonzero(scores.here == chosen)), None)
        if n <= ALL_POINTS:
            return Plane(plot, n, points, chosen=marked)
        edges = [_edges(values, plot) for values in (x, y)]
        counts, _, _ = np.histogram2d(x, y, bins=edges)
        return Plane(
            plot,
            n,
            points,
            tuple(edges[0].tolist()),
            tuple(edges[1].tolist()),
            tuple(tuple(map(int, row)) for row in counts.T),
            marked,
        )

    def tops(
        self, query_id: int, side: Side, k: int
    ) -> tuple[tuple[Counterpart, ...], tuple[Counterpart, ...]]:
        """The first k of the open run and where the other has them, and the other way round."""
        there = self._pairs[query_id].there
        return (
            self._counterparts(query_id, side, [
                one.doc_id for one in self.here.rankings(query_id, side, limit=k).documents
            ]),
            self._counterparts(query_id, side, [
                one.doc_id for one in self.there.rankings(there, side, limit=k).documents
            ], from_there=True),
        )  # fmt: skip

    def document(self, query_id: int, doc_id: int, side: Side) -> Counterpart | None:
        """One document of the open run; None if it has no such document."""
        if not self._rows("SELECT 1 FROM here.documents WHERE doc_id = ?", [doc_id]):
            return None
        return self._counterparts(query_id, side, [doc_id])[0]

    def _counterparts(
        self, query_id: int, side: Side, ids: list[int], from_there: bool = False
    ) -> tuple[Counterpart, ...]:
        """Documents of one run, in the order of `ids`, with their places in the other."""
        mine, other = ("there", "here") if from_there else ("here", "there")
        query_of = {"here": query_id, "there": self._pairs[query_id].there}
        rows = self._rows(
            f"""SELECT p.{mine}, p.{other}, i.rank, i.influence
            FROM pairs p JOIN {other}.influence i ON i.doc_id = p.{other}
            WHERE i.query_id = ? AND p.{mine} IN (SELECT unnest(?::INTEGER[]))""",
            [query_of[other], ids],
        )
        twins = {row[0]: row[1:] for row in rows}
        readers = {"here": self.here, "there": self.there}
        n_mine, n_other = readers[mine].run().n_documents, readers[other].run().n_documents
        found = []
        for document in readers[mine].ranked_documents(query_of[mine], ids):
            twin, rank, score = twins.get(document.doc_id, (None, None, None))
            found.append(
                Counterpart(
                    document,
                    _end_rank(document.rank, n_mine, side),
                    twin,
                    None if rank is None else _end_rank(rank, n_other, side),
                    score,
                )
            )
        return tuple(found)

    def _agree(self, scores: _Scores) -> Agreement:
        overlaps = {
            side: tuple(
                top_overlap(k, *self._from_end(scores, side), scores.score_here, scores.score_there)
                for k in TOPS
            )
            for side in SIDES
        }
        first, second = scores.score_here, scores.score_there
        return Agreement(
            len(first),
            spearman(first, second),
            pearson(first, second),
            spearman(np.abs(first), np.abs(second)),
            overlaps,
        )

    def _from_end(self, scores: _Scores, side: Side) -> tuple[np.ndarray, np.ndarray]:
        """Ranks in either run, counted from the chosen end."""
        if side == "helpful":
            return scores.rank_here, scores.rank_there
        return (
            self.here.run().n_documents + 1 - scores.rank_here,
            self.there.run().n_documents + 1 - scores.rank_there,
        )

    def _scores(self, query_id: int) -> _Scores:
        there = self._pairs[query_id].there
        with self._cursor() as cursor:
            columns = cursor.execute(
                """SELECT p.here, p.there, h.influence, t.influence, h.rank, t.rank FROM pairs p
                JOIN (FROM here.influence WHERE query_id = ?) h ON h.doc_id = p.here
                JOIN (FROM there.influence WHERE query_id = ?) t ON t.doc_id = p.there
                ORDER BY p.here""",
                [query_id, there],
            ).fetchnumpy()
        return _Scores(*(np.asarray(column) for column in columns.values()))

    def _query_pairs(self) -> dict[int, QueryPair]:
        known = {one.query_id: one for one in self.here.queries()}
        return {
            here: QueryPair(known[here], there, same)
            for here, there, same in self._rows(PAIR_QUERIES)
        }

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            cursor = self._connection.cursor()
        try:
            yield cursor
        except duckdb.Error as error:
            raise self._unreadable(error) from error
        finally:
            cursor.close()

    def _rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._cursor() as cursor:
            return cursor.execute(sql, list(parameters)).fetchall()

    def _unreadable(self, error: duckdb.Error) -> InputError:
        what = str(error).splitlines()[0]
        return InputError(
            f"{self.here.path} and {self.there.path}: cannot be compared ({what}); run `verify` on "
            "both"
        )


def _end_rank(rank: int, n_documents: int, side: Side) -> int:
    return rank if side == "helpful" else n_documents + 1 - rank


def _edges(values: np.ndarray, plot: Plot) -> np.ndarray:
    """Edges of the cells of a density: of ranks halfway between two, of scores evenly spaced."""
    low, high = float(values.min()), float(values.max())
    if plot == "rank_log":
        return np.unique(np.geomspace(1, high + 1, STEPS + 1).astype(np.int64)) - 0.5
    if plot == "rank":
        return np.linspace(0.5, high + 0.5, STEPS + 1)
    return np.linspace(low, high if high > low else low + 1, STEPS + 1)


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
