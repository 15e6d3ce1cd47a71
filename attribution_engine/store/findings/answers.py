"""Reads the finding answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attribution_engine.findings.answer_claims import claim_k
from attribution_engine.findings.answers import (
    MEASURES,
    Found,
    FoundOf,
    Measure,
    Share,
    ranks_of,
    share_found,
    share_in_corpus,
)
from attribution_engine.store.findings.answers_views import (
    AnswerCurve,
    AnswerHit,
    AnswerQuery,
    AnswersAbout,
    AnswerShare,
    AnswerSought,
    Completions,
)
from attribution_engine.store.passages import MARGIN, one_line
from attribution_engine.store.queries import Queries

BEFORE: Final = 70  # characters of the text before a place
AFTER: Final = 90  # behind it
ROLES: Final = ("reasoning", "factual", "factual control", "reasoning control", "control")
NAMES: Final[dict[Measure | None, str]] = {
    "answer": "answer", "steps": "all steps", None: "as counted",
}  # fmt: skip


class AnswersFinding(Queries):
    """The questions about the finding answers."""

    def answers_about(self) -> AnswersAbout | None:
        """What was searched; None where nothing was."""
        return self._remember("answers about", self._read_answers_about)

    def _read_answers_about(self) -> AnswersAbout | None:
        ((top, n_queries, n_judged, n_confirmed, has_bottom),) = self._rows(
            """SELECT max(k), count(DISTINCT query_id), coalesce(sum(n_judged), 0),
                coalesce(sum(n_confirmed), 0), count(n_bottom) > 0 FROM answer_search"""
        )
        ((n_all, n_sets),) = self._rows(
            """SELECT count(*), count(*) FILTER (query_id IN (SELECT query_id FROM query_items))
            FROM queries"""
        )
        if not n_queries:
            return None
        n = self._run.n_documents
        return AnswersAbout(
            top, claim_k(top, n), n, n_queries, n_all - n_sets - n_queries, n_sets,
            int(n_judged), int(n_confirmed), has_bottom,
        )  # fmt: skip

    def answer_shares(
        self, k: int, completions: Completions = "right", by_suite: bool = False
    ) -> list[AnswerShare]:
        """Shares found within the top k and in the corpus, by role or suite and by measure.

        Args:
            completions: "right" leaves out those known to be wrong, "wrong" all others.
        """
        key = ("answer shares", k, completions, by_suite)
        return list(self._remember(key, lambda: self._shares(k, completions, by_suite)))

    def _shares(self, k: int, completions: Completions, by_suite: bool) -> tuple[AnswerShare, ...]:
        known = self._all_queries()
        n = self._run.n_documents
        groups: dict[tuple[str, str], list[FoundOf]] = {}
        for one in self._found(completions):
            suite = known[one.query_id].suite
            groups.setdefault((suite if by_suite else one.role, one.role), []).append(one)
        found = []
        for (group, role), queries in groups.items():
            for measure in (*MEASURES, None):
                top = share_found(queries, measure, k, n)
                for part, share in (("top", top), ("corpus", share_in_corpus(queries, measure))):
                    if share.n:
                        found.append(_share(group, role, NAMES[measure], part, k, share))
        return tuple(found)

    def answer_curves(self, completions: Completions = "right") -> list[AnswerCurve]:
        """Shares found within the top k for k from 1 to all that were searched, by role."""
        about = self.answers_about()
        if about is None:
            return []
        ks, curves = ranks_of(about.top), []
        for role in ROLES:
            queries = [one for one in self._found(completions) if one.role == role]
            shares = [share_found(queries, None, k, about.n_documents) for k in ks]
            if not shares or not shares[0].n:
                continue
            curves.append(
                AnswerCurve(
                    role,
                    shares[0].n,
                    tuple(ks),
                    tuple(one.figure or 0.0 for one in shares),
                    tuple(one.chance or 0.0 for one in shares),
                )
            )
        return curves

    def answer_queries(self, k: int, completions: Completions = "all") -> list[AnswerQuery]:
        """Every query that anything was looked for of, in the order of the run."""
        key = ("answer queries", k, completions)
        return list(self._remember(key, lambda: self._queries(k, completions)))

    def _queries(self, k: int, completions: Completions) -> tuple[AnswerQuery, ...]:
        known, n = self._all_queries(), self._run.n_documents
        partly = {one.query_id for one in self._sought() if one.n_read < one.n_candidates}
        return tuple(
            _query(one, known[one.query_id], k, n, one.query_id in partly)
            for one in self._found(completions)
        )

    def answer_sought(self, query_id: int) -> list[AnswerSought]:
        """What was looked for of a query: the answer first, then the steps."""
        return [one for one in self._sought() if one.query_id == query_id]

    def answer_hits(self, query_id: int, part: str = "") -> list[AnswerHit]:
        """Places that were kept of a query, those of top documents first, by rank.

        Args:
            part: "top", "bottom" or "corpus"; all where it is empty.
        """
        key = ("answer hits", query_id)
        found = self._remember(key, lambda: self._read_hits(query_id))
        return [one for one in found if part in ("", one.part)]

    def _read_hits(self, query_id: int) -> tuple[AnswerHit, ...]:
        rows = self._rows(
            f"""SELECT a.query_id, what, part, a.doc_id, rank, coalesce(d.source, ''), matched,
                "start", "end", confirmed,
                greatest(0, "start" - {BEFORE + MARGIN}) AS from_,
                substr(d.text, from_ + 1, "end" + {AFTER + MARGIN} - from_),
                length(d.text) > "end" + {AFTER + MARGIN}
            FROM (SELECT * FROM answers WHERE query_id = $1) a
            JOIN (SELECT * FROM documents WHERE doc_id IN
                (SELECT doc_id FROM answers WHERE query_id = $1)) d USING (doc_id)
            ORDER BY list_position(['top', 'bottom', 'corpus'], part),
                CASE WHEN part = 'bottom' THEN -rank ELSE rank END, what, "start" """,
            [query_id],
        )
        shown = [(*row[:10], *_around(*row[7:9], *row[10:])) for row in rows]
        return tuple(AnswerHit(*row) for row in shown)

    def _found(self, completions: Completions) -> list[FoundOf]:
        """What was found of each query, as the computation of the findings saw it."""
        wanted = {"right": (True, None), "all": (True, None, False), "wrong": (False,)}[completions]
        known = self._all_queries()
        roles: dict[int, str] = self._remember(
            "answer roles",
            lambda: dict(self._rows("SELECT DISTINCT query_id, role FROM answer_search")),
        )
        by_query: dict[int, list[AnswerSought]] = {}
        for one in self._sought():
            by_query.setdefault(one.query_id, []).append(one)
        found = []
        for query_id, things in by_query.items():
            query = known[query_id]
            if query.correct not in wanted:
                continue
            parts = [Found(one.what, one.first_rank, one.n_top, one.n_corpus) for one in things]
            found.append(
                FoundOf(
                    query_id,
                    query.kind,
                    query.correct,
                    next((one for one in parts if one.what == "answer"), None),
                    tuple(one for one in parts if one.what != "answer"),
                    roles[query_id] or query.kind,
                )
            )
        return found

    def _sought(self) -> Sequence[AnswerSought]:
        def read() -> tuple[AnswerSought, ...]:
            rows = self._rows(
                """SELECT query_id, what, keywords, beside, needed, n_top, n_bottom, n_corpus,
                    first_rank, n_candidates, n_read
                FROM answer_search ORDER BY query_id, rowid"""
            )
            return tuple(
                AnswerSought(row[0], row[1], tuple(row[2]), tuple(row[3]), *row[4:]) for row in rows
            )

        return self._remember("answers sought", read)


def _share(group: str, role: str, measure: str, part: str, k: int, share: Share) -> AnswerShare:
    return AnswerShare(
        group, role, measure, part, k, share.n_found, share.n,
        share.figure or 0.0, share.low or 0.0, share.high or 0.0, share.chance,
    )  # fmt: skip


def _query(one: FoundOf, query: Any, k: int, n_documents: int, about: bool) -> AnswerQuery:
    measure = one.counts_by
    assert measure is not None  # something was looked for
    parts = one.parts(measure)
    ranks = [part.first_rank for part in parts]
    within = [step.first_rank is not None and step.first_rank <= k for step in one.steps]
    return AnswerQuery(
        query_id=one.query_id,
        suite=query.suite,
        kind=one.kind,
        role=one.role,
        correct=one.correct,
        prompt=query.prompt,
        measure=NAMES[measure],
        found=one.is_found(measure, k),
        in_corpus=one.is_in_corpus(measure),
        first_rank=None if None in ranks else max(rank for rank in ranks if rank is not None),
        n_top=min(part.n_top for part in parts),
        n_corpus=min(part.n_elsewhere for part in parts),
        about=about,
        chance=one.by_chance(measure, k, n_documents),
        n_steps=len(one.steps),
        n_steps_top=sum(within),
        n_steps_corpus=sum(step.n > 0 for step in one.steps),
        answer_rank=one.answer.first_rank if one.answer else None,
    )


def _around(start: int, end: int, low: int, piece: str, goes_on: bool) -> tuple[str, int, int]:
    """The text around a place on one line, and where in it the place is."""
    left = max(0, start - low - BEFORE)
    size = min(start - low, BEFORE) + end - start + AFTER
    text, cut = one_line(piece, left, goes_on, size)
    opening = "…" if low + cut else ""
    before = piece[cut : start - low]
    place = len(opening) + len(" ".join(before.split()))
    place += bool(before.split() and before[-1].isspace())
    matched = " ".join(piece[start - low : end - low].split())
    shown = opening + text
    is_there = shown[place : place + len(matched)] == matched
    return shown, place, place + len(matched) if is_there else place
