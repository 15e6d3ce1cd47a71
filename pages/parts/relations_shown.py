"""What Answers shows of the relations of top documents to queries: rows and words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from attribution_engine.store.findings.relations_views import (
    QueryRelations,
    RelatedDocument,
    RelationCount,
    RelationsAbout,
    RelationShare,
)
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryInfo
from attribution_engine.text.relations import PROCEDURE, RELATIONS
from pages.parts import captions, wording
from pages.parts.source_figures import multiple

TITLE = "How the top documents relate to the query"
EMPTY = (
    "How top documents relate to the queries is not known: this run has only means over suites, "
    "which ask nothing themselves, or its findings were not computed. Add single queries and run "
    "again, or compute the findings with `python -m attribution_engine findings STORE`."
)
BY_RULES = (
    "Relations are found by rules, not by a judge as in the paper, and a document may have several."
)
OF_PROCEDURE = (*PROCEDURE, "same steps")  # what only a query with a known procedure can have
SHARE_COLUMNS = (
    "Suite", "Relation", "Queries", "Procedure known", "Top k", "95% interval", "At random", "×",
)  # fmt: skip
COUNT_COLUMNS = ("Relation", "What it means", "Top k", "At random")
DOCUMENT_COLUMNS = ("Document", "Relations", "What shows it", "Rank", "Source", "Text")


@dataclass(frozen=True, slots=True)
class RelationsShown:
    """What a view asks for, as far as the run has it.

    Attributes:
        query: the chosen one; None where the run lacks it.
        relation: only documents with it; all where it is empty.
    """

    reader: StoreReader
    run: str
    about: RelationsAbout
    query: QueryInfo | None
    relation: str

    @property
    def method(self) -> wording.Method:
        """The method of the run."""
        return wording.method(self.reader.run().method)

    @property
    def shares(self) -> list[RelationShare]:
        """Of all suites."""
        return self.reader.relation_shares()

    @property
    def of_suite(self) -> list[RelationShare]:
        """Of the chosen query's suite."""
        return [one for one in self.shares if self.query and one.suite == self.query.suite]

    @property
    def of_query(self) -> QueryRelations | None:
        """Of the chosen query; None where it was not read."""
        return self.reader.query_relations(self.query.query_id) if self.query else None

    @property
    def documents(self) -> list[RelatedDocument]:
        """The chosen query's top documents, with the chosen relation."""
        if self.query is None:
            return []
        return self.reader.related_documents(self.query.query_id, self.relation)

    @property
    def top(self) -> str:
        """The documents at the top in words, such as "32 most helpful"."""
        return f"{wording.whole(self.about.k)} {self.method.first('helpful')}"

    def caption(self, **more: Any) -> str:
        """Where the numbers are from."""
        return captions.caption(
            self.run, None, self.about.k, "share of documents (%), linear",
            suite=self.query.suite if self.query else "",
            documents=wording.whole(self.about.n_documents), **more,
        )  # fmt: skip


def relations_shown(reader: StoreReader, view: Mapping[str, Any]) -> RelationsShown | None:
    """What a view asks for; None where the store holds no relations."""
    about = reader.relations_about()
    if about is None:
        return None
    query = str(view["query"])
    number = int(query) if query.isascii() and query.isdecimal() and len(query) < 10 else None
    chosen = None if number is None else reader.query(number)
    return RelationsShown(reader, str(view["run"]), about, chosen, str(view["relation"]))


def figure_words(view: RelationsShown) -> str:
    """Two sentences on what the figure shows."""
    shares = {one.relation: one for one in view.of_suite}
    suite = wording.one_line(view.of_suite[0].suite, 40)
    most = max(shares.values(), key=lambda one: one.share)
    first = (
        f"Filled dots are the share of the {view.top} documents that relate to their query in each "
        f"way, mean over the queries of the suite “{suite}” with the 95% interval; hollow diamonds "
        "are the share of documents drawn at random."
    )
    often = f"Most frequent is “{most.relation}” ({_beside(most)})"
    if not most.n_known:
        return (
            f"{first} {often}; of no query of this suite is the procedure known, so that no "
            f"document can have {_listed(OF_PROCEDURE)}."
        )
    said = " and ".join(f"as “{name}” in {_beside(shares[name])}" for name in PROCEDURE)
    return f"{first} {often}, and the procedure itself stands {said}."


def _listed(names: Sequence[str]) -> str:
    *first, last = (f"“{name}”" for name in names)
    return f"{', '.join(first)} or {last}"


def _beside(one: RelationShare) -> str:
    return (
        f"{wording.percent(one.share, 1)} against {wording.percent(one.share_random, 1)} at random"
    )


def behind(view: RelationsShown) -> str:
    """How much is behind the figure, and how relations are found."""
    one = view.of_suite[0]
    queries = "1 query" if one.n_queries == 1 else f"{wording.whole(one.n_queries)} queries"
    return (
        f"Behind it: {queries}, of which the procedure is known for {wording.whole(one.n_known)}; "
        f"the {view.top} documents of each and {wording.whole(one.n_read)} drawn at random from "
        f"{wording.whole(view.about.n_documents)}, the same for all queries. {BY_RULES}"
    )


def interval(one: RelationShare) -> str:
    """The interval of a share; none of a single query."""
    if one.low is None or one.high is None:
        return "–"
    return f"{wording.percent(one.low, 1)} to {wording.percent(one.high, 1)}"


def share_cells(one: RelationShare) -> list[str]:
    """A relation in a suite as a row."""
    return [
        one.suite,
        one.relation,
        wording.whole(one.n_queries),
        wording.whole(one.n_known),
        wording.percent(one.share, 1),
        interval(one),
        wording.percent(one.share_random, 1),
        "–" if one.multiplier is None else multiple(one.multiplier),
    ]


def share_records(shares: Sequence[RelationShare]) -> list[dict[str, Any]]:
    """The rows of files: what the store holds, and the multiplier."""
    return [
        {
            **{name: getattr(one, name) for name in RelationShare.__dataclass_fields__},
            "multiplier": one.multiplier,
        }
        for one in shares
    ]


def count_cells(found: QueryRelations, one: RelationCount) -> list[str]:
    """A relation of one query as a row."""
    top, at_random = found.shares(one)
    return [
        one.relation,
        RELATIONS.get(one.relation, ""),
        f"{wording.whole(one.n_top)} ({wording.percent(top, 1)})",
        f"{wording.whole(one.n_random)} ({wording.percent(at_random, 1)})",
    ]


def document_cells(one: RelatedDocument) -> list[str]:
    """A top document as a row."""
    line = partial(wording.one_line, length=80)
    return [
        wording.whole(one.doc_id),
        " · ".join(name for name, _ in one.related),
        " · ".join(line(written) for _, written in one.related if written) or "–",
        wording.whole(one.rank),
        one.source or "–",
        one.opening,
    ]


def procedure_words(found: QueryRelations | None) -> str:
    """The way to a query's result as it was read, or why none is known."""
    if found is None:
        return "How documents relate to it was not read: it is the mean over a suite, no one query."
    if found.procedure:
        return f"Its procedure, as read from its prompt and completion: {found.procedure}"
    return (
        f"No procedure is known: its prompt and completion lead to no result by a sum of two "
        f"operations at least, as (7 - 4) * 9 is one. So no document can have "
        f"{_listed(OF_PROCEDURE)}."
    )


def column_names(names: Sequence[str], k: int) -> tuple[str, ...]:
    """Names of columns with the number of documents in them."""
    return tuple(f"Top {wording.whole(k)}" if name == "Top k" else name for name in names)
