"""Cut influence of the outermost documents' spans: documents scored again without each of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.influence.cuts import without_span
from attribution_engine.influence.scores import Scores, score_documents
from attribution_engine.influence.tokens import TokenisedText
from attribution_engine.progress import progress
from attribution_engine.score_stages import Scored, Scoring, normalise
from attribution_engine.tails import Tails

SHARD_DOCUMENTS = 16


def cut_spans(
    scoring: Scoring,
    tails: Tails,
    tokenizer: PreTrainedTokenizerBase,
    *,
    max_tokens: int | None,
    context: int,
    vocabulary: int,
) -> None:
    """Scores the outermost documents without each of their spans, for the queries they end."""
    documents = _documents(scoring, tails)
    work = scoring.fitting.work
    with work.timed("cuts"), progress("cut spans", len(documents)) as step:
        for number, start in enumerate(range(0, len(documents), SHARD_DOCUMENTS)):
            rows = sorted(documents)[start : start + SHARD_DOCUMENTS]
            if work.shard(_name(scoring, number)) is None:
                texts: list[TokenisedText] = []
                places: list[tuple[int, int]] = []
                for row in rows:
                    whole = scoring.corpus[row]
                    # What the model did not see is not there to move up.
                    document = scoring.corpus.document(row)
                    seen = replace(document, text=document.text[: whole.token_ends[-1]])
                    texts.append(whole)
                    places.append((row, -1))
                    for span, (first, end, _, _) in enumerate(scoring.corpus.spans(row).tolist()):
                        cut = without_span(
                            seen,
                            first,
                            min(end, len(seen.text)),
                            tokenizer,
                            max_tokens=max_tokens,
                            context=context,
                            vocabulary=vocabulary,
                        )
                        if cut is not None and first < len(seen.text):
                            texts.append(cut)
                            places.append((row, span))
                _write(scoring, number, _differences(scoring, texts, places, documents))
            step(len(rows))


def read_cuts(scoring: Scored, tails: Tails) -> Iterator[tuple[int, int, int, float]]:
    """(query, document, span, cut influence): the document's less that without the span."""
    n_shards = -(-len(_documents(scoring, tails)) // SHARD_DOCUMENTS)
    for number in range(n_shards):
        folder = scoring.work.shard(_name(scoring, number))
        assert folder is not None, "cut_spans comes first"
        for row in pq.read_table(folder / "cuts.parquet").to_pylist():
            yield row["query_id"], row["doc_id"], row["span_id"], row["cut_influence"]


def _differences(
    scoring: Scoring,
    texts: list[TokenisedText],
    places: list[tuple[int, int]],
    documents: dict[int, list[int]],
) -> list[dict[str, float]]:
    fitting = scoring.fitting

    def compute(tokens: int) -> Scores:
        return score_documents(
            fitting.tracked,
            scoring.groups(),
            texts,
            range(len(texts)),
            scoring.n_queries,
            tokens=False,
            batch_tokens=tokens,
        )

    scores = fitting.budget.run(compute, "cut spans")
    if scoring.cosine:
        normalise(scores, scoring.directions.norms().numpy())
    whole: dict[int, np.ndarray] = {}
    found: list[dict[str, float]] = []
    for at, (row, span) in enumerate(places):
        if span < 0:
            whole[row] = scores.influence[:, at]
            continue
        lost = whole[row] - scores.influence[:, at]
        found += [
            {"query_id": q, "doc_id": row, "span_id": span, "cut_influence": float(lost[q])}
            for q in documents[row]
        ]
    return found


def _documents(scoring: Scored, tails: Tails) -> dict[int, list[int]]:
    """The outermost documents -> the queries in which they are."""
    wanted: dict[int, list[int]] = {}
    for query in range(scoring.n_queries):
        for row in tails.ends(query, scoring.options.cut_documents):
            wanted.setdefault(row, []).append(query)
    return wanted


def _write(scoring: Scoring, number: int, rows: list[dict[str, float]]) -> None:
    schema = pa.schema(
        [
            ("query_id", pa.int32()),
            ("doc_id", pa.int32()),
            ("span_id", pa.int32()),
            ("cut_influence", pa.float64()),
        ]
    )
    with scoring.fitting.work.writing_shard(_name(scoring, number)) as folder:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), folder / "cuts.parquet")


def _name(scoring: Scored, number: int) -> str:
    return f"{scoring.folder}cuts/{number:06d}"
