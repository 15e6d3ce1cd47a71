"""The one pass's sums over the spans of every document, read back: those that a store keeps."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow.parquet as pq

from attribution_engine.score_stages import Scored, shard_folders
from attribution_engine.tails import Tails

BATCH = 256  # documents in memory at once
SPAN_BITS = 32  # a span's number over all documents: its document's, shifted, and its own

# (query, document, span, influence)
SpanInfluence = Iterator[tuple[int, int, int, float]]


def outermost_spans(scored: Scored, k: int) -> SpanInfluence:
    """The k most helpful and k most harmful spans of each query, over all documents.

    Order is that of the tails of documents, ties to the earlier span; a span without a token of
    its own is in neither. Ascending by query, document and span; alignment `update`.
    """
    tails = Tails(scored.n_queries, k)
    for rows, spans, sums in _batches(scored):
        tails.add(sums.T, (rows << SPAN_BITS) + spans)
    for query in range(scored.n_queries):
        for number, influence in tails.scores(query):
            yield query, number >> SPAN_BITS, number & ((1 << SPAN_BITS) - 1), influence


def spans_of_tails(scored: Scored, tails: Tails) -> SpanInfluence:
    """All spans with tokens of the documents in each query's tails; alignment `update`."""
    wanted: dict[int, list[int]] = {}
    for query in range(scored.n_queries):
        for row in tails.of(query):
            wanted.setdefault(row, []).append(query)
    for rows, spans, sums in _batches(scored):
        for row in np.unique(rows).tolist():
            of_document = np.flatnonzero(rows == row) if row in wanted else np.zeros(0, np.int64)
            for query in wanted.get(row, []):
                for at in of_document.tolist():
                    yield query, row, int(spans[at]), float(sums[at, query])


def _batches(scored: Scored) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """int64 documents and numbers of spans that have tokens, float32 sums [spans, queries]."""
    for folder in shard_folders(scored):
        with pq.ParquetFile(folder / "spans.parquet") as file:
            for batch in file.iter_batches(batch_size=BATCH):
                documents = batch.column("doc_id").to_pylist()
                places = [scored.corpus.spans(row) for row in documents]
                ends = np.concatenate(places)
                sums = batch.column("sums").flatten().to_numpy(zero_copy_only=False)
                sums = sums.reshape(len(ends), scored.n_queries)
                rows = np.repeat(np.array(documents, np.int64), [len(each) for each in places])
                spans = np.concatenate([np.arange(len(each)) for each in places])
                with_tokens = ends[:, 2] < ends[:, 3]
                yield rows[with_tokens], spans[with_tokens], sums[with_tokens]
