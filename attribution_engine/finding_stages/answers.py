"""The finding answers: where answers and steps stand, near the top and elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import groupby, zip_longest
from typing import Any

from attribution_engine.finding_stages import relations
from attribution_engine.finding_stages.answer_hits import Hit, Search, Wanted, search_all
from attribution_engine.finding_stages.options import FindingOptions
from attribution_engine.findings.answer_claims import answer_claims
from attribution_engine.findings.answers import FoundOf
from attribution_engine.findings.claims import Claim
from attribution_engine.findings.query_roles import roles
from attribution_engine.findings.run_scores import QueryFacts, RunScores
from attribution_engine.judging.readers import confirm_answers
from attribution_engine.store.finding_reads import top_documents
from attribution_engine.store.finding_reads_answers import ranks_of_documents
from attribution_engine.store.writer import StoreWriter
from attribution_engine.text.answer_keywords import keyword_set

# Prompt, what was wanted, excerpt of the document, doc_id, start and end of the place in it.
Place = tuple[str, str, str, int, int, int]
Confirm = Callable[[list[Place]], list[bool | None]]
DETECTOR = "keywords"


def fill(store: StoreWriter, scores: RunScores, options: FindingOptions) -> Iterator[Claim]:
    """Fills the tables of this finding; what the run says of the published claims."""
    confirm = partial(confirm_answers, options.judging) if options.judging is not None else None
    yield from fill_with(store, scores, options, confirm)
    yield from relations.fill(store, scores, options)


def fill_with(
    store: StoreWriter,
    scores: RunScores,
    options: FindingOptions,
    confirm: Confirm | None = None,
) -> list[Claim]:
    """Fills `answers` and `answer_search`; the claims.

    Args:
        confirm: reads places of the top documents under their queries, and says of each whether
            it is the answer or the step that was looked for; None where it cannot say.
    """
    k = min(options.top, scores.n_documents)
    wanted = [
        _wanted(store, scores, query, k)
        for query in scores.queries
        if not query.is_set  # the mean over a suite's items asks nothing itself
    ]
    searches = search_all(store.connection, wanted, scores.influence, options.seed)
    judged = _judged(searches, confirm, options.judged_answers) if confirm else {}
    role_of = roles(scores.queries)
    for query_id, of_query in groupby(searches, key=lambda one: one.query.query_id):
        found = list(of_query)
        store.insert("answers", _rows(store, found, judged))
        common = {"query_id": query_id, "role": role_of[query_id], "k": k}
        store.insert(
            "answer_search", (common | _search_row(one, scores.signed, judged) for one in found)
        )
    return answer_claims(found_of(scores.queries, searches), scores.n_documents, k)


def found_of(queries: Sequence[QueryFacts], searches: Sequence[Search]) -> list[FoundOf]:
    """What was found of each query, those without anything to look for included."""
    by_query: dict[int, list[Search]] = {}
    for one in searches:
        by_query.setdefault(one.query.query_id, []).append(one)
    found = []
    for query in queries:
        if query.is_set:
            continue
        things = [one.found() for one in by_query.get(query.query_id, [])]
        found.append(
            FoundOf(
                query.query_id,
                query.kind,
                query.correct,
                next((one for one in things if one.what == "answer"), None),
                tuple(one for one in things if one.what != "answer"),
            )
        )
    return found


def _wanted(store: StoreWriter, scores: RunScores, query: QueryFacts, k: int) -> Wanted:
    keywords = keyword_set(query.prompt, query.completion, query.reference, query.keywords)
    if not keywords.all:
        return Wanted(query, (), {}, {})
    top = dict(top_documents(store.connection, query.query_id, k))
    bottom = dict(top_documents(store.connection, query.query_id, k, "harmful"))
    # Of a method without a harmful side the other end means nothing; both ends may meet.
    apart = {doc_id: rank for doc_id, rank in bottom.items() if doc_id not in top}
    return Wanted(query, keywords.all, top, apart if scores.signed else {})


def _judged(
    searches: Sequence[Search], confirm: Confirm, at_most: int
) -> dict[tuple[int, str, int], bool | None]:
    """What is said of hits in top documents, by query, thing and document.

    The first hit of everything is asked about before the second of anything.
    """
    hits = [[(one, hit) for hit in one.kept("top")] for one in searches]
    asked: list[tuple[Search, Hit]] = [
        pair for row in zip_longest(*hits) for pair in row if pair is not None
    ][:at_most]
    replies = confirm(
        [
            (one.query.prompt, _wording(one), hit.excerpt, hit.doc_id, hit.start, hit.end)
            for one, hit in asked
        ]
    )
    return {
        (one.query.query_id, one.sought.what, hit.doc_id): reply
        for (one, hit), reply in zip(asked, replies, strict=True)
    }


def _wording(one: Search) -> str:
    """What was looked for, as a judge is told: the answer, or a sum with its result."""
    sought = one.sought
    if sought.behind and sought.beside:
        return f"{sought.forms[0]} = {sought.beside[0][0]}"
    return sought.forms[0]


def _rows(
    store: StoreWriter,
    searches: Sequence[Search],
    judged: dict[tuple[int, str, int], bool | None],
) -> Iterator[dict[str, Any]]:
    query_id = searches[0].query.query_id
    elsewhere = [hit.doc_id for one in searches for hit in one.kept("corpus")]
    ranks = ranks_of_documents(store.connection, query_id, elsewhere)
    ranks |= searches[0].ranks | searches[0].bottom
    for one in searches:
        for part in one.hits:
            for hit in one.kept(part):
                yield {
                    "query_id": query_id,
                    "doc_id": hit.doc_id,
                    "what": one.sought.what,
                    "matched": hit.matched,
                    "start": hit.start,
                    "end": hit.end,
                    "detector": DETECTOR,
                    "part": part,
                    "rank": ranks[hit.doc_id],
                    "confirmed": judged.get((query_id, one.sought.what, hit.doc_id))
                    if part == "top"
                    else None,
                }


def _search_row(
    one: Search, signed: bool, judged: dict[tuple[int, str, int], bool | None]
) -> dict[str, Any]:
    found = one.found()
    query_id, what = one.query.query_id, one.sought.what
    said = [judged.get((query_id, what, hit.doc_id)) for hit in one.kept("top")]
    n_judged = sum(reply is not None for reply in said)
    return {
        "what": what,
        "keywords": one.sought.forms,
        "beside": [forms[0] for forms in one.sought.beside],
        "needed": one.sought.needed,
        "n_top": found.n_top,
        "n_bottom": one.counts["bottom"] if signed else None,
        "n_corpus": found.n_elsewhere,
        "found_top": found.n_top > 0,
        "found_corpus": found.n_elsewhere > 0,
        "first_rank": found.first_rank,
        "n_candidates": one.n_candidates,
        "n_read": one.n_read,
        "n_judged": n_judged,
        "n_confirmed": sum(reply is True for reply in said),
    }
