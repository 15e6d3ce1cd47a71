"""What `flip` reads of a store: labels, tokens and scores of all documents, texts in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from attribution_engine.findings.flip_plan import FlipGroup
from attribution_engine.findings.run_scores import QueryFacts
from attribution_engine.findings.suite_domains import suite_domains
from attribution_engine.store.connection import OpenStore

BATCH: Final = 1_000  # texts that are held at a time
_PAIRS: Final = """SELECT domain, difficulty, row_number() OVER (ORDER BY domain, difficulty) - 1
    AS code FROM (SELECT DISTINCT coalesce(domain, '') AS domain,
    coalesce(difficulty, '') AS difficulty FROM documents)"""


@dataclass(frozen=True, slots=True)
class DocumentLabels:
    """What all documents state.

    Attributes:
        doc_ids, n_tokens: [documents]; codes: [documents], index into pairs.
        pairs: (domain, difficulty), empty where a document states none.
    """

    doc_ids: np.ndarray
    n_tokens: np.ndarray
    codes: np.ndarray
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class SuiteScores:
    """Mean scores of the documents over the queries of a suite.

    Attributes:
        mean: [documents], in the method's unit; per_nat: None where no query has nats.
        standard: [groups], in standard deviations of a query's scores.
    """

    mean: np.ndarray
    per_nat: np.ndarray | None
    standard: np.ndarray
    n_queries: int


@dataclass(frozen=True, slots=True)
class DocumentLine:
    """A document as a trainer needs it."""

    doc_id: int
    text: str
    prompt_chars: int
    loss_ranges: tuple[int, ...] | None
    source: str | None


class FlipReads(OpenStore):
    """The questions of `flip`."""

    def labels(self) -> DocumentLabels:
        """Domain and difficulty of all documents, in the order of doc_id."""
        pairs = self._rows(f"SELECT domain, difficulty FROM ({_PAIRS}) ORDER BY code")
        with self._cursor() as cursor:
            found = cursor.execute(
                f"""SELECT doc_id, n_tokens, code FROM documents d JOIN ({_PAIRS}) p
                ON coalesce(d.domain, '') = p.domain
                AND coalesce(d.difficulty, '') = p.difficulty"""
            ).fetchnumpy()
        order = np.argsort(found["doc_id"])
        return DocumentLabels(
            np.asarray(found["doc_id"], np.int64)[order],
            np.asarray(found["n_tokens"], np.int64)[order],
            np.asarray(found["code"], np.int64)[order],
            tuple((domain, difficulty) for domain, difficulty in pairs),
        )

    def suites(self) -> dict[str, str]:
        """ "math", "code" or "other" for every suite."""
        rows = self._rows(
            """SELECT query_id, suite, coalesce(task, suite), kind, correct, nats, prompt,
                coalesce(completion, '') FROM queries ORDER BY query_id"""
        )
        return suite_domains([QueryFacts(*(*row, None, ())) for row in rows])

    def suite_scores(self, suite: str, labels: DocumentLabels) -> SuiteScores:
        """Reads one query at a time."""
        asked = self._rows("SELECT query_id, nats FROM queries WHERE suite = ?", [suite])
        n = len(labels.doc_ids)
        total, per_nat = np.zeros(n), np.zeros(n)
        standard = np.zeros(len(labels.pairs))
        counts = np.bincount(labels.codes, minlength=len(labels.pairs))
        with_nats = varying = 0
        for query_id, nats in asked:
            with self._cursor() as cursor:
                found = cursor.execute(
                    "SELECT doc_id, influence FROM influence WHERE query_id = ?", [query_id]
                ).fetchnumpy()
            row = np.zeros(n)
            row[np.searchsorted(labels.doc_ids, found["doc_id"])] = found["influence"]
            total += row
            if nats:
                per_nat += row / nats
                with_nats += 1
            if deviation := float(row.std()):
                standard += np.bincount(labels.codes, row, len(counts)) / counts / deviation
                varying += 1
        return SuiteScores(
            total / max(1, len(asked)),
            per_nat / with_nats if with_nats else None,
            standard / max(1, varying),
            len(asked),
        )

    def has_prompts(self) -> bool:
        """Whether documents are prompts with responses."""
        return bool(self._rows("SELECT 1 FROM documents WHERE prompt_chars > 0 LIMIT 1"))

    def lines(self, doc_ids: np.ndarray) -> Iterator[DocumentLine]:
        """Documents by number, in ascending order."""
        for start in range(0, len(doc_ids), BATCH):
            rows = self._rows(
                """SELECT doc_id, text, coalesce(prompt_chars, 0), loss_ranges, source
                FROM documents WHERE doc_id IN (SELECT unnest(?::INTEGER[])) ORDER BY doc_id""",
                [doc_ids[start : start + BATCH].tolist()],
            )
            for doc_id, text, prompt_chars, ranges, source in rows:
                yield DocumentLine(
                    doc_id, text, prompt_chars, tuple(ranges) if ranges else None, source
                )


def flip_groups(labels: DocumentLabels, scores: Mapping[str, SuiteScores]) -> list[FlipGroup]:
    """The groups of a run by difficulty and domain."""
    counts = np.bincount(labels.codes, minlength=len(labels.pairs))
    tokens = np.bincount(labels.codes, labels.n_tokens, len(labels.pairs))
    means = {
        suite: np.bincount(labels.codes, one.mean, len(labels.pairs)) / counts
        for suite, one in scores.items()
    }
    return [
        FlipGroup(
            domain,
            difficulty,
            int(counts[at]),
            int(tokens[at]),
            {suite: float(one.standard[at]) for suite, one in scores.items()},
            {suite: float(mean[at]) for suite, mean in means.items()},
        )
        for at, (domain, difficulty) in enumerate(labels.pairs)
    ]
