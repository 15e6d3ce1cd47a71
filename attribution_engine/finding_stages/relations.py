"""How the top documents of every query relate to it: part of the finding answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.relations import (
    RelationsOf,
    procedure_claim,
    suite_shares,
    top_of,
)
from attribution_engine.findings.run_scores import QueryFacts, RunScores
from attribution_engine.store.finding_reads import top_documents
from attribution_engine.store.finding_reads_answers import texts_of
from attribution_engine.store.writer import StoreWriter
from attribution_engine.text.relations import (
    PROCEDURE,
    RELATIONS,
    Asked,
    ReadDocument,
    asked,
    common_to_all,
    read_document,
    relations,
)

AT_RANDOM: Final = 500  # documents that every query is also held against


def fill(store: StoreWriter, scores: RunScores, options: FindingOptions) -> Iterator[Claim]:
    """Fills `relation`, `relation_count` and `relation_share`; the claim."""
    k = top_of(scores.n_documents)
    queries = [one for one in scores.queries if not one.is_set]  # a mean asks nothing itself
    draw = np.random.default_rng(options.seed)
    n_read = min(AT_RANDOM, scores.n_documents)
    at_random = np.sort(draw.choice(scores.n_documents, n_read, replace=False)).tolist()
    top = {one.query_id: top_documents(store.connection, one.query_id, k) for one in queries}
    wanted = {doc_id for rows in top.values() for doc_id, _ in rows} | set(at_random)
    read = _read(store, wanted)
    common = common_to_all((one.suite, one.prompt) for one in queries)
    found = []
    for query in queries:
        mine = asked(query.prompt, query.completion, common)
        rows = list(_rows(query, mine, top[query.query_id], read))
        store.insert("relation", rows)
        found.append(_found(query, mine, rows, [relations(mine, read[one]) for one in at_random]))
    store.insert("relation_count", _counts(found, k, n_read))
    shares = suite_shares(found, tuple(RELATIONS), k, n_read, options.seed)
    store.insert("relation_share", (asdict(one) | {"k": k, "n_read": n_read} for one in shares))
    yield procedure_claim(found, k, n_read, scores.n_documents)


def _read(store: StoreWriter, doc_ids: Iterable[int]) -> dict[int, ReadDocument]:
    """Each document once, however many queries it is a top document of."""
    batches = texts_of(store.connection, np.array(sorted(doc_ids), np.int64))
    return {doc_id: read_document(text) for rows in batches for doc_id, text in rows}


def _rows(
    query: QueryFacts, mine: Asked, top: Iterable[tuple[int, int]], read: dict[int, ReadDocument]
) -> Iterator[dict[str, Any]]:
    for doc_id, rank in top:
        for relation, written in relations(mine, read[doc_id]).items():
            yield {
                "query_id": query.query_id,
                "doc_id": doc_id,
                "rank": rank,
                "relation": relation,
                "written": written,
            }


def _found(
    query: QueryFacts,
    mine: Asked,
    rows: list[dict[str, Any]],
    at_random: list[dict[str, str]],
) -> RelationsOf:
    return RelationsOf(
        query.query_id,
        query.suite,
        query.kind,
        query.correct,
        mine.procedure.written if mine.procedure is not None else "",
        Counter(row["relation"] for row in rows),
        Counter(name for one in at_random for name in one),
        len({row["doc_id"] for row in rows if row["relation"] in PROCEDURE}),
        sum(not one.keys().isdisjoint(PROCEDURE) for one in at_random),
    )


def _counts(found: list[RelationsOf], k: int, n_read: int) -> Iterator[dict[str, Any]]:
    for one in found:
        for name in RELATIONS:
            yield {
                "query_id": one.query_id,
                "relation": name,
                "k": k,
                "n_top": one.top.get(name, 0),
                "n_read": n_read,
                "n_random": one.random.get(name, 0),
                "procedure": one.procedure or None,
            }
