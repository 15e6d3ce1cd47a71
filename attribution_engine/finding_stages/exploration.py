"""The finding exploration: what spans of each behaviour do to math and code suites."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np

from attribution_engine.finding_stages.behaviour_readers import (
    Read,
    Reader,
    readers_of,
)
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.finding_stages.reading_scores import reading_score_rows
from attribution_engine.findings.behaviour_figures import BehaviourRow, explores
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.exploration import exploration_claims, preferred
from attribution_engine.findings.run_scores import RunScores
from attribution_engine.findings.span_behaviours import Resampled, behaviour_rows, scopes_of
from attribution_engine.findings.span_controls import SpanScores, controls
from attribution_engine.findings.suite_domains import suite_domains
from attribution_engine.judging.readers import read_behaviours
from attribution_engine.records import Span
from attribution_engine.store.finding_reads import alignments_of, tail_tokens
from attribution_engine.store.finding_reads_spans import (
    SpannedDocument,
    cuts,
    scored_documents,
    spanned_documents,
    tail_of,
)
from attribution_engine.store.writer import StoreWriter
from attribution_engine.text import behaviours

CORPUS: Final = "corpus"
_SPAN_BITS: Final = 24  # a span's number over all documents: its document's, shifted, and its own
MOST_NAMES: Final = 20  # behaviours of a reader; rarer ones count as none
# Spans of a behaviour that are kept to be read, the strongest of either sign, by suite.
KEPT: Final = 500


@dataclass(slots=True)
class Places:
    """The spans that count of all documents that were read.

    Attributes:
        first: document -> number of its first span here, and how many it has.
        document, span: [spans] lists; start, end: characters; from_token, to_token: as indices;
        tokens: those with a loss.
        said: by reader, what it says of each; unread: by reader, documents that it did not read.
    """

    first: dict[int, tuple[int, int]] = field(default_factory=dict)
    document: list[int] = field(default_factory=list)
    span: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    end: list[int] = field(default_factory=list)
    from_token: list[int] = field(default_factory=list)
    to_token: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    said: dict[str, list[str | None]] = field(default_factory=dict)
    unread: dict[str, set[int]] = field(default_factory=dict)
    n_tokens: dict[int, int] = field(default_factory=dict)


def fill(
    store: StoreWriter,
    scores: RunScores,
    options: FindingOptions,
    readers: Sequence[Reader] | None = None,
) -> Iterator[Claim]:
    """Fills the tables of this finding; what the run says of the published claims."""
    chosen = readers_of(options) if readers is None else readers
    for name, read in chosen:
        judge = options.judging
        # A judge reads all labelled traces, however few spans of the corpus it may be asked about.
        of_traces = (
            partial(read_behaviours, judge)
            if judge is not None and judge.name == name
            else _without_prompt(read)
        )
        store.insert("reading_score", reading_score_rows(name, of_traces))
    unit = "nats per unit of extra weight" if scores.of_nats else "of the method's score"
    alignments = alignments_of(store.connection)
    if not alignments:
        yield from exploration_claims(
            [], "", _without_tokens(scores), n_queries=len(scores.queries)
        )
        return
    documents = scored_documents(store.connection, alignments[0])
    places = _read(spanned_documents(store.connection, documents), chosen)
    spans = _scored(store, scores, places, alignments[0])
    store.set_finding_settings(
        {"exploration": {"alignment": alignments[0], "readers": list(places.said)}}
    )
    if not len(spans):
        lacking = (
            "No document at an end of a ranking has a span with tokens that the model was trained "
            "on; a corpus of texts of more than a few tokens would supply them."
        )
        yield from exploration_claims([], "", lacking, n_queries=len(scores.queries))
        return
    resampled = Resampled(spans.document, options.resamples, options.seed)
    domains = suite_domains(scores.queries)
    asked = {suite: [one.query_id for one in found] for suite, found in scores.suites().items()}
    found: list[BehaviourRow] = []
    for reader, said in places.said.items():
        names, codes = _coded(said)
        store.insert("behaviour_span", _span_rows(places, reader, names, codes))
        of_reader, drawn = spans, resampled
        if unread := places.unread.get(reader):
            of_reader = spans.where(~np.isin(spans.document, list(unread)))
            drawn = Resampled(of_reader.document, options.resamples, options.seed)
        of_rows = codes[of_reader.span]
        found += behaviour_rows(of_reader, names, of_rows, scopes_of(domains, asked), reader, drawn)
        store.insert("behaviour_score", _kept(places, of_reader, reader, names, of_rows, asked))
    store.insert("behaviour_influence", map(asdict, found))
    yield from exploration_claims(
        found,
        preferred(list(places.said)),
        unit=unit,
        cut=bool(np.isfinite(spans.cut).any()),
        n_queries=len(np.unique(spans.query)),
        n_documents=len(np.unique(spans.document)),
    )


def _without_prompt(read: Read) -> Callable[[str, Sequence[Span]], list[str | None]]:
    """The reader for traces that have no prompt before them."""

    def read_trace(text: str, spans: Sequence[Span]) -> list[str | None]:
        said = read(text, spans, 0)
        return [None] * len(spans) if said is None else list(said)

    return read_trace


def _without_tokens(scores: RunScores) -> str:
    if scores.method in ("bm25", "self-influence"):
        return (
            f"The method {scores.method} has no token scores, so no span has an influence; a run "
            "by ek-fac has them."
        )
    return (
        "This run has no token scores, so no span has an influence; put token into levels in "
        "[influence] and run again."
    )


def _read(documents: Iterator[SpannedDocument], readers: Sequence[Reader]) -> Places:
    """The spans of documents that have tokens with a loss, each read once by each reader."""
    found = Places(said={CORPUS: [], **{name: [] for name, _ in readers}})
    for document in documents:
        steps = document.spans
        edges = np.array([[one.start, one.end] for one in steps], np.int64).reshape(-1, 2)
        # A token belongs to the span that its last character lies in, as in the engine.
        tokens = np.searchsorted(np.maximum(document.token_ends - 1, 0), edges, "left")
        losses = np.concatenate([[0], np.cumsum(document.has_loss)])
        with_loss = losses[tokens[:, 1]] - losses[tokens[:, 0]]
        counts = (with_loss > 0) & (2 * with_loss >= tokens[:, 1] - tokens[:, 0])
        kept = np.flatnonzero(counts)
        found.first[document.doc_id] = (len(found.document), len(kept))
        found.n_tokens[document.doc_id] = len(document.token_ends)
        found.document += [document.doc_id] * len(kept)
        found.span += kept.tolist()
        found.start += edges[kept, 0].tolist()
        found.end += edges[kept, 1].tolist()
        found.from_token += tokens[kept, 0].tolist()
        found.to_token += tokens[kept, 1].tolist()
        found.tokens += with_loss[kept].tolist()
        marks: list[str | None] = [one.behaviour or None for one in steps]
        found.said[CORPUS] += [marks[at] for at in kept.tolist()]
        for name, read in readers:
            said = read(document.text, steps, document.prompt_chars) if steps else []
            if said is None:
                found.unread.setdefault(name, set()).add(document.doc_id)
                said = [None] * len(steps)
            found.said[name] += [said[at] for at in kept.tolist()]
    if not any(found.said[CORPUS]):
        del found.said[CORPUS]
    return found


def _scored(store: StoreWriter, scores: RunScores, places: Places, alignment: str) -> SpanScores:
    """Each span under each query that its document is at an end of the ranking of."""
    from_token, to_token = np.array(places.from_token, int), np.array(places.to_token, int)
    queries, spans, sums = [], [], []
    for one in tail_tokens(store.connection, alignment):
        first, n = places.first.get(one.doc_id, (0, 0))
        if not n or len(one.scores) != places.n_tokens[one.doc_id]:
            continue
        totals = np.concatenate([[0.0], np.cumsum(one.scores, dtype=np.float64)])
        if not np.isfinite(totals[-1]):
            continue
        here = np.arange(first, first + n)
        queries.append(np.full(n, one.query_id, np.int32))
        spans.append(here.astype(np.int32))
        sums.append(totals[to_token[here]] - totals[from_token[here]])
    empty = [np.zeros(0, np.int32)]
    query, span = np.concatenate(queries or empty), np.concatenate(spans or empty)
    document = np.array(places.document, np.int32)[span]
    return SpanScores(
        query=query,
        document=document,
        span=span,
        start=np.array(places.start, np.int32)[span],
        tokens=np.array(places.tokens, np.int32)[span],
        helpful=_at_helpful_end(scores, query, document, tail_of(store.connection)),
        influence=np.concatenate(sums or [np.zeros(0)]),
        cut=_cuts(store, places, query, span),
    )


def _at_helpful_end(
    scores: RunScores, query: np.ndarray, document: np.ndarray, tail: int
) -> np.ndarray:
    """[n] whether a document is among the `tail` most helpful ones of the query's, ties by id."""
    helpful = np.zeros(len(query), bool)
    for one in np.unique(query):
        rows = np.flatnonzero(query == one)
        ids = np.unique(document[rows])
        order = ids[np.argsort(-scores.influence[one, ids], kind="stable")]
        top = order[: tail or -(-len(order) // 2)]
        helpful[rows] = np.isin(document[rows], top)
    return helpful


def _cuts(store: StoreWriter, places: Places, query: np.ndarray, span: np.ndarray) -> np.ndarray:
    """[n] cut influence; NaN where it was not computed."""
    values = np.full(len(query), np.nan)
    known = cuts(store.connection)
    if not len(known.query) or not len(query):
        return values
    # Documents ascend, and their spans do.
    keys = (np.array(places.document, np.int64) << _SPAN_BITS) + np.array(places.span, np.int64)
    wanted = (known.document << _SPAN_BITS) + known.span
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    there = np.flatnonzero(keys[place] == wanted)
    pairs = known.query[there] * len(keys) + place[there]  # ascending, as the cuts are
    rows = query.astype(np.int64) * len(keys) + span
    at = np.minimum(np.searchsorted(pairs, rows), max(0, len(pairs) - 1))
    if len(pairs):
        values = np.where(pairs[at] == rows, known.influence[there][at], np.nan)
    return values


def _coded(said: Sequence[str | None]) -> tuple[list[str], np.ndarray]:
    """The behaviours that a reader names, and the number of each span's; −1 = none."""
    counted = Counter(name for name in said if name)
    known = [name for name in behaviours.BEHAVIOURS if name in counted]
    rest = [name for name, _ in counted.most_common() if name not in known]
    names = [*known, *rest][:MOST_NAMES]
    numbers: dict[str | None, int] = {name: at for at, name in enumerate(names)}
    return names, np.array([numbers.get(name, -1) for name in said], np.int32)


def _span_rows(
    places: Places, reader: str, names: Sequence[str], codes: np.ndarray
) -> Iterator[dict[str, Any]]:
    for at in np.flatnonzero(codes >= 0).tolist():
        yield {
            "doc_id": places.document[at],
            "span_id": places.span[at],
            "start": places.start[at],
            "end": places.end[at],
            "behaviour": names[codes[at]],
            "detector": reader,
        }


def _kept(
    places: Places,
    spans: SpanScores,
    reader: str,
    names: Sequence[str],
    codes: np.ndarray,
    suites: dict[str, list[int]],
) -> Iterator[dict[str, Any]]:
    """The spans that can be read, each with its control."""
    exploring = np.isin(codes, [at for at, name in enumerate(names) if explores(name)])
    for code, name in enumerate(names):
        of_code = np.flatnonzero(codes == code)
        keep = np.isfinite(spans.cut[of_code])
        for asked in suites.values():
            inside = np.flatnonzero(np.isin(spans.query[of_code], asked))
            strong = inside[np.argsort(-spans.influence[of_code[inside]], kind="stable")]
            keep[strong[:KEPT]] = keep[strong[-KEPT:]] = True
        rows = of_code[keep]
        found = controls(spans, rows, ~exploring & (codes != code))
        beside = found.scaled(spans, rows, spans.influence)
        for at, row in enumerate(rows.tolist()):
            own, cut = int(spans.span[row]), float(spans.cut[row])
            other = last = -1
            if found.first[at] >= 0:
                other, last = int(spans.span[found.first[at]]), int(spans.span[found.stop[at] - 1])
            yield {
                "query_id": int(spans.query[row]),
                "doc_id": places.document[own],
                "span_id": places.span[own],
                "detector": reader,
                "behaviour": name,
                "side": "helpful" if spans.helpful[row] else "harmful",
                "n_tokens": places.tokens[own],
                "influence": float(spans.influence[row]),
                "cut_influence": cut if np.isfinite(cut) else None,
                "control_doc_id": places.document[other] if other >= 0 else None,
                "control_start": places.start[other] if other >= 0 else None,
                "control_end": places.end[last] if other >= 0 else None,
                "control_influence": float(beside[at]) if other >= 0 else None,
            }
