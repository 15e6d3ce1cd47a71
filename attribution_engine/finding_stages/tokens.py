"""The finding tokens: computed from a run's scores and written into its store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from typing import Any, Final

import numpy as np

from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.finding_stages.token_documents import TokenDocuments
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.run_scores import QueryFacts, RunScores
from attribution_engine.findings.suite_domains import suite_domains
from attribution_engine.findings.token_claims import STRUCTURE, Evidence, token_claims
from attribution_engine.findings.token_classes import ClassStatistic, class_statistics
from attribution_engine.findings.tokens import (
    Example,
    Occurrences,
    TokenSums,
    kept_keys,
    query_sums,
    token_statistics,
)
from attribution_engine.store.finding_reads import alignments_of
from attribution_engine.store.finding_reads_tokens import (
    corpus_classes,
    scores_of_query,
    texts_with_scores,
    word_rows,
)
from attribution_engine.store.writer import StoreWriter
from attribution_engine.text.token_classes import CLASSES
from attribution_engine.text.word_lists import WordLists, from_rows, load

GROUPS: Final = (*((place,) for place in range(len(CLASSES))), STRUCTURE)


@dataclass(slots=True)
class Scope:
    """A suite, or all suites of a domain, in one alignment.

    Attributes:
        sizes, counts: a row a query, [classes]; tops: [2, classes], occurrences among the
            most influential that raise and that lower; documents: that were read under its
            queries.
    """

    name: str
    kind: str
    tokens: TokenSums
    sizes: list[np.ndarray] = field(default_factory=list)
    counts: list[np.ndarray] = field(default_factory=list)
    tops: np.ndarray = field(default_factory=lambda: np.zeros((2, len(CLASSES)), np.int64))
    documents: set[int] = field(default_factory=set)

    def add(self, found: Occurrences, classes: np.ndarray) -> None:
        """Adds a query's occurrences; `classes` is that of each key."""
        sums = query_sums(found)
        self.tokens.add(found, sums)
        of_key = classes[sums.keys]
        self.sizes.append(np.bincount(of_key, sums.size, len(CLASSES)))
        self.counts.append(np.bincount(of_key, sums.n, len(CLASSES)))
        for side, top in enumerate((sums.top_helpful, sums.top_harmful)):
            self.tops[side] += np.bincount(of_key, top, len(CLASSES)).astype(np.int64)
        self.documents.update(np.unique(found.docs).tolist())

    def join(self, other: Scope) -> None:
        """Adds the queries of another scope."""
        self.tokens.join(other.tokens)
        self.sizes += other.sizes
        self.counts += other.counts
        self.tops += other.tops
        self.documents |= other.documents

    def classes(self, options: FindingOptions) -> list[ClassStatistic]:
        """A statistic for each of `GROUPS`; none where no query has influence."""
        if not self.sizes:
            return []
        return class_statistics(
            np.array(self.sizes), np.array(self.counts), GROUPS, options.resamples, options.seed
        )


def fill(store: StoreWriter, scores: RunScores, options: FindingOptions) -> Iterator[Claim]:
    """Fills the tables of this finding; what the run says of the published claims."""
    words = _word_lists(store, options)
    store.clear("word_list")
    store.insert("word_list", words.rows())
    domains = suite_domains(scores.queries)
    alignments = list(alignments_of(store.connection))
    evidence: dict[str, Evidence] = {}
    beside: dict[str, dict[str, list[ClassStatistic]]] = {}
    texts = texts_with_scores(store.connection) if alignments else iter(())
    with closing(TokenDocuments(texts, words, options.scratch)) as documents:
        for alignment in alignments:
            distinct: dict[int, np.ndarray] = {}
            for scope in _scopes(store, scores, domains, documents, alignment):
                statistics = scope.classes(options)
                store.insert(
                    "token_class_statistic", _class_rows(scope, alignment, "tails", statistics)
                )
                n_documents = _document_counts(documents, scope.documents, alignment, distinct)
                rows = _token_rows(scope, alignment, documents, n_documents)
                store.insert("token_statistic", rows)
                if scope.kind != "domain":
                    continue
                if alignment != alignments[0]:
                    name = f"alignment {alignment}"
                    beside.setdefault(scope.name, {})[name] = statistics
                else:
                    evidence[scope.name] = Evidence.of(
                        scope.name, statistics, scope.tokens, documents.classes, n_documents,
                        documents.words, len(scope.documents), alignment, documents.first_key,
                    )  # fmt: skip
    for corpus in _corpus_scopes(store, scores, domains):
        statistics = corpus.classes(options)
        if corpus.kind == "domain":
            beside.setdefault(corpus.name, {})["net sums over the whole corpus"] = statistics
        rows = _class_rows(corpus, "update", "corpus", statistics)
        store.insert(
            "token_class_statistic", (row | {"n_documents": scores.n_documents} for row in rows)
        )
    yield from token_claims(evidence, set(domains.values()), bool(alignments), beside)


def _word_lists(store: StoreWriter, options: FindingOptions) -> WordLists:
    """The file that is asked for, else those that the store was made with, else the shipped."""
    if options.words is not None:
        return load(options.words)
    return from_rows(word_rows(store.connection))


def counted_in_domains(suites: dict[str, list[QueryFacts]], domains: dict[str, str]) -> set[str]:
    """Suites that count in their domain.

    A set query is the mean over items of a suite that may stand beside it: sets count where
    their domain has nothing else.
    """
    single = {name for name, asked in suites.items() if not all(one.is_set for one in asked)}
    with_single = {domains[name] for name in single}
    return single | {name for name in suites if domains[name] not in with_single}


def _scopes(
    store: StoreWriter,
    scores: RunScores,
    domains: dict[str, str],
    documents: TokenDocuments,
    alignment: str,
) -> Iterator[Scope]:
    """Every suite, then every domain; at any time memory holds a suite and the domains."""
    n_keys = len(documents.classes)
    suites = scores.suites()
    counted = counted_in_domains(suites, domains)
    of_domain = {
        name: Scope(name, "domain", TokenSums(n_keys)) for name in dict.fromkeys(domains.values())
    }
    for suite, queries in suites.items():
        scope = Scope(suite, "suite", TokenSums(n_keys))
        for query in queries:
            found = _occurrences(store, documents, alignment, query.query_id)
            if len(found.keys):
                scope.add(found, documents.classes)
        if suite in counted:
            of_domain[domains[suite]].join(scope)
        if scope.sizes:
            yield scope
    yield from (scope for scope in of_domain.values() if scope.sizes)


def _occurrences(
    store: StoreWriter, documents: TokenDocuments, alignment: str, query_id: int
) -> Occurrences:
    """All tokens that can carry influence on a query, of the documents that have token scores.

    In the alignment "predicted" those are the tokens with loss; in others all.
    """
    parts: list[tuple[np.ndarray, ...]] = []
    for doc_id, values in scores_of_query(store.connection, alignment, query_id):
        if doc_id not in documents:
            continue
        rows = documents.rows(doc_id)
        n = min(len(rows), len(values))
        places = np.flatnonzero(rows["key"][:n] >= 0)
        if not len(places):
            continue
        sums = np.add.reduceat(values[:n].astype(np.float64), places)
        chosen = np.isfinite(sums)
        if alignment == "predicted":
            chosen &= np.logical_or.reduceat(rows["learnt"][:n], places)
        places = places[chosen]
        parts.append((rows["key"][places], sums[chosen], np.full(len(places), doc_id), places))
    if not parts:
        none = np.zeros(0, np.int64)
        return Occurrences(query_id, none, none.astype(float), none, none)
    return Occurrences(query_id, *(np.concatenate(column) for column in zip(*parts, strict=True)))


def _corpus_scopes(
    store: StoreWriter, scores: RunScores, domains: dict[str, str]
) -> Iterator[Scope]:
    """Suites and domains by the sums over all documents, where the run has these."""
    sums = corpus_classes(store.connection, CLASSES)
    suites = scores.suites()
    counted = counted_in_domains(suites, domains)
    of_domain = {
        name: Scope(name, "domain", TokenSums(0)) for name in dict.fromkeys(domains.values())
    }
    for suite, queries in suites.items():
        scope = Scope(suite, "suite", TokenSums(0))
        for query in queries:
            if query.query_id in sums:
                sizes, counts = sums[query.query_id]
                scope.sizes.append(sizes)
                scope.counts.append(counts)
        if suite in counted:
            of_domain[domains[suite]].join(scope)
        if scope.sizes:
            yield scope
    yield from (scope for scope in of_domain.values() if scope.sizes)


def _class_rows(
    scope: Scope, alignment: str, source: str, statistics: Sequence[ClassStatistic]
) -> Iterator[dict[str, Any]]:
    for one in statistics:
        tails = source == "tails"
        row = asdict(one)
        places = list(row.pop("places"))
        yield row | {
            "scope": scope.kind,
            "suite": scope.name,
            "alignment": alignment,
            "source": source,
            "token_class": CLASSES[places[0]] if len(places) == 1 else "structure",
            "n_documents": len(scope.documents) if tails else None,
            "top_helpful": int(scope.tops[0, places].sum()) if tails else None,
            "top_harmful": int(scope.tops[1, places].sum()) if tails else None,
        }


def _token_rows(
    scope: Scope, alignment: str, documents: TokenDocuments, n_documents: np.ndarray
) -> Iterator[dict[str, Any]]:
    classes = documents.classes
    keys = kept_keys(scope.tokens, classes, n_documents, documents.first_key)
    for one in token_statistics(scope.tokens, classes, n_documents, keys):
        row = asdict(one)
        for name in ("key", "place", "helpful", "harmful"):
            del row[name]
        yield row | {
            "scope": scope.kind,
            "suite": scope.name,
            "alignment": alignment,
            "token_class": CLASSES[one.place],
            "token": documents.words[one.key],
            **_example("helpful", one.helpful, documents),
            **_example("harmful", one.harmful, documents),
        }


def _document_counts(
    documents: TokenDocuments,
    doc_ids: Iterable[int],
    alignment: str,
    distinct: dict[int, np.ndarray],
) -> np.ndarray:
    """[keys] documents that hold each token; `distinct` keeps what a document holds."""
    counts = np.zeros(len(documents.classes), np.int64)
    for doc_id in doc_ids:
        if doc_id not in distinct:
            rows = documents.rows(doc_id)
            places = np.flatnonzero(rows["key"] >= 0)
            if alignment == "predicted" and len(places):
                places = places[np.logical_or.reduceat(rows["learnt"], places)]
            distinct[doc_id] = np.unique(rows["key"][places])
        counts[distinct[doc_id]] += 1
    return counts


def _example(name: str, one: Example, documents: TokenDocuments) -> dict[str, Any]:
    row = documents.rows(one.doc_id)[one.place]
    return {
        f"{name}_query": one.query_id,
        f"{name}_doc": one.doc_id,
        f"{name}_position": one.place,
        f"{name}_start": int(row["start"]),
        f"{name}_end": int(row["end"]),
        f"{name}_score": one.score,
    }
