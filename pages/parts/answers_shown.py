"""What Answers shows of a view: its plots and tables, for the page and for reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from attribution_engine.store.findings.answers_views import (
    AnswerCurve,
    AnswerHit,
    AnswerQuery,
    AnswersAbout,
    AnswerShare,
    AnswerSought,
    Completions,
)
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, wording

COMPLETIONS: dict[str, str] = {
    "right": "not wrong (the paper's)",
    "all": "all",
    "wrong": "✗ wrong",
}
PARTS = {"top": "top", "bottom": "bottom", "corpus": "elsewhere"}
RANKS = (10, 50, 100, 500)


@dataclass(frozen=True, slots=True)
class Shown:
    """What a view of the page asks for, as far as the run has it.

    Attributes:
        k: documents of the top end within which a query counts as found.
        query_id: the chosen query.
        in_vain: what the address asks for that the run does not have, in words.
    """

    reader: StoreReader
    run: str
    about: AnswersAbout
    completions: Completions
    k: int
    kinds: tuple[str, ...]
    query_id: int | None
    part: str
    in_vain: tuple[str, ...] = ()

    @property
    def method(self) -> wording.Method:
        """The method of the run."""
        return wording.method(self.reader.run().method)

    @property
    def occurrences(self) -> str:
        """In how many documents of the top answers stand, as the paper counts them, by role."""
        counts: dict[str, tuple[int, int]] = {}
        for one in self.reader.answer_queries(self.about.top, self.completions):
            documents, queries = counts.get(one.role, (0, 0))
            counts[one.role] = documents + one.n_top, queries + 1
        if not counts:
            return ""
        said = [
            f"{role} {wording.whole(documents)} (of "
            f"{'1 query' if queries == 1 else f'{wording.whole(queries)} queries'})"
            for role, (documents, queries) in counts.items()
        ]
        return (
            f"Documents of the top {wording.whole(self.about.top)} that say what is looked for, "
            f"counted for each query anew: {', '.join(said)}. Of several steps the one is counted "
            "that fewest say."
        )

    @property
    def ks(self) -> list[int]:
        """What k may be chosen to be."""
        return ks_of(self.about)

    @property
    def shares(self) -> list[AnswerShare]:
        """By role."""
        return self.reader.answer_shares(self.k, self.completions)

    @property
    def kinds_of_shares(self) -> list[AnswerShare]:
        """By role; as counted only where that is neither the answer nor the steps alone."""
        found = self.shares
        alone = {(one.group, one.n) for one in found if one.measure != "as counted"}
        return [
            one for one in found if one.measure != "as counted" or (one.group, one.n) not in alone
        ]

    @property
    def suites(self) -> list[AnswerShare]:
        """By suite, as the queries count."""
        found = self.reader.answer_shares(self.k, self.completions, by_suite=True)
        return [one for one in found if one.measure == "as counted"]

    @property
    def curves(self) -> list[AnswerCurve]:
        """By role."""
        return self.reader.answer_curves(self.completions)

    @property
    def queries(self) -> list[AnswerQuery]:
        """Of the chosen kinds and completions."""
        found = self.reader.answer_queries(self.k, self.completions)
        return [one for one in found if not self.kinds or one.kind in self.kinds]

    @property
    def hits(self) -> list[AnswerHit]:
        """Places of the chosen query, of the chosen part."""
        return [] if self.query_id is None else self.reader.answer_hits(self.query_id, self.part)

    @property
    def sought(self) -> list[AnswerSought]:
        """What was looked for of the chosen query."""
        return [] if self.query_id is None else self.reader.answer_sought(self.query_id)

    @property
    def caption(self) -> str:
        """Where the numbers are from."""
        return captions.caption(
            self.run, None, self.k, "share of queries (%)",
            completions=COMPLETIONS[self.completions], documents=wording.whole(
                self.about.n_documents),
        )  # fmt: skip

    @property
    def counted(self) -> str:
        """The number of queries and documents behind the figures."""
        n = sum(one.n for one in self.shares if one.measure == "as counted" and one.part == "top")
        queries = "1 query" if n == 1 else f"{wording.whole(n)} queries"
        left = []
        if self.about.n_without:
            left.append(f"{self.about.n_without} with no known answer or step")
        if self.about.n_sets:
            left.append(f"{self.about.n_sets} that are the mean over a suite")
        out = f" Left out: {', '.join(left)}." if left else ""
        judge = ""
        if self.about.n_judged:
            judge = (
                f" A judge read {wording.whole(self.about.n_judged)} places of top documents and "
                f"confirmed {wording.whole(self.about.n_confirmed)}; the shares count all."
            )
        share = wording.percent(self.k / self.about.n_documents, 2)
        return (
            f"Behind it: {queries}; the top {wording.whole(self.k)} of "
            f"{wording.whole(self.about.n_documents)} documents ({share}; in the paper 500 of 5 "
            f"million, 0.01 %).{out}{judge}"
        )


def ks_of(about: AnswersAbout) -> list[int]:
    """Depths of the ranking to choose from."""
    return sorted({k for k in RANKS if k < about.top} | {about.claim_k, about.top})


def shown(reader: StoreReader, view: Mapping[str, Any]) -> Shown | None:
    """What a view asks for; None where the run has nothing of it."""
    about = reader.answers_about()
    if about is None:
        return None
    within = str(view["within"])
    k = int(within) if within.isdecimal() and int(within) in ks_of(about) else about.claim_k
    vain = []
    if within not in ("", str(k)):
        vain.append(
            f"This view asks for the top {within[:20]}, within which nothing was counted; shown is "
            f"the top {wording.whole(k)}."
        )
    known = {one.kind for one in reader.answer_queries(k)}
    vain += [
        f"Of the kind “{kind}”, which this view asks for, no query was looked for."
        for kind in view["kind"]
        if kind not in known
    ]
    no_bottom = view["hits"] == "bottom" and not about.has_bottom
    if no_bottom:
        vain.append("This view asks for documents at the bottom, which this run does not have.")
    query = str(view["query"])
    number = int(query) if query.isascii() and query.isdecimal() and len(query) < 10 else None
    return Shown(
        reader=reader,
        run=str(view["run"]),
        about=about,
        completions=cast(Completions, view["completions"]),
        k=k,
        kinds=tuple(kind for kind in view["kind"] if kind in known),
        query_id=number,
        part="" if no_bottom else str(view["hits"]),
        in_vain=tuple(vain),
    )


def share_rows(shares: Sequence[AnswerShare]) -> list[tuple[AnswerShare, AnswerShare]]:
    """Each share within the top k with that of the corpus."""
    corpus = {(one.group, one.role, one.measure): one for one in shares if one.part == "corpus"}
    return [(one, corpus[one.group, one.role, one.measure]) for one in shares if one.part == "top"]


def interval(share: AnswerShare) -> str:
    """A share with its interval, in words."""
    return (
        f"{wording.percent(share.share)} ({wording.percent(share.low)} to "
        f"{wording.percent(share.high)})"
    )


def rank(value: int | None, top: int) -> str:
    """A first rank, or that there is none within the searched top."""
    return wording.whole(value) if value is not None else f"> {wording.whole(top)}"


def about_count(value: int, is_about: bool) -> str:
    """A number of documents; a sign before it where it is estimated."""
    return ("≈ " if is_about and value else "") + wording.whole(value)


def query_cells(one: AnswerQuery, top: int) -> list[str]:
    """A query as a row."""
    steps = f"{one.n_steps_top} / {one.n_steps_corpus} / {one.n_steps}" if one.n_steps else "–"
    return [
        wording.whole(one.query_id),
        one.suite,
        one.role,
        " ".join(wording.verdict(one.correct)),
        one.measure,
        "● found" if one.found else "○ elsewhere" if one.in_corpus else "◌ nowhere",
        rank(one.first_rank, top),
        steps,
        wording.whole(one.n_top),
        about_count(one.n_corpus, one.about),
        wording.percent(one.chance, 1),
        wording.one_line(one.prompt, 160),
    ]


def sought_cells(one: AnswerSought) -> list[str]:
    """What was looked for as a row."""
    beside = ""
    if one.needed:
        several = (
            ""
            if len(one.beside) == 1
            else (f"{one.needed} of: " if one.needed < len(one.beside) else "all of: ")
        )
        near = "its result behind it: " if one.what != "answer" else "near it: "
        beside = near + several + " · ".join(one.beside)
    return [
        one.what,
        wording.one_line(" · ".join(one.keywords[:8]), 120)
        + (f" and {len(one.keywords) - 8} more" if len(one.keywords) > 8 else ""),
        wording.one_line(beside, 120) or "–",
        wording.whole(one.n_top),
        "–" if one.n_bottom is None else wording.whole(one.n_bottom),
        about_count(one.n_corpus, one.n_read < one.n_candidates),
        wording.whole(one.first_rank),
    ]


def hit_cells(one: AnswerHit) -> list[str]:
    """A place as a row."""
    return [
        wording.whole(one.doc_id),
        one.what,
        PARTS[one.part],
        wording.whole(one.rank),
        one.source or "–",
        wording.one_line(one.matched, 40),
        {True: "● confirmed", False: "○ denied", None: "–"}[one.confirmed],
        one.snippet,
    ]


SHARE_COLUMNS = ("Queries", "Counts", "n", "Top k", "By chance", "Anywhere in the corpus")


def share_cells(top: AnswerShare, corpus: AnswerShare) -> list[str]:
    """A share as a row."""
    return [
        top.group,
        top.measure,
        wording.whole(top.n),
        interval(top),
        wording.percent(top.chance, 1),
        interval(corpus),
    ]
