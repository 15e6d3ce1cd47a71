"""`synth`: a store of invented documents, queries and scores, as large as is wanted."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np

from attribution_engine import __version__
from attribution_engine.finding_stages.all_findings import insert_findings
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.progress import progress
from attribution_engine.records import ALIGNMENTS, InputError
from attribution_engine.store.derived_tables import insert_curves, insert_derived
from attribution_engine.store.schema import SCHEMA_VERSION, SIGN
from attribution_engine.store.writer import LARGE_BLOCKS, StoreWriter, building, significant
from attribution_engine.synthetic.corpus import LONG, MIDDLE, document_table, layouts
from attribution_engine.synthetic.pieces import Pieces, make_pieces
from attribution_engine.synthetic.queries import query_rows
from attribution_engine.synthetic.scores import influence_rows, token_scores
from attribution_engine.synthetic.spans import PlacedSpans, placed_spans

TAIL: Final = 20
FEWEST: Final = 2 * TAIL
DATABASE_GIGABYTES: Final = 2.5
COMMAND: Final = "python -m attribution_engine synth"
NOTES: Final = (
    "Synthetic: all texts, queries and scores are invented, and their facts and sums may be"
    " wrong; no model was trained or asked. For trying the explorer at size."
)


@dataclass(frozen=True, slots=True)
class SyntheticOptions:
    """How large the store is, where it goes, and what seeds it."""

    documents: int
    queries: int
    output: Path
    seed: int = 0


def synthesise(options: SyntheticOptions) -> None:
    """Writes the store aside and moves it into place.

    Memory holds some numbers a document and a chunk of texts; the scores lie in a file beside
    the store meanwhile, 4 bytes a document and query.

    Raises:
        InputError: fewer documents than the two tails have, or no query.
    """
    if options.documents < FEWEST or options.queries < 1:
        raise InputError(f"synth: needs at least {FEWEST} documents and 1 query")
    pool = make_pieces(options.seed)
    folder = options.output.parent
    with (
        building(options.output, LARGE_BLOCKS) as store,
        tempfile.TemporaryFile(dir=folder) as file,
    ):
        store.limit_memory(DATABASE_GIGABYTES)
        store.insert("queries", query_rows(options.queries, options.seed))
        domains, norms, n_tokens = _documents(store, pool, options)
        shape = (options.queries, options.documents)
        influence = np.memmap(file, np.float32, "w+", shape=shape)
        with progress("scores", options.queries, "query") as step:
            made = influence_rows(domains, norms, options.queries, options.seed)
            for query, row in enumerate(made):
                influence[query] = significant(row)
                store.insert_influence(influence[query : query + 1], norms, first_query=query)
                step(1)
        with progress("rank curves", options.queries, "query") as step:
            insert_curves(store, influence, step)
        _tails(store, pool, options)
        insert_derived(store, influence, folder)
        store.insert("run", [_run_row(options, n_tokens)])
        insert_findings(store, influence, FindingOptions(scratch=folder))


def _documents(
    store: StoreWriter, pool: Pieces, options: SyntheticOptions
) -> tuple[np.ndarray, np.ndarray, int]:
    """Writes the documents; their domains and gradient norms, and the number of tokens."""
    domains, norms, n_tokens = [], [], 0
    with progress("documents", options.documents) as step:
        for made in layouts(pool, options.documents, options.seed):
            table = document_table(pool, made)
            store.insert_table("documents", table)
            domains.append(made.domain)
            norms.append(made.norms)
            n_tokens += int(table["n_tokens"].to_numpy().sum(dtype=np.int64))
            step(len(table))
    return np.concatenate(domains), np.concatenate(norms), n_tokens


def _tails(store: StoreWriter, pool: Pieces, options: SyntheticOptions) -> None:
    """Writes token scores, spans and their sums of the documents at either end."""
    tails = {query: store.tails(query, TAIL) for query in range(options.queries)}
    doc_ids = sorted({doc_id for pairs in tails.values() for doc_id, _ in pairs})
    spans: dict[int, PlacedSpans] = {}
    with progress("spans", len(doc_ids)) as step:
        for placed in placed_spans(pool, doc_ids, options.documents, options.seed):
            spans[placed.doc_id] = placed
            step(1)
    store.insert("spans", (row for placed in spans.values() for row in placed.rows()))
    n_tokens = store.token_counts(doc_ids)
    sums: list[dict[str, Any]] = []
    with progress("token scores", len(tails), "query") as step:

        def rows(alignment: str) -> Iterator[dict[str, Any]]:
            for query, pairs in tails.items():
                random = np.random.default_rng(
                    [options.seed, 5, ALIGNMENTS.index(alignment), query]
                )
                for doc_id, influence in pairs:
                    scores = token_scores(random, influence, n_tokens[doc_id])
                    key = {"query_id": query, "doc_id": doc_id, "alignment": alignment}
                    yield key | {"scores": scores}
                    if alignment == ALIGNMENTS[0]:
                        sums.extend(key | each for each in _span_sums(spans[doc_id], scores))
                step(alignment == ALIGNMENTS[0])

        for alignment in ALIGNMENTS:
            store.insert("token_influence", rows(alignment))
    store.insert("span_influence", sums)


def _span_sums(placed: PlacedSpans, scores: np.ndarray) -> Iterator[dict[str, Any]]:
    """Sums of token scores over the spans of which the model saw anything."""
    totals = np.concatenate([[0.0], np.cumsum(scores, dtype=np.float64)])
    ends = np.minimum(placed.token_ends, len(scores))
    starts = np.concatenate([[0], ends[:-1]])
    for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        if start < end:
            yield {"span_id": number, "influence": float(totals[end] - totals[start])}


def _run_row(options: SyntheticOptions, n_tokens: int) -> dict[str, Any]:
    config = {
        "synthetic": {
            "command": f"{COMMAND} --documents {options.documents} --queries {options.queries}"
            f" --seed {options.seed}"
        },
        "influence": {"levels": ["document", "span", "token"], "tail": TAIL},
    }
    return {
        "run_id": uuid.uuid4().hex[:12],
        "name": options.output.stem,
        "created_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "schema_version": SCHEMA_VERSION,
        "engine_version": __version__,
        "model": "none: invented",
        "n_parameters": 0,
        "n_tracked_parameters": 0,
        "corpus": f"{options.documents} invented documents",
        "method": "ek-fac",
        "modules": "none",
        "config": config,
        "sign": SIGN,
        "token_alignment": ",".join(ALIGNMENTS),
        "device": "none",
        "stage_seconds": "{}",
        "notes": NOTES,
        "n_documents": options.documents,
        "n_queries": options.queries,
        "n_tokens": n_tokens,
        "tracked_layers": [],
        "tail": TAIL,
        "truncated_documents": sum(doc_id < options.documents for doc_id in (*LONG, *MIDDLE)),
        "skipped_documents": 0,
        "seed": options.seed,
    }
