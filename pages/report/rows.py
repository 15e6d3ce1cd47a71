"""Records as tables in words, the same for all sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from attribution_engine.store import query_pairs
from attribution_engine.store.comparison_views import Counterpart
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import QueryEffect, QueryInfo, RankedDocument, Score, Side
from pages.parts import wording
from pages.parts.compare_panels import flat
from pages.parts.wording import Method
from pages.report.address import View
from pages.report.section import Section, Table

LABELS = (
    ("Source", "source"), ("Domain", "domain"), ("Category", "category"),
    ("Difficulty", "difficulty"),
)  # fmt: skip


def query_of(reader: StoreReader, view: View, name: str = "query") -> QueryInfo | None:
    """The query that a field of the view names; None if the run has no such query."""
    number = view.number(name)
    return None if number is None else reader.query(number)


def without_query(section: Section, view: View, name: str = "query") -> Section:
    """The section where the query is not there."""
    return replace(section, missing=f"The query “{view[name]}” is not in this run.")


def end_name(side: Side, method: Method) -> str:
    """What an end of a ranking is called."""
    return f"Most {side} documents" if method.signed else f"Documents {method.end(side)}"


def ranked(
    reader: StoreReader,
    title: str,
    documents: Sequence[RankedDocument],
    method: Method,
    words: str = "",
) -> Table:
    """Rows of a ranking: rank, scores, labels, what the text is about."""
    names = method.score_names
    columns = ["Rank", *names.values()]
    if "normed" in names:
        columns.append("Rank, norm-c.")
    columns.append("Document")
    numbers = frozenset(range(len(columns)))
    folded = any(one.n_near for one in documents)
    columns += ["Labels", *(["Near-duplicates"] if folded else []), "Passage"]
    rows = []
    for one in documents:
        cells = [wording.whole(one.rank)]
        cells += [wording.written(getattr(one, name), method) for name in names]
        if "normed" in names:
            cells.append(wording.whole(one.rank_normed))
        labels = " · ".join(filter(None, (getattr(one, name) for _, name in LABELS)))
        near = [f"+{one.n_near}" if one.n_near else ""] if folded else []
        rows.append([*cells, str(one.doc_id), labels or "–", *near, one.snippet])
    units = "; ".join(f"{names[name]}: {unit}" for name, unit in method.score_units.items()
                      if name in names)  # fmt: skip
    return Table(
        title, tuple(columns), rows, numbers, tuple(documents), words or f"{units}.",
        lambda: reader.with_texts(documents),
    )  # fmt: skip


def beside(
    reader: StoreReader, title: str, listed: Sequence[Counterpart], score: Score, other: str
) -> Table:
    """Top documents of one ranking, of this reader's run, with their places in another."""
    method = wording.method(reader.run().method)
    rows = [
        [
            wording.whole(one.rank),
            wording.written(query_pairs.value_of(one.document, score), method),
            wording.whole(one.other_rank) if one.other_doc is not None else "not there",
            str(one.document.doc_id),
            one.document.source or "–",
            one.document.snippet,
        ]
        for one in listed
    ]
    columns = ("Rank", method.score_names.get(score, method.noun), f"Rank, {other}", "Document",
               "Source", "Passage")  # fmt: skip
    return Table(
        title, columns, rows, frozenset((0, 1, 2, 3)), tuple(listed),
        f"Ranks count from the chosen end. {method.score_units.get(score, method.unit)}.",
        lambda: flat(reader, listed),
    )  # fmt: skip


def effects(title: str, listed: Sequence[QueryEffect], method: Method) -> Table:
    """What a document does to queries."""
    rows = [
        [
            str(one.query.query_id),
            wording.written(one.per_nat, method),
            wording.written(one.influence, method),
            wording.whole(one.rank),
            one.query.suite,
            wording.one_line(one.query.prompt, 240),
        ]
        for one in listed
    ]
    columns = ("Query", "Per-nat", method.noun, "Rank", "Suite", "Prompt")
    return Table(title, columns, rows, frozenset((0, 1, 2, 3)), tuple(listed),
                 f"{method.noun}: {method.unit}.")  # fmt: skip


def place_of(
    found: Counterpart | None,
    names: tuple[str, str],
    methods: tuple[Method, Method],
    score: Score,
    side: Side,
) -> list[tuple[str, str, str]]:
    """The chosen document of a comparison: its rank and score on either side."""
    if found is None:
        return []
    of = (
        (found.rank, query_pairs.value_of(found.document, score)),
        (found.other_rank, found.other_score),
    )
    return [
        (
            f"Document {found.document.doc_id}, {name}",
            f"rank {wording.whole(rank)}, score {wording.written(value, method)}"
            if rank is not None
            else "not in this run",
            f"from the {side} end",
        )
        for name, method, (rank, value) in zip(names, methods, of, strict=True)
    ]


def about_query(query: QueryInfo) -> list[tuple[str, str, str]]:
    """A query in short."""
    glyph, word = wording.verdict(query.correct)
    nats = f"{wording.plain(query.nats)} nats" if query.n_tokens else "–"
    return [
        (f"Query {query.query_id}", f"{query.suite} · {query.kind}", f"{glyph} {word}"),
        ("Information of the completion", nats,
         f"−log p(completion | prompt), {wording.whole(query.n_tokens)} tokens"),
    ]  # fmt: skip


def query_texts(query: QueryInfo) -> list[tuple[str, str]]:
    """Prompt and completion as texts with titles."""
    name = f"query {query.query_id}"
    return [
        (f"Prompt of {name}", query.prompt),
        (f"Completion of {name}", query.completion),
    ]
