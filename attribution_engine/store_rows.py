"""What the stages computed as the rows of a run's store."""

from __future__ import annotations

import platform
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from attribution_engine import __version__
from attribution_engine.curvature_stages import factor_rows
from attribution_engine.cut_stages import read_cuts
from attribution_engine.finding_stages.all_findings import insert_findings
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.influence.completions import CompletedQuery
from attribution_engine.influence.curvature import FITTED
from attribution_engine.influence.layers import coverage
from attribution_engine.influence.query_gradients import completion_nats
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.model_reports import ModelReports
from attribution_engine.preparation import Prepared
from attribution_engine.prepared_parts import NOT_STORED
from attribution_engine.progress import progress
from attribution_engine.query_rows import STORED, query_item_rows, query_rows
from attribution_engine.records import Query
from attribution_engine.score_stages import Scored, shard_folders
from attribution_engine.span_sums import SpanInfluence, outermost_spans, spans_of_tails
from attribution_engine.store.derived_tables import insert_curves, insert_derived
from attribution_engine.store.schema import DOCUMENT_MAJOR_FROM, SCHEMA_VERSION, SIGN
from attribution_engine.store.writer import LARGE_BLOCKS, SMALL_BLOCKS, building, significant
from attribution_engine.tails import Tails
from attribution_engine.text.marked_steps import document_steps
from attribution_engine.token_stages import read_tail_tokens
from attribution_engine.workspace import Workspace


@dataclass(slots=True)
class Term:
    """One set of weights that scores are summed over: TracIn's checkpoints, else the model.

    Attributes:
        folder: prefix of its results; weight: what its scores count; path: its weights, None =
            the model's own.
        scoring: where its results are; while it is worked on, what computes them as well.
    """

    folder: str
    weight: float
    path: str | None
    tails: Tails | None = None
    scoring: Scored = field(init=False)


@dataclass(slots=True)
class Result:
    """What a run found.

    Attributes:
        influence: [queries, documents]; norms: ‖∇L‖ [documents], None without gradients.
        terms: empty without gradients.
    """

    completed: list[CompletedQuery]
    influence: np.ndarray
    norms: np.ndarray | None
    tails: Tails
    terms: list[Term]


def fill_store(
    ready: Prepared, work: Workspace, result: Result, notes: str, reports: ModelReports
) -> None:
    """Writes the store aside and moves it into place."""

    def nats_of(text: TokenisedText) -> tuple[float, list[float]]:
        return completion_nats(ready.tracked, text)

    config, completed = ready.config, result.completed
    alignments = _alignments(result, config.influence.levels, config.influence.alignments)
    with (
        progress("store", len(completed), "query") as step,
        building(config.store, _block_size(result)) as store,
    ):
        row = run_row(ready, result, work, notes, alignments)
        store.insert("run", [row | asdict(reports)])
        for table in document_tables(ready, result.norms):
            store.insert_table("documents", table)
        if completed[0].parts:
            store.insert("queries", query_rows(completed, nats_of))
        else:
            store.insert("queries", [self_query_row(completed[0].query)])
        store.insert("query_items", query_item_rows(completed, nats_of))
        store.insert_influence(result.influence, result.norms)
        for alignment in alignments:
            store.insert("token_influence", _token_rows(result, alignment))
        if "span" in config.influence.levels:
            store.insert("spans", span_rows(ready))
            store.insert("span_influence", span_influence_rows(ready, result, alignments))
            store.insert("token_class_influence", token_class_rows(result))
        insert_curves(store, result.influence, step)
        for query, scores in enumerate(result.influence):
            result.influence[query] = significant(scores)  # as they are kept
        insert_derived(store, result.influence, config.store.parent)
        insert_findings(
            store, result.influence, FindingOptions(scratch=config.store.parent, words=config.words)
        )


def _block_size(result: Result) -> int:
    return SMALL_BLOCKS if result.influence.size < DOCUMENT_MAJOR_FROM else LARGE_BLOCKS


def run_row(
    ready: Prepared, result: Result, work: Workspace, notes: str, alignments: tuple[str, ...]
) -> dict[str, Any]:
    config, options, corpus = ready.config, ready.config.influence, ready.corpus
    covered = coverage(ready.model, ready.tracked.layers)
    covariance, correction = factor_rows(options, len(corpus))
    fitted = options.method in (*FITTED, "self-influence")
    return {
        "run_id": uuid.uuid4().hex[:12],
        "name": config.name,
        "created_at": datetime.now(UTC).replace(tzinfo=None, microsecond=0),
        "schema_version": SCHEMA_VERSION,
        "engine_version": __version__,
        "model": " + ".join(each for each in (config.model.path, config.model.adapter) if each),
        "n_parameters": covered.all_parameters,
        "n_tracked_parameters": covered.tracked_parameters,
        "n_linear_maps": covered.n_linear_maps,
        "corpus": str(config.corpus.path),
        "method": options.method,
        "modules": options.modules,
        "config": config.raw,
        "sign": SIGN,
        "damping": options.damping if fitted else None,
        "rank": options.rank,
        "seed": options.seed,
        "token_alignment": ",".join(alignments),
        "device": f"{ready.device.type}: {_device_name(ready.device)}",
        "stage_seconds": work.seconds,
        "notes": " ".join((config.notes + notes, corpus.note)).strip(),
        "n_documents": len(corpus),
        "n_queries": len(result.completed),
        "n_tokens": corpus.n_tokens,
        "factor_documents": len(set(covariance) | set(correction)) if fitted else None,
        "covariance_documents": len(covariance) if fitted else None,
        "correction_documents": len(correction) if fitted else None,
        "tracked_layers": [layer.name for layer in ready.tracked.layers],
        "tail": options.tail if alignments else 0,
        "truncated_documents": corpus.n_cut,
        "skipped_documents": corpus.n_skipped,
    }


def self_query_row(query: Query) -> dict[str, Any]:
    """The query that stands for every document itself has no tokens of its own."""
    row = {name: getattr(query, name) for name in STORED}
    return row | {
        "keywords": "[]",
        "nats": 0.0,
        "n_tokens": 0,
        "token_ends": [],
        "token_nats": [],
    }


def document_tables(ready: Prepared, norms: np.ndarray | None) -> Iterator[pa.Table]:
    """The documents as the corpus keeps them, each with its gradient norm."""
    start = 0
    for part in ready.corpus.parquet_parts():
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(batch_size=2_000):
                table = pa.Table.from_batches([batch]).drop_columns(list(NOT_STORED))
                if norms is not None:
                    of_these = pa.array(norms[start : start + len(table)].astype(np.float32))
                    table = table.append_column("gradient_norm", of_these)
                start += len(table)
                yield table


def span_rows(ready: Prepared) -> Iterator[dict[str, Any]]:
    for document in ready.corpus.documents_in(0, len(ready.corpus)):
        for number, span in enumerate(document_steps(document)):
            yield {
                "doc_id": document.doc_id,
                "span_id": number,
                "start": span.start,
                "end": span.end,
                "kind": span.kind,
                "behaviour": span.behaviour,
                "detector": span.detector,
            }


def span_influence_rows(
    ready: Prepared, result: Result, alignments: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """All spans of the tails' documents, then the outermost spans of all documents.

    The former are in the first alignment, with what the span's cut changes; the latter in
    `update`, the alignment of the one pass. A span stands once in an alignment.
    """
    cuts: dict[tuple[int, int, int], float] = {}
    with_directions = bool(result.completed[0].parts)
    if ready.config.influence.cut_documents and with_directions:
        for term in result.terms:
            for query, row, span, lost in read_cuts(term.scoring, result.tails):
                key = (query, row, span)
                cuts[key] = cuts.get(key, 0.0) + term.weight * lost
    whole = _sums_of_tokens(ready, result, alignments[0]) if alignments else iter(())
    passes = [term.scoring for term in result.terms if term.scoring.split]
    if not alignments:
        whole = (each for scored in passes for each in spans_of_tails(scored, result.tails))
    alignment = alignments[0] if alignments else "update"
    for query, row, span, influence in whole:
        cut = cuts.get((query, row, span))
        yield _span_row(query, row, span, influence, alignment) | {"cut_influence": cut}
    of_tails = [set(result.tails.of(query)) for query in range(len(result.completed))]
    for scored in passes:
        for query, row, span, influence in outermost_spans(scored, ready.config.influence.tail):
            if alignment != "update" or row not in of_tails[query]:
                yield _span_row(query, row, span, influence, "update")


def _sums_of_tokens(ready: Prepared, result: Result, alignment: str) -> SpanInfluence:
    """Sums of the tails' token scores over each span."""
    for scores in _token_rows(result, alignment):
        totals = np.concatenate([[0.0], np.cumsum(scores["scores"], dtype=np.float64)])
        spans = ready.corpus.spans(scores["doc_id"]).tolist()
        for number, (_, _, first, end) in enumerate(spans):
            if first < end:  # else beyond what the model saw, or without a token of its own
                total = float(totals[end] - totals[first])
                yield scores["query_id"], scores["doc_id"], number, total


def _span_row(query: int, row: int, span: int, influence: float, alignment: str) -> dict[str, Any]:
    return {
        "query_id": query,
        "doc_id": row,
        "span_id": span,
        "influence": influence,
        "cut_influence": None,
        "alignment": alignment,
    }


def token_class_rows(result: Result) -> Iterator[dict[str, Any]]:
    """Sums of `update` shares over all documents, by the documents' domain and token class."""
    sums: dict[tuple[str | None, str], np.ndarray] = {}
    counts: dict[tuple[str | None, str], int] = {}
    for term in result.terms:
        for folder in shard_folders(term.scoring) if term.scoring.split else []:
            for row in pq.read_table(folder / "classes.parquet").to_pylist():
                key = (row["domain"], row["token_class"])
                total = term.weight * np.asarray(row["sums"])
                sums[key] = sums[key] + total if key in sums else total
                counts[key] = counts.get(key, 0) + row["n"]
    if not sums:
        return
    sizes = np.sum([np.abs(total) for total in sums.values()], axis=0)
    for query in range(len(sizes)):
        for (domain, token_class), total in sums.items():
            n = counts[domain, token_class]
            yield {
                "query_id": query,
                "domain": domain,
                "token_class": token_class,
                "token": None,
                "n": n,
                "mean": total[query] / n,
                "share": total[query] / sizes[query] if sizes[query] else 0.0,
            }


def _token_rows(result: Result, alignment: str) -> Iterator[dict[str, Any]]:
    """Token scores of the tails, summed over the terms."""
    if len(result.terms) == 1:
        (term,) = result.terms
        for query, row, scores in read_tail_tokens(term.scoring, result.tails, alignment):
            yield _token_row(query, row, alignment, term.weight * scores)
        return
    sums: dict[tuple[int, int], np.ndarray] = {}
    for term in result.terms:
        for query, row, scores in read_tail_tokens(term.scoring, result.tails, alignment):
            part = term.weight * scores
            sums[query, row] = sums[query, row] + part if (query, row) in sums else part
    for (query, row), scores in sorted(sums.items()):
        yield _token_row(query, row, alignment, scores)


def _token_row(query: int, row: int, alignment: str, scores: np.ndarray) -> dict[str, Any]:
    return {"query_id": query, "doc_id": row, "alignment": alignment, "scores": scores}


def _alignments(
    result: Result, levels: tuple[str, ...], wanted: tuple[str, ...]
) -> tuple[str, ...]:
    """The alignments that there are token scores of."""
    with_directions = result.terms and result.completed[0].parts
    return wanted if with_directions and "token" in levels else ()


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{torch.get_num_threads()} threads, {platform.machine()}"
