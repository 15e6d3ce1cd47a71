"""Searches as sections: what they find, and what the chosen document does to the queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attribution_engine.store.effects import both_ends, by_suite
from attribution_engine.store.query_views import FoundDocument
from attribution_engine.store.reader import StoreReader
from attribution_engine.store.views import RankedDocument
from pages.parts import captions, wording
from pages.parts.view_values import LOOKS_LIKE_NUMBER
from pages.report import rows
from pages.report.address import View
from pages.report.section import Section, Table

FOUND = 20  # documents of a search, as on its page
MOST = 200  # rows of a long table


def search(reader: StoreReader, view: View, section: Section) -> Section:
    """What the page Search shows: the document of a number, what words find, the chosen one."""
    method = wording.method(reader.run().method)
    content: list[Any] = []
    facts: list[tuple[str, str, str]] = []
    lost = []
    look = view["look"].strip()
    as_number = LOOKS_LIKE_NUMBER.fullmatch(look)
    if as_number:
        one = _document(reader, view, int(as_number[1]))
        if one is None:
            last = wording.whole(reader.run().n_documents - 1)
            lost.append(f"No document of this run has the number {as_number[1]}: they go from 0 to "
                        f"{last}.")  # fmt: skip
        else:
            content.append(_found(reader, "The document of this number", [one]))
    if look and not (as_number and look.startswith("#")):
        place = view.number("place") or 1
        found = reader.search_documents(look, (place - 1) * FOUND, FOUND)
        if found.total and not found.documents:
            place = -(-found.total // FOUND)
            found = reader.search_documents(look, (place - 1) * FOUND, FOUND)
        facts.append(("Searched for", look, f"{wording.whole(found.total)} documents found"))
        if found.documents:
            first, last_one = found.offset + 1, found.offset + len(found.documents)
            words = (
                f"Documents {wording.whole(first)} to {wording.whole(last_one)} of "
                f"{wording.whole(found.total)}, {found.order}."
            )
            content.append(_found(reader, "Documents found", found.documents, words))
    if view["doc"]:
        number = view.number("doc")
        chosen = None if number is None else _document(reader, view, number)
        if chosen is None:
            lost.append(f"The document “{view['doc']}” is not in this run.")
        else:
            labels = " · ".join(filter(None, (getattr(chosen, name) for _, name in rows.LABELS)))
            facts.append((f"Document {chosen.doc_id}", f"{wording.whole(chosen.n_tokens)} tokens",
                          labels))  # fmt: skip
            content += _effects(reader, view, chosen.doc_id, method)
    caption = captions.caption(
        view["run"], scale=f"{method.noun.lower()}, {method.unit}", method=method.name,
        citation=section.note.citation,
    )  # fmt: skip
    return replace(section, caption=caption, facts=facts, content=content, missing=" ".join(lost))


def _document(reader: StoreReader, view: View, number: int) -> RankedDocument | None:
    """A document by its number, as a row of the query's ranking, or of the first query's."""
    query = rows.query_of(reader, view) or next(iter(reader.queries()), None)
    try:
        return reader.ranked_documents(query.query_id, [number])[0] if query else None
    except KeyError:
        return None


def _found(
    reader: StoreReader,
    title: str,
    documents: Sequence[FoundDocument | RankedDocument],
    words: str = "",
) -> Table:
    labels = [label for label in rows.LABELS if any(getattr(one, label[1]) for one in documents)]
    return Table(
        title,
        ("Document", *(label for label, _ in labels), "Tokens", "Passage"),
        [
            [str(one.doc_id), *(getattr(one, name) or "–" for _, name in labels),
             wording.whole(one.n_tokens), one.snippet]
            for one in documents
        ],
        frozenset((0, len(labels) + 1)),
        tuple(documents),
        words,
        lambda: reader.with_texts(documents),
    )  # fmt: skip


def _effects(reader: StoreReader, view: View, doc_id: int, method: wording.Method) -> list[Table]:
    effects = reader.query_effects(doc_id)
    ends = both_ends(effects, view["suite"])
    return [
        _suites(by_suite(effects), method),
        *(
            rows.effects(f"Queries that document {doc_id} {does}", listed[:MOST], method)
            for does, listed in (("helps", ends.helped), ("harms", ends.harmed))
        ),
    ]


def _suites(suites: Sequence[Any], method: wording.Method) -> Table:
    return Table(
        "Effect by suite",
        ("Suite", "Mean per-nat", f"Mean {method.noun.lower()}", "Helped", "Harmed", "Queries"),
        [
            [one.suite, wording.written(one.mean_per_nat, method),
             wording.written(one.mean, method), wording.whole(one.n_helped),
             wording.whole(one.n_harmed),
             wording.whole(one.n_queries)]
            for one in suites
        ],
        frozenset((1, 2, 3, 4, 5)),
        tuple(suites),
        f"Means over the queries of a suite. {method.noun}: {method.unit}.",
    )  # fmt: skip
